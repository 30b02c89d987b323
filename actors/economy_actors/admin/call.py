"""A request that has been understood, in the types of its command."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from economy_actors.admin.envelope import Outcome
from economy_actors.admin.fields import Field, Text, Username, Values
from economy_actors.context import World
from economy_actors.deeds import Cause
from kryten_economy.users import UNNAMED_ADMIN, UserKey

__all__ = ("ADMIN", "REPLAY", "REQUEST_ID", "USERNAME", "ApiCommand", "Call", "Handler")

USERNAME = Username()
ADMIN = Text("admin", most=64, default=UNNAMED_ADMIN)
REQUEST_ID = Text("request_id", most=128)

REPLAY = {"idempotent_replay": True}
"""Joins the data of a request that was done before under its id."""


@dataclass(frozen=True, slots=True)
class Call:
    """``channel`` is spelled as configured, "" for commands without one."""

    command: "ApiCommand"
    channel: str
    values: Values

    @property
    def name(self) -> str:
        """The user name as it came."""
        return self.values[USERNAME]

    @property
    def user(self) -> UserKey:
        """Whom the request is about."""
        return UserKey.of(self.channel, self.name)

    @property
    def cause(self) -> Cause:
        """Who asks, with the id of the request if it has one."""
        request_id = self.values[REQUEST_ID] if self.command.repeatable else None
        return Cause.of_request(self.channel, self.values[ADMIN], request_id or None)


Handler = Callable[[World, Call], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class ApiCommand:
    """A row of the table of commands.

    ``mutating`` ones are written to the audit log and take ``admin``; ``repeatable`` ones take
    ``request_id`` and are done once per id.
    """

    name: str
    run: Handler
    fields: tuple[Field[Any], ...] = ()
    channel: bool = True
    user: bool = False
    mutating: bool = False
    repeatable: bool = False

    @property
    def all_fields(self) -> tuple[Field[Any], ...]:
        """Its own fields and those its kind has."""
        return (
            *((USERNAME,) if self.user else ()),
            *self.fields,
            *((ADMIN,) if self.mutating else ()),
            *((REQUEST_ID,) if self.repeatable else ()),
        )
