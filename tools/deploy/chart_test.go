// Package deploy holds Helm's chart, the plain manifests and the mixin against those who read them: Helm, the types of Kubernetes
// and of Prometheus Operator, promtool, and jsonnet. It is a module of its own, so that the exporter's needs none of these.
package deploy

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	alpha "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

const (
	root  = "../.."
	chart = root + "/deploy/kubernetes/ews-exporter"
)

var update = flag.Bool("update", false, "write the plain manifests anew")

// run runs a tool of this module, or another program, and gives what it printed.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	var out, problem bytes.Buffer
	command := exec.CommandContext(t.Context(), program, args...)
	command.Stdout, command.Stderr = &out, &problem
	if err := command.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, out.String(), problem.String())
	}
	return out.String()
}

func helm(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, "go", append([]string{"tool", "helm"}, args...)...)
}

// template renders the chart with values of testdata.
func template(t *testing.T, values string, more ...string) []object {
	t.Helper()
	return decoded(t, helm(t, append([]string{"template", "ews-exporter", chart, "--namespace", "monitoring", "--values", values}, more...)...))
}

// object is one of Kubernetes's, as its own type reads it.
type object struct {
	kind, name string
	value      any
	text       string
}

// types are those of all that the chart may make.
var types = map[string]func() any{
	"apps/v1 Deployment":                          func() any { return new(apps.Deployment) },
	"v1 ConfigMap":                                func() any { return new(core.ConfigMap) },
	"v1 Secret":                                   func() any { return new(core.Secret) },
	"v1 Service":                                  func() any { return new(core.Service) },
	"v1 PersistentVolumeClaim":                    func() any { return new(core.PersistentVolumeClaim) },
	"networking.k8s.io/v1 NetworkPolicy":          func() any { return new(networking.NetworkPolicy) },
	"monitoring.coreos.com/v1 ServiceMonitor":     func() any { return new(monitoring.ServiceMonitor) },
	"monitoring.coreos.com/v1 PrometheusRule":     func() any { return new(monitoring.PrometheusRule) },
	"monitoring.coreos.com/v1 Probe":              func() any { return new(monitoring.Probe) },
	"monitoring.coreos.com/v1alpha1 ScrapeConfig": func() any { return new(alpha.ScrapeConfig) },
}

// decoded reads all objects of a text, each by its own type: a field that the type has not is a mistake.
func decoded(t *testing.T, text string) []object {
	t.Helper()
	var all []object
	for _, document := range strings.Split("\n"+text, "\n---\n") {
		var head struct {
			APIVersion, Kind string
			Metadata         struct{ Name string }
		}
		if err := yaml.Unmarshal([]byte(document), &head); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		if head.Kind == "" {
			continue
		}
		make := types[head.APIVersion+" "+head.Kind]
		if make == nil {
			t.Fatalf("nothing is known of %s %s", head.APIVersion, head.Kind)
		}
		o := object{head.Kind, head.Metadata.Name, make(), document}
		if err := yaml.UnmarshalStrict([]byte(document), o.value); err != nil {
			t.Errorf("%s %s: %v", head.Kind, head.Metadata.Name, err)
		}
		all = append(all, o)
	}
	return all
}

// of are the objects of one type.
func of[T any](objects []object) []*T {
	var all []*T
	for _, o := range objects {
		if v, ok := o.value.(*T); ok {
			all = append(all, v)
		}
	}
	return all
}

func values(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/values/*.yaml")
	if err != nil || len(names) < 3 {
		t.Fatalf("values: %v, %v", names, err)
	}
	return names
}

// TestChart: Helm finds nothing wrong, and what it makes of each file of values is what Kubernetes and the operator read.
func TestChart(t *testing.T) {
	t.Parallel()
	for _, name := range values(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			if said := helm(t, "lint", "--strict", chart, "--values", name); !strings.Contains(said, "0 chart(s) failed") || strings.Contains(said, "[WARNING]") {
				t.Error(said)
			}
			objects := template(t, name)
			checkHardening(t, objects)
			var names []string
			for _, o := range objects {
				if len(o.text) > 250_000 { // kubectl apply notes the whole object in an annotation, of 256 KiB at most
					t.Errorf("%s %s has %d bytes", o.kind, o.name, len(o.text))
				}
				names = append(names, o.kind+" "+o.name)
			}
			if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
				t.Errorf("two objects have one name: %q", names)
			}
		})
	}
}

// checkHardening holds the pod to what docs/hardening.md says of containers.
func checkHardening(t *testing.T, objects []object) {
	t.Helper()
	deployments := of[apps.Deployment](objects)
	if len(deployments) != 1 {
		t.Fatalf("there are %d deployments", len(deployments))
	}
	pod := deployments[0].Spec.Template.Spec
	c := pod.Containers[0]
	for what, ok := range map[string]bool{
		"runs as nobody":             *pod.SecurityContext.RunAsNonRoot && *pod.SecurityContext.RunAsUser == 65534 && *pod.SecurityContext.FSGroup == 65534,
		"seccomp":                    pod.SecurityContext.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault,
		"its root cannot be written": *c.SecurityContext.ReadOnlyRootFilesystem,
		"gains nothing":              !*c.SecurityContext.AllowPrivilegeEscalation,
		"has no capability":          slices.Equal(c.SecurityContext.Capabilities.Drop, []core.Capability{"ALL"}) && len(c.SecurityContext.Capabilities.Add) == 0,
		"knows no token of the API":  !*pod.AutomountServiceAccountToken,
		"has time to stop":           *pod.TerminationGracePeriodSeconds == 35,
		"memory is bounded":          !c.Resources.Limits.Memory().IsZero(),
	} {
		if !ok {
			t.Errorf("the pod: %s: no", what)
		}
	}
	for _, v := range pod.Volumes {
		if v.Secret != nil && *v.Secret.DefaultMode != 0o400 {
			t.Errorf("the secret %s has mode %o", v.Name, *v.Secret.DefaultMode)
		}
	}
}

// TestChartWithEverything: each thing that can be switched on is there, with the labels that rules and dashboards rely on.
func TestChartWithEverything(t *testing.T) {
	t.Parallel()
	objects := template(t, "testdata/values/everything.yaml")
	monitors, configs := of[monitoring.ServiceMonitor](objects), of[alpha.ScrapeConfig](objects)
	if len(monitors) != 1 || len(configs) != 1 || len(of[networking.NetworkPolicy](objects)) != 1 || len(of[core.PersistentVolumeClaim](objects)) != 1 {
		t.Fatalf("something is missing: %d objects", len(objects))
	}
	set := map[string]string{}
	for _, r := range monitors[0].Spec.Endpoints[0].RelabelConfigs {
		set[r.TargetLabel] = *r.Replacement
	}
	if set["job"] != "ews_exporter" || set["site"] != "hq" {
		t.Errorf("the exporter's own metrics get %v", set)
	}
	spec := configs[0].Spec
	if url := spec.HTTPSDConfigs[0].URL; url != "https://ews-exporter.monitoring.svc:10501/sd" || *spec.JobName != "ews_hq" {
		t.Errorf("services are asked for at %s for the job %s", url, *spec.JobName)
	}
	shard := spec.RelabelConfigs[0]
	if shard.TargetLabel != "__tmp_hash" || !slices.Equal(shard.SourceLabels, []monitoring.LabelName{"service"}) {
		t.Errorf("a sharded Prometheus parts a service: %+v", shard)
	}
	if spec.BasicAuth == nil || spec.TLSConfig == nil || spec.HTTPSDConfigs[0].BasicAuth == nil || monitors[0].Spec.Endpoints[0].BasicAuth == nil {
		t.Error("a port with a password is asked without one")
	}
	for of, want := range map[string][2]string{"rules": {"alerts/*.rules.yml", "PrometheusRule"}, "dashboards": {"dashboards/*.json", "ConfigMap"}} {
		files, _ := filepath.Glob(filepath.Join(root, want[0]))
		got := 0
		for _, o := range objects {
			if o.kind == want[1] && o.name != "ews-exporter" {
				got++
			}
		}
		if len(files) == 0 || got != len(files) {
			t.Errorf("%d %s, want %d", got, of, len(files))
		}
	}
}

// TestChartsRules: promtool takes the rules as they come out of the chart, and they are those of alerts.
func TestChartsRules(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is not installed: run scripts/install-test-servers.sh")
		}
		skip(t, "promtool is not installed")
	}
	rules := of[monitoring.PrometheusRule](template(t, "testdata/values/everything.yaml"))
	for _, r := range rules {
		text, err := yaml.Marshal(r.Spec)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), r.Name+".yml")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, promtool, "check", "rules", name)
		shipped, err := os.ReadFile(filepath.Join(root, "alerts", strings.ReplaceAll(strings.TrimPrefix(r.Name, "ews-exporter-"), "-", "_")+".rules.yml"))
		if err != nil {
			t.Fatal(err)
		}
		same(t, r.Name, text, shipped)
	}
	if len(rules) == 0 {
		t.Error("there are no rules")
	}
}

// same holds that two texts of YAML say the same.
func same(t *testing.T, what string, a, b []byte) {
	t.Helper()
	var x, y any
	for text, into := range map[*[]byte]*any{&a: &x, &b: &y} {
		if err := yaml.Unmarshal(*text, into); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	first, _ := yaml.Marshal(x)
	second, _ := yaml.Marshal(y)
	if !bytes.Equal(first, second) {
		t.Errorf("%s differs from what it is made of: make generate", what)
	}
}

// skip skips a test, and adds a line to the file by which a run tells at its end what was skipped.
func skip(t *testing.T, why string) {
	t.Helper()
	if name := os.Getenv("EWS_EXPORTER_SKIPPED"); name != "" {
		file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		if _, err := file.WriteString(t.Name() + ": " + why + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	t.Skip(why)
}
