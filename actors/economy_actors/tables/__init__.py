"""Rounds under way, an actor each: one module per game, and the floor that seats them.

Every module of this package is imported with it, so a new game is a new file and nothing else.
"""

from importlib import import_module
from pkgutil import iter_modules

__all__ = ("load",)


def load() -> None:
    """Import every table there is; those that are known already stay as they are."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


load()
