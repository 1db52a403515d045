# make install | run | test | check | bench | lock.  What each does: README.md; why: docs/decisions/.
SHELL := /bin/sh
PYTHON := .venv/bin/python
UP := $(PYTHON) -m chuangtou.up
# pytest's processes; two cores are the machine we promise the time on
JOBS ?= 2
# Official contests and elections, kept outside the repository.
CONFORMANCE ?= ../shared/conformance
OFFICIAL := skating diving_paris diving_sydney snowboard chopin_panels chopin_results gymnastics eurovision calibration elections pb_rules pb_optimal pb_optimal_groups
TEMPLATES := $(wildcard templates */templates)
CHECKS := check-lint check-format check-types check-contracts check-templates check-migrations check-deploy
export PYTHONUTF8 := 1

.PHONY: install run test check $(CHECKS) official bench lock
.DELETE_ON_ERROR:

install: .venv/installed assets/.fetched

run: install
	@exec $(UP)

test: .venv/installed-dev assets/.fetched
	@$(PYTHON) -m chuangtou.fittings
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory official
	@PORTAL_DATA="$${PORTAL_TEST_DATA:-var/test}" $(UP) exec $(PYTHON) -m pytest -n $(JOBS) --dist loadgroup --durations 15

# Half of the time is mypy's, so the others run beside it; -O keeps each one's words together where make knows it.
check: .venv/installed-dev assets/.fetched
	@$(MAKE) --no-print-directory -j 2 $(if $(filter output-sync,$(.FEATURES)),-O) $(CHECKS)
	@echo "check: all of $(words $(CHECKS)) static checks passed"

check-types:
	@$(PYTHON) -m mypy .
check-lint:
	@$(PYTHON) -m ruff check .
check-format:
	@$(PYTHON) -m ruff format --check .
check-contracts:
	@$(PYTHON) -c "from importlinter.cli import lint_imports_command as run; run()"
check-templates:
	@$(if $(TEMPLATES),$(PYTHON) -m djlint --lint $(TEMPLATES),echo "no templates")
check-migrations:
	@$(PYTHON) manage.py makemigrations --check --dry-run
# The https profile: what `make run` relaxes must be in order when nothing is relaxed.
check-deploy:
	@env -u PORTAL_PLAIN_HTTP -u PORTAL_DEBUG -u PORTAL_SUB_PATH PORTAL_HOSTS=portal.example PORTAL_SITE_URL=https://portal.example \
	  SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	  $(PYTHON) manage.py check --deploy --fail-level WARNING

official: .venv/installed-dev
	@if [ -f "$(CONFORMANCE)/run.py" ]; then \
	  $(PYTHON) "$(CONFORMANCE)/run.py" --data "$(CONFORMANCE)/../data" --project . --python .venv/bin/python $(addprefix --only ,$(OFFICIAL)); \
	else \
	  echo "official contests: kept outside the repository and not on this machine, so they were not compared"; \
	fi

bench: .venv/installed-dev assets/.fetched
	@PORTAL_DATA="$${PORTAL_BENCH_DATA:-var/bench}" $(UP) exec $(PYTHON) -m benchmarks

# Finds a Python, makes .venv, and installs the locked requirements: by uv where it is on PATH, else by venv and pip.
.venv/installed: requirements.txt
	@sh chuangtou/install.sh requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@sh chuangtou/install.sh requirements-dev.txt
	@touch $@

assets/.fetched: package-lock.json chuangtou/assets.py chuangtou/sprite.py icons.txt | .venv/installed
	@$(PYTHON) -m chuangtou.assets
	@touch $@

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv on PATH (pip install uv)"; exit 1; }
	uv pip compile -q --universal --generate-hashes --only-binary :all: --python-version 3.11 requirements.in -o requirements.txt --custom-compile-command "make lock"
	uv pip compile -q --universal --generate-hashes --only-binary :all: --python-version 3.11 requirements-dev.in -c requirements.txt -o requirements-dev.txt --custom-compile-command "make lock"
