"""A burst of chat from the gateway's ears to the books, on a virtual clock."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from structlog.testing import capture_logs
from tests.actors.api.helpers import Silent, spawn
from tests.actors.chat.test_chat_triggers import only
from tests.actors.house import CHANNEL, House, house
from tests.actors.tree import restarts
from tests.unit.gateway.helpers import typed

from economy_actors.backlog import LINES_MAX
from economy_actors.channel.actor import MAILBOX, Channel
from economy_actors.channel.messages import Joined, RankChanged
from economy_actors.gateway.intake import Intake
from economy_actors.gateway.rivals import Rivals
from economy_actors.gateway.robots import Robots
from economy_actors.gateway.translate import Translator
from economy_actors.ledger.home import InlineHome
from economy_actors.persons import Persons
from economy_actors.runtime import DeadLetterReason
from kryten_economy.config import Settings
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books

LINES = 4_000
SPEAKERS = tuple(f"Speaker{number:02}" for number in range(40))
THANKS = "{name}++ for the long explanation of this film"


@dataclass
class Unknown:
    """Nobody knows yet who is behind a name."""

    answers_after_s: float = 0.0

    def at_hand(self, _names: Sequence[str]) -> list[str] | None:
        return None

    async def canonical(self, name: str) -> str:
        await anyio.sleep(self.answers_after_s)
        return name.lower()


@dataclass
class Disk:
    """The books' disk; while it hangs nothing is committed."""

    goes_on: anyio.Event = field(default_factory=anyio.Event)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.goes_on.set()
        sound = InlineHome.run

        async def run(home: InlineHome[Any], work: Callable[[Any], Any]) -> Any:
            if isinstance(home._tenant, Books):
                await self.goes_on.wait()
            return await sound(home, work)

        monkeypatch.setattr(InlineHome, "run", run)

    def hang(self) -> None:
        self.goes_on = anyio.Event()


class Bus:
    """Gives lines to the gateway's ears one after the other, as far as the gate lets them."""

    def __init__(self, home: House) -> None:
        world = home.world
        translator = Translator(world.live, world.clock)
        rivals = Rivals("me", translator.places)
        gateway = spawn(home, "ears", Silent)
        self._gate = world.backlog.gate
        self._begun_ms = home.now_ms
        self._intake = Intake(world, translator, Robots(world), rivals, gateway, lambda _: None)
        self._home = home
        self.deepest = self.heard = 0

    async def burst(self, begin: int, end: int) -> None:
        """Everybody says a line in turn that pays, and thanks the next one."""
        for number in range(begin, end):
            speaker, thanked = (SPEAKERS[(number + step) % len(SPEAKERS)] for step in (0, 1))
            line = {"username": speaker, "msg": THANKS.format(name=thanked), "meta": {}}
            await self._gate.wait_open()
            self._hear("chatMsg", {**line, "time": self._begun_ms + number}, f"line-{number}")
            self.heard += 1
            self.deepest = max(self.deepest, self._home.channel.depth)
            # A message of the bus is a turn of the loop, but nobody says whose turn is next.
            if number % 100 == 0:
                await anyio.lowlevel.checkpoint()

    def whisper(self, name: str, text: str) -> None:
        """Somebody asks the bot."""
        payload = {"username": name, "msg": text, "meta": {}, "time": self._home.now_ms}
        self._hear("pm", {**payload, "to": "ZCoinBot"}, f"pm-{name}-{text}")

    def _hear(self, kind: str, payload: object, event_id: str) -> None:
        envelope = {
            "event_name": kind,
            "payload": payload,
            "channel": CHANNEL,
            "domain": "cytube.test",
            "timestamp": "2026-11-20T10:00:00+00:00",
            "correlation_id": event_id,
        }
        self._intake.event(kind.lower(), typed(envelope))


def plenty() -> Settings:
    """Long lines pay, however many there are."""
    off = {"enabled": False}
    triggers = {
        "long_message": {"max_per_hour": 1_000_000},
        "laugh_received": off,
        "kudos_received": off,
        "first_message_of_day": off,
        "conversation_starter": off,
    }
    return only("long_message", chat_triggers=triggers)


def counted(home: House) -> Counter[str]:
    """The lines of everybody according to the books."""
    wallets = ((name, home.wallet(name)) for name in SPEAKERS)
    return Counter({name: wallet.lifetime_messages for name, wallet in wallets if wallet})


async def assert_all_paid(home: House) -> None:
    """Each speaker's lines are counted, paid, and all out of the backlog."""
    with anyio.fail_after(60):
        while home.world.backlog.total:  # noqa: ASYNC110  # seen from outside
            await anyio.sleep(0.01)
    said = Counter(SPEAKERS[number % len(SPEAKERS)] for number in range(LINES))
    assert counted(home) == said
    assert Counter({name: home.balance(name) for name in SPEAKERS}) == said
    assert home.observer.dead_letters[DeadLetterReason.FULL] == 0
    assert home.world.backlog.gate.is_open


async def test_a_burst_with_thanks_and_a_hanging_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line counts and pays, a PM is answered at once, and the log has one line.

    What thanks bring is booked beside the lines and takes no line's place in the count.
    """
    disk = Disk()
    disk.install(monkeypatch)
    async with house(tmp_path / "e.db", plenty()) as home:
        home.world.people = Unknown()
        for name in SPEAKERS:
            await home.join(name)
        bus = Bus(home)
        with capture_logs() as logged:
            began_s = anyio.current_time()
            await bus.burst(0, LINES // 2)
            bus.whisper(SPEAKERS[0], "help")
            await bus.burst(LINES // 2, LINES - LINES // 4)
            assert home.pms(SPEAKERS[0]), "the answer waits for the burst"
            assert anyio.current_time() - began_s < 1.0
            disk.hang()
            async with anyio.create_task_group() as going:
                going.start_soon(bus.burst, LINES - LINES // 4, LINES)
                await anyio.sleep(10)
                assert not home.world.backlog.gate.is_open
                assert bus.heard - counted(home).total() <= LINES_MAX
                disk.goes_on.set()
            await assert_all_paid(home)
        assert bus.deepest < MAILBOX
        loud = {line["event"] for line in logged if line["log_level"] != "info"}
        assert loud == {"the books are behind: chat waits at the bus"}
        kinds = {line.get("once_a_minute") for line in logged if line["log_level"] == "warning"}
        assert kinds == {""}, "one of them is written a minute"


async def test_a_burst_with_thanks_while_nobody_says_who_is_who(tmp_path: Path) -> None:
    """Thanks that wait for a slow answer share the next question, and fail no session."""
    unknown = Unknown(answers_after_s=1.5)
    async with house(tmp_path / "e.db", plenty()) as home:
        home.world.people = unknown
        home.world.persons = spawn(home, "slow-persons", lambda: Persons(unknown))
        for name in SPEAKERS:
            await home.join(name)
        bus = Bus(home)
        await bus.burst(0, LINES)
        await assert_all_paid(home)
        assert not restarts(home.observer)
        await anyio.sleep(20)
        given = "SELECT sum(kudos_given), sum(kudos_received) FROM daily_activity"
        rows = home.report(lambda reports: list(reports.connection.execute(given)))
        assert rows == [(LINES, LINES)]


async def test_a_channel_that_fails_in_a_burst_lets_no_more_in_than_it_has_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new instance finds the lines in its mailbox; they still count against the bound."""

    def ranked(_channel: Channel, _name: str, _rank: float) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(Channel, "_ranked", ranked)
    disk = Disk()
    disk.install(monkeypatch)
    async with house(tmp_path / "e.db", plenty()) as home:
        bus = Bus(home)
        disk.hang()
        home.channel.tell(RankChanged(SPEAKERS[0], 2))
        for name in SPEAKERS:
            home.channel.tell(Joined(name, 1, False, home.now_ms))
        await bus.burst(0, LINES_MAX - 1)
        assert home.channel.depth >= LINES_MAX, "the channel has restarted already"
        async with anyio.create_task_group() as going:
            going.start_soon(bus.burst, LINES_MAX - 1, LINES)
            await anyio.sleep(3)
            assert not home.channel.depth
            assert bus.heard == LINES_MAX
            disk.goes_on.set()
        await assert_all_paid(home)


async def test_a_start_at_which_reports_are_slow_fails_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many channels read at once, the last answer comes late; it is waited for."""
    sound = InlineHome.run

    async def run(home: InlineHome[Any], work: Callable[[Any], Any]) -> Any:
        if isinstance(home._tenant, Reports):
            await anyio.sleep(8)
        return await sound(home, work)

    monkeypatch.setattr(InlineHome, "run", run)
    with capture_logs() as logged:
        async with house(tmp_path / "e.db", plenty()) as home:
            await anyio.sleep(60)
            assert not restarts(home.observer)
    assert "actor failed" not in {line["event"] for line in logged}
