"""Types for configured message templates.

A template type knows its variables. A broken template and an unknown or formatted variable
are found when the file is loaded and read as plain text with known variables, so nothing
can fail when a message is due.
"""

import re
from collections.abc import Collection

from pydantic import AfterValidator

from kryten_economy.config.problems import shown
from kryten_economy.config.remedies import Reading
from kryten_economy.config.section import refuse
from kryten_economy.text.templates import TemplateError, variables

__all__ = ("COMMON_VARIABLES", "template")

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
COMMON_VARIABLES = frozenset({"currency", "currency_plural", "symbol"})


def template(*names: str) -> AfterValidator:
    """Text that may use ``names`` and the three currency words as ``{name}``."""
    known = COMMON_VARIABLES.union(names)

    def check(text: str) -> str:
        try:
            unknown = sorted(variables(text) - known)
        except TemplateError as error:
            raise refuse(f"must be a template: {error}", reading=_plain(text, known)) from error
        if unknown:
            asked = ", ".join(f"{{{name}}}" for name in unknown)
            listed = ", ".join(f"{{{name}}}" for name in sorted(known))
            raise refuse(
                f"unknown variable {asked}; known are {listed}", reading=_plain(text, known)
            )
        return text

    return AfterValidator(check)


def _plain(text: str, known: Collection[str]) -> Reading:
    """The text with plain known variables only, and its lone braces doubled."""

    def plain(match: re.Match[str]) -> str:
        token = match.group()
        if token in {"{{", "}}"}:
            return token
        if token in {"{", "}"}:
            return token * 2
        name = _NAME.match(match.group(1))
        return f"{{{name[0]}}}" if name is not None and name[0] in known else ""

    read = _TOKEN.sub(plain, text)
    return Reading(
        {(): read}, f"what is unknown is left empty, and it is read as {shown('', read)}"
    )
