"""Registration of commands and requests, where each is written.

`command` and `request` are decorators; what they decorate is found by the session, by the API, by
`help` and by the metrics, and there is no other list. Each name exists once, and none without
the function that carries it out.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from economy_actors.handlers.answers import ApiAnswer, PmAnswer
from economy_actors.handlers.call import ADMIN, REQUEST_ID, USERNAME, ApiCall, PmCall
from economy_actors.handlers.fields import Field
from kryten_economy.commands.table import CommandSpec, CommandTable, Section
from kryten_economy.config import Settings

__all__ = ("COMMANDS", "REQUESTS", "RequestSpec", "RequestTable", "command", "request")

CommandHandler: TypeAlias = Callable[[PmCall], Awaitable[PmAnswer]]
RequestHandler: TypeAlias = Callable[[ApiCall], Awaitable[ApiAnswer]]


@dataclass(frozen=True, slots=True)
class RequestSpec:
    """What a request is called and what it takes.

    ``mutating`` ones are written to the audit log and take ``admin``; ``repeatable`` ones take
    ``request_id`` and are done once per id. ``known_fields_only``: a field that it does not know
    is an error, since without the one that was meant it would answer something else.
    """

    name: str
    handler: RequestHandler
    own_fields: tuple[Field[Any], ...] = ()
    channel: bool = True
    user: bool = False
    mutating: bool = False
    repeatable: bool = False
    known_fields_only: bool = False

    @property
    def fields(self) -> tuple[Field[Any], ...]:
        """Its own fields and those its kind has."""
        return (
            *((USERNAME,) if self.user else ()),
            *self.own_fields,
            *((ADMIN,) if self.mutating else ()),
            *((REQUEST_ID,) if self.repeatable else ()),
        )


class RequestTable:
    """Requests by name, in the order of their registration."""

    def __init__(self) -> None:
        self._by_name: dict[str, RequestSpec] = {}

    def __iter__(self) -> Iterator[RequestSpec]:
        return iter(tuple(self._by_name.values()))

    def add(self, spec: RequestSpec) -> None:
        """Register a request; its name must be free."""
        if not callable(spec.handler):
            raise TypeError(f"the request {spec.name} needs a function that carries it out")
        if spec.name in self._by_name:
            raise ValueError(f"two requests are called {spec.name}")
        self._by_name[spec.name] = spec

    def find(self, name: str) -> RequestSpec | None:
        """The request of exactly this name."""
        return self._by_name.get(name)

    @property
    def names(self) -> frozenset[str]:
        """The label values of ``economy_api_requests_total``."""
        return frozenset(self._by_name)


COMMANDS: CommandTable[CommandHandler] = CommandTable()
REQUESTS = RequestTable()


def command(
    name: str,
    *,
    syntax: str = "",
    summary: str,
    section: Section,
    aliases: tuple[str, ...] = (),
    enabled: Callable[[Settings], bool] | None = None,
    reads: bool = False,
    for_banned: bool = False,
) -> Callable[[CommandHandler], CommandHandler]:
    """Register a command by private message; ``syntax`` is its name if it takes no arguments."""

    def register(handler: CommandHandler) -> CommandHandler:
        spec = CommandSpec(
            name, syntax or name, summary, section, aliases, reads=reads, for_banned=for_banned
        )
        COMMANDS.add(spec if enabled is None else replace(spec, enabled=enabled), handler)
        return handler

    return register


def request(
    name: str,
    *fields: Field[Any],
    channel: bool = True,
    user: bool = False,
    mutating: bool = False,
    repeatable: bool = False,
    known_fields_only: bool = False,
) -> Callable[[RequestHandler], RequestHandler]:
    """Register a request of the API, with its own fields."""

    def register(handler: RequestHandler) -> RequestHandler:
        REQUESTS.add(
            RequestSpec(
                name, handler, fields, channel, user, mutating, repeatable, known_fields_only
            )
        )
        return handler

    return register
