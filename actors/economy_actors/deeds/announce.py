"""Post an operator's text in the channel (`announcements.md` 1, Bypass)."""

from dataclasses import dataclass

from economy_actors.context import World
from economy_actors.deeds.cause import Cause
from economy_actors.deeds.money import Busy
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.text.clean import public_parts

__all__ = ("Announced", "NothingToSay", "announce")


@dataclass(frozen=True, slots=True)
class Announced:
    """The text is in the outbox, which sends it in so many lines."""

    lines: int


@dataclass(frozen=True, slots=True)
class NothingToSay:
    """Nothing visible is left of the text."""


def announce(world: World, cause: Cause, text: str) -> Announced | NothingToSay | Busy:
    """Hand the text to the outbox as it is: no template, no gate, no deduplication."""
    lines = len(public_parts(text, world.live.settings.messages.max_length))
    if not lines:
        return NothingToSay()
    line = Line(text, kind=LineKind.ADMIN, dedup=False, trace=cause.trace)
    taken = world.outboxes[cause.channel].offer(line, trace=cause.trace)
    return Announced(lines) if taken else Busy()
