"""What a user was asked and has not answered yet: one question and one list at most.

A prompt dies with its time (P-QUE-7) and with the session, which nobody waits for: nothing was
done yet. The clock is an argument, in seconds of a clock that never goes back.
"""

from dataclasses import dataclass
from uuid import uuid4

from economy_actors.handlers.registry import Question
from kryten_economy.commands.grammar import Parsed
from kryten_economy.commands.table import CommandSpec

__all__ = (
    "Chosen",
    "Confirmed",
    "Dialogue",
    "Heard",
    "Lapsed",
    "OutOfRange",
    "Pending",
    "WrongCode",
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A question, the command that asked it, and when it dies."""

    question: Question
    spec: CommandSpec
    until_s: float
    id: str = ""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """They said YES in time."""

    pending: Pending


@dataclass(frozen=True, slots=True)
class Chosen:
    """They named a number of the list."""

    pending: Pending
    number: int


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """They named a number that the list does not have; it stays."""

    choices: int


@dataclass(frozen=True, slots=True)
class Lapsed:
    """They said YES to nothing, or too late."""


@dataclass(frozen=True, slots=True)
class WrongCode:
    """They confirmed with another number than the one they were given; it is off with that."""


Heard = Confirmed | Chosen | OutOfRange | Lapsed | WrongCode


class Dialogue:
    """The prompts of one user in one channel."""

    def __init__(self) -> None:
        self._asked: Pending | None = None
        self._listed: Pending | None = None
        self.told_pause_ms = 0
        """The beginning of the pause of which this user knows."""

    @property
    def waits(self) -> bool:
        """Whether a YES would do something, if it came in time."""
        return self._asked is not None

    def ask(self, question: Question, spec: CommandSpec, until_s: float) -> Pending:
        """Keep a question until it is answered; a newer one takes its place."""
        pending = Pending(question, spec, until_s, uuid4().hex)
        if question.yes is not None:
            self._asked = pending
        if question.chosen is not None:
            self._listed = pending
        return pending

    def knows(self, id_: str, now_s: float) -> bool:
        """Whether the question of this id waits still."""
        self.expire(now_s)
        return any(each is not None and each.id == id_ for each in (self._asked, self._listed))

    def expire(self, now_s: float) -> None:
        """Drop what nobody can answer any more."""
        if self._asked is not None and self._asked.until_s <= now_s:
            self._asked = None
        if self._listed is not None and self._listed.until_s <= now_s:
            self._listed = None

    def hear(self, parsed: Parsed, now_s: float) -> Heard | None:
        """What a message means as an answer; None if it is none. It settles what was asked."""
        self.expire(now_s)
        asked, self._asked = self._asked, None
        if parsed.word.isascii() and parsed.word.isdecimal() and not parsed.args:
            return self._choose(parsed.word)
        self._listed = None
        if parsed.word == "confirm" and len(parsed.args) <= 1:
            return _with_code(asked, "".join(parsed.args))
        if parsed.word != "yes" or parsed.args:
            return None
        if asked is None:
            return Lapsed()
        return Confirmed(asked) if asked.question.code is None else WrongCode()

    def _choose(self, digits: str) -> Chosen | OutOfRange | None:
        if self._listed is None:
            return None
        choices = self._listed.question.choices
        number = int(digits) if len(digits) < 10 else 0
        return Chosen(self._listed, number) if 1 <= number <= choices else OutOfRange(choices)


def _with_code(asked: Pending | None, code: str) -> Confirmed | Lapsed | WrongCode:
    """What waits for a code is done by no other, and a code says yes to nothing else."""
    if asked is None or asked.question.code is None:
        return Lapsed()
    return Confirmed(asked) if asked.question.code == code else WrongCode()
