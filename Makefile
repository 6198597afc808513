# Tearline's tasks. `make help` lists them; each sets up what it needs, once, in $(VENV).
#
#   PYTHON   the interpreter, 3.11 or newer (default: the first one found)
#   VENV     where packages are installed (default: .venv)
#   JOBS     how many tests run at once (default: 3; most of the slow ones wait for processes)
#   TESTS    what else `make test` tells pytest: paths, or what to leave out
#   SEED     what `make test-hard` draws order and delays from
#   ROWS     which rows `make mutants` takes: words of them; --passed if their tests just have
#   ID       one benchmark, for example `make bench ID=B3`
#   GALLERY  where `make screenshots` draws every main page instead, in each look and size
#   SOAK_S   how many seconds a soak takes, roughly (default: 900)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v $$python && break; done)
endif
VENV ?= .venv
JOBS ?= 3
TESTS ?=
ROWS ?=
SEED ?= 1
GALLERY ?=
SOAK_S ?= 900
PROTO_VENV := $(VENV)-proto
INTEROP_VENV := $(VENV)-interop
DOCS_VENV := $(VENV)-docs

# The tasks start hundreds of processes: where a shell forbids compiled modules, each would
# compile the whole program anew, and that is half of its start.
export PYTHONDONTWRITEBYTECODE :=

RUN := $(VENV)/bin/python
# A test that takes longer hangs, also where the machine has a tenth of a core: making a federation,
# half a minute on two cores, then takes minutes.
HANGS := -o faulthandler_timeout=1800
PIP := python -m pip --disable-pip-version-check --quiet install
# Another pyproject.toml, interpreter or place asks for another set-up; nothing else does.
KEY := $(shell { cat pyproject.toml; pwd; $(PYTHON) -VV; } 2>/dev/null | cksum | cut -d' ' -f1)
PROTOS := $(wildcard proto/tearline/v1/*.proto)

.PHONY: help
help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: demo demo-console demo-broken
demo: $(VENV)/.ready-run-$(KEY) ## tell the story with real processes, and prove each step
	@$(VENV)/bin/tearline demo

demo-console: $(VENV)/.ready-console-$(KEY) ## the same, then leave three consoles running to sign in to, until Ctrl-C
	@$(VENV)/bin/tearline demo --console

demo-broken: $(VENV)/.ready-run-$(KEY) ## disable the check behind each step: that step must then fail
	@PYTHONPATH=tests $(RUN) -m attacks.demo_broken

.PHONY: test thorough test-all test-hard faults check soak mutants bench peers interop ha
PYTEST := $(RUN) -m pytest --ignore=tests/browser -n $(JOBS) --dist worksteal $(HANGS)
test: $(VENV)/.ready-test-$(KEY) ## run the quick tests: every promise, rule, attack, command and page
	$(PYTEST) -m "not thorough and not (faults and slow)" $(TESTS)

thorough: $(VENV)/.ready-test-$(KEY) ## run their thorough twins: real processes, how-tos, costs, benchmarks
	TEARLINE_EXAMPLES=200 $(PYTEST) -m "(thorough or hypothesis) and not (faults and slow)" $(TESTS)

test-all: test thorough ## run every test but the long faults and those in a browser

test-hard: $(VENV)/.ready-test-$(KEY) ## run quick tests in an order drawn from SEED, every task delayed, beside busy loops
	@for loop in 1 2 3 4; do $(RUN) -c 'while True: pass' & done; trap 'kill $$(jobs -p)' EXIT; \
	TEARLINE_HARD=$(SEED) $(PYTEST) -m "not thorough and not (faults and slow)" $(TESTS)

faults: $(VENV)/.ready-test-$(KEY) ## kill, starve and cut off real processes under load, a round or two of each
	$(RUN) -m pytest tests/faults -m "faults and slow and not soak" -n 2 --dist worksteal -v $(HANGS)

soak: $(VENV)/.ready-test-$(KEY) ## faults at moments drawn anew, for a quarter of an hour: kills, attacks, and what they leave
	TEARLINE_SOAK_S=$(SOAK_S) $(RUN) -m pytest tests/faults -m "faults and slow" \
		-s --durations=0 -o faulthandler_timeout=0

check: $(VENV)/.ready-check-$(KEY) $(PROTO_VENV)/.ready-$(KEY) ## format, lint, types, imports, generated files, links
	$(RUN) -m ruff format --check
	$(RUN) -m ruff check
	$(RUN) -m mypy
	$(RUN) docs/reference/generate.py --check
	@generated=$$(mktemp -d) && trap 'rm -rf "$$generated"' EXIT; \
	$(PROTO_VENV)/bin/python -m grpc_tools.protoc -I proto \
		--python_out="$$generated" --pyi_out="$$generated" $(PROTOS); \
	diff -r -x '*.proto' -x '__*__*' "$$generated/tearline/v1" proto/tearline/v1 \
		|| { echo 'The generated code differs from the schema: make proto'; exit 1; }
	$(RUN) -m pytest -q tests/test_boundaries.py tests/test_exports.py tests/test_links.py tests/docs/test_decisions.py

.PHONY: weight
weight: $(VENV)/.ready-test-$(KEY) ## print modules, lines of code and words of docstrings
	@$(RUN) tests/layout.py

mutants: $(VENV)/.ready-test-$(KEY) ## disable each defence of the attack table: its test must then fail
	@TEARLINE_EXAMPLES=200 PYTHONPATH=tests $(RUN) -m attacks.mutants $(ROWS)

bench: $(VENV)/.ready-test-$(KEY) ## measure against baselines of the same run
	$(RUN) -m bench $(ID)

peers: $(VENV)/.ready-test-$(KEY) ## measure beside TAXII servers, which it installs from the package index
	$(RUN) -m bench.peers

interop: $(INTEROP_VENV)/.ready-$(KEY) ## validate exports with the real followthemoney
	$(INTEROP_VENV)/bin/python -m pytest tests/interop

# The one task that changes the machine: it installs Debian's packages, as root.
HA_PACKAGES := patroni etcd-server python3-etcd postgresql
ha: $(VENV)/.ready-test-$(KEY) ## lose a primary under Patroni, etcd and PostgreSQL from Debian (installs them: root, apt)
	@[ "$$(id -u)" = 0 ] || { echo 'make ha installs $(HA_PACKAGES) by apt-get, which takes root.' >&2; exit 1; }
	apt-get install --yes --quiet --no-install-recommends $(HA_PACKAGES)
	TEARLINE_HA=1 $(RUN) -m pytest tests/ha

# Each is tried where it is installed; this installs them.
OPERATE_PACKAGES := prometheus rsyslog rsyslog-openssl
.PHONY: operate
operate: $(VENV)/.ready-test-$(KEY) ## try the alerts and the audit's syslog with Prometheus and rsyslog from Debian (root, apt)
	@[ "$$(id -u)" = 0 ] || { echo 'make operate installs $(OPERATE_PACKAGES) by apt-get, which takes root.' >&2; exit 1; }
	apt-get install --yes --quiet --no-install-recommends $(OPERATE_PACKAGES)
	$(RUN) -m pytest tests/unit/test_alert_rules.py tests/integration/test_alerts.py tests/unit/client/siem

.PHONY: package install-test
package: $(VENV)/.ready-test-$(KEY) ## build wheel and sdist, the same bytes from the same commit: dist/
	@rm -f dist/tearline-*
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(RUN) -m hatchling build -d dist

install-test: $(VENV)/.ready-test-$(KEY) ## install as docs/howto/install.md says: pipx, uv, systemd, container (root; skips what is missing)
	TEARLINE_INSTALL=1 $(RUN) -m pytest tests/install -v -o faulthandler_timeout=1800

BROWSER_PACKAGES := chromium fonts-noto-cjk
.PHONY: chromium
chromium: ## install Debian's Chromium where it is missing (root, apt); browser and screenshots need it
	@command -v chromium >/dev/null || { \
		[ "$$(id -u)" = 0 ] && export DEBIAN_FRONTEND=noninteractive \
		&& apt-get update --quiet --quiet && apt-get install --yes --quiet --quiet \
			--no-install-recommends $(BROWSER_PACKAGES) >&2; \
	} || { \
		echo 'Chromium is missing; to install $(BROWSER_PACKAGES) takes root and apt-get.' >&2; \
		exit 1; }

.PHONY: browser
browser: chromium $(VENV)/.ready-browser-$(KEY) ## use the console in a real browser
	TEARLINE_REQUIRE_ALL=1 $(RUN) -m pytest tests/browser -n 2 --dist loadfile $(HANGS)

.PHONY: screenshots
screenshots: chromium $(VENV)/.ready-browser-$(KEY) ## draw the pictures of the console in docs/pictures, from an invented federation
	cd tests && PYTHONPATH=. $(abspath $(RUN)) -m browser.screenshots $(abspath $(GALLERY))

.PHONY: format proto reference docs clean
format: $(VENV)/.ready-check-$(KEY) ## put code into the one format
	$(RUN) -m ruff format
	$(RUN) -m ruff check --fix

proto: $(PROTO_VENV)/.ready-$(KEY) ## generate code from the schema
	$(PROTO_VENV)/bin/python -m grpc_tools.protoc -I proto --python_out=proto --pyi_out=proto $(PROTOS)

reference: $(VENV)/.ready-run-$(KEY) ## generate the reference pages from the code
	$(RUN) docs/reference/generate.py

docs: $(DOCS_VENV)/.ready-$(KEY) ## build the documentation as a site to search and read offline: site/index.html
	@NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict
	@echo 'Open site/index.html in a browser.'

clean: ## remove what the tasks set up
	rm -rf $(VENV) $(PROTO_VENV) $(INTEROP_VENV) $(DOCS_VENV) site .mypy_cache .ruff_cache .pytest_cache .hypothesis

# What each task needs. A stamp bears the key; its venv is made afresh when the key changes.

define venv
@test -n "$(PYTHON)" || { \
	echo 'Tearline needs Python 3.11 or newer, and none was found in PATH.'; \
	echo 'Install one, or name it: make PYTHON=/path/to/python3'; exit 1; } >&2
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo 'Tearline needs Python 3.11 or newer; $(PYTHON) is not one.'; exit 1; } >&2
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	echo "$(PYTHON) cannot make virtual environments: a part of it is missing."; \
	echo "Install the package python$$version-venv (Debian, Ubuntu) and try again."; exit 1; } >&2
@echo 'Setting up $(@D) with $(PYTHON) …' >&2
@$(PYTHON) -m venv --clear $(@D)
@$(@D)/bin/$(PIP) 'pip>=25.1'
endef

$(VENV)/.ready-venv-$(KEY):
	$(venv)
	@touch $@

$(VENV)/.ready-run-$(KEY): $(VENV)/.ready-venv-$(KEY)
	@$(VENV)/bin/$(PIP) --editable '.[client,server]'
	@touch $@

$(VENV)/.ready-console-$(KEY): $(VENV)/.ready-run-$(KEY)
	@$(VENV)/bin/$(PIP) --editable '.[console]'
	@touch $@

$(VENV)/.ready-test-$(KEY): $(VENV)/.ready-run-$(KEY)
	@$(VENV)/bin/$(PIP) --editable '.[postgres,console,otel]' --group test
	@# Program and tests are compiled once here, instead of by each of the first run's processes.
	@told=$$($(RUN) -m pytest --ignore=tests/browser --collect-only --quiet 2>&1) \
	|| { echo "$$told"; exit 1; }
	@touch $@

$(VENV)/.ready-check-$(KEY): $(VENV)/.ready-test-$(KEY)
	@$(VENV)/bin/$(PIP) --group check
	@touch $@

$(VENV)/.ready-browser-$(KEY): $(VENV)/.ready-test-$(KEY)
	@$(VENV)/bin/$(PIP) --group browser
	@touch $@

$(PROTO_VENV)/.ready-$(KEY):
	$(venv)
	@$(@D)/bin/$(PIP) --group proto
	@touch $@

$(DOCS_VENV)/.ready-$(KEY):
	$(venv)
	@$(@D)/bin/$(PIP) --group docs
	@touch $@

$(INTEROP_VENV)/.ready-$(KEY):
	$(venv)
	@$(@D)/bin/$(PIP) --editable '.[client,server]' --group test --group interop || { \
		echo 'followthemoney compiles PyICU: it needs a C++ compiler, pkg-config and libicu-dev.'; \
		exit 1; } >&2
	@touch $@
