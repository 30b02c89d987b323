"""What a defect costs: its own message, its own subtree, and nobody else (architecture.md 4)."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import apsw
import pytest
from structlog.testing import capture_logs
from tests.actors.house import CHANNEL, START_MS, house
from tests.actors.tree import OTHER, open_tree, restarts

from economy_actors.channel.actor import Channel
from economy_actors.handlers.answers import PmAnswer
from economy_actors.handlers.registry import COMMANDS, PmCall, Question
from economy_actors.ledger import Ledger, books_at
from economy_actors.messages.channel import Joined, RankChanged, ShowPresence
from economy_actors.messages.ledger import Commit, Defect, query
from economy_actors.metrics.metrics import Metrics
from economy_actors.runtime import Actor, DeadLetterReason, RootFailed, Supervision, open_system
from kryten_economy.features.money.operations import Credit, Debit, Posted
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import Insufficient
from kryten_economy.users import UserKey

DAY = "2026-11-20"


def credit(op_id: str, name: str, amount_z: int) -> Credit:
    who = UserKey(CHANNEL, name)
    return Credit(
        op_id, who, amount_z, "admin_grant", "admin.grant", "Gift", START_MS, DAY, create=True
    )


def events(logged: Sequence[Any], actor: str = "") -> Counter[str]:
    """What was logged how often, about one actor or all."""
    return Counter(line["event"] for line in logged if actor in str(line.get("actor", "")))


@pytest.fixture
def session_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bob's ``balance`` meets a defect."""
    sound = COMMANDS._handlers["balance"]

    async def balance(call: PmCall) -> PmAnswer | Question:
        if call.user.name == "bob":
            raise ZeroDivisionError("a defect")
        return await sound(call)

    monkeypatch.setitem(COMMANDS._handlers, "balance", balance)


async def test_a_defect_in_a_session_is_that_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session_bug: None
) -> None:
    """The user is told, the message is logged and counted, everybody else goes on."""
    async with open_tree(tmp_path / "e.db", monkeypatch) as (h, _):
        await h.join("Bob")
        await h.join("Alice")
        with capture_logs() as logged:
            [answer] = await h.pm("Bob", "balance", trace="cause-7")
        assert "something went wrong" in answer
        [lost] = [line for line in logged if line["event"] == "message lost"]
        assert (lost["reason"], lost["correlation_id"]) == ("crashed", "cause-7")
        assert "Command(display_name='Bob'" in lost["message"]
        assert "balance" not in lost["message"], "what people write in private is not logged"
        assert h.observer.dead_letters == {DeadLetterReason.CRASHED: 1}
        await anyio.sleep(1)
        assert restarts(h.observer) == {"session": 1}
        [answer] = await h.pm("Bob", "about")
        assert "1.2.3" in answer
        [answer] = await h.pm("Alice", "balance")
        assert "0" in answer
        assert await h.present() == {"Alice", "Bob"}


async def test_a_session_that_keeps_failing_costs_its_channel_a_restart_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session_bug: None
) -> None:
    """Six defects in a minute fail the channel above; the other one does not notice."""
    async with open_tree(tmp_path / "e.db", monkeypatch) as (h, _):
        other = h.context.channels[OTHER]
        other.tell(Joined("Carol", 1, False, h.now_ms))
        await h.join("Bob")
        for _ in range(6):
            [answer] = await h.pm("Bob", "balance")
            assert "something went wrong" in answer
            await anyio.sleep(3)
        await anyio.sleep(3)
        assert restarts(h.observer) == {"session": 5, "channel": 1}
        view = await other.ask(ShowPresence, timeout_s=5)
        assert [user.name for user in view.users] == ["Carol"]


async def test_a_defect_in_a_channel_leaves_the_other_channel_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The channel comes back empty and has the user list read; nobody else is restarted."""

    def ranked(_channel: Channel, _name: str, _rank: float) -> None:
        raise ZeroDivisionError("a defect")

    async with open_tree(tmp_path / "e.db", monkeypatch) as (h, lists):
        other = h.context.channels[OTHER]
        other.tell(Joined("Carol", 1, False, h.now_ms))
        await h.join("Bob")
        await h.minutes(2)
        lists.clear()
        monkeypatch.setattr(Channel, "_ranked", ranked)
        with capture_logs() as logged:
            h.channel.tell(RankChanged("Bob", 2))
            await anyio.sleep(1)
        assert events(logged, CHANNEL) == {
            "message lost": 1,
            "actor failed": 1,
            "actor restarts": 1,
        }
        assert restarts(h.observer) == {"channel": 1}
        assert [each.channel for each in lists] == [CHANNEL]
        view = await other.ask(ShowPresence, timeout_s=5)
        assert [user.name for user in view.users] == ["Carol"]
        await h.userlist(("Bob", 1), stored=True)
        await h.minutes(1)
        assert h.balance("bob") == 3


async def test_a_defect_in_the_ledger_restarts_what_depends_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The books are opened again, all others follow behind their refs, the asker is answered."""
    sound = Ledger.receive_batch
    failing = [True]

    async def receive_batch(ledger: Ledger, messages: Sequence[Commit]) -> None:
        if failing and any(isinstance(each.request, Credit) for each in messages):
            failing.clear()
            raise ZeroDivisionError("a defect")
        await sound(ledger, messages)

    async with open_tree(tmp_path / "e.db", monkeypatch) as (h, lists):
        await h.join("Bob")
        monkeypatch.setattr(Ledger, "receive_batch", receive_batch)
        lists.clear()
        with capture_logs() as logged:
            answer = await h.commit(credit("op", "bob", 5))
        assert isinstance(answer, Posted)
        assert not answer.replayed
        assert events(logged, "root/ledger")["actor failed"] == 1
        await anyio.sleep(1)
        assert {each.channel for each in lists} >= {CHANNEL, OTHER}
        await h.userlist(("Bob", 1), stored=True)
        [text] = await h.pm("Bob", "balance")
        assert "5" in text
        assert h.balance("bob") == 5


async def test_a_defect_in_a_report_is_that_reports_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a query fails, neither the reader nor anything after it is restarted."""

    def broken(_reports: Reports) -> None:
        raise ZeroDivisionError("a defect")

    async with open_tree(tmp_path / "e.db", monkeypatch) as (h, _):
        await h.join("Bob")
        for _ in range(10):
            with pytest.raises(Defect):
                await query(h.context.reader, broken)
        assert restarts(h.observer) == {}
        assert await h.present() == {"Bob"}
        assert (
            await query(
                h.context.reader, lambda reports: reports.wallet(UserKey(CHANNEL, "x"), DAY)
            )
            is None
        )


async def test_a_read_error_has_the_file_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What says something about the disk is not a defect of the query: the reader starts afresh."""
    failing = [True]

    def unlucky(_reports: Reports) -> str:
        if failing:
            failing.clear()
            raise apsw.IOError("the disk")
        return "read"

    async with open_tree(tmp_path / "e.db", monkeypatch) as (h, _):
        with pytest.raises(Exception, match="crashed"):
            await query(h.context.reader, unlucky)
        # Whoever waits for the reader just now is suspended with it, which may take its deadline.
        await anyio.sleep(15)
        assert await query(h.context.reader, unlucky) == "read"


async def test_many_askers_never_take_more_than_there_is(tmp_path: Path) -> None:
    """64 debits at once on one account: as many as it holds are done, the others are refused."""
    async with house(tmp_path / "e.db") as h:
        await h.commit(credit("gift", "bob", 100))
        answers: list[Any] = []

        async def take(number: int) -> None:
            debit = partial(Debit, f"d{number}", UserKey(CHANNEL, "bob"), 7, "spend")
            answers.append(await h.commit(debit("spend.queue", "Queue", START_MS, DAY)))

        async with anyio.create_task_group() as tasks:
            for number in range(64):
                tasks.start_soon(take, number)
        done = [each for each in answers if isinstance(each, Posted)]
        assert len(done) == 100 // 7
        assert sorted(each.wallet.balance_z for each in done) == list(range(2, 100, 7))
        assert sum(isinstance(each, Insufficient) for each in answers) == 64 - len(done)
        assert h.balance("bob") == 2


class _Failing(Actor[str]):
    async def receive(self, message: str) -> None:
        raise ZeroDivisionError(message)


class _Tree(Actor[str]):
    """Books in their thread beside somebody who fails too often."""

    supervision = Supervision(restarts_max=1)

    def __init__(self, path: Path, metrics: Metrics) -> None:
        self._ledger: Callable[[], Ledger] = lambda: Ledger(
            partial(books_at, path), metrics, lambda _facts: None, lambda _error: None
        )

    async def started(self) -> None:
        await self.spawn_started("ledger", self._ledger)
        failing = self.spawn("failing", _Failing)
        for _ in range(2):
            failing.tell("again")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_failed_tree_leaves_neither_thread_nor_lock(
    tmp_path: Path, anyio_backend: str
) -> None:
    """A process whose root has failed must end, and the next one must get the books."""
    metrics = Metrics(channels=[], commands=[])
    before = set(threading.enumerate())
    async with open_system() as system:
        await system.spawn_root("root", lambda: _Tree(tmp_path / "e.db", metrics))
        with pytest.raises(RootFailed):
            await system.wait_failed()
        await system.stop(5)
    # A thread that has done its work needs a moment to be gone.
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=30)
        assert not thread.is_alive(), thread
    Books.open(tmp_path / "e.db").close()
