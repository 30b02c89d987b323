"""A line's session does not wait for the books: what comes back from them, and when."""

from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from tests.actors.api.helpers import Silent, spawn
from tests.actors.chat.test_chat_triggers import only
from tests.actors.house import CHANNEL, House, house

from economy_actors.messages.channel import Said
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import CommitUnknown

_LONG = "x" * 30


def _trigger_z(home: House, trigger_id: str) -> float | None:
    return home.context.metrics.registry.get_sample_value(
        "economy_trigger_z_total", {"channel": CHANNEL, "trigger": trigger_id}
    )


async def test_a_line_of_which_nobody_knows_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Design 6: the outcome of a failed commit is unknown; the line is repeated by its id."""
    path = tmp_path / "e.db"
    sound = Books.commit
    failed: list[object] = []

    def once_unknown(books: Books, batch: list[object]) -> object:
        answers = sound(books, batch)  # type: ignore[arg-type]  # the batch as it came
        if any(getattr(each, "lines", ()) for each in batch) and not failed:
            failed.append(batch)
            raise CommitUnknown("the disk said nothing")
        return answers

    async with house(path, only("long_message")) as home:
        await home.join("Alice")
        monkeypatch.setattr(Books, "commit", once_unknown)
        await home.chat("Alice", _LONG)
        await home.chat("Alice", _LONG)
        assert len(failed) == 1
        assert home.balance("Alice") == 2


async def test_a_line_that_meets_a_defect_is_named_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of such a line nothing stands, and the next one is as good as ever."""
    async with house(tmp_path / "e.db", only("long_message")) as home:
        await home.join("Alice")
        with monkeypatch.context() as patch, capture_logs() as logged:
            patch.setattr("kryten_economy.features.chat.operations._credit", None)
            await home.chat("Alice", _LONG)
        assert "triggers not booked" in [line["event"] for line in logged]
        await home.chat("Alice", _LONG)
        assert home.balance("Alice") == 1
        wallet = home.wallet("Alice")
        assert wallet is not None
        assert wallet.lifetime_messages == 1


async def test_lines_that_come_together_are_all_measured_and_followed(tmp_path: Path) -> None:
    """2.3: one message to the channel for many answers; a rank they make is given once."""
    tiers = [{"name": "A", "min_lifetime_earned": 0}, {"name": "B", "min_lifetime_earned": 3}]
    settings = only("long_message", ranks={"tiers": tiers}, cytube_promotion={"min_rank": "B"})
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        for _ in range(5):
            home.channel.tell(Said("Alice", _LONG, home.now_ms))
        await home.settle()
        assert _trigger_z(home, "chat.long_message") == 5
        wallet = home.wallet("Alice")
        assert wallet is not None
        assert (wallet.rank_name, wallet.balance_z) == ("B", 5)
        assert sum("B" in text for text in home.pms("Alice")) == 1


async def test_the_last_lines_before_a_stop_are_booked_and_measured(tmp_path: Path) -> None:
    """The channel ends behind the answers to what was said in it, and loses none of them."""
    path = tmp_path / "e.db"
    async with house(path, only("long_message")) as home:
        await home.join("Alice")
        for _ in range(5):
            home.channel.tell(Said("Alice", _LONG, home.now_ms))
        await home.system.stop(9)
        assert home.balance("Alice") == 5
        assert _trigger_z(home, "chat.long_message") == 5
        assert not home.observer.dead_letters


async def test_a_line_whose_ranks_cannot_be_read_counts_and_pays(tmp_path: Path) -> None:
    """Where reports are slow a line goes without the factor of ranks; nobody's session fails."""
    settings = only("long_message", ranks={"earn_multiplier_per_rank": 0.05})
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.chat("Alice", "hello")
        reader, home.context.reader = home.context.reader, spawn(home, "mute", Silent)
        await home.chat("Alice", _LONG)
        await anyio.sleep(60)
        await home.settle()
        home.context.reader = reader
        wallet = home.wallet("Alice")
        assert wallet is not None
        assert (wallet.lifetime_messages, wallet.balance_z) == (2, 1)
        assert home.observer.stats("session").restarts == 0
