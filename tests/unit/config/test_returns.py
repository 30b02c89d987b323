"""What games return to the players (gambling.md, config.md 6 and 11)."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.config.samples import settings, warnings

from kryten_economy.config import enabled_multipliers_line, presence_hour_line, return_to_player
from kryten_economy.config.gambling import Heist
from kryten_economy.config.notices import GameReturn, heist_return

OLD_TABLE = "gambling: {spin: {payouts: [{symbols: a, multiplier: 1.15, probability: 1}]}}\n"


def test_defaults_are_exact(tmp_path: Path) -> None:
    """The default numbers are those of the documents, without binary rounding."""
    got = {entry.name: entry.rtp for entry in return_to_player(settings(tmp_path))}
    assert got == {
        "spin": Fraction("0.925"),
        "flip": Fraction("0.9"),
        "challenge": Fraction("0.95"),
        "heist (crew of 3)": Fraction("0.9425"),
        "heist (crew of 4)": Fraction("1.0425"),
        "heist (crew of 5)": Fraction("1.1425"),
        "heist (crew of 6)": Fraction("1.2425"),
        "heist (crew of 7)": Fraction("1.3425"),
        "heist (crew of 8)": Fraction("1.4425"),
        "race (pool)": Fraction("0.95"),
        "trivia": None,
        "blackjack": None,
    }


def test_words() -> None:
    """A return is told as a percentage, or as depending on play."""
    assert GameReturn("spin", "", Fraction("0.925")).percent == "92.5 %"
    assert GameReturn("trivia", "", None).percent == "depends on play"


def test_cap_keeps_every_crew_below_one() -> None:
    """max_payout_factor 2.1 keeps a heist of any size in favour of the house."""
    capped = Heist(max_payout_factor=2.1)
    assert [heist_return(capped, crew) for crew in (3, 4, 100)] == [
        Fraction("0.9425"),
        Fraction("0.9825"),
        Fraction("0.9825"),
    ]


def test_fixed_odds(tmp_path: Path) -> None:
    """Fixed odds return what the rake leaves, over what the chances of the profile make."""
    racer = "{{color: {}, emoji: e, win_chance: {}, speed_base: 1}}"
    profile = f"{{racers: [{racer.format('a', 0.5)}, {racer.format('b', 0.49)}]}}"
    got = settings(
        tmp_path, f"gambling: {{race: {{odds_mode: fixed, odds_profiles: [{profile}]}}}}\n"
    )
    race = [entry for entry in return_to_player(got) if entry.game == "race"]
    assert [(entry.variant, entry.rtp) for entry in race] == [
        ("fixed, profile 1", Fraction(95, 99))
    ]


@pytest.mark.parametrize(
    ("more", "start"),
    [
        (OLD_TABLE, "THE PLAYERS WIN AGAINST THE HOUSE: spin returns 115 % of every stake"),
        (OLD_TABLE.replace("1.15", "1"), "THE HOUSE HAS NO EDGE: spin returns 100 %"),
        ("gambling: {flip: {win_chance: 0.5}}", "THE HOUSE HAS NO EDGE: flip returns 100 %"),
        ("gambling: {flip: {win_chance: 0.6}}", "THE PLAYERS WIN AGAINST THE HOUSE: flip returns"),
        (
            "gambling: {heist: {enabled: true}}",
            "THE PLAYERS WIN AGAINST THE HOUSE: heist from a crew of 4 on returns 104.25 %",
        ),
        (
            "gambling: {heist: {enabled: true, min_participants: 10}}",
            "THE PLAYERS WIN AGAINST THE HOUSE: heist from a crew of 10 on returns 164.25 %",
        ),
        (
            "gambling: {race: {odds_mode: fixed, house_rake_pct: 0}}",
            "THE HOUSE HAS NO EDGE: race (fixed, profile 1) returns 100 %",
        ),
    ],
)
def test_games_without_an_edge_warn_loudly(tmp_path: Path, more: str, start: str) -> None:
    """A game in play that returns 100 % or more is warned about at load (P-GAM-1)."""
    assert warnings(tmp_path, more)[0].startswith(start)


@pytest.mark.parametrize(
    "more",
    [
        "",
        "gambling: {heist: {enabled: true, max_payout_factor: 2.1}}",
        "gambling: {flip: {win_chance: 0.9, enabled: false}}",
        "gambling: {flip: {win_chance: 0.9}, enabled: false}",
        "gambling: {race: {house_rake_pct: 0}, challenge: {rake_percent: 0}}",
    ],
)
def test_no_false_alarm(tmp_path: Path, more: str) -> None:
    """Games with an edge, games switched off and games among players are not warned about."""
    assert warnings(tmp_path, more) == []


@given(
    st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 400),
    st.integers(1, 20),
)  # fmt: skip
def test_heist_is_exact(success: int, push: int, fee: int, factor: int, crew: int) -> None:
    """The return of a heist equals the rule worked out in whole hundredths."""
    push = min(push, 100 - success)
    heist = Heist(
        success_chance=success / 100,
        push_chance=push / 100,
        push_fee_pct=fee / 100,
        payout_multiplier=factor / 100,
        crew_bonus_per_player=0.25,
    )
    expected = success * (factor + 25 * (crew - 1)) + push * (100 - fee)
    assert heist_return(heist, crew) == Fraction(expected, 10_000)


def test_enabled_multipliers(tmp_path: Path) -> None:
    """The line at start lists what multiplies earning, and says so if nothing does."""
    assert enabled_multipliers_line(settings(tmp_path, "multipliers: {}\n")) == (
        "enabled multipliers: off-peak x2, 10 or more users x1.5, Christmas x3, Halloween x2"
    )
    event = "{name: Movie night, cron: '0 20 * * 5', duration_hours: 4, multiplier: 2.5}"
    off = (
        "off_peak: {enabled: false}, high_population: {enabled: false}, holidays: {enabled: false}"
    )
    some = settings(tmp_path, f"multipliers: {{{off}, scheduled_events: [{event}]}}\n")
    assert enabled_multipliers_line(some) == "enabled multipliers: Movie night x2.5"
    for more in (f"multipliers: {{{off}}}\n", "", "multipliers:\n"):
        none = settings(tmp_path, more)
        assert enabled_multipliers_line(none) == "enabled multipliers: none"
        assert presence_hour_line(none) is None


def test_an_hour_with_multipliers(tmp_path: Path) -> None:
    """Who keeps the section is told what an hour paid before and what it pays now."""
    more = "presence: {base_rate_per_minute: 2}\nmultipliers: {holidays: {enabled: false}}\n"
    line = presence_hour_line(settings(tmp_path, more))
    assert line is not None
    assert line.startswith("an hour of presence pays 120 Z without multipliers")
    assert line.endswith("now 240 Z (off-peak), 180 Z (10 or more users)")
