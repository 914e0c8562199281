# `make help` lists the targets. Go, make and access to Go's module proxy are all they need; `make test` wants real
# servers besides, and installs them where it may.

NAME      := ews_exporter
PACKAGE   := ./cmd/$(NAME)
PLATFORMS := windows/amd64 linux/arm64 darwin/arm64
FUZZTIME  ?= 10s
SOAK      ?= 30m
LINT      := go tool -modfile=tools/go.mod golangci-lint

# What the binary says of itself. The version is that of the file VERSION, and until its tag is here, clean, it says of which
# commit it is besides. The date is the commit's, so that one commit gives one binary.
git         = $(if $(wildcard .git),$(shell git $(1) 2>/dev/null))
NEXT       := $(shell cat VERSION)
TAGGED      = $(filter v$(NEXT),$(call git,describe --tags --exact-match --dirty --match=v$(NEXT)))
VERSION    ?= $(NEXT)$(if $(TAGGED),,$(addprefix -dev.g,$(call git,describe --always --dirty --exclude=*)))
REVISION   ?= $(or $(call git,rev-parse HEAD),unknown)
BRANCH     ?= $(or $(call git,rev-parse --abbrev-ref HEAD),unknown)
BUILD_DATE ?= $(or $(call git,log -1 --format=%cI),unknown)

variables = github.com/prometheus/common/version
LDFLAGS   = -s -w \
	-X $(variables).Version=$(VERSION) \
	-X $(variables).Revision=$(REVISION) \
	-X $(variables).Branch=$(BRANCH) \
	-X $(variables).BuildDate=$(BUILD_DATE)

# The race detector needs a C compiler with its headers.
RACE = $(if $(shell echo 'int main(void) { return 0; }' | \
	$$(go env CC) -x c -include stdlib.h -o /dev/null - 2>/dev/null && echo yes),-race)

# Where the tests note which of them were skipped for want of a server.
SKIPPED := $(CURDIR)/build/skipped-tests

.DEFAULT_GOAL := help
.PHONY: help build run demo generate test unit all-tests check-format vet lint servers cross bench bench-short benchmarks fuzz soak screenshots release-tools package-files release snapshot deploy-tests manifests docker clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build build/ews_exporter (GOOS and GOARCH for another platform, OUT for another folder)
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $(or $(OUT),build)/ $(PACKAGE)

run: build ## Start the simulated Exchange site and the exporter over it, and say what to try
	./build/$(NAME) lab --serve

demo: build ## Show a 501 on its way from a load balancer to an alert, with a real Prometheus and Alertmanager
	@scripts/install-test-servers.sh prometheus amtool
	@go build -o build/demo ./deploy/demo && exec build/demo

test: ## Run everything: linters, all tests with real servers, builds for other platforms, a little fuzzing
	@$(MAKE) --no-print-directory check-format vet
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory servers
	@$(MAKE) --no-print-directory all-tests
	@$(MAKE) --no-print-directory deploy-tests
	@$(MAKE) --no-print-directory cross
	@$(MAKE) --no-print-directory bench-short
	@$(MAKE) --no-print-directory fuzz FUZZTIME=2s
	@$(if $(RACE),,echo '*** There is no C compiler here, so the tests ran without the race detector.')
	@if [ -s $(SKIPPED) ]; then echo '*** Skipped:' && sort -u $(SKIPPED); else echo 'All tests passed, and none was skipped.'; fi

# What only a test knows (what sites count, what boxes do, what peers provoke) the tests of this name write.
generate: ## Write anew what repeats facts that stand elsewhere: pages, tables, rules, dashboards, examples
	go run ./internal/generate
	go test -run='^TestDocumentation$$' $$(grep -rl --include='*_test.go' '^func TestDocumentation(' . | xargs -n1 dirname | sort -u) -update

# After a change most of it is compiling and linking: so without what debuggers want, without inlining, which takes the compiler
# longer than these tests gain by it, and without vet, which has a target of its own. Four packages at once, because many tests wait.
# What holds only the parts that are shipped beside the program against each other, and the tests' own servers, is the whole run's:
# most of it needs these servers, or a browser.
unit: ## Run the fast tests only: no real servers, no race detector
	go test -short -p 4 -vet=off -gcflags='./...=-l -dwarf=false' -ldflags='-s -w' \
		$$(go list ./... | grep -vE '/(internal/test/[a-z]+|web/browser|alerts|dashboards|docs|deploy|deploy/demo)$$')

# -count=1 because Go's test cache does not see that a server was installed or updated. Without what debuggers want, and vet, as unit.
all-tests: ## Run all tests, with the race detector where there is a C compiler
	@mkdir -p build && rm -f $(SKIPPED)
	@$(if $(RACE),,echo '*** There is no C compiler here: the tests run without the race detector.')
	EWS_EXPORTER_SKIPPED=$(SKIPPED) $(if $(RACE),CGO_ENABLED=1) go test $(RACE) -count=1 -timeout=30m -vet=off -gcflags='./...=-dwarf=false' -ldflags='-s -w' ./...

check-format: ## Fail when gofmt would change a file
	@files=$$(gofmt -l .) && if [ -n "$$files" ]; then echo "Not formatted, run gofmt -w on:" && echo "$$files" && exit 1; fi

vet: ## Run go vet
	go vet ./...

lint: ## Run golangci-lint, at the version pinned in tools/go.mod
	$(LINT) run --allow-parallel-runners

servers: ## Install the servers that integration tests run, where it may
	scripts/install-test-servers.sh

# Windows differs the most, so there the tests are checked, too. -trimpath for both, so that they compile once.
cross: ## Build for the other platforms, and check that the tests compile on Windows
	@for platform in $(PLATFORMS); do \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} \
			$(MAKE) --no-print-directory build OUT=build/$$(echo $$platform | tr / -) || exit 1; \
	done
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go vet -trimpath ./...

bench: build servers ## Measure what probes cost, beside the least possible and blackbox_exporter, and write docs/performance.md
	go run ./internal/test/performance -exporter build/$(NAME) -write docs/performance.md

# One short round: figures to glance at, and a hold that the measurement still works. Linux only.
bench-short: build
	@[ "$$(go env GOOS)" != linux ] || go run ./internal/test/performance -exporter build/$(NAME) -only cpu -rounds 1 -probes 400

benchmarks: ## Run the Go benchmarks: parsers, logons, metrics, reloads, pages
	go test -run='^$$' -bench=. -benchmem ./...

fuzz: ## Run every fuzz target for FUZZTIME each
	FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

# As shipped, so without the race detector, which the short one of the whole run has.
soak: ## Load the exporter for SOAK (30m) with everything at once: nothing may grow, no answer may be lost
	go test -count=1 -timeout=0 -v -run='^TestSoak$$' ./cmd/ews_exporter -soak=$(SOAK)

screenshots: ## Take the pictures of docs/pictures anew, with a real browser
	go test -count=1 ./web/browser -run TestPictures -pictures $(CURDIR)/docs/pictures

# The programs that make releases, from a module of their own. They are many to compile, once.
TOOLS := $(CURDIR)/build/tools
release-tools:
	GOBIN=$(TOOLS) go -C tools/release install tool

# What packages bring beside the program: it is the program itself that knows its flags, and the examples name what is elsewhere there.
FILES := build/package
package-files: build
	@mkdir -p $(FILES)
	./build/$(NAME) --help-man | gzip -9n >$(FILES)/$(NAME).1.gz
	./build/$(NAME) --completion-script-bash >$(FILES)/$(NAME).bash
	./build/$(NAME) --completion-script-zsh >$(FILES)/$(NAME).zsh
	sed 's#\.\./alerts#/usr/share/ews-exporter/alerts#' deploy/prometheus.yml >$(FILES)/prometheus.yml
	sed 's#\.\./alerts#/usr/share/ews-exporter/alerts#' deploy/static.prometheus.yml >$(FILES)/static.prometheus.yml
	sed 's#monitor\.password#/run/credentials/ews_exporter.service/&#' deploy/ews_exporter.example.yml >$(FILES)/ews_exporter.yml
	gzip -9nc CHANGELOG.md >$(FILES)/changelog.gz
	gzip -9nc THIRD_PARTY_NOTICES.txt >$(FILES)/THIRD_PARTY_NOTICES.txt.gz
	printf '%s\n' '- semver: $(VERSION)-1' '  date: $(BUILD_DATE)' '  packager: The authors of ews_exporter <ews-exporter@users.noreply.github.com>' \
		'  deb: {urgency: low, distributions: [stable]}' '  changes: [{note: "See changelog.gz in this folder."}]' >$(FILES)/changelog.yml

# The branch is left out, so that it does not count from where somebody checked the tag out.
GORELEASER = PATH=$(TOOLS):$$PATH VERSION=$(VERSION) LDFLAGS='$(LDFLAGS)' goreleaser release --clean
release snapshot: BRANCH = HEAD

release: release-tools ## Make everything of a release in build/dist, from a clean tag (docs/releases.md)
	@scripts/check-release.sh
	@$(MAKE) --no-print-directory package-files BRANCH=$(BRANCH)
	$(GORELEASER)
	$(if $(GPG_KEY),gpg --batch --local-user '$(GPG_KEY)' --armor --detach-sign build/dist/sha256sums.txt)

snapshot: release-tools ## Make the same of whatever is checked out, to look at
	@$(MAKE) --no-print-directory package-files BRANCH=$(BRANCH)
	$(GORELEASER) --snapshot

# In a module of its own: chart, manifests and mixin against the types of Kubernetes. Not from the cache, which sees no file outside.
deploy-tests:
	EWS_EXPORTER_SKIPPED=$(SKIPPED) go -C tools/deploy test -count=1 ./...

HELM := go -C tools/deploy tool helm template ews-exporter $(CURDIR)/deploy/kubernetes/ews-exporter --namespace monitoring --set image.repository=none
manifests: ## Write the plain manifests for Kubernetes anew, and rules and dashboards as objects into build/kubernetes
	go -C tools/deploy test -run='^TestManifests$$' . -update
	@mkdir -p build/kubernetes
	$(HELM) --set prometheusRule.enabled=true --show-only templates/rules.yaml >build/kubernetes/rules.yaml
	$(HELM) --set dashboards.enabled=true --show-only templates/dashboards.yaml >build/kubernetes/dashboards.yaml

docker: ## Build the container image ews_exporter:VERSION
	docker build -t $(NAME):$(VERSION) --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) \
		--build-arg BRANCH=$(BRANCH) --build-arg BUILD_DATE=$(BUILD_DATE) .

clean: ## Remove what was built
	rm -rf build
