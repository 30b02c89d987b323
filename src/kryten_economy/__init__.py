"""What is decided: rules, books, settings, commands and texts of a channel currency."""

from importlib.metadata import version

__all__ = ("__version__",)

__version__ = version("kryten-economy")
