"""Spin, flip, fair dice and limits, from the message to the balance."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import api
from tests.actors.games.day import every_game, play_every_game, rounds_by_game
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.outbox.message import Line
from kryten_economy.cli.main import main
from kryten_economy.config import Settings
from kryten_economy.features.games.fairness import FairDice, hash_of, public_id
from kryten_economy.features.games.verifying import seed_of_day, seeds

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[3] / "docs" / "fair.md"
WIN = [{"symbols": "WIN", "multiplier": 3, "probability": 1}]
LOSE = [{"symbols": "loss", "multiplier": 0, "probability": 1}]
HALF = [{"symbols": "partial", "multiplier": 0.5, "probability": 1}]
TODAY, TOMORROW = "2026-11-20", "2026-11-21"
DAY_S = 86_400


def games(payouts: list[dict[str, Any]] = WIN, win_chance: float = 1.0, **more: Any) -> Settings:
    """Games without cooldown for accounts of any age; every account begins with 1,000 Z."""
    spin = {"cooldown_seconds": 0, "payouts": payouts, **more.pop("spin", {})}
    flip = {"cooldown_seconds": 0, "win_chance": win_chance}
    section = {"min_account_age_minutes": 0, "spin": spin, "flip": flip, **more}
    return settings_with(
        gambling=section,
        onboarding={"welcome_wallet": 1000},
        commands={"rate_limit_per_minute": 1000},
    )


async def told(h: House, text: str, name: str = "Bob") -> str:
    return "\n".join(await h.pm(name, text))


def wins(h: House) -> list[str]:
    gate = "gambling_jackpot"
    return [each.text for each in h.heard if isinstance(each, Line) and each.gate == gate]


@pytest.mark.parametrize(
    ("payouts", "said", "balance_z"),
    [(WIN, "bring 60 Z (+40 Z)", 1040), (LOSE, "are gone", 980), (HALF, "10 Z of your 20 Z", 990)],
)
async def test_a_spin_shows_stake_result_and_balance(
    tmp_path: Path, payouts: list[dict[str, Any]], said: str, balance_z: int
) -> None:
    """G14: the reply names what was staked, what came of it and what one has now."""
    async with house(tmp_path / "e.db", games(payouts)) as h:
        await h.join("Bob")
        reply = await told(h, "spin 20")
        assert said in reply
        assert f"Balance: {balance_z:,} Z" in reply
        assert h.balance("Bob") == balance_z


async def test_a_flip_pays_twice_the_stake_or_nothing(tmp_path: Path) -> None:
    """Won and lost, with a share of one's own balance as the stake."""
    async with house(tmp_path / "e.db", games()) as h:
        await h.join("Bob")
        assert "(+500 Z)" in await told(h, "flip half")
        assert h.balance("Bob") == 1500
    async with house(tmp_path / "f.db", games(win_chance=0)) as h:
        await h.join("Bob")
        assert "you lose" in await told(h, "flip 100")
        assert h.balance("Bob") == 900


async def test_refusals_name_the_limit_and_what_one_has(tmp_path: Path) -> None:
    """Nothing moves, and the sentence says what is allowed."""
    async with house(tmp_path / "e.db", games(spin={"daily_limit": 1})) as h:
        await h.join("Bob")
        assert "the maximum is 500 Z. You have 1,000 Z." in await told(h, "spin all")
        assert "the minimum is 10 Z" in await told(h, "spin 5")
        assert "not an amount" in await told(h, "spin -5")
        assert h.balance("Bob") == 1000
        await told(h, "spin 10")
        assert "today's limit of 1 round of Spin" in await told(h, "spin 10")


async def test_midnight_ends_no_cooldown(tmp_path: Path) -> None:
    """A spin just before midnight cools down on the new day; its daily limit is a new one."""
    settings = games(spin={"cooldown_seconds": 60, "daily_limit": 1})
    before_midnight_ms = 1_795_219_200_000 - 20_000  # 2026-11-21 00:00 UTC
    async with house(tmp_path / "e.db", settings, start_ms=before_midnight_ms) as h:
        await h.join("Bob")
        assert "bring 30 Z" in await told(h, "spin 10")
        await anyio.sleep(30)
        assert h.context.live.calendar.day(h.now_ms) == TOMORROW
        assert "cooling down: try again in 30s" in await told(h, "spin 10")
        assert h.balance("Bob") == 1020
        await anyio.sleep(31)
        assert "bring 30 Z" in await told(h, "spin 10")
        await anyio.sleep(61)
        assert "today's limit of 1 round" in await told(h, "spin 10")


async def test_the_free_spin_comes_once_a_day(tmp_path: Path) -> None:
    """It costs nothing, is told once in public, and comes back tomorrow."""
    async with house(tmp_path / "e.db", games()) as h:
        await h.join("Bob")
        assert "Free spin" in await told(h, "spin")
        assert h.balance("Bob") == 1150
        assert wins(h) == ["🎁 Bob won 150 Z-Coins on a FREE spin!"] or "FREE spin" in wins(h)[0]
        assert "comes tomorrow" in await told(h, "spin")
        await anyio.sleep(DAY_S)
        assert "Free spin" in await told(h, "spin")


async def test_which_wins_are_told_in_public(tmp_path: Path) -> None:
    """The first of a day, higher ones, one an hour, and every jackpot (gambling.md 1.2)."""
    async with house(tmp_path / "e.db", games()) as h:
        await h.join("Bob")
        for text in ("flip 50", "flip 50", "flip 60", "spin 10"):
            await told(h, text)
        assert len(wins(h)) == 2
        assert "flipped and won 120" in wins(h)[1]
        await told(h, "spin 200")
        await told(h, "spin 190")
        assert [text for text in wins(h) if "JACKPOT" in text] == wins(h)[2:]
        assert len(wins(h)) == 4
        await anyio.sleep(3601)
        await told(h, "spin 10")
        assert "spun and won 30" in wins(h)[4]


async def test_a_broken_template_costs_nobody_anything(tmp_path: Path) -> None:
    """P-TXT-7: whatever got past the check, money moves, replies come and no brace is shown."""
    settings = games(challenge={"min_wager": 10})
    said = settings.announcements
    broken = dict.fromkeys(type(said.templates).model_fields, "{nobody} {0} {user.name} {")
    templates = said.templates.model_copy(update=broken)
    announcements = said.model_copy(update={"templates": templates})
    async with house(
        tmp_path / "e.db", settings.model_copy(update={"announcements": announcements})
    ) as h:
        await h.join("Bob")
        await h.join("Boss", rank=5)
        assert "(+500 Z)" in await told(h, "flip 500")
        assert "1,500 Z" in await told(h, "spin 500")
        assert "Free spin" in await told(h, "spin")
        assert h.balance("Bob") == 1000 + 500 + 1000 + 150
        await told(h, "challenge Boss 100")
        await told(h, "accept", "Boss")
        assert h.balance("Bob") + h.balance("Boss") == 3650 - 10
        await told(h, "rain 20", "Boss")
        assert h.balance("Bob") + h.balance("Boss") > 3640
        assert not [text for text in h.lines() if "{" in text]


async def test_statistics_count_every_game(tmp_path: Path) -> None:
    """Counts, biggest win and loss, and the net; before any game the free spin is offered."""
    async with api(tmp_path, games(LOSE)) as a:
        h = a.house
        await h.join("Bob")
        assert "free spin" in await told(h, "gambling")
        await told(h, "spin 40")
        await told(h, "flip 50")
        reply = await told(h, "stats")
        assert "spins 1" in reply
        assert "flips 1" in reply
        assert "Biggest win: 50 Z | Biggest loss: 40 Z | Net: +10 Z" in reply
        assert "+10 Z in 2 games" in await told(h, "profile")
        detail = await a.data("user.detail", username="Bob")
        assert detail["gambling"] == {"total_games": 2, "net_profit": 10}
        stats = await a.data("gambling.stats")
        assert (stats["total_in"], stats["total_out"]) == (90, 100)
        assert (stats["active_gamblers"], stats["total_games"]) == (1, 2)
        report = "\n".join(await h.pm("Bob", "econ:gambling"))
        assert "admin" in report.lower()
        await h.join("Boss", rank=5)
        report = "\n".join(await h.pm("Boss", "econ:gambling"))
        assert "House -10 Z" in report
        assert "Slots as configured 100 %" in report
        assert "crew of 3" in report
        odds = await a.data("games.odds")
        played = [each for each in odds["games"] if each["ways"]]
        ways = {each["game"]: each["ways"][0]["exact"] for each in played}
        assert (ways["spin"], ways["flip"]) == ("0", "2")
        assert "200 % (any stake)" in await told(h, "odds")


async def test_a_seed_is_told_after_its_day_only(tmp_path: Path) -> None:
    """Hash before, seed after, and what it says is what was played (12)."""
    async with api(tmp_path, games(win_chance=0.5)) as a:
        h = a.house
        await h.join("Bob")
        told_before = await told(h, "fair")
        today = await a.data("fair.today")
        assert today["hash"] in told_before
        reply = await told(h, "flip 10")
        number = int(re.findall(r"Round (\d+)", reply)[0])
        seed = await _stored_seed(h, TODAY)
        assert hash_of(seed) == today["hash"]
        early = [told_before, await told(h, f"fair {TODAY}"), await told(h, f"verify {number}")]
        bodies = [
            await a.data("fair.seeds"),
            await a.data("fair.verify", round=number),
            await a.refused("fair.rounds", day=TODAY),
        ]
        assert seed not in json.dumps([early, bodies])
        assert "told when the day is over" in early[2]
        await anyio.sleep(DAY_S)
        assert seed in await told(h, f"fair {TODAY}")
        assert "is what its seed says" in await told(h, f"verify #{number}")
        found = await a.data("fair.verify", round=number)
        assert found["verdict"] == "true"
        won = FairDice(seed, public_id(CHANNEL, number)).roll() < 0.5
        assert found["outcome"]["won"] is won
        assert "no round 99" in await told(h, "verify 99")


async def _stored_seed(h: House, day: str) -> str:
    """As somebody reads it who has the file in their hands."""
    sql = "SELECT seed FROM fair_seed WHERE day = ?"
    [(seed,)] = h.report(lambda reports: reports.sql.rows(sql, day))
    return str(seed)


async def test_a_round_that_waits_keeps_its_seed_secret(tmp_path: Path) -> None:
    """A heist begun before midnight and drawn after it can't be foreseen at midnight."""
    heist = {"enabled": True, "join_window_seconds": 600, "min_participants": 1}
    last_minute_ms = 1_795_219_140_000  # 2026-11-20 23:59 UTC + some
    async with house(tmp_path / "e.db", games(heist=heist), start_ms=last_minute_ms) as h:
        await h.join("Bob")
        day = h.context.live.calendar.day(h.now_ms)
        await told(h, "heist 50")
        await anyio.sleep(120)
        today = h.context.live.calendar.day(h.now_ms)
        assert today > day
        found = h.report(lambda reports: seed_of_day(reports, CHANNEL, day, today))
        assert (found.seed, found.waits) == (None, True)
        await anyio.sleep(700)
        await h.settle()
        found = h.report(lambda reports: seed_of_day(reports, CHANNEL, day, today))
        assert found.seed is not None


async def test_seeds_are_made_ahead_of_each_day(tmp_path: Path) -> None:
    """At the start and at midnight; the page names the hash of the day and never a seed."""
    async with house(tmp_path / "e.db", games(), scheduled=True) as h:
        await anyio.sleep(1)
        page = h.context.metrics.render().decode()
        found = h.report(lambda reports: seeds(reports, CHANNEL, TOMORROW))
        assert [each.day for each in found] == [TOMORROW, TODAY]
        assert f'day="{TODAY}",hash="{found[1].hash}"' in page
        assert await _stored_seed(h, TODAY) not in page
        await anyio.sleep(DAY_S)
        page = h.context.metrics.render().decode()
        assert f'day="{TOMORROW}",hash="{found[0].hash}"' in page
        assert TODAY not in page


async def test_a_limit_is_lowered_at_once_and_raised_tomorrow(tmp_path: Path) -> None:
    """Over midnight and a restart; the channel's own limit holds beside it."""
    settings = games(LOSE, 0, limits={"daily_stakes": 400, "daily_losses": 0})
    async with api(tmp_path, settings) as a:
        h = a.house
        await h.join("Bob")
        assert "limit on stakes of 400 Z" in await told(h, "spin 450")
        assert "stakes a day: 100 z" in (await told(h, "limit 100")).lower()
        await told(h, "spin 60")
        assert "limit on stakes of 100 Z: 40 Z left. You have 940 Z" in await told(h, "spin 60")
        assert f"From {TOMORROW} on, stakes: 300 Z" in await told(h, "limit 300")
        assert "100 Z" in await told(h, "spin 60")
        limits = await a.data("limits.get", username="bob")
        assert limits["stakes"] == {
            "own": 100,
            "next": 300,
            "next_from": TOMORROW,
            "channel": 400,
            "used_today": 60,
        }
    async with house(tmp_path / "economy.db", settings) as h:
        await h.join("Bob")
        assert "limit on stakes of 100 Z" in await told(h, "spin 60")
        await anyio.sleep(DAY_S)
        assert "are gone" in await told(h, "spin 250")
        assert "limit on stakes of 300 Z" in await told(h, "spin 60")


async def test_a_limit_of_losses_counts_what_came_back(tmp_path: Path) -> None:
    """Winnings make room; `limit losses off` waits for tomorrow."""
    async with house(tmp_path / "e.db", games(HALF)) as h:
        await h.join("Bob")
        await told(h, "limit losses 100")
        await told(h, "spin 100")
        assert "limit on losses of 100 Z: 50 Z left" in await told(h, "spin 60")
        await told(h, "flip 50")
        assert "come back" in await told(h, "spin 60")
        assert f"From {TOMORROW} on, losses: no limit" in await told(h, "limit losses off")
        assert "limit on losses" in await told(h, "spin 200")


async def test_a_pause_ends_by_the_clock_alone(tmp_path: Path) -> None:
    """No game, no free spin, no shorter pause; afterwards all is as before."""
    async with house(tmp_path / "e.db", games()) as h:
        await h.join("Bob")
        assert "from 1h to 365d" in await told(h, "limit pause 5m")
        assert "from 1h to 365d" in await told(h, "limit pause 366d")
        assert "can't be undone" in await told(h, "limit pause 2d")
        await told(h, "limit pause 1h")
        await told(h, "limit off")
        for text in ("spin", "spin 20", "flip 20"):
            assert "pause" in await told(h, text)
        await anyio.sleep(DAY_S)
        assert "pause" in await told(h, "spin 20")
        await anyio.sleep(DAY_S)
        assert "bring 60 Z" in await told(h, "spin 20")
        assert "Usage" in await told(h, "limit losses") or "limit" in await told(h, "limit losses")


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_the_program_of_the_docs_verifies_a_day(tmp_path: Path) -> None:
    """Twenty lines that import nothing of ours find every round true, and a changed one not.

    A day of every game, played by messages; what one number decides is checked by one program,
    what is shuffled by another one.
    """
    async with api(tmp_path, every_game()) as a:
        await play_every_game(a.house)
        drawn = rounds_by_game(a.house)
        await anyio.sleep(DAY_S)
        day = await a.data("fair.rounds", day=TODAY)
    assert len(day["rounds"]) == sum(drawn.values())
    programs = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert len(programs) == 2
    checked: dict[str, str] = {}
    for number, program in enumerate(programs):
        assert "kryten" not in program
        assert "economy" not in program
        assert len(program.strip().splitlines()) <= 20
        (tmp_path / f"check{number}.py").write_text(program)
    for number in range(2):
        found = _checked(tmp_path, number, day)
        assert set(found.values()) == {"ok"}
        checked |= found
    undecided = {str(each["number"]) for each in day["rounds"]} - set(checked)
    assert len(undecided) == drawn["prediction"] + drawn["auction"]
    for number, key in ((0, "payout_z"), (0, "winner"), (0, "result"), (1, "options")):
        _falsify(tmp_path, number, day, key)
    _falsify(tmp_path, 1, day, "dealer")


def _falsify(folder: Path, program: int, day: dict[str, Any], key: str) -> None:
    """Change one outcome of each game that has this key: the program finds these, and no other."""
    false = json.loads(json.dumps(day))
    changed: dict[str, str] = {}
    for each in false["rounds"]:
        known = each["outcome"].get(key)
        if known is None or each["game"] in {"auction", *changed}:
            continue
        each["outcome"][key] = known[::-1] if isinstance(known, list) else f"not {known}"
        changed[each["game"]] = str(each["number"])
    assert changed, key
    found = _checked(folder, program, false)
    assert {number for number, said in found.items() if said == "WRONG"} == set(changed.values())


def _checked(folder: Path, program: int, day: dict[str, Any]) -> dict[str, str]:
    """What the program says of each round it knows, in a Python that sees nothing of ours."""
    (folder / "day.json").write_text(json.dumps(day))
    command = [sys.executable, "-I", "-S", f"check{program}.py", "day.json"]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in said.splitlines())


async def test_the_command_line_verifies_a_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0 and the seed for what was played long ago; not a word of it for what is new."""
    path = tmp_path / "e.db"
    async with house(path, games(), start_ms=1_600_000_000_000) as h:
        await h.join("Bob")
        await told(h, "flip 10")
        seed = await _stored_seed(h, "2020-09-13")
    assert main(["verify-round", "1", "--database", str(path)]) == 0
    assert seed in capsys.readouterr().out
    assert main(["verify-round", "2", "--database", str(path)]) == 1
    async with house(tmp_path / "f.db", games(), start_ms=4_000_000_000_000) as h:
        await h.join("Bob")
        await told(h, "flip 10")
        seed = await _stored_seed(h, h.context.live.calendar.day(h.now_ms))
    capsys.readouterr()
    assert main(["verify-round", "1", "--database", str(tmp_path / "f.db")]) == 1
    assert seed not in "".join(capsys.readouterr())
