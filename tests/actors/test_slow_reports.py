"""A report that takes seconds delays no one but its asker, in any room."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import Replies, spawn
from tests.actors.colours.cytube import Page, dress
from tests.actors.house import CHANNEL, House, house, settings_with
from tests.actors.tree import OTHER, TWO

from economy_actors.api import Api
from economy_actors.handlers.answers import Code
from economy_actors.handlers.registry import COMMANDS, REQUESTS
from economy_actors.ledger import InlineExecutor
from economy_actors.messages.channel import Joined, PrivateMessage, RankChanged
from economy_actors.messages.workers import ApiRequest
from economy_actors.outbox.message import Pm, Priority
from kryten_economy.features.reports.queries import Reports

OVERDUE = {Code.UNAVAILABLE, Code.INTERNAL}
REPORT_S = 5.0
AT_ONCE_S = 0.5

ARGUMENTS = {
    "announce": "announce hello",
    "grant": "grant mallory 5",
    "deduct": "deduct mallory 5",
    "set_balance": "set_balance mallory 50",
    "ban": "ban mallory",
    "unban": "unban mallory",
    "event": "event start 2 5 Test",
    "top": "top rich",
    "profile": "profile @mallory",
    "history": "history 5",
    "rain": "rain 10",
    "rank": "rank @mallory",
    "set_rank": "set_rank mallory auto",
}
FIELDS: dict[str, Any] = {
    "username": "mallory",
    "message": "hello",
    "amount": 5,
    "multiplier": 2,
    "minutes": 5,
    "name": "Test",
    "transaction_id": 1,
    "total_amount": 10,
    "rank_name": "auto",
}


class Slow(InlineExecutor[Reports]):
    """A connection on which the next report takes its time, once that is asked for."""

    due = False

    async def run(self, work: Callable[[Reports], Any]) -> Any:
        if Slow.due:
            Slow.due = False
            await anyio.sleep(REPORT_S)
        return await super().run(work)


class Room:
    """Two channels with a slow report under way in the first."""

    def __init__(self, home: House, bus: Replies, api: Any) -> None:
        self.home, self.bus, self.api = home, bus, api

    async def join(self, channel: str, name: str, rank: float) -> None:
        self.home.context.channels[channel].tell(Joined(name, rank, False, self.home.now_ms))
        self.home.context.channels[channel].tell(RankChanged(name, rank))
        await self.home.settle()

    def pm(self, channel: str, name: str, text: str) -> None:
        self.home.context.channels[channel].tell(PrivateMessage(name, text, self.home.now_ms))

    def answered(self, name: str) -> list[str]:
        pms = (each for each in self.home.heard if isinstance(each, Pm) and each.to == name)
        return [each.text for each in pms if each.priority is Priority.REPLY]

    async def begin_report(self) -> None:
        """Patience asks for what takes five seconds."""
        Slow.due = True
        self.pm(CHANNEL, "Patience", "top rich")
        await self.home.settle()
        assert not Slow.due
        assert not self.answered("Patience")


@asynccontextmanager
async def room(path: Path) -> AsyncIterator[Room]:
    settings = settings_with(channels=TWO, onboarding={"welcome_wallet": 0})
    Slow.due = False
    async with house(
        path / "e.db",
        settings,
        channels=(CHANNEL, OTHER),
        reports=lambda at: Slow(lambda: Reports.open(at)),
    ) as home:
        home.context.bus_connected = lambda: True
        bus = Replies()
        rooms = Room(home, bus, spawn(home, "api", lambda: Api(home.context, bus)))
        await rooms.join(CHANNEL, "Patience", 1)
        for channel in (CHANNEL, OTHER):
            dress(home, channel, Page())
            await rooms.join(channel, "mallory", 1)
        yield rooms


@pytest.mark.parametrize("channel", [CHANNEL, OTHER])
@pytest.mark.parametrize("word", [spec.name for spec in COMMANDS])
async def test_no_command_waits_for_the_report_of_another(
    tmp_path: Path, word: str, channel: str
) -> None:
    """Every command of another user is answered at once, also one that reads reports itself."""
    async with room(tmp_path) as rooms:
        await rooms.join(channel, "Other", 5)
        await rooms.begin_report()
        rooms.pm(channel, "Other", ARGUMENTS.get(word, word))
        await anyio.sleep(AT_ONCE_S)
        [answer, *_] = rooms.answered("Other")
        assert "busy" not in answer.lower(), answer
        assert not rooms.answered("Patience")
        await anyio.sleep(REPORT_S)
        assert rooms.answered("Patience")


@pytest.mark.parametrize("channel", [CHANNEL, OTHER])
@pytest.mark.parametrize("name", [spec.name for spec in REQUESTS])
async def test_no_request_waits_for_the_report_of_another(
    tmp_path: Path, name: str, channel: str
) -> None:
    """Every request of another service is answered at once as well."""
    async with room(tmp_path) as rooms:
        await rooms.begin_report()
        spec = REQUESTS.find(name)
        assert spec is not None
        fields = {f.name: FIELDS[f.name] for f in spec.fields if f.name in FIELDS}
        body = {"command": name, "channel": channel, **fields}
        rooms.api.tell(ApiRequest(json.dumps(body).encode(), "inbox"))
        await anyio.sleep(AT_ONCE_S)
        answer = rooms.bus.answers["inbox"]
        assert answer["success"] or answer["error_code"] not in OVERDUE, answer
        assert not rooms.answered("Patience")


async def test_the_report_itself_is_answered_and_its_asker_heard_in_order(tmp_path: Path) -> None:
    """What its asker writes meanwhile waits; nobody's order is turned around."""
    async with room(tmp_path) as rooms:
        await rooms.begin_report()
        rooms.pm(CHANNEL, "Patience", "about")
        await anyio.sleep(AT_ONCE_S)
        assert not rooms.answered("Patience")
        await anyio.sleep(REPORT_S)
        first, *_, last = rooms.answered("Patience")
        assert "1.2.3" not in first
        assert "1.2.3" in last
