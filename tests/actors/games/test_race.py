"""Races from the outside: a PM or a line of chat in, balances and messages out."""

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import api
from tests.actors.house import CHANNEL, START_MS, House, house, settings_with

from economy_actors.messages.llm import Compose, NoText, Text
from economy_actors.messages.tables import News
from economy_actors.outbox.message import Line, Pm
from economy_actors.runtime import Actor
from kryten_economy.config import Settings
from kryten_economy.features.bans import Ban
from kryten_economy.features.games.race.frame import RaceView
from kryten_economy.features.money.operations import SetBalance
from kryten_economy.users import UserKey

DURATION_S = 32.1
BANK_Z = 1_000
DAY = "2026-11-20"


def with_race(**race: Any) -> Settings:
    gambling: dict[str, Any] = {"min_account_age_minutes": 0, "race": race}
    return settings_with(gambling=gambling, onboarding={"welcome_wallet": 0})


SURE = [
    {
        "racers": [
            {"color": "Blue", "emoji": "🔵", "win_chance": 0.999999, "speed_base": 1},
            {"color": "Red", "emoji": "🔴", "win_chance": 0.000001, "speed_base": 1},
        ]
    }
]
"""Blue wins."""

POOL = with_race(odds_profiles=SURE, live_betting={"enabled": False})
LIVE = with_race(odds_profiles=SURE)
FIXED = with_race(odds_profiles=SURE, odds_mode="fixed")


async def rich(h: House, *names: str) -> None:
    for name in names:
        await h.join(name)
        await h.commit(
            SetBalance(
                f"gift-{name}", UserKey.of(CHANNEL, name), BANK_Z, "Gift", "Boss", h.now_ms, DAY
            )
        )


def view(h: House) -> RaceView:
    shown = h.context.races[CHANNEL].value
    assert shown is not None
    return shown


def held(h: House) -> int:
    found: int = h.report(
        lambda r: r.sql.only("SELECT coalesce(sum(amount_z), 0) FROM hold WHERE state = 'open'")
    )[0]
    return found


# The start


async def test_a_start_opens_bets_in_two_lines(tmp_path: Path) -> None:
    """Closing time, every racer with odds; how to bet and the minimum (7.2)."""
    async with house(tmp_path / "e.db", with_race()) as h:
        await rich(h, "Ann")
        [answer] = await h.pm("Ann", "race")
        first, second = h.lines()
        assert "20 s" in first
        assert first.count("x") >= 8
        assert "10 Z" in second
        assert "!race <amount> <colour>" in second
        assert "20 s" in answer
        assert not first.startswith("Ann")


@pytest.mark.parametrize(
    ("gambling", "word"),
    [
        ({"enabled": False}, "switched off"),
        ({"race": {"enabled": False}}, "switched off"),
        ({"min_account_age_minutes": 60}, "60 minutes"),
    ],
)
async def test_a_start_passes_the_checks_of_a_bet(
    tmp_path: Path, gambling: dict[str, Any], word: str
) -> None:
    """Switches and age refuse it, and nothing is opened (P-GAM-28)."""
    async with house(tmp_path / "e.db", settings_with(gambling=gambling)) as h:
        await h.join("Ann")
        [answer] = await h.pm("Ann", "race")
        assert word in answer
        assert h.lines() == []
        assert h.context.races[CHANNEL].value is None


async def test_the_banned_start_nothing(tmp_path: Path) -> None:
    """Whoever may not play opens no race."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.commit(Ban(UserKey.of(CHANNEL, "Ann"), "Ann", "Boss", "", h.now_ms))
        [answer] = await h.pm("Ann", "race")
        assert "suspended" in answer
        assert h.lines() == []


async def test_one_race_at_a_time_and_a_pause_after_it(tmp_path: Path) -> None:
    """The slot is named while taken, and rests after the last line."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        [answer] = await h.pm("Ann", "race")
        assert "Race is on" in answer
        await anyio.sleep(21)
        [answer] = await h.pm("Ann", "race")
        assert "cooling down" in answer
        await anyio.sleep(60)
        [answer] = await h.pm("Ann", "race")
        assert "Bets are open" in answer


# Bets


async def test_a_bet_by_pm_is_held_and_shown_with_the_balance(tmp_path: Path) -> None:
    """The reply names stake, colour, pool and new balance; nothing is said in the channel."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        lines = len(h.lines())
        [answer] = await h.pm("Ann", "race 100 blue")
        assert "100 Z" in answer
        assert "Blue" in answer
        assert "Balance: 900 Z" in answer
        assert (h.balance("Ann"), held(h)) == (900, 100)
        assert len(h.lines()) == lines


async def test_a_bet_in_the_channel_is_confirmed_there(tmp_path: Path) -> None:
    """Colour in any casing or as emoji; the line does not begin with the name."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        before = len(h.pms("Ann")), len(h.pms("Bob"))
        await h.chat("Ann", "!race 100 BLUE")
        await h.chat("Bob", "!race 50 🔴")
        first, second = h.lines()[2:]
        assert "Ann bets 100 Z on 🔵 Blue" in first
        assert "Bob bets 50 Z on 🔴 Red" in second
        assert not first.startswith("Ann")
        assert (h.balance("Ann"), h.balance("Bob")) == (900, 950)
        assert (len(h.pms("Ann")), len(h.pms("Bob"))) == before


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("race 5 blue", "minimum"),
        ("race 0.5% blue", "minimum"),
        ("race 101% blue", "not an amount"),
        ("race 6000 blue", "maximum"),
        ("race 4000 blue", "short"),
        ("race 100 mauve", "🔵 Blue, 🔴 Red"),
        ("race 100", "race [<amount> <colour>"),
        ("race 1.5 blue", "whole"),
        ("race blue 100", "not an amount"),
        ("race -5 blue", "sign"),
    ],
)
async def test_a_bet_that_can_not_be_made_is_refused_by_pm(
    tmp_path: Path, typed: str, word: str
) -> None:
    """What is allowed is said in private, also to a line of chat (P-GAM-26); nothing moves."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        lines = len(h.lines())
        [answer] = await h.pm("Ann", typed)
        assert word in answer
        await h.chat("Ann", f"!{typed}")
        assert word in h.pms("Ann")[-1]
        assert len(h.lines()) == lines
        assert (h.balance("Ann"), held(h)) == (BANK_Z, 0)


async def test_amounts_are_taken_as_people_type_them(tmp_path: Path) -> None:
    """A share of the own balance too."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race half blue")
        await h.chat("Bob", "!race all red")
        assert (h.balance("Ann"), h.balance("Bob"), held(h)) == (500, 0, 1500)


async def test_one_bet_per_user_and_race(tmp_path: Path) -> None:
    """The second one is refused, on whatever colour."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        [answer] = await h.pm("Ann", "race 50 red")
        assert "You are in already" in answer
        assert h.balance("Ann") == 900


async def test_sixty_four_bets_at_once_act_once(tmp_path: Path) -> None:
    """Whatever a user sends in a moment, one stake is held and one line said."""
    settings = settings_with(
        gambling={"min_account_age_minutes": 0, "race": {"odds_profiles": SURE}},
        commands={"rate_limit_per_minute": 100},
        onboarding={"welcome_wallet": 0},
    )
    async with house(tmp_path / "e.db", settings) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        from economy_actors.messages.channel import Said

        for number in range(64):
            h.channel.tell(Said("Ann", "!race 10 blue", h.now_ms), trace=f"bet-{number}")
        await h.settle()
        await h.settle()
        assert (h.balance("Ann"), held(h)) == (990, 10)
        assert sum("Ann bets" in line for line in h.lines()) == 1


async def test_without_a_race_there_is_nothing_to_bet_on(tmp_path: Path) -> None:
    """A bet by PM is told so; what is said in the channel is a line like others."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        [answer] = await h.pm("Ann", "race 100 blue")
        assert "no race" in answer
        told = len(h.pms("Ann"))
        for line in ("!race", "!race blue", "!race what is this", "!race 10 blue"):
            await h.chat("Ann", line)
        assert len(h.pms("Ann")) == told
        assert h.lines() == []


# The run


async def test_the_winner_takes_the_pool_less_the_rake(tmp_path: Path) -> None:
    """Paid at the finish, told a second later: headline, one summary, everybody's own net."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob", "Cy")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 300 red")
        await h.chat("Cy", "!race 100 blue")
        await anyio.sleep(21)
        assert len(h.lines()) == 4
        await anyio.sleep(DURATION_S - 1.5)
        assert h.balance("Ann") == 900
        await anyio.sleep(1)
        assert (h.balance("Ann"), h.balance("Bob"), h.balance("Cy")) == (1137, 700, 1137)
        assert len(h.lines()) == 4
        await anyio.sleep(1.2)
        headline, summary = h.lines()[4:]
        assert "Blue" in headline
        assert summary == "💰 Ann +137 Z, Cy +137 Z. Pool: 500 Z of 3 bettors."
        assert "net +137 Z" in h.pms("Ann")[-1]
        assert "Balance: 1,137 Z" in h.pms("Ann")[-1]
        assert "net -300 Z" in h.pms("Bob")[-1]
        wallet = h.wallet("Ann")
        assert wallet is not None
        # What other players have paid is no earning.
        assert wallet.lifetime_earned_z == 0
        assert (wallet.lifetime_gambled_in_z, wallet.lifetime_gambled_out_z) == (100, 237)
        [answer] = await h.pm("Ann", "race stats")
        assert answer.endswith("1 bet, 100 Z wagered, 237 Z won, biggest payout 237 Z.")
        assert held(h) == 0


async def test_a_bet_behind_the_finish_is_too_late(tmp_path: Path) -> None:
    """While the finish is shown a bet in the channel is for that race, and told so by PM."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await anyio.sleep(20 + DURATION_S + 2)
        await h.chat("Bob", "!race 10 blue")
        assert "no race" in h.pms("Bob")[-1]
        await anyio.sleep(20)
        told = len(h.pms("Bob"))
        await h.chat("Bob", "!race 10 blue")
        assert len(h.pms("Bob")) == told
        assert h.balance("Bob") == 1_000


async def test_nobody_on_the_winner_leaves_the_pool_to_the_house(tmp_path: Path) -> None:
    """The summary says so."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 red")
        await anyio.sleep(20 + DURATION_S + 2)
        assert h.lines()[-1] == "💸 Nobody backed the winner: the house keeps 100 Z of 1 bettor."
        assert h.balance("Ann") == 900


async def test_all_on_the_winner_get_their_stakes_back(tmp_path: Path) -> None:
    """The rake is capped by what others have lost (P-GAM-15)."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 55 blue")
        await anyio.sleep(20 + DURATION_S + 2)
        assert (h.balance("Ann"), h.balance("Bob")) == (BANK_Z, BANK_Z)


async def test_fixed_odds_pay_what_was_shown(tmp_path: Path) -> None:
    """Less the rake, by the house, and no bet is taken during the race (P-GAM-14)."""
    racer = {"emoji": "🏁", "win_chance": 0.5, "speed_base": 1}
    profile = [{"racers": [{"color": "A", **racer}, {"color": "B", **racer}]}]
    async with house(tmp_path / "e.db", with_race(odds_mode="fixed", odds_profiles=profile)) as h:
        await rich(h, "Ann", "Bob", "Cy")
        await h.pm("Ann", "race")
        [answer] = await h.pm("Ann", "race 100 a")
        assert "at 2.0x" in answer
        await h.pm("Bob", "race 100 b")
        await anyio.sleep(21)
        [answer] = await h.pm("Cy", "race 100 a")
        assert "at fixed odds" in answer
        await anyio.sleep(DURATION_S + 2)
        assert sorted((h.balance("Ann"), h.balance("Bob"))) == [900, 1090]
        winner = max(("Ann", "Bob"), key=h.balance)
        wallet = h.wallet(winner)
        assert wallet is not None
        assert wallet.lifetime_earned_z == 90
        assert h.balance("Cy") == BANK_Z


async def test_bets_during_the_race_until_the_leader_has_come_far(tmp_path: Path) -> None:
    """In the pool, before the cutoff; afterwards they are refused."""
    async with house(tmp_path / "e.db", LIVE) as h:
        await rich(h, "Ann", "Bob", "Cy")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 red")
        await anyio.sleep(21)
        [answer] = await h.pm("Bob", "race 100 blue")
        assert "Balance: 900 Z" in answer
        assert view(h).run is not None
        await anyio.sleep(DURATION_S * 0.9)
        [answer] = await h.pm("Cy", "race 100 blue")
        assert "closed" in answer
        await anyio.sleep(DURATION_S)
        assert (h.balance("Bob"), h.balance("Cy")) == (1090, BANK_Z)


async def test_without_bets_there_is_no_race(tmp_path: Path) -> None:
    """It is called off and said so; the stage rests all the same."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await anyio.sleep(21)
        assert "Nobody has bet" in h.lines()[-1]
        assert h.context.races[CHANNEL].value is None
        [answer] = await h.pm("Ann", "race odds")
        assert "no race" in answer


async def test_odds_in_both_phases(tmp_path: Path) -> None:
    """Odds and shares of the pool before the race, places during it (P-TXT-10)."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 300 red")
        [answer] = await h.pm("Ann", "race odds")
        assert "25.0% of the pool" in answer
        assert "1.0x" in answer
        await anyio.sleep(25)
        [answer] = await h.pm("Ann", "race live")
        assert "The race is on. Bets are closed." in answer
        assert "1. " in answer
        assert "%" in answer


async def test_disabling_races_lets_the_one_under_way_finish(tmp_path: Path) -> None:
    """G12: it keeps its terms and pays by them; no other one begins."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 100 red")
        h.context.live.swap(with_race(enabled=False, house_rake_pct=1.0, odds_mode="fixed"))
        await anyio.sleep(20 + DURATION_S + 2)
        assert (h.balance("Ann"), h.balance("Bob")) == (1090, 900)
        await anyio.sleep(70)
        [answer] = await h.pm("Ann", "race")
        assert "switched off" in answer


async def test_races_are_counted(tmp_path: Path) -> None:
    """Each bettor's settled race, with what it has won or lost."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 100 red")
        await anyio.sleep(20 + DURATION_S + 2)
        counted = "SELECT rounds, won, lost, staked_z, paid_z, biggest_win_z, biggest_loss_z"
        rows = h.report(
            lambda r: list(r.sql.rows(f"{counted} FROM game_stats WHERE game = 'race'"))
        )
        assert sorted(map(tuple, rows)) == [(1, 0, 1, 100, 0, 0, 100), (1, 1, 0, 100, 190, 90, 0)]


async def test_a_stop_behind_the_payment_tells_of_it(tmp_path: Path) -> None:
    """Whoever was paid hears of it, also where the service stops before the headline."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 red")
        await anyio.sleep(20 + DURATION_S + 0.4)
        assert view(h).phase == "finished"
        assert "net -100 Z" not in h.pms("Ann")[-1]
    assert "net -100 Z" in h.pms("Ann")[-1]


async def test_a_race_says_little(tmp_path: Path) -> None:
    """Opening, start, headline and summary, and nothing at a tick (P-GAM-12)."""
    async with house(tmp_path / "e.db", LIVE) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await anyio.sleep(20 + DURATION_S + 5)
        assert len(h.lines()) == 5
        assert all(len(line) <= 240 for line in h.lines())


async def test_quiet_channels_play_by_pm(tmp_path: Path) -> None:
    """With public telling off nothing is said, and bets from the channel are answered by PM."""
    settings = with_race(odds_profiles=SURE, announce_public=False)
    async with house(tmp_path / "e.db", settings) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await h.chat("Ann", "!race 100 blue")
        assert "Balance: 900 Z" in h.pms("Ann")[-1]
        await anyio.sleep(20 + DURATION_S + 2)
        assert "Blue won the race" in h.pms("Ann")[-1]
        assert h.pms("Ann")[-1].endswith("(Round 1)")
        assert h.lines() == []


async def test_own_lines_are_told(tmp_path: Path) -> None:
    """A line of the configuration that forgets the colour gives way to a plain one."""
    own = {"custom_finish_lines": ["{name} it was"] * 100, "custom_start_lines": ["Go"] * 1000}
    settings = with_race(odds_profiles=SURE, commentary=own, racer_names={"enabled": False})
    async with house(tmp_path / "e.db", settings) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await anyio.sleep(20 + DURATION_S + 2)
        start, headline = h.lines()[2:4]
        assert start == "🏁 Go"
        assert "Blue" in headline


# People


async def test_leaving_cancels_no_bet(tmp_path: Path) -> None:
    """G11: who is gone is paid and told all the same."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 100 red")
        await h.leave("Ann")
        await anyio.sleep(20 + DURATION_S + 2)
        assert h.balance("Ann") == 1090
        assert "net +90 Z" in h.pms("Ann")[-1]


async def test_a_banned_bettor_gets_the_stake_back(tmp_path: Path) -> None:
    """While nothing is drawn; the picture forgets the bet."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.join("Boss", rank=5)
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 100 red")
        await h.pm("Boss", "ban Ann")
        assert h.balance("Ann") == BANK_Z
        assert [each.name for each in view(h).bets] == ["Bob"]


# Restarts


async def test_a_stop_while_bets_are_open_gives_them_back(tmp_path: Path) -> None:
    """A clean stop calls the race off, whether the starter waits or not (G7)."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
    async with house(tmp_path / "e.db", POOL, start_ms=START_MS + 60_000) as h:
        await h.settle()
        assert (h.balance("Ann"), held(h)) == (BANK_Z, 0)


async def test_a_stop_during_the_race_pays_what_was_drawn(tmp_path: Path) -> None:
    """The winner is known to the books: nobody gets another race."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 100 red")
        await anyio.sleep(25)
        assert held(h) == 200
    async with house(tmp_path / "e.db", POOL, start_ms=START_MS + 60_000) as h:
        await h.settle()
        assert (h.balance("Ann"), h.balance("Bob"), held(h)) == (1090, 900, 0)


def killed(h: House, tmp_path: Path) -> Path:
    """The books as a killed process leaves them."""
    left = tmp_path / "left"
    left.mkdir()
    for file in h.path.parent.glob(f"{h.path.name}*"):
        shutil.copy(file, left / file.name)
    return left / h.path.name


async def test_a_kill_while_bets_are_open_gives_them_back(tmp_path: Path) -> None:
    """Nothing was drawn: the stakes return at the next start, and their owners are told."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        path = killed(h, tmp_path)
    async with house(path, POOL, start_ms=START_MS + 60_000) as h:
        await h.settle()
        assert (h.balance("Ann"), held(h)) == (BANK_Z, 0)
        assert "called off" in h.pms("Ann")[-1]
        await h.join("Ann")
        [answer] = await h.pm("Ann", "race")
        assert "Bets are open" in answer


async def test_a_kill_during_the_race_pays_what_was_drawn(tmp_path: Path) -> None:
    """Also a bet that was made while it ran; everybody is told after the next start."""
    async with house(tmp_path / "e.db", LIVE) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 red")
        await anyio.sleep(21)
        await h.pm("Bob", "race 100 blue")
        path = killed(h, tmp_path)
    async with house(path, LIVE, start_ms=START_MS + 60_000) as h:
        await h.settle()
        assert (h.balance("Ann"), h.balance("Bob"), held(h)) == (900, 1090, 0)
        assert "got 190 Z" in h.pms("Bob")[-1]


async def test_a_table_that_fails_while_bets_are_open_goes_on(tmp_path: Path) -> None:
    """The bets are in the books, and the race begins when it was to begin."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await anyio.sleep(10)
        h.context.floors[CHANNEL].tell(News(view(h).number, "what nobody understands"))
        await anyio.sleep(1)
        await h.pm("Bob", "race 100 red")
        assert [each.name for each in view(h).bets] == ["Ann", "Bob"]
        assert view(h).closes_in_s(h.context.clock.steady_ms()) in {8, 9}
        await anyio.sleep(10 + DURATION_S + 2)
        assert (h.balance("Ann"), h.balance("Bob")) == (1090, 900)
        assert len(h.lines()) == 5


async def test_a_table_that_fails_during_the_race_pays_at_once(tmp_path: Path) -> None:
    """The books know the winner; the picture ends, with the same winner, and all is told."""
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 100 red")
        await anyio.sleep(25)
        h.context.floors[CHANNEL].tell(News(view(h).number, "what nobody understands"))
        await anyio.sleep(3)
        assert (h.balance("Ann"), h.balance("Bob")) == (1090, 900)
        assert view(h).phase == "finished"
        assert "Blue" in h.lines()[-2]
        assert "net +90 Z" in h.pms("Ann")[-1]


async def test_a_race_that_lasts_too_long_is_settled(tmp_path: Path) -> None:
    """After the longest time of a spectacle the stage is free, and nobody's stake stays held."""
    gambling = {
        "min_account_age_minutes": 0,
        "spectacle_max_duration_seconds": 30,
        "race": {"odds_profiles": SURE, "target_duration_seconds": 3000},
    }
    async with house(tmp_path / "e.db", settings_with(gambling=gambling)) as h:
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await h.pm("Bob", "race 100 red")
        await anyio.sleep(40)
        assert (h.balance("Ann"), h.balance("Bob"), held(h)) == (1090, 900, 0)
        assert h.context.races[CHANNEL].value is None


# Commentary by a text model

WRITTEN = {
    "start": "Vroom says {Emoji}{unknown}",
    "lead_change": "{horse} leads with {driver}",
    "finish": "Hats off to {WINNER}",
}


class Writer(Actor[Compose]):
    """Answers every question after so many seconds, with what it is told."""

    def __init__(self, text: Text, after_s: float, asked: list[Compose]) -> None:
        self.text = text
        self.after_s = after_s
        self.asked = asked

    async def receive(self, message: Compose) -> None:
        self.asked.append(message)
        await anyio.sleep(self.after_s)
        message.to.offer(message.make(self.text))


def written(mode: str = "hybrid") -> Settings:
    return with_race(odds_profiles=SURE, commentary={"mode": mode}, live_betting={"enabled": False})


async def _two_races(h: House) -> list[list[str]]:
    """What was said at each of two races with a bet on Blue: start and headline."""
    await rich(h, "Ann")
    told = []
    for _ in range(2):
        before = len(h.lines())
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await anyio.sleep(20 + DURATION_S + 5)
        told.append(h.lines()[before + 2 : before + 4])
        await anyio.sleep(70)
    return told


async def test_a_model_writes_the_commentary(tmp_path: Path) -> None:
    """In time: start and headline are its own, with whatever placeholders it uses (P-TXT-1)."""
    asked: list[Compose] = []
    llm = partial(Writer, WRITTEN, 3.0, asked)
    async with house(tmp_path / "e.db", written(), llm=llm) as h:
        for start, headline in await _two_races(h):
            assert start.startswith("🏁 Vroom says ")
            assert "{" not in start
            assert headline == "🏁 Hats off to Blue"
    assert len(asked) == 2
    assert all("Ann" not in each.prompt for each in asked)


@pytest.mark.parametrize("text", [WRITTEN, NoText("no answer in time")])
async def test_without_a_text_in_time_there_are_built_in_lines(tmp_path: Path, text: Text) -> None:
    """A race waits for no model, and a text that is late is not told at the next race (P-TXT-4)."""
    llm = partial(Writer, text, 25.0, [])
    async with house(tmp_path / "e.db", written("llm"), llm=llm) as h:
        for start, headline in await _two_races(h):
            assert "Vroom" not in start
            assert "Blue" in headline
            assert "Hats" not in headline


async def test_a_model_that_forgets_the_winner_is_corrected(tmp_path: Path) -> None:
    """The headline names the colour, whoever has written it (P-TXT-3)."""
    text = {**WRITTEN, "finish": "What a race that was"}
    async with house(tmp_path / "e.db", written(), llm=partial(Writer, text, 1.0, [])) as h:
        [(_, headline), _] = await _two_races(h)
        assert headline == "🏁 🔵 Blue wins the race!"


async def test_no_model_is_asked_where_none_is_wanted(tmp_path: Path) -> None:
    """Static commentary needs nobody."""
    asked: list[Compose] = []
    async with house(tmp_path / "e.db", POOL, llm=partial(Writer, WRITTEN, 1.0, asked)) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await anyio.sleep(21)
    assert asked == []


# The web


async def _state(it: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await it.data("race.state")
    return answer


async def test_the_race_page_is_told_all_it_reads(tmp_path: Path) -> None:
    """Every field of every phase in its type, as the page of the web queue reads it."""
    async with api(tmp_path, LIVE) as it:
        h = it.house
        assert await _state(it) == {"active": False, "frame": None}
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        frame = _checked(await _state(it), "betting")
        assert frame["betting_closes_in"] in {19, 20}
        assert frame["bets_by_color"] == {"Blue": {"amount": 100, "bettors": 1}}
        assert (frame["pool"], frame["bettor_count"], frame["min_bet"]) == (100, 1, 10)
        assert (frame["symbol"], frame["channel"]) == ("Z", CHANNEL)
        race_id = frame["race_id"]
        await anyio.sleep(22)
        await h.pm("Bob", "race 60 red")
        frame = _checked(await _state(it), "racing")
        assert frame["betting_closes_in"] == 0
        assert (frame["pool"], frame["race_id"]) == (160, race_id)
        assert frame["leader"] in {"Blue", "Red"}
        assert {each["position"] for each in frame["racers"]} == {1, 2}
        assert "timeline" not in frame
        await anyio.sleep(DURATION_S * 0.9 - 2)
        frame = _checked(await _state(it), "racing")
        _check_timeline(frame)
        await anyio.sleep(DURATION_S * 0.1 + 2)
        frame = _checked(await _state(it), "finished")
        assert "timeline" not in frame
        assert frame["winner"]["color"] == "Blue"
        assert isinstance(frame["winner"]["name"], str)
        assert frame["payouts"] == [{"username": "Ann", "net": 52}]
        assert [each["pct"] == 100 for each in frame["racers"]] == [True, False]
        await anyio.sleep(16)
        assert (await _state(it))["active"] is True
        await anyio.sleep(4)
        assert await _state(it) == {"active": False, "frame": None}


def _checked(data: dict[str, Any], phase: str) -> dict[str, Any]:
    assert data["active"] is True
    frame: dict[str, Any] = data["frame"]
    assert frame["phase"] == phase
    assert len(frame["race_id"]) == 12
    for name in ("pool", "bettor_count", "min_bet", "betting_closes_in", "tick"):
        assert type(frame[name]) is int, name
    for racer in frame["racers"]:
        assert racer["color"] in {"Blue", "Red"}
        assert all(type(racer[each]) is str for each in ("name", "odds", "emoji", "trait"))
        assert 0 <= racer["pct"] <= 100
        assert 0 <= racer["progress"] <= frame["finish_distance"]
    for on in frame["bets_by_color"].values():
        assert type(on["amount"]) is int
    if phase != "finished":
        assert frame["winner"] is None
        assert frame["payouts"] == []
    return frame


def _check_timeline(frame: dict[str, Any]) -> None:
    run = frame["timeline"]
    assert run["duration"] == pytest.approx(run["frame_dt"] * (len(run["frames"]) - 1))
    assert {len(row) for row in run["frames"]} == {len(frame["racers"])}
    assert run["frames"][0] == [0, 0]
    assert 0 < run["elapsed"] < run["duration"]
    assert [line["t"] for line in run["commentary"]] == sorted(
        line["t"] for line in run["commentary"]
    )
    assert "Blue" in run["commentary"][-1]["text"]


async def test_nothing_tells_the_future_while_bets_are_open(tmp_path: Path) -> None:
    """No timeline and no winner anywhere as long as a bet is taken (P-GAM-13).

    From the cutoff on it is complete, and it never changes.
    """
    async with api(tmp_path, LIVE) as it:
        h = it.house
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 red")
        seen: set[str] = set()
        for _ in range(70):
            taken_before = view(h).takes_bets(h.context.clock.steady_ms())
            frame = (await _state(it))["frame"]
            if frame["phase"] == "finished":
                break
            takes = view(h).takes_bets(h.context.clock.steady_ms())
            # In between the cutoff may have come.
            assert takes is not taken_before or ("timeline" in frame) is not takes
            if "timeline" not in frame:
                assert max(each["pct"] for each in frame["racers"]) < 75
            else:
                seen.add(json.dumps({**frame["timeline"], "elapsed": 0}))
            await anyio.sleep(1)
        assert len(seen) == 1
        heard = [each.text for each in h.heard if isinstance(each, Line | Pm)]
        assert not any(word in text for text in heard for word in ("wins", "won", "Victory"))


async def test_without_late_bets_the_picture_is_there_at_once(tmp_path: Path) -> None:
    """From the start of the race on."""
    async with api(tmp_path, POOL) as it:
        await rich(it.house, "Ann")
        await it.house.pm("Ann", "race")
        await it.house.pm("Ann", "race 100 red")
        await anyio.sleep(20.1)
        _checked(await _state(it), "racing")
        assert "timeline" in (await _state(it))["frame"]


async def test_setting_the_clock_opens_no_bets_again(tmp_path: Path) -> None:
    """Durations are the steady clock's: what was shown once stays shown."""
    async with api(tmp_path, LIVE) as it:
        h = it.house
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 red")
        await anyio.sleep(20 + DURATION_S * 0.9)
        assert "timeline" in (await _state(it))["frame"]
        h.context.clock.set_by(-60_000)  # type: ignore[attr-defined]
        assert "timeline" in (await _state(it))["frame"]
        [answer] = await h.pm("Bob", "race 100 blue")
        assert "closed" in answer
