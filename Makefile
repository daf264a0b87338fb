# What a checkout can be asked for: `make help` lists it.

# The Python that .venv is made of: make PYTHON=python3.13 test
PYTHON ?= python3
# Handed on by tests, `torture` and `lock`: make test ARGS="-k envelope", make lock ARGS=--upgrade
ARGS ?=

NEEDED = 3.11
UV = uv==0.13.9
PIP = .venv/bin/python -m pip --disable-pip-version-check -qq
COVERAGE = .venv/bin/python -m coverage
COMPILE = build/lock/bin/uv pip compile pyproject.toml --universal --python-version $(NEEDED) \
	--generate-hashes --no-config --no-emit-index-url --no-emit-find-links --quiet \
	--custom-compile-command "make lock" $(ARGS)

.DEFAULT_GOAL = help
# Nothing here gains from -j, and two installs into one .venv would harm each other.
.NOTPARALLEL:
.PHONY: help run demo test test-system torture bench bench-quick lint man pictures format lock clean FORCE

help:  ## list what make can do here
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1|\2/p' Makefile | awk -F '|' '{ printf "%-12s %s\n", $$1, $$2 }'

run: .venv/.runtime  ## start a server of your own here, and say how to log in to it
	@sh tools/run

demo: .venv/.runtime  ## watch a server and a client at work in a scratch folder
	@sh tools/demo

# Three workers keep two cores busy: many a test waits, for a process or a clock. What is compiled is
# kept, whatever the environment says: else every process that a test starts would compile again.
test: .venv/.dev  ## run the tests and measure what they cover (ARGS="-k word" picks some)
	@rm -rf build/coverage && mkdir -p build/coverage
	PYTHONDONTWRITEBYTECODE= $(COVERAGE) run -m pytest -n 3 --dist=worksteal -m "not system" $(ARGS)
	$(COVERAGE) combine --quiet
	$(COVERAGE) report $(if $(strip $(ARGS)),--fail-under=0)

test-system: .venv/.dev  ## run the tests that need root or more programs: mounts, netcat, Chromium (by apt), jrnl
	@sh tools/system-packages
	.venv/bin/python -m pytest -m system $(ARGS)

torture: .venv/.dev  ## kill servers and clients while they write (ARGS="--kills 200 --writes 200000"), or cut the power (ARGS=--power)
	.venv/bin/python -m tests.torture $(ARGS)

bench: .venv/.dev  ## measure this server beside its peers, half an hour (ARGS=--markdown)
	.venv/bin/python -m benchmarks $(ARGS)

bench-quick: .venv/.dev  ## the same in a minute: the rows that need no large diaries
	.venv/bin/python -m benchmarks --quick $(ARGS)

lint: .venv/.dev  ## check style, formatting, types and layers
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo --cache-dir build/import-linter

man: .venv/.runtime  ## write a man page for every command into build/man (read one: man -l FILE)
	.venv/bin/python -m tools.manpages build/man

pictures: .venv/.dev  ## make the README's pictures anew, with Debian's Chromium
	@sh tools/system-packages
	.venv/bin/python -m tests.docs.pictures

format: .venv/.dev  ## mend what can be mended without a thought
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

lock: build/lock/.made  ## write requirements/*.txt anew (ARGS=--upgrade takes newer versions)
	$(COMPILE) --group build --output-file requirements/runtime.txt
	$(COMPILE) --group build --group dev --constraint requirements/runtime.txt \
		--output-file requirements/dev.txt

clean:  ## remove all that make has made; server.toml and diary-data stay
	rm -rf .venv build dist .hypothesis
	find protocol diaryserver diaryclient benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +

# An install that was cut short may have left half a package: then .venv is made anew.
ifneq ($(wildcard .venv/.installing),)
.venv/.made: FORCE
endif

.venv/.made:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] < tuple(map(int, "$(NEEDED)".split("."))))' 2>/dev/null || { \
		echo 'This needs Python $(NEEDED) or newer, and "$(PYTHON)" is not; name one that is: make PYTHON=python3.13' >&2; \
		exit 1; }
	@rm -rf .venv; out=$$("$(PYTHON)" -m venv .venv 2>&1) || { \
		rm -rf .venv; \
		case $$out in \
		*ensurepip*|*'No module named venv'*) echo 'Python cannot make a .venv here; first type: sudo apt install python3-venv' >&2 ;; \
		*) printf '%s\n' "$$out" >&2 ;; \
		esac; \
		exit 1; }
	@touch $@

.venv/.runtime: .venv/.made requirements/runtime.txt pyproject.toml
	$(call install,requirements/runtime.txt)
	@touch $@

# The second lock holds all of the first, in the same versions.
.venv/.dev: .venv/.made requirements/dev.txt requirements/runtime.txt pyproject.toml
	$(call install,requirements/dev.txt)
	@touch .venv/.runtime $@

build/lock/.made: Makefile | .venv/.made
	@rm -rf build/lock
	@.venv/bin/python -m venv build/lock
	@build/lock/bin/python -m pip --disable-pip-version-check -qq install $(UV)
	@touch $@

define install
	@echo 'Installing $(1) into .venv'
	@touch .venv/.installing
	@$(PIP) install --require-hashes --requirement $(1)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@rm .venv/.installing
endef
