"""The conservation guard: books that stop balancing are closed before more harm is done."""

from pathlib import Path

import apsw
from tests.actors.house import CHANNEL, house

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
