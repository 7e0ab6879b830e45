# Verbs for people and CI alike. Each makes what it needs; `make help` lists them.
# A fresh machine needs Python >= 3.11, pip and make. After the first call nothing needs a network.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The interpreter: python3 if it is new enough, else the first newer name that really runs
# (a version manager may put names on PATH that end in an error). `make PYTHON=...` overrides.
STAMP := .venv/.stamp
ifdef PYTHON
STAMP := $(STAMP)$(subst /,-,$(PYTHON))# so that another interpreter makes the environment anew
else
PYTHON := $(shell for name in python3 python3.12 python3.11 python3.13; do \
  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
  command -v "$$name"; break; fi; done)
endif

# The other supported Python, for a second run of the fast tests; empty where there is none. A
# version manager keeps those that are not chosen beside the folder of its own commands.
# Looked for only when asked for: the verbs of daily work don't pay for it.
OTHER_PYTHON = $(shell for name in python3.12 python3.11 \
  "$$(dirname "$$(command -v python3)")"/../versions/3.1[12].*/bin/python; do \
  if "$$name" -c 'import sys; sys.exit(sys.version_info[:2] in {$(PYTHON_VERSION)})' 2>/dev/null; then \
  command -v "$$name"; break; fi; done)
PYTHON_VERSION = $(shell "$(PYTHON)" -c 'import sys; print("(%d, %d)" % sys.version_info[:2])')

UV_VERSION := 0.13.9
UV_HOME := .tools/uv-$(UV_VERSION)
export UV := $(CURDIR)/$(UV_HOME)/bin/uv

# uv never fetches an interpreter, and never mistakes an active environment for ours.
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV

# Trust what the machine trusts (a company's own authority), where it has a store at all.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem),)
export UV_SYSTEM_CERTS := 1
endif

EXPORT = $(UV) export --quiet --locked --no-default-groups --no-emit-project --no-hashes --no-header \
  --no-annotate

BIN := .venv/bin
OTHER := .venv-other

# What the jobs bench runs examples/airflow in.
AIRFLOW := .venv-airflow

# What benches fetch beside Python packages is kept for all checkouts.
CACHE = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dbt-runner

# The warehouse bench, and SQL tasks in the jobs bench: Spark in an environment of its own, Delta
# Lake in the user's cache.
WAREHOUSE := .venv-warehouse
DELTA_VERSION = $(shell sed -n 's:.*<delta.version>\(.*\)</.*:\1:p' tests/warehouse/pom.xml)
JARS = $(CACHE)/delta-$(DELTA_VERSION)-$(shell cksum <tests/warehouse/pom.xml | cut -d ' ' -f 1)

# The workspace bench: the Databricks CLI, its test server and actionlint, built from source; and,
# for the jobs bench too, the wheels that a task installs beside ours, so that it asks no network.
SERVER := tests/workspace/server
CLI_VERSION = $(shell sed -n 's:^require github.com/databricks/cli v::p' $(SERVER)/go.mod)
PROGRAMS = $(CACHE)/databricks-cli-$(CLI_VERSION)
WHEELS = $(CACHE)/wheels-$(shell cat uv.lock pyproject.toml | cksum | cut -d ' ' -f 1)

# What benchmarks compare with: the notebook that databricks-dbt-factory has its tasks run. It is one
# file, run in .venv by the same dbt; nothing of it gets installed there.
FACTORY_VERSION := 0.4.0
FACTORY = $(CACHE)/databricks-dbt-factory-$(FACTORY_VERSION)
BENCH_FACTORY = $(FACTORY)/databricks_dbt_factory/notebook/run_dbt_command.py

KILLS ?= 500

# One call, so that pytest's closing line is the last line of `make test`.
TESTS = $(wildcard tests/unit tests/integration tests/packaging tests/tpch/test_incremental.py)
OTHER_TESTS = $(wildcard tests/unit tests/integration)

# Most tests wait for a process of their own. A file stays with one worker, as do its fixtures.
AT_ONCE = --numprocesses 2 --dist loadfile

# $(call sync,folder,interpreter[,options]): the locked dependencies. Byte code is compiled here, once,
# because PYTHONDONTWRITEBYTECODE would make every later process compile all of dbt again.
define sync
	UV_PROJECT_ENVIRONMENT=$(1) $(UV) sync --quiet --locked --all-extras --no-install-project \
	  --compile-bytecode --python "$(2)" $(3)
	@rm -f $(1)/.version
	@touch $@
endef

# $(call editable,folder): our own package, again whenever its version has changed. The build
# backend stands in the environment, so this needs no network.
define editable
	@version=$$($(1)/bin/python hatch_build.py); \
	if [ "$$(cat $(1)/.version 2>/dev/null)" != "$$version" ]; then \
	  $(UV) pip install --quiet --python $(1) --offline --no-deps --no-build-isolation --editable . ; \
	  echo "$$version" > $(1)/.version; fi
endef

##@ Work

run: env ## the main job on the embedded default; artifacts in .dbt-runner/
	$(BIN)/dbt-runner --run-type full --target-schema analytics --log-format console

test: lint test-other-python ## lint, types, and every test that needs no bench
	$(BIN)/pytest $(AT_ONCE) $(TESTS)

lint: env ## formatting, rules and types, without changing a file
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

fmt: env ## format, and repair what ruff can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

test-warehouse: .warehouse-env ## the real adapter against real Spark SQL; needs Java 17 and Maven
	@$(MAKE) "$(JARS)"
	BENCH_JARS="$(JARS)" $(WAREHOUSE)/bin/pytest tests/warehouse

test-workspace: env .programs ## the real Databricks CLI on the bundle; needs Go
	@$(MAKE) "$(WHEELS)"
	BENCH_PROGRAMS="$(PROGRAMS)" BENCH_WHEELS="$(WHEELS)" $(BIN)/pytest tests/workspace

test-jobs: env .airflow-env .warehouse-env ## the bundle's jobs down to rows, and Airflow, on a Jobs API of our own
	@$(MAKE) "$(WHEELS)" "$(JARS)"
	BENCH_PROGRAMS="$(PROGRAMS)" BENCH_WHEELS="$(WHEELS)" BENCH_AIRFLOW="$(CURDIR)/$(AIRFLOW)" \
	  BENCH_WAREHOUSE="$(CURDIR)/$(WAREHOUSE)" BENCH_JARS="$(JARS)" INTENTS=1000 \
	  $(BIN)/pytest tests/jobs tests/integration/test_trigger_chaos.py

soak: env .warehouse-env ## kills at random moments, and resumes: KILLS=500 on DuckDB, a twentieth on the warehouse bench
	@$(MAKE) "$(JARS)"
	KILLS=$(KILLS) $(BIN)/pytest tests/integration/test_soak.py
	KILLS=$$(($(KILLS) / 20)) BENCH_JARS="$(JARS)" $(WAREHOUSE)/bin/pytest tests/warehouse/test_resume.py -k soak

bake-cases: env ## every changed-project case of tests/bake_cases.yml: CASES='naming schema*' for some
	$(BIN)/python tests/bake_cases.py "$(or $(CASES),*)"

verify-tpch: env ## scale 1 against the published answers
	$(BIN)/pytest tests/tpch/test_published_answers.py

bench-overhead: env ## a run against plain `dbt build`
	$(BIN)/python benchmarks/overhead.py

bench-journal: env ## what noting each node's end costs, at 1,000 nodes
	$(BIN)/python benchmarks/journal.py

bench-check: env ## `jobs check` of 200 jobs
	$(BIN)/python benchmarks/check.py

bench-trigger: env ## how soon a job is started, against importing the Databricks SDK
	$(BIN)/python benchmarks/trigger.py

bench-start: env .factory ## a run's first SQL, and installing the wheel: MODELS=10,300,chain-600 RUNS=5,chain-600=1
	UV="$(UV)" $(BIN)/python benchmarks/install.py
	BENCH_FACTORY="$(BENCH_FACTORY)" $(BIN)/python benchmarks/start.py

bench-wall: env .factory $(if $(LATENCIES),.warehouse-env) ## whole runs: MODELS, RUNS; LATENCIES=0,50,200 on the warehouse bench too
	$(if $(LATENCIES),@$(MAKE) "$(JARS)")
	BENCH_FACTORY="$(BENCH_FACTORY)" BENCH_WAREHOUSE="$(CURDIR)/$(WAREHOUSE)" BENCH_JARS="$(JARS)" \
	  $(BIN)/python benchmarks/wall.py

bench-kinds: env ## runs that do not build everything: tests, slim CI, going on after a failure
	$(BIN)/python benchmarks/kinds.py

bench-plot: env ## docs/speed.svg from the JSON lines of bench-start and bench-wall: FIGURES=file
	$(BIN)/python benchmarks/plot.py $(or $(FIGURES),docs/speed.jsonl) docs/speed.svg

# Unit tests and the quick part of the integration tests show where Pythons and the libraries
# locked for them differ, in a fraction of the time. Where that Python's packages cannot be fetched,
# a person may go on without it; CI may not.
test-other-python: env ## the quick tests on the other supported Python, where there is one
	@python="$(OTHER_PYTHON)"; \
	if [ -z "$$python" ]; then \
	  echo "no other Python (3.11 or 3.12) here: its tests are left out"; \
	elif $(MAKE) .other-env OTHER_PYTHON="$$python"; then \
	  $(OTHER)/bin/pytest $(AT_ONCE) -m "not slow" -p no:cacheprovider $(OTHER_TESTS); \
	elif [ -z "$${CI:-}" ]; then \
	  echo "no environment for $$python: its tests are left out"; \
	else exit 1; fi

##@ Release

build: env ## dist/: wheel with its baked parse states (NAMES=declared), constraints, lock, SBOM
	$(BIN)/python release.py $(if $(NAMES),--names $(NAMES))

pins: env ## resources/requirements.txt, which jobs install, from uv.lock
	$(EXPORT) >resources/requirements.txt

##@ Environment

env: $(STAMP) ## .venv with everything, and the package at the version of its files
	$(call editable,.venv)

.other-env: $(OTHER)/.stamp
	$(call editable,$(OTHER))

.warehouse-env: .java $(WAREHOUSE)/.stamp
	$(call editable,$(WAREHOUSE))

$(STAMP): pyproject.toml uv.lock | $(UV)
	$(call sync,.venv,$(PYTHON))

$(OTHER)/.stamp: pyproject.toml uv.lock | $(UV)
	$(call sync,$(OTHER),$(OTHER_PYTHON))

$(WAREHOUSE)/.stamp: pyproject.toml uv.lock | $(UV)
	$(call sync,$(WAREHOUSE),$(PYTHON),--group warehouse)

$(AIRFLOW)/.stamp: pyproject.toml uv.lock | $(UV)
	$(call sync,$(AIRFLOW),$(PYTHON),--group airflow)

.airflow-env: $(AIRFLOW)/.stamp
	$(call editable,$(AIRFLOW))

.java:
	@for name in java mvn; do if ! command -v $$name >/dev/null; then \
	  echo "$$name is missing: Spark in this bench needs Java >= 17 and Maven" >&2; exit 2; fi; done; \
	major=$$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1); \
	if [ "$${major:-0}" -lt 17 ]; then \
	  echo "Java $${major:-of an unknown version} is too old: Spark in this bench needs >= 17" >&2; \
	  exit 2; fi

.programs:
	@if ! command -v go >/dev/null; then \
	  echo "go is missing: the workspace bench builds the Databricks CLI and needs Go >= 1.25" >&2; \
	  exit 2; fi
	cd $(SERVER) && go build -buildvcs=false -o "$(PROGRAMS)/databricks" \
	  -ldflags "-X github.com/databricks/cli/internal/build.buildVersion=$(CLI_VERSION)" \
	  github.com/databricks/cli
	cd $(SERVER) && go build -buildvcs=false -o "$(PROGRAMS)/server" .
	cd tests/workspace/actionlint && go build -buildvcs=false -o "$(PROGRAMS)/actionlint" \
	  github.com/rhysd/actionlint/cmd/actionlint

# By pip, since uv cannot download; for the interpreter of .venv, which is $(PYTHON).
/%/$(notdir $(WHEELS)): | env
	@rm -rf "$@" "$@.draft" && mkdir -p "$@.draft"
	$(EXPORT) --all-extras >"$@.draft/pins.txt"
	"$(PYTHON)" -m pip download --quiet --disable-pip-version-check --no-deps \
	  --only-binary :all: --dest "$@.draft" --requirement "$@.draft/pins.txt"
	@mv "$@.draft" "$@"

# A benchmark goes on without it, and says so.
.factory:
	@$(MAKE) --silent "$(FACTORY)" || echo "databricks-dbt-factory cannot be had: it is left out" >&2

/%/databricks-dbt-factory-$(FACTORY_VERSION):
	@rm -rf "$@" "$@.draft"
	PIP_USER=0 "$(PYTHON)" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
	  --no-deps --target "$@.draft" 'databricks-dbt-factory==$(FACTORY_VERSION)'
	@mv "$@.draft" "$@"

# By Maven's own client, so that a mirror in its settings counts. The folder is named for what
# pom.xml holds, since its time is only that of the checkout.
/%/$(notdir $(JARS)):
	@rm -rf "$@" "$@.draft" && mkdir -p "$@.draft"
	mvn --quiet --batch-mode --file tests/warehouse/pom.xml dependency:copy-dependencies \
	  -DoutputDirectory="$@.draft"
	@mv "$@.draft" "$@"

# pip with --target needs neither a virtual environment nor leave of the system's Python.
$(UV):
	@if [ -z "$(PYTHON)" ]; then echo "no Python >= 3.11 found; name one: make PYTHON=..." >&2; exit 2; fi
	PIP_USER=0 "$(PYTHON)" -m pip install --quiet --disable-pip-version-check --no-warn-script-location \
	  --root-user-action=ignore --target $(UV_HOME) 'uv==$(UV_VERSION)'

clean: ## remove what make, dbt and the tools left here
	rm -rf .venv $(OTHER) $(WAREHOUSE) $(AIRFLOW) .tools dist build .dbt-runner .mypy_cache .pytest_cache .ruff_cache
	rm -rf dbt_project/target dbt_project/logs dbt_project/dbt_packages dbt_project/.user.yml

help: ## this list
	@awk -F ':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run test lint fmt test-warehouse test-workspace test-jobs verify-tpch soak bake-cases \
  bench-overhead bench-check bench-journal bench-trigger bench-start bench-wall bench-kinds bench-plot \
  test-other-python build pins env \
  .other-env .warehouse-env .airflow-env .java .programs .factory clean help
