"""The command line: without a sub-command it runs the service."""

from kryten_economy.cli.main import main

__all__ = ("main",)
