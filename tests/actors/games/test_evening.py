"""The demo's crowd plays with whoever begins a game, and floods nobody, on the virtual clock."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest
from tests.actors.conftest import VirtualLoop
from tests.actors.games.gathering import Gathering, gathering

from kryten_economy.features.games.rules import GAMES

SURE_WIN = "max_payout_factor: 2.1, success_chance: 1.0, push_chance: 0.0"


class Part(NamedTuple):
    """What one player has staked and got."""

    name: str
    stake_z: int
    payout_z: int


def state(robot: Gathering, game: str) -> str | None:
    """How the newest round of a game stands; None if there was none."""
    sql = "SELECT state FROM game_round WHERE game = ? ORDER BY id DESC LIMIT 1"
    rows = robot.house.report(lambda reports: list(reports.sql.rows(sql, game)))
    return rows[0][0] if rows else None


def parts(robot: Gathering, game: str) -> list[Part]:
    """Who takes part in the newest round of a game."""
    sql = """
        SELECT a.name, s.stake_z, coalesce(s.payout_z, 0)
        FROM game_stake AS s JOIN account AS a ON a.id = s.account_id
        WHERE s.round_id = (SELECT max(id) FROM game_round WHERE game = ?)
    """
    rows = robot.house.report(lambda reports: list(reports.sql.rows(sql, game)))
    return [Part._make(row) for row in rows]


async def settled(robot: Gathering, game: str, minutes: float = 3) -> list[Part]:
    """Wait until the round is over, and told; gives who has got what."""
    await robot.until(lambda: state(robot, game) == "settled", minutes)
    await anyio.sleep(30)
    return parts(robot, game)


def untold(robot: Gathering, names: Iterable[str], wanted: str) -> list[str]:
    """Who of them has not read this from the bot, though they have not left."""
    return [
        name
        for name in names
        if robot.room.find(name) and not any(wanted in text for text in robot.pms_to(name))
    ]


async def test_a_heist_of_yours_is_joined_and_pays(tmp_path: Path) -> None:
    """The crowd joins a heist somebody starts; its win is paid to each, and each is told."""
    adapt = lambda text: text.replace("max_payout_factor: 2.1", SURE_WIN)  # noqa: E731
    async with gathering(tmp_path, adapt=adapt) as robot:
        await anyio.sleep(5)
        await robot.pm("you", "heist 25")
        crew = await settled(robot, "heist")
        names = [part.name for part in crew]
        missed = untold(robot, names, f"+{crew[0].payout_z - 25} Z). Balance: ")
    assert len(crew) >= 3
    assert "you" in names
    assert {(part.stake_z, part.payout_z) for part in crew} == {(25, crew[0].payout_z)}
    assert crew[0].payout_z > 25
    assert missed == []


async def test_a_race_of_yours_is_bet_on(tmp_path: Path) -> None:
    """The crowd bets before a race and during it; the pool is shared, and each is told."""
    async with gathering(tmp_path) as robot:
        await anyio.sleep(5)
        await robot.pm("you", "race")
        bets = await settled(robot, "race")
        bettors = {part.name for part in bets}
        missed = untold(robot, bettors, "won the race")
        heard = list(robot.heard)
    lines = [at for at, each in enumerate(heard) if each.text.startswith("🏁") and not each.to]
    start = lines[1]
    late = {each.sender.lower() for each in heard[start:] if each.text.startswith("race 10 ")}
    assert len(bettors - late) >= 2
    assert bettors & late
    assert "you" not in bettors
    assert sum(part.payout_z for part in bets) <= sum(part.stake_z for part in bets)
    assert missed == []


async def test_a_question_of_yours_is_bet_on(tmp_path: Path) -> None:
    """The crowd bets on a prediction; when it is settled the pool goes to who was right."""
    async with gathering(tmp_path) as robot:
        await anyio.sleep(5)
        await robot.pm("you", 'predict open 1 "Does it rain tonight?" yes | no')
        await robot.until(lambda: any("Bets are closed" in line for _, line in robot.lines))
        await robot.pm("you", "predict settle 1")
        bets = await settled(robot, "prediction")
        missed = untold(robot, [part.name for part in bets], "It is 'yes'")
    assert len(bets) >= 2
    pool_z, paid_z = sum(part.stake_z for part in bets), sum(part.payout_z for part in bets)
    assert pool_z - len(bets) < paid_z <= pool_z
    assert missed == []


async def test_a_raffle_and_an_auction_of_yours_find_takers(tmp_path: Path) -> None:
    """The crowd buys tickets, and outbids each other; one wins, and the highest bid pays."""
    async with gathering(tmp_path) as robot:
        await anyio.sleep(5)
        await robot.pm("you", "raffle open 1 10")
        await robot.pm("you", 'auction open 1 40 "a poster"')
        tickets = await settled(robot, "raffle")
        bids = await settled(robot, "auction")
        lines = [line for _, line in robot.lines]
    assert len(tickets) >= 2
    assert max(part.payout_z for part in tickets) == sum(part.stake_z for part in tickets)
    assert max(part.stake_z for part in bids) >= 40
    assert any("Sold to " in line for line in lines)


async def test_your_question_and_challenge_are_answered(tmp_path: Path) -> None:
    """The crowd bets on trivia and answers; who is challenged decides before it runs out."""
    async with gathering(tmp_path) as robot:
        await anyio.sleep(5)
        await robot.pm("you", "trivia 20")
        await robot.pm("you", "challenge @lucky7 50")
        await robot.until(lambda: state(robot, "challenge") in {"settled", "cancelled"}, 1)
        await robot.until(lambda: any(line.startswith("❓") for _, line in robot.lines), 1)
        await robot.pm("you", "trivia A")
        players = await settled(robot, "trivia", 1)
        others = [part.name for part in players if part.name != "you"]
        missed = untold(robot, others, "Your answer: ")
    assert others
    assert missed == []


@pytest.mark.parametrize(
    "move",
    ["spin 5", "flip 5", "challenge @lucky7 5", "blackjack 5", "heist 5", "bid 5"],
)
async def test_a_refused_stake_says_the_limit_and_what_you_have(tmp_path: Path, move: str) -> None:
    """Whatever is played, and however: the least that is taken, and the player's balance."""
    async with gathering(tmp_path) as robot:
        await anyio.sleep(5)
        await robot.pm("you", 'auction open 5 40 "a poster"')
        await anyio.sleep(5)
        await robot.pm("you", move)
        await robot.until(lambda: "5 Z is too little" in "".join(robot.pms_to("you")), 0.5)
        [told] = [text for text in robot.pms_to("you") if "5 Z is too little" in text]
    assert re.search(r"the minimum is \d+ Z\. You have \d+ Z\.$", told)


async def test_bets_are_refused_with_what_you_have(tmp_path: Path) -> None:
    """The same in games that are on: race, trivia, prediction."""
    async with gathering(tmp_path) as robot:
        await anyio.sleep(5)
        await robot.pm("you", "race")
        await robot.pm("you", 'predict open 5 "Does it rain tonight?" yes | no')
        await anyio.sleep(3)
        await robot.pm("you", "race 5 red")
        await robot.pm("you", "predict 5 yes")
        await anyio.sleep(75)
        await robot.pm("lucky7", "trivia 20")
        await robot.until(lambda: "Trivia!" in "".join(line for _, line in robot.lines))
        await robot.pm("you", "trivia 5")
        await anyio.sleep(5)
        told = [text for text in robot.pms_to("you") if "5 Z is too little" in text]
    assert len(told) == 3
    assert all("You have " in text for text in told)


def most_in_a_minute(lines: list[tuple[float, str]]) -> int:
    """The most public lines of any 60 s."""
    return max(sum(begin <= at < begin + 60 for at, _ in lines) for begin, _ in lines)


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": VirtualLoop})], ids=["one"])
@pytest.mark.parametrize(("lines_max", "minutes", "speed"), [(10, 60, 3), (4, 15, 6)])
@pytest.mark.timeout(180)
async def test_a_busy_crowd_floods_nobody(
    tmp_path: Path, lines_max: int, minutes: int, speed: float
) -> None:
    """However much is played, no minute has more public lines than `announcements.max_per_minute`.

    In the hour all eleven games are played to their end.
    """
    adapt = lambda text: f"{text}announcements: {{max_per_minute: {lines_max}}}\n"  # noqa: E731
    async with gathering(tmp_path, speed=speed, adapt=adapt) as robot:
        await anyio.sleep(minutes * 60)
        sql = "SELECT DISTINCT game FROM game_round WHERE state = 'settled'"
        played = {game for (game,) in robot.house.report(lambda r: list(r.sql.rows(sql)))}
        lines = list(robot.lines)
    assert most_in_a_minute(lines) <= lines_max
    assert len(lines) > 2 * minutes
    if minutes == 60:
        assert played == set(GAMES)
