# Everything starts here; only Python 3.11 or newer (and make) must be there beforehand.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PATHS := libs services tests benchmarks scripts deploy
DATA ?= ../shared/data

# The first interpreter that is new enough; PYTHON=… overrides.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; exit; fi; done)
BIN := .venv/bin
LOCKS := requirements.lock requirements-bootstrap.txt scripts/bootstrap.py \
	$(wildcard libs/*/pyproject.toml services/*/pyproject.toml)

##@ Running

.PHONY: run
run: .venv/.ready ## Start the whole system in the foreground; Ctrl-C stops it, the data stay
	@exec $(BIN)/humidor up

.PHONY: reset
reset: .venv/.ready ## Delete the data of the local system (asks first)
	@exec $(BIN)/humidor reset

##@ Checking

.PHONY: check
check: lint types imports ## Lint, types and import contracts

.PHONY: lint
lint: .venv/.ready ## Style and mistakes (ruff), formatting included
	$(BIN)/ruff check $(PATHS)
	$(BIN)/ruff format --check $(PATHS)

.PHONY: types
types: .venv/.ready ## Static types (mypy --strict)
	$(BIN)/mypy --num-workers auto $(PATHS)

.PHONY: imports
imports: .venv/.ready ## Who may import whom (import-linter)
	$(BIN)/lint-imports

# The whole system's tests wait much, so one process has them, first, and the other one the rest meanwhile.
.PHONY: test
test: .venv/.ready ## All tests on real PostgreSQL and Kafka; T=path or T='-k name' runs some
ifdef T
	$(BIN)/pytest $(T)
else
	$(BIN)/pytest --numprocesses 2 --durations 30 tests libs services
endif

.PHONY: verify-published
verify-published: .venv/.ready ## The whole real file of ../shared/data replayed and verified (about 5 min); DATA=path
	HUMIDOR_PUBLISHED_DATA="$(abspath $(DATA))" $(BIN)/pytest -s -ra tests/published \
		tests/integration/test_whole_file_is_replayed.py \
		services/inventory/tests/policies/test_textbook.py services/forecasting/tests/elasticity \
		services/forecasting/tests/models services/forecasting/tests/uplift

.PHONY: test-neural
test-neural: .venv/.ready ## The neural model in an environment of its own: it trains and beats seasonal naive (minutes)
	HUMIDOR_VENV=.venv-neural HUMIDOR_LOCK=requirements-neural.lock $(PYTHON) scripts/bootstrap.py
	HUMIDOR_PUBLISHED_DATA="$(abspath $(DATA))" TF_CPP_MIN_LOG_LEVEL=3 .venv-neural/bin/python -m pytest -s -n 0 \
		services/forecasting/tests/neural

.PHONY: compose-check
compose-check: .venv/.ready ## docker-compose.yml against the services, and by Compose itself where it is at hand
	$(BIN)/pytest -q tests/repository/test_compose.py

.PHONY: nginx-test
nginx-test: .venv/.ready ## The nginx configuration of deploy/ against a real nginx (installs nginx-light where apt-get can)
	command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || apt-get install -y -q nginx-light
	$(BIN)/pytest services/gateway/tests/test_nginx.py

.PHONY: fmt
fmt: .venv/.ready ## Format and mend what can be mended
	$(BIN)/ruff check --fix-only $(PATHS)
	$(BIN)/ruff format $(PATHS)

.PHONY: chaos
chaos: .venv/.ready ## Kill every part under load for longer (CHAOS_SECONDS=60 a fault by default)
	CHAOS_SECONDS=$${CHAOS_SECONDS:-60} $(BIN)/pytest tests/integration/test_chaos.py

.PHONY: events
events: .venv/.ready ## Write the event contracts: samples, schemas, docs/events.md, docs/asyncapi.json
	$(BIN)/python -m humidor_common.events.publish .

##@ Measuring

bench bench-%: export HUMIDOR_PUBLISHED_DATA ?= $(abspath $(DATA))

.PHONY: bench
bench: .venv/.ready ## Speed and memory against limits of this machine (most of an hour); BENCH_SHORT=1 for a glance
	$(BIN)/python -m benchmarks $(if $(PART),--part $(PART))

.PHONY: bench-forecast
bench-forecast: .venv/.ready ## Accuracy of forecasts on the public sets of DATA (minutes); BENCH_SHORT=1 for a glance
	HUMIDOR_PUBLISHED_DATA="$(abspath $(DATA))" $(BIN)/python -m benchmarks.forecast $(SETS)

.PHONY: bench-forecast-value
bench-forecast-value: .venv/.ready ## Cost of stock by forecasts and by others over the demand of DATA (minutes), or of one MARKET="bakery, fast"; BENCH_SHORT=1 for a glance
	HUMIDOR_PUBLISHED_DATA="$(abspath $(DATA))" BENCH_MARKET="$(MARKET)" $(BIN)/python -m benchmarks forecast-value

.PHONY: forecast-picture
forecast-picture: .venv/.ready ## The forecast that the README shows, drawn anew from the public sets of DATA
	HUMIDOR_PUBLISHED_DATA="$(abspath $(DATA))" $(BIN)/python -m benchmarks.forecast_picture

bench-%: .venv/.ready ## One of them (docs/performance.md lists them), for example bench-sales
	$(BIN)/python -m benchmarks $*

##@ Environment

.PHONY: env
env: .venv/.ready ## Make the virtual environment from the locked packages

.venv/.ready: $(LOCKS)
	@test -n "$(PYTHON)" || { echo "Humidor needs Python 3.11 or newer, and none was found (PYTHON=… names one)."; exit 1; }
	@$(PYTHON) scripts/bootstrap.py

.PHONY: lock
lock: .venv/.ready ## Resolve the dependencies anew and write requirements.lock and that of the neural model
	$(BIN)/uv lock
	$(BIN)/uv export --quiet --frozen --all-packages --all-groups --no-emit-workspace --no-header --no-annotate \
		-o requirements.lock
	$(BIN)/uv export --quiet --frozen --all-packages --all-groups --no-emit-workspace --no-header --no-annotate \
		--extra neural -o requirements-neural.lock

.PHONY: clean
clean: ## Remove the environment and caches (not the data)
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+%?:.*##/ {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
