"""The conservation guard: books that stop balancing are closed before more harm is done."""

from pathlib import Path

import anyio
import apsw
from tests.actors.house import CHANNEL, house

from economy_actors.ledger import CHECK_EVERY_S
from economy_actors.messages.ledger import CheckBooks
from kryten_economy.ledger.records import Reopen


def _tamper(path: Path, delta_z: int) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(
        "UPDATE account SET balance_z = balance_z + ? WHERE name = 'alice'", (delta_z,)
    )
    connection.close()


async def test_a_channel_whose_books_do_not_balance_takes_no_money(tmp_path: Path) -> None:
    """A violation is counted, logged, and makes the channel read-only until an operator acts."""
    path = tmp_path / "e.db"
    async with house(path) as h:
        await h.join("Alice")
        await h.join("Boss")
        await h.rank("Boss", 4)
        h.context.reader.tell(CheckBooks())
        await h.settle()
        assert len(await h.pm("Boss", "grant alice 5")) == 1
        assert h.balance("alice") == 105
        _tamper(path, 1000)
        h.context.reader.tell(CheckBooks())
        await h.settle()
        page = h.context.metrics.render().decode()
        # The account itself, and the sum over all accounts.
        assert f'economy_ledger_mismatch_accounts{{channel="{CHANNEL}"}} 1.0' in page
        [refusal] = await h.pm("Boss", "grant alice 5")
        assert "closed" in refusal.lower() or "operator" in refusal.lower(), refusal
        await h.minutes(1)
        assert h.balance("alice") == 1105
        [answer] = await h.pm("Alice", "balance")
        assert "1,105" in answer
        _tamper(path, -1000)
        await h.commit(Reopen(CHANNEL))
        await h.pm("Boss", "grant alice 5")
        assert h.balance("alice") == 110


async def test_damage_is_seen_within_half_a_minute(tmp_path: Path) -> None:
    """Nobody has to ask for a check: the metric that calls the operator rises by itself."""
    path = tmp_path / "e.db"
    async with house(path) as h:
        await h.join("Alice")
        await h.minutes(2)
        registry = h.context.metrics.registry

        def mismatches() -> float | None:
            return registry.get_sample_value(
                "economy_ledger_mismatch_accounts", {"channel": CHANNEL}
            )

        assert mismatches() == 0
        _tamper(path, 7)
        await anyio.sleep(CHECK_EVERY_S + 1)
        assert mismatches() == 1
        _tamper(path, -7)
