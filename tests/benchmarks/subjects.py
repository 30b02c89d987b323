"""The three services under test and how each is started."""

import sys
from dataclasses import dataclass, replace

from tests.benchmarks.settings import Earning

__all__ = (
    "BASELINE",
    "COUNTING",
    "FLOOR",
    "LIVING",
    "OURS",
    "PAYING",
    "Subject",
    "floor_subject",
    "living_subject",
    "our_subject",
    "talk_subjects",
)

FLOOR = "floor"
BASELINE = "0.13.0"
OURS = "kryten-economy"
COUNTING = "kryten-economy, no triggers"
PAYING = "kryten-economy, all triggers"
LIVING = "kryten-economy, everything on"


@dataclass(frozen=True, slots=True)
class Subject:
    """A program under test.

    Attributes:
        name: how the table calls it.
        command: the command line; ``--config FILE`` is added.
        has_api: whether it answers on ``kryten.economy.command`` and keeps books.
        chat_chunk: chat lines sent between two questions that prove they were taken; small for
            a slow service, so that a round ends near its time.
        users_max: the largest crowd it is given in the presence part.
        earning: what of earning is on.
        pages_port: where its pages are; 0 where it has none.
        catalogue_url: where the films are that people queue; empty where nothing can be queued.
    """

    name: str
    command: tuple[str, ...]
    has_api: bool
    chat_chunk: int = 300
    users_max: int = 1_000_000
    earning: Earning = Earning.PLAIN
    catalogue_url: str = ""
    pages_port: int = 0


def floor_subject() -> Subject:
    """The do-nothing kryten-py service."""
    command = (sys.executable, "-m", "tests.benchmarks.floor")
    return Subject(name=FLOOR, command=command, has_api=False)


def our_subject(program: str) -> Subject:
    """This project's service, started as an operator starts it."""
    return Subject(name=OURS, command=(program, "--log-level", "WARNING"), has_api=True)


def talk_subjects(ours: Subject) -> list[Subject]:
    """The same program twice: once every chat line is only counted, once all triggers are on."""
    pair = ((COUNTING, Earning.COUNTING), (PAYING, Earning.PAYING))
    return [replace(ours, name=name, earning=earning) for name, earning in pair]


def living_subject(ours: Subject) -> Subject:
    """The same program with everything on that a minute of presence can bring."""
    return replace(ours, name=LIVING, earning=Earning.LIVING)
