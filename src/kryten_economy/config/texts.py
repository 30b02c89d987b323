"""Types for configured message templates (`spec/config.md` 11.6, `spec/announcements.md` 2).

A template type knows its variables: a broken template or an unknown variable is an error
of the configuration, so nothing can fail when a message is due.
"""

from pydantic import AfterValidator

from kryten_economy.config.section import refuse
from kryten_economy.text.templates import TemplateError, variables

__all__ = ("COMMON_VARIABLES", "template")

COMMON_VARIABLES = frozenset({"currency", "currency_plural", "symbol"})


def template(*names: str) -> AfterValidator:
    """Text that may use ``names`` and the three currency words as ``{name}``."""
    known = COMMON_VARIABLES.union(names)

    def check(text: str) -> str:
        try:
            unknown = sorted(variables(text) - known)
        except TemplateError as error:
            raise refuse(f"must be a template: {error}") from error
        if unknown:
            listed = ", ".join(f"{{{name}}}" for name in sorted(known))
            raise refuse(f"unknown variable {{{unknown[0]}}}; known are {listed}")
        return text

    return AfterValidator(check)
