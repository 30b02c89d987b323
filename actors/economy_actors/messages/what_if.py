"""What the replays of operators are asked; every answer is a value."""

from dataclasses import dataclass, field

from markupsafe import Markup

from economy_actors.runtime import Reply

__all__ = (
    "CancelTry",
    "Done",
    "LookAtTries",
    "Running",
    "StartTry",
    "Told",
    "Tries",
    "WhatIfMessage",
    "Wish",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator wants to know: the last days under another configuration.

    ``text`` is YAML: of the keys to change, or a whole file.
    """

    channel: str
    by: str
    days: int
    text: str = field(repr=False)
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What a replay has found, ready to be shown: no figure is worked out any more.

    ``differences`` are keys in words with how far the answer for each can be trusted.
    """

    title: str
    seed: int
    differences: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    tables: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...]
    charts: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """A replay that is under way since ``at_ms``."""

    wish: Wish
    at_ms: int


@dataclass(frozen=True, slots=True)
class Done:
    """How a replay has ended: with a report, or with ``problem``, why there is none."""

    wish: Wish
    at_ms: int
    told: Told | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Tries:
    """What there is of one channel; ``is_taken``: a replay is under way, be it of another one."""

    running: Running | None
    last: Done | None
    is_taken: bool


@dataclass(frozen=True, slots=True)
class StartTry:
    """Begin a replay; the answer is whether it began, which it does not beside another."""

    wish: Wish
    reply: Reply[bool]


@dataclass(frozen=True, slots=True)
class CancelTry:
    """End the replay of a channel; the answer is whether there was one."""

    channel: str
    by: str
    reply: Reply[bool]


@dataclass(frozen=True, slots=True)
class LookAtTries:
    """What there is of a channel."""

    channel: str
    reply: Reply[Tries]


WhatIfMessage = StartTry | CancelTry | LookAtTries
