"""Registration of commands and requests, where each is written.

`command` and `request` are decorators; what they decorate is found by the session, by the API, by
`help` and by the metrics, and there is no other list. Each name exists once, and none without
the function that carries it out.

What a handler gets: who asks for what, with cause and trace, and the ways to the books.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, TypeVar
from uuid import uuid4

from economy_actors.context import Context
from economy_actors.handlers.answers import ApiAnswer, Code, Failed, PmAnswer, Refused, refused
from economy_actors.handlers.fields import Field, Text, Username, Values
from economy_actors.messages.ledger import commit, commit_on_record, query
from economy_actors.seeds import have_seed
from kryten_economy.commands import refusals
from kryten_economy.commands import refusals as commands_texts
from kryten_economy.commands.grammar import AmountFault, BadAmount, Parsed, amount
from kryten_economy.commands.table import CommandSpec, CommandTable, Section
from kryten_economy.config import Settings
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.audit import Acted, Line
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.records import ATTEMPT, Audit
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AnyRefusal
from kryten_economy.text.markup import clip, user_text
from kryten_economy.users import UNNAMED_ADMIN, UserKey, name_from_text

__all__ = (
    "ADMIN",
    "COMMANDS",
    "LOOKS",
    "REQUESTS",
    "REQUEST_ID",
    "USERNAME",
    "ApiCall",
    "Call",
    "CommandHandler",
    "PmCall",
    "Question",
    "Record",
    "RequestSpec",
    "RequestTable",
    "command",
    "request",
)

A = TypeVar("A")
T = TypeVar("T")

USERNAME = Username()
ADMIN_UNITS_MAX = 100
ARGUMENTS_UNITS_MAX = 2_000

ADMIN = Text("admin", most=64, default=UNNAMED_ADMIN)
REQUEST_ID = Text("request_id", most=128)


class Record:
    """That a call is written down: from where it came, as what, and the row it got.

    ``audit_id`` is None while the books have nothing of it. ``is_open``: only its end shows
    whether it was done. ``is_undoable``: an undo takes the number of the row.
    """

    __slots__ = (
        "arguments",
        "audit_id",
        "command",
        "is_fresh",
        "is_open",
        "is_undoable",
        "origin",
    )

    def __init__(self, origin: str, command: str, arguments: str) -> None:
        self.origin = origin
        self.command = command
        self.arguments = arguments
        self.audit_id: int | None = None
        self.is_fresh = False
        self.is_open = False
        self.is_undoable = False

    def note(self, acted: Acted) -> None:
        """Keep which row it got, if it got one."""
        if acted.audit_id is not None:
            self.audit_id = acted.audit_id
            self.is_fresh |= acted.fresh
            self.is_undoable |= acted.undoable


@dataclass(frozen=True, slots=True)
class Call:
    """What commands and requests have in common, for what both surfaces do together.

    ``channel`` is spelled as configured, "" for requests without one. ``by`` is who asks.
    ``op_id`` names what is done for this call in the books: the same message or request
    delivered twice has the same one, so that it is done once. ``trace`` goes with every notice.
    With a ``record`` what the books do for it is in the audit log with it.
    """

    context: Context
    channel: str
    by: str
    op_id: str
    trace: str | None
    record: Record | None = field(default=None, kw_only=True)

    @property
    def settings(self) -> Settings:
        """Those in force; read them at each use and never keep them over an await."""
        return self.context.live.settings

    @property
    def symbol(self) -> str:
        """The sign of the currency."""
        return self.settings.currency.symbol

    @property
    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        return self.context.clock.now_ms()

    @property
    def day(self) -> str:
        """The day it is in the configured zone."""
        return self.context.live.calendar.day(self.now_ms)

    def named(self, name: str) -> UserKey:
        """The user of this name in this channel."""
        return UserKey.of(self.channel, name)

    async def commit(self, request: Request[A]) -> A:
        """Have the books do something; raises as `ledger.client.commit`."""
        if self.record is None:
            return await commit(self.context.ledger, request)
        acted = await commit_on_record(self.context.ledger, request, self.line)
        self.record.note(acted)
        answer: A = acted.answer
        return answer

    async def attempt(self) -> None:
        """Write down that it is tried, before it is done where the books have no part in it.

        A crash in between then leaves no act without its row. Raises as `commit`: what can't be
        written down is not done. What came of it is put into the row in the end.
        """
        record, line = self.record, self.line
        assert record is not None, self
        if record.audit_id is not None:
            return
        tried = Audit(
            line.at_ms,
            line.admin,
            line.channel,
            line.command,
            line.arguments,
            ATTEMPT,
            origin=line.origin,
        )
        written = await commit(self.context.ledger, tried)
        record.audit_id, record.is_fresh, record.is_open = written.audit_id, True, True

    def line_of(self, cause: str) -> Line | None:
        """The line for another act of the same call; None if it is not on record."""
        return None if self.record is None else replace(self.line, cause=cause)

    @property
    def line(self) -> Line:
        """What the audit log is told of a call that is on record."""
        assert self.record is not None, self
        record = self.record
        return Line(
            at_ms=self.now_ms,
            day=self.day,
            admin=clip(user_text(self.by), ADMIN_UNITS_MAX),
            origin=record.origin,
            channel=self.channel,
            command=record.command,
            arguments=clip(user_text(record.arguments), ARGUMENTS_UNITS_MAX),
            cause=self.op_id,
        )

    async def begin(self, request: Request[A]) -> A:
        """Have the books begin a round, once the hash of the day's seed is told.

        Raises as `commit`, also if there is no seed: then nobody plays.
        """
        await have_seed(self.context, self.channel, self.day)
        return await self.commit(request)

    async def read(self, run: Callable[[Reports], T]) -> T:
        """Ask the books something; raises as `ledger.client.query`."""
        return await query(self.context.reader, run)

    def refused(self, refusal: AnyRefusal, name: str | None = None) -> Refused | Failed:
        """A refusal in words; ``name`` is whose account it is about, None for one's own."""
        return refused(refusal, self.symbol, name=name)


@dataclass(frozen=True, slots=True)
class PmCall(Call):
    """A command by private message; ``wallet`` is its sender's.

    ``in_chat``: it was said in the channel, as a move of a game. It is answered by private
    message too, or not at all where the answer is "". ``seen`` is what the command's ``looks``
    found, as ``wallet`` is of now; None where it has none. ``origin`` says whether it was really a
    message, or a form of a page that stands for one.
    """

    spec: CommandSpec
    user: UserKey
    parsed: Parsed
    wallet: Wallet
    is_admin: bool
    in_chat: bool = False
    seen: object = None
    origin: Literal["pm", "page"] = "pm"

    @property
    def args(self) -> tuple[str, ...]:
        """The words behind the command."""
        return self.parsed.args

    def usage(self, problem: str | None = None) -> Refused:
        """It is written wrongly: what is wrong, and how it is written."""
        return Refused(Code.INVALID_REQUEST, commands_texts.usage(self.spec.syntax, problem))

    def name_at(self, place: int) -> str | Refused:
        """The argument there as a user name."""
        if len(self.args) <= place:
            return self.usage()
        name = name_from_text(self.args[place])
        return self.usage(refusals.bad_name(self.args[place])) if name is None else name

    def amount_at(
        self, place: int, *, or_nothing: bool = False, of_z: int | None = None
    ) -> int | Refused:
        """The argument there as an amount, which may be 0 with ``or_nothing``.

        With ``of_z``, the sender's own balance, it may be a share of that.
        """
        if len(self.args) <= place:
            return self.usage()
        typed = self.args[place]
        read = amount(typed, lowest=0 if or_nothing else 1, of_z=of_z)
        if not isinstance(read, BadAmount):
            return read
        if of_z is None:
            return self.usage(refusals.bad_amount(typed, read.reason))
        # What may be written follows, so a reason that says just that would say it twice.
        reason = "" if read.reason is AmountFault.NOT_A_NUMBER else read.reason
        allowed = refusals.amounts_allowed(of_z, self.symbol)
        return self.usage(f"{refusals.bad_amount(typed, reason)} {allowed}")


@dataclass(frozen=True, slots=True)
class ApiCall(Call):
    """A request on the bus, its fields in the types of its command.

    ``of_channel``: who asks belongs to this channel only, and is told nothing of any other, also
    where the request is about the whole service; "" for who is trusted with all of them.
    """

    values: Values
    of_channel: str = field(default="", kw_only=True)

    @property
    def name(self) -> str:
        """The user name as it came."""
        return self.values[USERNAME]

    @property
    def user(self) -> UserKey:
        """Whom the request is about."""
        return self.named(self.name)

    def field(self, field: Field[T]) -> T:
        """What the request gave for one of its fields."""
        return self.values[field]

    @classmethod
    def of(
        cls,
        context: Context,
        channel: str,
        values: Values,
        fields: tuple[Field[Any], ...],
        subject: str = "",
    ) -> "ApiCall":
        """A call about these values, of which ``fields`` say what there is.

        ``subject`` is whom the request's token was given to: who asks, if it names nobody else.
        """
        request_id = values[REQUEST_ID] if REQUEST_ID in fields else ""
        by = values[ADMIN] if ADMIN in fields else ADMIN.default
        if subject and by == ADMIN.default:
            by = subject
        op_id = f"api:{request_id or uuid4().hex}"
        return cls(context, channel, by, op_id, request_id or None, values)


@dataclass(frozen=True, slots=True)
class Question:
    """A text to which the user is to say something; until then nothing is done.

    ``yes`` is called when they say YES in time, ``chosen`` with a number from 1 to ``choices``.
    Anything else is taken as the command it is: after a question to be said YES to, that means
    no. A list stays while numbers come. ``for_s`` None is the time the configuration gives.
    With a ``code`` it is not YES that is awaited but ``confirm`` with this number.
    How to say it by PM stands in the text as `ByPm`, since pages have buttons for it.
    """

    text: str
    yes: "CommandHandler | None" = None
    chosen: "Callable[[PmCall, int], Awaitable[PmAnswer | Question]] | None" = None
    choices: int = 0
    for_s: float | None = None
    code: str | None = None


Look: TypeAlias = Callable[[Tx, UserKey, str], object]
"""What a command wants to know of the books about who sends it, on a day, and costs next to
nothing: it is read where the command is counted."""
CommandHandler: TypeAlias = Callable[[PmCall], Awaitable[PmAnswer | Question]]
RequestHandler: TypeAlias = Callable[[ApiCall], Awaitable[ApiAnswer]]


@dataclass(frozen=True, slots=True)
class RequestSpec:
    """What a request is called and what it takes.

    ``mutating`` ones are written to the audit log and take ``admin``; ``repeatable`` ones take
    ``request_id`` and are done once per id. ``known_fields_only``: a field that it does not know
    is an error, since without the one that was meant it would answer something else.
    ``only_channel``: where there is one channel only, it need not be named. ``scope`` is what it
    takes to ask it with a key, where that is not plain from its kind.
    """

    name: str
    handler: RequestHandler
    own_fields: tuple[Field[Any], ...] = ()
    channel: bool = True
    user: bool = False
    mutating: bool = False
    repeatable: bool = False
    known_fields_only: bool = False
    only_channel: bool = False
    scope: Scope | None = None

    @property
    def needs(self) -> Scope:
        """What a key must open: what ``scope`` says, or what goes without saying for its kind."""
        if self.scope is not None:
            return self.scope
        if self.mutating:
            return Scope.OPERATE
        return Scope.SPEND if self.repeatable else Scope.READ

    @property
    def changes(self) -> bool:
        """Whether it does anything but read."""
        return self.mutating or self.repeatable

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
LOOKS: dict[str, Look] = {}
"""By the name of the command."""


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
    finishes: bool = False,
    looks: Look | None = None,
) -> Callable[[CommandHandler], CommandHandler]:
    """Register a command by private message; ``syntax`` is its name if it takes no arguments.

    What ``looks`` finds is in the call as ``seen``, unless it is the answer to a question.
    """

    def register(handler: CommandHandler) -> CommandHandler:
        spec = CommandSpec(
            name,
            syntax or name,
            summary,
            section,
            aliases,
            reads=reads,
            for_banned=for_banned,
            finishes=finishes,
        )
        COMMANDS.add(spec if enabled is None else replace(spec, enabled=enabled), handler)
        if looks is not None:
            LOOKS[name] = looks
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
    only_channel: bool = False,
    scope: Scope | None = None,
) -> Callable[[RequestHandler], RequestHandler]:
    """Register a request of the API, with its own fields."""

    def register(handler: RequestHandler) -> RequestHandler:
        REQUESTS.add(
            RequestSpec(
                name,
                handler,
                fields,
                channel,
                user,
                mutating,
                repeatable,
                known_fields_only,
                only_channel,
                scope,
            )
        )
        return handler

    return register
