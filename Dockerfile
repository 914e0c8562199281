# `make docker` builds it, and tells the binary its version: the repository itself is not copied.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
ARG VERSION=unknown REVISION=unknown BRANCH=unknown BUILD_DATE=unknown
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH make build && mkdir -m 0700 build/memory

FROM scratch
ARG VERSION=unknown REVISION=unknown BUILD_DATE=unknown
LABEL org.opencontainers.image.title="ews_exporter" \
      org.opencontainers.image.description="Prometheus exporter that probes Exchange Web Services through the load balancer" \
      org.opencontainers.image.source="https://github.com/ews-exporter/ews_exporter" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.created=$BUILD_DATE
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/LICENSE /src/THIRD_PARTY_NOTICES.txt /
COPY --from=build /src/build/ews_exporter /bin/ews_exporter
# For --storage.path: a new volume that is mounted there takes over its owner.
COPY --from=build --chown=65534:65534 /src/build/memory /var/lib/ews_exporter
# By number, so that Kubernetes' runAsNonRoot can tell that it is not root: 65534 is nobody.
USER 65534:65534
WORKDIR /etc/ews_exporter
EXPOSE 10501
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/bin/ews_exporter", "healthcheck"]
ENTRYPOINT ["/bin/ews_exporter"]
