"""A channel in which cards are dealt as a test wants them: Bob, Eve and Cy with 1,000 Z each."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.actors.house import CHANNEL, START_MS, House, house, settings_with

from kryten_economy.config import Settings
from kryten_economy.features.games.blackjack.rules import deck_of, play
from kryten_economy.features.games.fairness import FairDice, public_id

__all__ = ("NAMES", "card_room", "cards_settings", "held", "killed", "seed_for")

NAMES = ("Bob", "Eve", "Cy")


def cards_settings(gambling: dict[str, Any] | None = None, **sections: Any) -> Settings:
    """Games for accounts of any age, and commands as fast as they come."""
    games = {"min_account_age_minutes": 0, **(gambling or {})}
    sections.setdefault("commands", {"rate_limit_per_minute": 1000})
    return settings_with(gambling=games, onboarding={"welcome_wallet": 1000}, **sections)


@cache
def seed_for(moves: str, *ends: str) -> str:
    """A seed by which the first round ends so after these moves; "" is for one that goes on."""
    seeds = (f"{number:064x}" for number in range(100_000))
    return next(each for each in seeds if _end(each, moves.split()) in ends)


def _end(seed: str, moves: list[str]) -> str | None:
    deck = deck_of(FairDice(seed, public_id(CHANNEL, 1)))
    for place in range(len(moves)):
        if play(deck, moves[:place], hits_soft_17=True).end:
            return None
    return play(deck, moves, hits_soft_17=True).end


@asynccontextmanager
async def card_room(
    folder: Path,
    seed: str = "5eed" * 16,
    settings: Settings | None = None,
    *,
    start_ms: int = START_MS,
    **more: Any,
) -> AsyncIterator[House]:
    """All three are here."""
    own = settings or cards_settings()
    async with house(folder / "e.db", own, start_ms=start_ms, **more) as h:
        h.context.fresh_seed = lambda: seed
        for name in NAMES:
            await h.join(name)
        yield h


def held(h: House) -> int:
    """What lies in open holds."""
    (found,) = h.report(
        lambda r: r.sql.only("SELECT coalesce(sum(amount_z), 0) FROM hold WHERE state = 'open'")
    )
    assert isinstance(found, int)
    return found


def killed(folder: Path) -> Path:
    """The books as a kill leaves them at this moment, in a folder of their own."""
    left = folder / "killed"
    left.mkdir()
    for file in folder.glob("e.db*"):
        shutil.copy(file, left / file.name)
    return left
