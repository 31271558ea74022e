# The one door. `make help` lists what stands behind it.
VENV ?= .venv
BIN := $(VENV)/bin
SETUP ?= scripts/setup
ARGS ?=
FILE ?= tests/data/chatlogs/channel-two-excerpt.txt
FUZZ_SECONDS ?= 10

.DEFAULT_GOAL := help
.PHONY: help setup run test lint format types layers bench fuzz check demo docs

help:  ## list these
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## make .venv and install what the checks need (as root, or with sudo)
	@$(SETUP) check

run:  ## make .venv if there is none, then start the server; ARGS="--config FILE"
	@$(SETUP) run
	@exec $(BIN)/parvis serve $(ARGS)

test: setup  ## run the tests; ARGS="tests/unit -k line"
	@$(BIN)/python -m pytest -q $(ARGS)

lint: setup  ## ruff: rules and layout
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: setup  ## ruff: mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: setup  ## mypy --strict
	@$(BIN)/mypy

layers: setup  ## imports point one way (import-linter)
	@$(BIN)/lint-imports

bench: setup  ## measure beside ngIRCd and InspIRCd; ARGS as in bench/chat/README.md
	@$(MAKE) --no-print-directory -C bench setup
	@$(MAKE) --no-print-directory -C bench chat PYTHON=$(abspath $(BIN)/python) ARGS="$(ARGS)"

fuzz: setup  ## run every fuzz target for FUZZ_SECONDS (10) each
	@PYTHON=$(BIN)/python scripts/fuzz $(FUZZ_SECONDS)

check: setup  ## all that must be green, cheapest first: lint types layers test fuzz
	@MAKE="$(MAKE)" scripts/check

demo: setup  ## replay a chat log over real sockets; FILE=log.txt ARGS="--speed 60"
	@$(BIN)/parvis demo replay $(FILE) $(ARGS)

docs: setup  ## write the tables of the handbook anew from the code
	@$(BIN)/python scripts/handbook_keys.py
	@$(BIN)/python scripts/protocol_tables.py
	@$(BIN)/python scripts/register.py
