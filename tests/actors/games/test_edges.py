"""What games return, as their operator sees it: by PM, by request, on the page and the dashboard.

The rounds are real ones; what they must come to is worked out here from the stakes in the books.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest
from tests.actors.api.helpers import Api, api, spawn
from tests.actors.house import CHANNEL, House, settings_with

from economy_actors.exporter import Exporter
from kryten_economy.config import Settings
from kryten_economy.features.games.fairness import FairDice
from kryten_economy.features.games.flip import Flip, Flipped
from kryten_economy.features.games.flip import terms_of as flip_terms
from kryten_economy.features.games.slots import Spin, Spun, table_of
from kryten_economy.features.games.slots import terms_of as spin_terms
from kryten_economy.users import UserKey

ROUNDS = 1000
DEVIATIONS = 3.2905
"""The interval holds 99.9 % of what chance does."""
BOARD = Path(__file__).parents[3] / "ops" / "grafana" / "kryten-economy.json"
RETURNS = ("observed", "expected", "margin")


def played_fair() -> Settings:
    """Spins that pay double in 45 of 100 cases, flips that do so in half of them."""
    double = [{"symbols": "WIN", "multiplier": 2, "probability": 0.45}]
    gambling = {
        "min_account_age_minutes": 0,
        "spin": {"cooldown_seconds": 0, "daily_limit": 0, "payouts": double},
        "flip": {"cooldown_seconds": 0, "daily_limit": 0, "win_chance": 0.5},
        "heist": {"enabled": True},
    }
    return settings_with(gambling=gambling, onboarding={"welcome_wallet": 1_000_000})


async def play(h: House, spins: int, flips: int) -> None:
    """So many rounds of Bob's, in batches: 10 Z a spin, 100 Z a flip."""
    settings, bob = h.context.live.settings, UserKey.of(CHANNEL, "Bob")
    when = (h.now_ms, h.context.live.calendar.day(h.now_ms))
    seed, table = "0b" * 32, table_of(settings.gambling.spin.payouts)
    rounds: list[Spin | Flip] = [
        Spin(f"spin-{number}", bob, 10, table, spin_terms(settings), seed, *when)
        for number in range(spins)
    ]
    rounds += [
        Flip(f"flip-{number}", bob, 100, "0.5", flip_terms(settings), seed, *when)
        for number in range(flips)
    ]
    for first in range(0, len(rounds), 100):
        async with anyio.create_task_group() as tasks:
            for each in rounds[first : first + 100]:
                tasks.start_soon(_play_one, h, each)


async def _play_one(h: House, each: Spin | Flip) -> None:
    assert isinstance(await h.commit(each), Spun | Flipped)


def paid(h: House, game: str) -> tuple[int, int, int]:
    """Rounds, what was staked and what was paid, as the single stakes say."""
    sql = """
        SELECT count(*), sum(s.stake_z), sum(s.payout_z) FROM game_stake AS s
        JOIN game_round AS r ON r.id = s.round_id WHERE r.game = ?
    """
    found: tuple[int, int, int] = h.report(lambda reports: reports.sql.only(sql, game))
    return found


async def report(h: House) -> str:
    """What `econ:gambling` says."""
    return "\n".join(await h.pm("Boss", "econ:gambling"))


async def page(h: House) -> Mapping[str, Mapping[str, float]]:
    """The samples about returns by name and game, a minute later."""
    await anyio.sleep(61)
    text = h.context.metrics.render().decode()
    samples = re.findall(r"^economy_game_return_(\w+)\{(.*)\} (\S+)$", text, re.MULTILINE)
    found: dict[str, dict[str, float]] = {name: {} for name in RETURNS}
    for name, labels, value in samples:
        assert f'channel="{CHANNEL}"' in labels
        [game] = re.findall(r'game="(\w+)"', labels)
        found[name][game] = float(value)
    return found


async def ready(a: Api) -> House:
    """Bob with money, and the operator."""
    h = a.house
    await h.join("Bob")
    await h.join("Boss", rank=5)
    spawn(h, "exporter", lambda: Exporter(h.context))
    return h


async def test_expected_and_observed_return_are_told_everywhere(tmp_path: Path) -> None:
    """With the interval of chance, the same by PM, by request and on the page."""
    async with api(tmp_path, played_fair()) as a:
        h = await ready(a)
        await play(h, ROUNDS, 3)
        rounds, staked_z, paid_z = paid(h, "spin")
        assert (rounds, staked_z) == (ROUNDS, 10 * ROUNDS)
        observed = paid_z / staked_z
        # Of a coin comes back 2 or 0: the variance is 4 p (1 - p).
        margin = DEVIATIONS * (4 * 0.45 * 0.55 / ROUNDS) ** 0.5
        assert abs(observed - 0.9) < margin

        told = await report(h)
        spins = f"Spin: 1,000 rounds, in 10,000, out {paid_z:,}, returned {observed:.2%}"
        assert f"{spins}, expected 90.00% ± {margin:.2%}" in told
        _, flip_staked_z, flip_paid_z = paid(h, "flip")
        flips = f"Flip: 3 rounds, in 300, out {flip_paid_z:,}"
        assert f"{flips}, returned {flip_paid_z / flip_staked_z:.2%}, expected 100.00%" in told
        assert "too few rounds" in told.split("Flip:")[1].splitlines()[0]
        assert "OUTSIDE" not in told

        answer = await a.data("gambling.stats")
        assert answer["confidence"] == 0.999
        spin, flip = (
            next(each for each in answer["returns"] if each["game"] == name)
            for name in ("spin", "flip")
        )
        assert (spin["rounds"], spin["staked"], spin["paid"]) == (ROUNDS, staked_z, paid_z)
        assert spin["observed"] == pytest.approx(observed, abs=1e-6)
        assert spin["expected"] == pytest.approx(0.9, abs=1e-6)
        assert spin["margin"] == pytest.approx(margin, abs=1e-6)
        assert (spin["outside"], flip["margin"], flip["outside"]) == (False, None, False)

        shown = await page(h)
        for name in RETURNS:
            assert shown[name]["spin"] == spin[name]
        assert (shown["expected"]["flip"], "flip" in shown["margin"]) == (1.0, False)


async def test_the_house_is_told_its_edge(tmp_path: Path) -> None:
    """Staked, paid, the part kept, slots as configured, each crew's return, who has played."""
    async with api(tmp_path, played_fair()) as a:
        h = await ready(a)
        told = await report(h)
        assert "Actual edge 0.00 %" in told
        await play(h, 20, 5)
        staked_z, paid_z = 700, paid(h, "spin")[2] + paid(h, "flip")[2]
        told = await report(h)
        assert f"Staked 700 Z | Paid {paid_z:,} Z" in told
        assert f"Actual edge {100 * (staked_z - paid_z) / staked_z:.2f} %" in told
        assert "Slots as configured 10 %" in told
        for crew, part in {3: "94.25", 4: "104.25", 5: "114.25", 6: "124.25"}.items():
            assert f"{part} % (crew of {crew})" in told
        assert "1 gambler, 25 games" in told
        answer = await a.data("gambling.stats")
        assert (answer["total_in"], answer["total_out"]) == (staked_z, paid_z)
        assert (answer["active_gamblers"], answer["total_games"]) == (1, 25)
        assert answer["house_result"] == staked_z - paid_z


async def test_what_chance_does_not_explain_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dice that always win leave the interval, in the report and as the alert compares them."""
    monkeypatch.setattr(FairDice, "roll", lambda _self: 0.0)
    async with api(tmp_path, played_fair()) as a:
        h = await ready(a)
        await play(h, ROUNDS - 1, 0)
        assert "OUTSIDE" not in await report(h)
        await h.pm("Bob", "spin 10")
        assert "OUTSIDE, LOOK AT IT" in await report(h)
        [spin] = (await a.data("gambling.stats"))["returns"]
        assert spin["outside"] is True
        shown = await page(h)
        observed, expected, margin = (shown[name]["spin"] for name in RETURNS)
        assert abs(observed - expected) > margin


async def test_the_dashboard_shows_what_the_page_has(tmp_path: Path) -> None:
    """Observed, expected and margin of each game, by the very labels that are exported."""
    async with api(tmp_path, played_fair()) as a:
        h = await ready(a)
        await play(h, ROUNDS, 1)
        shown = await page(h)
    queries = [
        target["expr"]
        for panel in json.loads(BOARD.read_text(encoding="utf-8"))["panels"]
        for target in panel.get("targets", ())
        if "economy_game_return_" in target["expr"]
    ]
    asked = {name for query in queries for name in re.findall(r"economy_game_return_(\w+)", query)}
    assert asked == set(shown) == set(RETURNS)
    for query in queries:
        labels = re.findall(r"by \(([^)]*)\)", query)
        assert set(labels) == {"channel, game"}
    differences = [query for query in queries if query.startswith("abs(")]
    assert any("observed" in query and "expected" in query for query in differences)
