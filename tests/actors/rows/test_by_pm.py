"""Every command by private message is carried out, refused, and written wrongly."""

from pathlib import Path

import pytest
from tests.actors.conftest import VirtualLoop
from tests.actors.queue.jukebox import Jukebox
from tests.actors.rows import pm_games, pm_media, pm_money, pm_people, pm_rounds, pm_shop, pm_staff
from tests.actors.rows.walk import Row, channel, walk
from tests.actors.shelf import Shelf

from economy_actors.messages.channel import MediaChanged
from kryten_economy.features.catalogue import CatalogueItem
from kryten_economy.features.media.rules import Medium

TABLES: dict[str, tuple[Row, ...]] = {
    "money": pm_money.ROWS,
    "staff": pm_staff.ROWS,
    "people": pm_people.ROWS,
    "games": pm_games.ROWS,
    "rounds": pm_rounds.ROWS,
    "shop": pm_shop.ROWS,
    "media": pm_media.ROWS,
}
FILMS = (CatalogueItem("alien", "Alien", 600),)


@pytest.fixture
def anyio_backend() -> object:
    """One loop, on virtual time: many rows share a house."""
    return "asyncio", {"loop_factory": VirtualLoop}


@pytest.mark.parametrize("topic", TABLES)
async def test_each_command_is_carried_out_refused_and_written_wrongly(
    tmp_path: Path, topic: str
) -> None:
    """Every row of the tables, one after the other."""
    async with channel(tmp_path, catalogue=lambda _: Shelf(FILMS), gateway=Jukebox) as it:
        if topic == "media":
            await it.account("Rich", 5_000_000)
            await it.house.join("Rich")
            it.house.channel.tell(
                MediaChanged(Medium("yt:a", "Alien", 600, 1), it.house.now_ms, -3)
            )
            await it.house.settle()
        await walk(it, TABLES[topic], by_pm=True)
