# Everything one does with this project. `just` alone lists it.

python := if path_exists(".venv/bin/python") == "true" { ".venv/bin/python" } else { "python3" }
bin := if path_exists(".venv/bin") == "true" { ".venv/bin/" } else { "" }

_default:
    @just --list

# A channel with a crowd, the real service, and you in it.
demo *args:
    {{bin}}kryten-economy demo {{args}}

# The tests, exactly as CI runs them.
test *args:
    {{python}} -m pytest -n 2 {{args}}

# Lint, format, strict types and import contracts: what CI checks besides the tests.
check:
    {{python}} -m ruff check .
    {{python}} -m ruff format --check .
    {{python}} -m mypy
    {{bin}}lint-imports

# Rewrite the sources in the one format, with safe fixes.
format:
    {{python}} -m ruff check --fix .
    {{python}} -m ruff format .

# Branch coverage of both packages.
coverage:
    {{python}} -m pytest -n 2 --cov --cov-report=term --cov-report=html

# Speed and memory as ratios to the floor and to the published 0.13.0.
bench *args:
    {{python}} -m tests.benchmarks {{args}}

# Pictures of every page for docs/pages.md, from the demo's channel; needs Debian's Chromium.
screenshots *args:
    {{python}} -m tests.browser.screenshots {{args}}

# Kill the service at random moments, 200 times, and prove that the books balance.
torture *args:
    {{python}} -m tests.faults.torture {{args}}

# Four months of 200 regulars, over each change of the clocks, against an independent oracle.
month seed="20261101":
    MONTH_FULL=1 MONTH_SEED={{seed}} {{python}} -m pytest -n 2 tests/actors/month

# A million rounds of every way to play every game, against its computed edge.
million rounds="1000000":
    ECONOMY_ROUNDS={{rounds}} {{python}} -m pytest -n 2 -rP -k "rounds_return or pays_what or crews_do" \
        tests/unit/games/test_million.py tests/unit/features/test_games_in_the_long_run.py

# Write the lock file anew from pyproject.toml.
lock:
    {{python}} -m pip install -q uv
    {{python}} -m uv pip compile --universal --python-version 3.11 pyproject.toml --extra dev \
        --no-emit-package kryten-economy --no-header --no-annotate -o constraints.txt

# The wheel and the source archive.
build:
    {{python}} -m hatchling build
