{{- define "name" -}}
{{- if contains "ews-exporter" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-ews-exporter{{ end }}
{{- end }}

{{- define "selector" -}}
app.kubernetes.io/name: ews-exporter
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "labels" -}}
{{ include "selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "image" -}}
{{- $repository := required "image.repository: say where your image of ews_exporter is" .Values.image.repository }}
{{- if .Values.image.digest }}{{ $repository }}@{{ .Values.image.digest }}{{ else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "scheme" }}{{ if .Values.web }}https{{ else }}http{{ end }}{{ end }}

{{- define "scrape" }}
{{- with .Values.scrape.basicAuth }}
basicAuth:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.scrape.tlsConfig }}
tlsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
