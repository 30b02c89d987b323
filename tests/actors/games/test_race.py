"""Races from the outside: a PM or a line of chat in, balances and messages out."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.tables.race import RaceTable
from kryten_economy.config import Settings
from kryten_economy.features.bans import Ban
from kryten_economy.features.games.race.frame import RaceView
from kryten_economy.features.games.tables import OpenRow
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


async def test_a_bet_before_the_table_has_read_the_race_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is told of the race may bet at once, in private and in the channel."""
    read = RaceTable.read_round

    async def read_late(self: RaceTable) -> OpenRow | None:
        await anyio.sleep(3.0)
        return await read(self)

    monkeypatch.setattr(RaceTable, "read_round", read_late)
    async with house(tmp_path / "e.db", POOL) as h:
        await rich(h, "Ann", "Bob", "Cy")
        await h.pm("Ann", "race")
        assert h.context.races[CHANNEL].value is None
        [answer] = await h.pm("Bob", "race 100 blue")
        assert "Balance: 900 Z" in answer
        await h.chat("Cy", "!race 50 red")
        assert held(h) == 150
        await anyio.sleep(3.0)
        assert {each.name: each.bet_z for each in view(h).bets} == {"Bob": 100, "Cy": 50}
        assert [line for line in h.lines() if "Cy" in line]
        await anyio.sleep(30 + DURATION_S)
        # The rake is a twentieth of the pool, rounded down.
        assert (h.balance("Bob"), h.balance("Cy")) == (1_043, 950)


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
