"""The API actor in a house with real books, and a bus that keeps its answers."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.actors.house import CHANNEL, House, house

from economy_actors.api import Api as ApiActor
from economy_actors.handlers.registry import COMMANDS, REQUESTS
from economy_actors.messages.ledger import Commit, Query
from economy_actors.messages.workers import ApiRequest
from economy_actors.metrics.metrics import Metrics
from economy_actors.runtime import Actor, Ref, RuntimeFault
from kryten_economy.config import Settings
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.reports.rows import AuditRow, TransactionRow
from kryten_economy.ledger.audit import TellResult
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.records import Audit
from kryten_economy.users import UserKey

__all__ = ("Api", "Refuser", "Silent", "api", "spawn")

Answer = dict[str, Any]


@dataclass
class Replies:
    """Where answers go."""

    answers: dict[str, Answer] = field(default_factory=dict)
    at_s: dict[str, float] = field(default_factory=dict)
    broken: BaseException | None = None

    async def reply(self, reply_to: str, body: dict[str, object]) -> None:
        if self.broken is not None:
            raise self.broken
        assert reply_to not in self.answers, "a request is answered once"
        self.answers[reply_to] = json.loads(json.dumps(body))
        self.at_s[reply_to] = anyio.current_time()


class Silent(Actor[Any]):
    """Never answers anything."""

    async def receive(self, message: Any) -> None:
        pass


def spawn(home: House, name: str, factory: Callable[[], Actor[Any]]) -> Ref[Any]:
    """Another actor in the house's tree."""
    root = home.system._root
    assert root is not None
    return root.spawn(name, factory, capacity=1024).ref


class Killed(Actor[Any]):
    """The books of a service that is killed after each act: what follows it never reaches them."""

    def __init__(self, books: Ref[Any]) -> None:
        self.books = books

    async def receive(self, message: Any) -> None:
        follows = isinstance(message, Commit) and isinstance(message.request, Audit | TellResult)
        if not follows or message.reply is not None:
            self.books.tell(message)


class Refuser(Actor[Any]):
    """Fails every ask with the same fault, and keeps the requests to the books."""

    def __init__(self, fault: RuntimeFault, requests: list[Request[Any]]) -> None:
        self.fault = fault
        self.requests = requests

    async def receive(self, message: Any) -> None:
        if isinstance(message, Commit):
            self.requests.append(message.request)
        if isinstance(message, Query | Commit) and message.reply is not None:
            message.reply.fail(self.fault)


@dataclass
class Api:
    """A caller's view of the service, and what a test checks behind it."""

    house: House
    bus: Replies
    ref: Ref[ApiRequest]
    asked: int = 0

    def post(self, body: bytes | Answer) -> str:
        """Send a request without waiting; returns its reply address."""
        self.asked += 1
        inbox = f"_INBOX.{self.asked}"
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.ref.tell(ApiRequest(raw, inbox))
        return inbox

    async def raw(self, body: bytes | Answer) -> Answer:
        """Send a request and return the whole envelope."""
        inbox = self.post(body)
        with anyio.fail_after(10):
            while inbox not in self.bus.answers:  # noqa: ASYNC110  # a caller looks from outside
                await anyio.sleep(0.001)
        await self.house.settle()
        return self.bus.answers[inbox]

    async def data(self, command: str, **fields: object) -> Answer:
        """The data of a request that succeeds, in the channel of the house."""
        answer = await self.raw({"command": command, "channel": CHANNEL} | fields)
        assert answer["success"] is True, answer
        assert answer["service"] == "economy"
        assert answer["command"] == command
        assert set(answer) == {"service", "command", "success", "data"}
        data: Answer = answer["data"]
        return data

    async def refused(self, command: str, **fields: object) -> tuple[str, str]:
        """Code and text of a request that fails."""
        answer = await self.raw({"command": command, "channel": CHANNEL} | fields)
        assert answer["success"] is False, answer
        assert answer["command"] == command
        assert set(answer) == {"service", "command", "success", "error", "error_code"}
        return answer["error_code"], answer["error"]

    async def account(self, name: str, balance_z: int) -> None:
        """An account with a balance, without any notice."""
        user, now_ms = UserKey.of(CHANNEL, name), self.house.now_ms
        await self.house.commit(
            Credit(
                op_id=f"seed:{name}",
                user=user,
                amount_z=balance_z,
                type="earn",
                trigger_id="presence.base",
                reason="seed",
                at_ms=now_ms,
                day=self.house.context.live.calendar.day(now_ms),
                create=True,
                display_name=name,
            )
        )

    def kill_before_the_log(self) -> None:
        """From now on no line of the audit log is completed, or written after an act."""
        books = self.house.context.ledger
        self.house.context.ledger = spawn(self.house, "killed", lambda: Killed(books))

    def audit(self) -> list[AuditRow]:
        """The audit log, oldest first."""
        rows: Sequence[AuditRow] = self.house.report(lambda reports: reports.audit(1000))
        return list(reversed(rows))

    def rows(self, name: str) -> list[TransactionRow]:
        """A user's transactions, oldest first."""
        user = UserKey.of(CHANNEL, name)
        rows: Sequence[TransactionRow] = self.house.report(lambda r: r.transactions(user))
        return list(reversed(rows))

    def counted(self, command: str, result: str) -> float:
        """How many requests were counted so."""
        labels = {"command": command, "result": result}
        registry = self.house.context.metrics.registry
        return registry.get_sample_value("economy_api_requests_total", labels) or 0.0

    def mute(self, name: str) -> Ref[Any]:
        """An actor to put in the place of another, which never answers."""
        return spawn(self.house, f"mute-{name}", Silent)


@asynccontextmanager
async def api(
    path: Path,
    settings: Settings | None = None,
    *,
    channels: Sequence[str] = (CHANNEL,),
    **more: Any,
) -> AsyncIterator[Api]:
    """A house with the API; ``more`` is what `house` takes."""
    async with house(path / "economy.db", settings, channels=channels, **more) as home:
        home.context.metrics = Metrics(
            channels=channels,
            commands=[spec.name for spec in COMMANDS],
            api_commands=REQUESTS.names,
        )
        home.context.bus_connected = lambda: True
        bus = Replies()
        ref = spawn(home, "api", lambda: ApiActor(home.context, bus))
        await home.settle()
        yield Api(home, bus, ref)
