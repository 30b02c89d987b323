"""Every request of the API is carried out, refused, and asked wrongly."""

from pathlib import Path

import pytest
from tests.actors.conftest import VirtualLoop
from tests.actors.rows import api_games, api_money, api_services, api_shop, api_staff
from tests.actors.rows.walk import Row, channel, walk

TABLES: dict[str, tuple[Row, ...]] = {
    "money": api_money.ROWS,
    "staff": api_staff.ROWS,
    "games": api_games.ROWS,
    "shop": api_shop.ROWS,
    "services": api_services.ROWS,
}


@pytest.fixture
def anyio_backend() -> object:
    """One loop, on virtual time: many rows share a house."""
    return "asyncio", {"loop_factory": VirtualLoop}


@pytest.mark.parametrize("topic", TABLES)
async def test_each_request_is_carried_out_refused_and_asked_wrongly(
    tmp_path: Path, topic: str
) -> None:
    """Every row of the tables, one after the other."""
    async with channel(tmp_path) as it:
        await walk(it, TABLES[topic], by_pm=False)
