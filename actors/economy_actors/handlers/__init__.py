"""What people and other services can ask for, one module per topic.

A topic has the commands by private message and the requests of the API side by side, and what
both do together as a function between them. Every module of this package is imported with it, so
a new topic is a new file and nothing else.
"""

from importlib import import_module
from pkgutil import iter_modules

__all__ = ("load",)


def load() -> None:
    """Import every topic there is; those that are known already stay as they are."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


load()
