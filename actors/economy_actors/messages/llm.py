"""What text models are asked, and what comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from economy_actors.runtime import Ref
from kryten_economy.config.race import Llm
from kryten_economy.features.narration import Wanted

__all__ = ("Compose", "NoText", "Text")


@dataclass(frozen=True, slots=True)
class NoText:
    """A model has written nothing that can be used; ``reason`` is for operators."""

    reason: str


Text = Mapping[str, str] | NoText
"""The lines by their keys."""


@dataclass(frozen=True, slots=True)
class Compose:
    """Have a model write these lines, and tell ``to`` what ``make`` makes of them.

    Nobody waits for it: a round that is over by then never hears of it (P-TXT-4).
    """

    settings: Llm
    prompt: str
    wanted: tuple[Wanted, ...]
    to: Ref[Any]
    make: Callable[[Text], Any]
