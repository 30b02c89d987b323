"""How waiting messages become the texts that are sent: merged, with their hint, cut to length."""

from collections import deque
from collections.abc import Sequence

from economy_actors.outbox.message import Line, Pm
from kryten_economy.features.notices.texts import with_quiet_hint
from kryten_economy.text.clean import public_line, public_parts, user_text
from kryten_economy.text.lengths import split, units

__all__ = ("line_texts", "lines_fitting", "pm_texts", "pms_fitting")

_BATCH_BAR = " | "
"""Between the lines of a batch (`announcements.md` 4)."""


def pm_texts(messages: Sequence[Pm], max_units: int) -> deque[str]:
    """The parts of one PM that says all of ``messages``; the hint about quiet mode stands once."""
    return deque(split(_pm_body(messages), max_units))


def line_texts(messages: Sequence[Line], max_units: int) -> deque[str]:
    """The parts of one public line that says all of ``messages``."""
    line = _line_body(messages)
    if units(line) <= max_units or len(messages) > 1:
        return deque(public_parts(line, max_units))
    return deque(public_parts(messages[0].text, max_units))


def pms_fitting(first: Pm, more: Sequence[Pm], max_units: int) -> int:
    """How many of ``more`` go out with ``first`` in one PM of at most ``max_units``.

    The first one that must stay alone or has no room ends the row: order is kept.
    """
    together = [first]
    for message in more if first.merge else ():
        together.append(message)
        if not message.merge or units(_pm_body(together)) > max_units:
            return len(together) - 2
    return len(together) - 1


def lines_fitting(first: Line, more: Sequence[Line], max_units: int) -> int:
    """How many of ``more``, all of them batch lines, go out with ``first`` as one line."""
    together = [first]
    for message in more if first.batch else ():
        together.append(message)
        if units(_line_body(together)) > max_units:
            return len(together) - 2
    return len(together) - 1


def _pm_body(messages: Sequence[Pm]) -> str:
    body = "\n".join(message.text.strip() for message in messages)
    return with_quiet_hint(body) if any(message.mutable for message in messages) else body


def _line_body(messages: Sequence[Line]) -> str:
    return public_line(_BATCH_BAR.join(user_text(message.text) for message in messages))
