"""A day on which every game there is gets played, by messages as people send them."""

from typing import Any

import anyio
from tests.actors.games.crowd import social_settings
from tests.actors.house import House

from kryten_economy.config import Settings
from kryten_economy.features.games.rules import GAMES

__all__ = ("every_game", "play_every_game", "rounds_by_game")

TABLE = [
    {"symbols": "WIN", "multiplier": 3, "probability": 0.2},
    {"symbols": "partial", "multiplier": 0.5, "probability": 0.3},
]
NAMES = ("Alice", "Bob", "Cy", "Dan")
STORY_S = 240
"""Longer than any round and its story."""


def every_game(**sections: Any) -> Settings:
    """All games on, without pauses between them, and with a rake where one can be taken."""
    games: dict[str, Any] = {
        "spectacle_cooldown_seconds": 0,
        "spin": {"cooldown_seconds": 0, "payouts": TABLE},
        "flip": {"cooldown_seconds": 0, "win_chance": 0.45},
        "blackjack": {"cooldown_seconds": 0},
        "challenge": {"enabled": True, "rake_percent": 5},
        "heist": {
            "enabled": True,
            "cooldown_seconds": 0,
            "join_window_seconds": 60,
            "success_chance": 0.4,
            "push_chance": 0.3,
        },
        "prediction": {"member_rank": 0, "rake_percent": 5},
        "raffle": {"member_rank": 0, "rake_percent": 5},
        "auction": {"member_rank": 0},
    }
    return social_settings(games, **sections)


async def play_every_game(h: House, times: int = 4) -> None:
    """Everybody is there, and plays all day; what is told is among what the house has heard."""
    await h.join("Boss", 5)
    for name in NAMES:
        await h.join(name)
        await h.pm(name, "spin")
    for number in range(times):
        await _alone(h, NAMES[number % len(NAMES)])
        await _together(h)
    for number in range(1, times // 2 + 1):
        await _with_tickets(h, number)


async def _alone(h: House, name: str) -> None:
    for text in ("spin 11", "flip 10", "spin 10", "flip 12", "bj 20", "hit", "stand"):
        await h.pm(name, text)
    await h.pm(name, "bj 20")
    await h.pm(name, "double")


async def _together(h: House) -> None:
    await h.pm("Alice", "challenge Bob 50")
    await h.pm("Bob", "accept")
    await h.pm("Alice", "heist 20")
    await h.chat("Bob", "join")
    await h.pm("Cy", "heist join")
    await anyio.sleep(STORY_S)
    await h.pm("Alice", "trivia 20")
    await h.pm("Bob", "trivia 20")
    await anyio.sleep(20)
    await h.pm("Alice", "A")
    await h.pm("Bob", "B")
    await anyio.sleep(STORY_S)
    await h.pm("Alice", "race")
    await h.pm("Bob", "race 20 blue")
    await h.chat("Cy", "!race 30 red")
    await anyio.sleep(STORY_S)


async def _with_tickets(h: House, number: int) -> None:
    await h.pm("Boss", "raffle open 2 10")
    await h.pm("Alice", "raffle 2")
    await h.pm("Dan", "raffle 5")
    await h.pm("Boss", 'predict open 2 "Will it rain?" yes | no')
    await h.pm("Alice", "predict 20 yes")
    await h.pm("Bob", "predict 40 no")
    await h.pm("Boss", f"predict settle {1 + number % 2}")
    await h.pm("Dan", 'auction open 2 10 "A walk in the rain"')
    await h.pm("Cy", "bid 25")
    await anyio.sleep(STORY_S)


def rounds_by_game(h: House) -> dict[str, int]:
    """How many rounds were drawn of each game; none is missing."""
    sql = "SELECT game, count(*) FROM game_round WHERE outcome IS NOT NULL GROUP BY game"
    found: dict[str, int] = dict(h.report(lambda reports: reports.sql.rows(sql)))
    assert set(found) == set(GAMES), found
    return found
