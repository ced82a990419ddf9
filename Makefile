# What CI checks is what a developer runs: `make check` in an environment with `pip install -e '.[test]'`.
.PHONY: check lint test backends format golden docs

PYTHON ?= python3

check: test lint

test:
	python -m pytest -n 2

# The same tests on the other backends, each in a fresh environment where TensorFlow is not installed.
backends: backends-jax backends-torch

# A version that is to be had for the processor alone, where the index has such builds.
backends-torch: PIN = torch==2.13.0

backends-%:
	work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && $(PYTHON) -m venv "$$work" && \
	"$$work/bin/pip" install -q --disable-pip-version-check --no-deps . && \
	"$$work/bin/python" -I -m cnnspec.requirements $* > "$$work/needed.txt" && \
	"$$work/bin/pip" install -q --disable-pip-version-check -r "$$work/needed.txt" pytest $(PIN) && \
	KERAS_BACKEND=$* "$$work/bin/python" -m pytest -q tests/backends tests/faults

lint:
	ruff check .
	ruff format --check .
	mypy

format:
	ruff format .
	ruff check --fix .

golden:
	python -m tests.test_bad
	python -m docs.generate

docs:
	python -m docs.generate
