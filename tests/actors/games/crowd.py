"""A channel with predictions, raffles and auctions: Boss is an admin, four have 1,000 Z each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
from tests.actors.games.crew import rounds_open
from tests.actors.house import House, house, settings_with

from economy_actors.messages.channel import PrivateMessage, Said
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.config import Settings
from kryten_economy.features.reports.rows import AuditRow

__all__ = (
    "acts",
    "at_once",
    "crowd",
    "killed",
    "public",
    "rounds_open",
    "social_settings",
    "worth",
)

NAMES = ("Alice", "Bob", "Cy", "Dan")


def social_settings(gambling: dict[str, Any] | None = None, /, **more: Any) -> Settings:
    """Accounts of any age, many commands a minute; members may open from the first rank."""
    games = {
        "min_account_age_minutes": 0,
        "prediction": {"member_rank": 0},
        "raffle": {"member_rank": 0},
        "auction": {"member_rank": 0},
    }
    return settings_with(
        gambling=games | (gambling or {}),
        onboarding={"welcome_wallet": 1000},
        commands={"rate_limit_per_minute": 1000},
        **more,
    )


@asynccontextmanager
async def crowd(
    folder: Path, settings: Settings | None = None, **more: Any
) -> AsyncIterator[House]:
    """All are here."""
    async with house(folder / "e.db", settings or social_settings(), **more) as h:
        await h.join("Boss", 5)
        for name in NAMES:
            await h.join(name)
        yield h


def worth(h: House, *names: str) -> list[int]:
    return [h.balance(name) for name in names or NAMES]


def public(h: House) -> list[str]:
    """What was said of games in the channel."""
    return [m.text for m in h.heard if isinstance(m, Line) and m.kind is LineKind.RESULT]


def acts(h: House) -> list[tuple[str, str, str]]:
    """The audit log, oldest first: who, which command, with what."""
    rows: list[AuditRow] = list(h.report(lambda reports: reports.audit(100)))
    return [(row.admin, row.command, row.arguments) for row in reversed(rows)]


async def at_once(h: House, name: str, text: str, times: int = 64) -> None:
    """The same thing again and again, in the channel and by PM in turn."""
    for _ in range(times // 2):
        h.channel.tell(Said(name, f"!{text}", h.now_ms))
        h.channel.tell(PrivateMessage(name, text, h.now_ms))
    for _ in range(5):
        await h.settle()


def killed(h: House, folder: Path) -> Path:
    """What is on the disk at this moment, as a house may find it after a crash."""
    path = folder / "killed.db"
    connection = apsw.Connection(str(h.path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.execute("VACUUM INTO ?", (str(path),))
    finally:
        connection.close()
    return path
