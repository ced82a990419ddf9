# What CI checks is what a developer runs: `make check` in an environment with `pip install -e '.[test]'`.
.PHONY: check lint test format golden docs

check: test lint

test:
	python -m pytest -n 2

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
