"""Every command by private message is carried out, refused, and written wrongly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.actors.api.helpers import Api
from tests.actors.conftest import VirtualLoop
from tests.actors.queue.jukebox import Jukebox
from tests.actors.rows import (
    pm_games,
    pm_keys,
    pm_media,
    pm_money,
    pm_people,
    pm_rounds,
    pm_shop,
    pm_staff,
)
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
    "keys": pm_keys.ROWS,
}
FILMS = (CatalogueItem("alien", "Alien", 600),)


@asynccontextmanager
async def prepared(folder: Path, topic: str, **more: Any) -> AsyncIterator[Api]:
    """The channel in which the rows of a topic are tried."""
    async with channel(folder, catalogue=lambda _: Shelf(FILMS), gateway=Jukebox, **more) as it:
        if topic == "media":
            await it.account("Rich", 5_000_000)
            await it.house.join("Rich")
            it.house.channel.tell(
                MediaChanged(Medium("yt:a", "Alien", 600, 1), it.house.now_ms, -3)
            )
            await it.house.settle()
        yield it


@pytest.fixture
def anyio_backend() -> object:
    """One loop, on virtual time: many rows share a house."""
    return "asyncio", {"loop_factory": VirtualLoop}


@pytest.mark.parametrize("topic", TABLES)
async def test_each_command_is_carried_out_refused_and_written_wrongly(
    tmp_path: Path, topic: str
) -> None:
    """Every row of the tables, one after the other."""
    async with prepared(tmp_path, topic) as it:
        await walk(it, TABLES[topic], by_pm=True)
