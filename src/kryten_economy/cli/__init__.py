"""The command line: without a sub-command it runs the service (`spec/config.md` 1)."""

from kryten_economy.cli.main import main

__all__ = ("main",)
