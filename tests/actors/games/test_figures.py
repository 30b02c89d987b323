"""What the metrics page says of games after rounds whose ends are known."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import spawn
from tests.actors.games.crowd import crowd, social_settings
from tests.actors.house import CHANNEL, House

from economy_actors.exporter import Exporter
from kryten_economy.features.games.fairness import FairDice, public_id
from kryten_economy.features.games.flip import Flip, Flipped, terms_of
from kryten_economy.features.games.returns import DEVIATIONS, ROUNDS_MIN
from kryten_economy.users import UserKey

pytestmark = pytest.mark.anyio

REFRESHED_S = 31


def known(**games: Any) -> Any:
    """Spins treble, flips lose, heists win; what players play for is raked by a twentieth."""
    return social_settings(
        {
            "spectacle_cooldown_seconds": 0,
            "spin": {"payouts": [{"symbols": "WIN", "multiplier": 3, "probability": 1}]},
            "flip": {"win_chance": 0},
            "challenge": {"rake_percent": 5},
            "heist": {"enabled": True, "success_chance": 1, "push_chance": 0},
            "prediction": {"rake_percent": 5},
            "raffle": {"rake_percent": 5},
        }
        | games
    )


def shown(h: House, name: str, **labels: str) -> float | None:
    return h.context.metrics.registry.get_sample_value(f"economy_{name}", labels)


def returned(h: House, what: str, game: str) -> float | None:
    return shown(h, f"game_return_{what}", channel=CHANNEL, game=game)


async def _play(h: House) -> None:
    """One round of each game that ends for sure: 280 Z are staked and 511 Z paid."""
    for name, text in (
        *(("Alice", "spin"), ("Alice", "spin 20"), ("Bob", "flip 10")),
        *(("Alice", "challenge Bob 50"), ("Bob", "accept"), ("Alice", "heist 20")),
        *(("Bob", "heist join"), ("Cy", "heist join")),
        *(("Boss", "raffle open 2 10"), ("Alice", "raffle 2"), ("Bob", "raffle 1")),
        ("Boss", 'predict open 2 "Rain?" yes | no'),
        *(("Alice", "predict 20 yes"), ("Bob", "predict 40 no"), ("Boss", "predict settle no")),
        *(("Boss", "auction open 2 10 Hat"), ("Cy", "bid 25")),
    ):
        assert await h.pm(name, text), text
    await anyio.sleep(300)
    await h.settle()


async def test_counters_of_games_have_their_values(tmp_path: Path) -> None:
    """Rounds of each kind, what was staked and what was paid; an auction is no play."""
    async with crowd(tmp_path, known()) as h:
        await _play(h)
        kinds = {
            each: shown(h, f"gambling_{each}_total")
            for each in (
                *("spins", "flips", "challenges", "heists", "races", "trivias", "blackjacks"),
                *("raffles", "predictions", "auctions"),
            )
        }
        assert kinds == {
            "spins": 2,
            "flips": 1,
            "challenges": 1,
            "heists": 3,
            "races": 0,
            "trivias": 0,
            "blackjacks": 0,
            "raffles": 2,
            "predictions": 2,
            "auctions": 1,
        }
        # 20 + 10 + 2 of 50 + 3 of 20 + 30 + 60; 150 + 60 + 95 + 3 of 40 + 29 + 57
        assert shown(h, "gambling_z_wagered_total") == 280
        assert shown(h, "gambling_z_won_total") == 511


async def test_gauges_of_games_have_their_values(tmp_path: Path) -> None:
    """Of all games together, and of each against the house what it returned and should have."""
    async with crowd(tmp_path, known()) as h:
        spawn(h, "exporter", lambda: Exporter(h.context))
        await _play(h)
        await anyio.sleep(REFRESHED_S)
        gauges = {
            each: shown(h, f"gambling_{each}", channel=CHANNEL)
            for each in ("lifetime_wagered", "lifetime_won", "active_gamblers", "total_games")
        }
        assert gauges == {
            "lifetime_wagered": 280,
            "lifetime_won": 511,
            "active_gamblers": 3,
            "total_games": 12,
        }
        for game, rate in (("spin", 3.0), ("flip", 0.0), ("heist", 2.0)):
            assert (returned(h, "observed", game), returned(h, "expected", game)) == (rate, rate)
        for game in ("challenge", "raffle", "prediction", "auction", "race"):
            assert returned(h, "observed", game) is None
        assert returned(h, "margin", "spin") is None


@pytest.mark.slow
async def test_the_interval_of_a_game_has_its_value(tmp_path: Path) -> None:
    """As soon as enough was played: 3.29 deviations of a thousand flips of 10 Z for even money."""
    flips = {"win_chance": 0.5, "cooldown_seconds": 0, "daily_limit": 0}
    async with crowd(tmp_path, known(flip=flips)) as h:
        spawn(h, "exporter", lambda: Exporter(h.context))
        seed, day = "5eed" * 16, h.context.live.calendar.day(h.now_ms)
        terms = terms_of(h.context.live.settings)
        user = UserKey.of(CHANNEL, "Alice")
        for number in range(ROUNDS_MIN):
            if number == ROUNDS_MIN - 1:
                await anyio.sleep(REFRESHED_S)
                assert returned(h, "margin", "flip") is None
            act = Flip(f"f{number}", user, 10, "0.5", terms, seed, h.now_ms, day)
            assert isinstance(await h.commit(act), Flipped)
        await anyio.sleep(REFRESHED_S)
        rounds = range(1, ROUNDS_MIN + 1)
        won = sum(FairDice(seed, public_id(CHANNEL, each)).roll() < 0.5 for each in rounds)
        assert returned(h, "observed", "flip") == pytest.approx(won * 20 / 10_000, abs=1e-6)
        assert returned(h, "expected", "flip") == 1
        margin = DEVIATIONS * (ROUNDS_MIN * 10**2) ** 0.5 / 10_000
        assert returned(h, "margin", "flip") == pytest.approx(margin, abs=1e-6)
