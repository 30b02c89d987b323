"""Who is behind a name, found out beside the sessions, so that no question holds one of them."""

from dataclasses import dataclass
from typing import Protocol

from economy_actors.runtime import Actor, Reply

__all__ = ("ANSWER_S", "MAILBOX", "FindPersons", "People", "Persons")

MAILBOX = 1024
ANSWER_S = 2.0
"""So long names are asked for; those that are left are taken for what they are."""


class People(Protocol):
    """The way to kryten-userstats; it remembers answers, and its silence for a while."""

    async def canonical(self, name: str) -> str:
        """The one name of a person; it may take a while to be found out."""
        ...


@dataclass(frozen=True, slots=True)
class FindPersons:
    """Which of the lower-case names belong to the same person as ``speaker``?"""

    speaker: str
    names: tuple[str, ...]
    reply: Reply[frozenset[str]]


class Persons(Actor[FindPersons]):
    """Asks one question after the other."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def receive(self, message: FindPersons) -> None:
        """Answer with those of the names that are the speaker's own."""
        began_s = self.now_s()
        person = await self._people.canonical(message.speaker)
        own = set()
        for name in message.names:
            # A question that was asked is waited for, so that its silence is remembered.
            if self.now_s() - began_s >= ANSWER_S:
                break
            if await self._people.canonical(name) == person:
                own.add(name)
        message.reply.send(frozenset(own))
