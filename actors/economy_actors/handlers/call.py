"""What a handler gets: who asks for what, with cause and trace, and the ways to the books."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from economy_actors.context import World
from economy_actors.handlers.answers import Code, Failed, Refused, refused
from economy_actors.handlers.fields import Field, Text, Username, Values
from economy_actors.ledger.client import commit, query
from kryten_economy.commands import refusals
from kryten_economy.commands import texts as commands_texts
from kryten_economy.commands.grammar import BadAmount, Parsed, amount
from kryten_economy.commands.table import CommandSpec
from kryten_economy.config import Settings
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AnyRefusal
from kryten_economy.users import UNNAMED_ADMIN, UserKey, name_from_text

__all__ = ("ADMIN", "REQUEST_ID", "USERNAME", "ApiCall", "Call", "PmCall")

A = TypeVar("A")
T = TypeVar("T")

USERNAME = Username()
ADMIN = Text("admin", most=64, default=UNNAMED_ADMIN)
REQUEST_ID = Text("request_id", most=128)


@dataclass(frozen=True, slots=True)
class Call:
    """What commands and requests have in common, for what both surfaces do together.

    ``channel`` is spelled as configured, "" for requests without one. ``by`` is who asks.
    ``op_id`` names what is done for this call in the books: the same message or request
    delivered twice has the same one, so that it is done once. ``trace`` goes with every notice.
    """

    world: World
    channel: str
    by: str
    op_id: str
    trace: str | None

    @property
    def settings(self) -> Settings:
        """Those in force; read them at each use and never keep them over an await."""
        return self.world.live.settings

    @property
    def symbol(self) -> str:
        """The sign of the currency."""
        return self.settings.currency.symbol

    @property
    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        return self.world.clock.now_ms()

    @property
    def day(self) -> str:
        """The day it is in the configured zone."""
        return self.world.live.calendar.day(self.now_ms)

    def named(self, name: str) -> UserKey:
        """The user of this name in this channel."""
        return UserKey.of(self.channel, name)

    async def commit(self, request: Request[A]) -> A:
        """Have the books do something; raises as `ledger.client.commit`."""
        return await commit(self.world.ledger, request)

    async def read(self, run: Callable[[Reports], T]) -> T:
        """Ask the books something; raises as `ledger.client.query`."""
        return await query(self.world.reader, run)

    def refused(self, refusal: AnyRefusal, name: str | None = None) -> Refused | Failed:
        """A refusal in words; ``name`` is whose account it is about, None for one's own."""
        return refused(refusal, self.symbol, name=name)


@dataclass(frozen=True, slots=True)
class PmCall(Call):
    """A command by private message; ``wallet`` is its sender's."""

    spec: CommandSpec
    user: UserKey
    parsed: Parsed
    wallet: Wallet
    is_admin: bool

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

    def amount_at(self, place: int, *, or_nothing: bool = False) -> int | Refused:
        """The argument there as an amount, which may be 0 with ``or_nothing``."""
        if len(self.args) <= place:
            return self.usage()
        read = amount(self.args[place], lowest=0 if or_nothing else 1)
        if isinstance(read, BadAmount):
            return self.usage(refusals.bad_amount(self.args[place], read.reason))
        return read


@dataclass(frozen=True, slots=True)
class ApiCall(Call):
    """A request on the bus, its fields in the types of its command."""

    values: Values

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
        cls, world: World, channel: str, values: Values, fields: tuple[Field[Any], ...]
    ) -> "ApiCall":
        """A call about these values, of which ``fields`` say what there is."""
        request_id = values[REQUEST_ID] if REQUEST_ID in fields else ""
        by = values[ADMIN] if ADMIN in fields else ADMIN.default
        op_id = f"api:{request_id or uuid4().hex}"
        return cls(world, channel, by, op_id, request_id or None, values)
