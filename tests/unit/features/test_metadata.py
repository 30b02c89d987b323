"""What a ledger row says of how its amount came about (`storage.md` 2.1)."""

import json
from fractions import Fraction
from typing import Any

from tests.actors.house import settings_with

from kryten_economy.features.events.rules import PLAIN, Factor, metadata, with_carry
from kryten_economy.features.history.rules import public_metadata
from kryten_economy.features.presence.minutes import minute_rate, minute_worth, whole_part


def _read(text: str | None) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(text or "{}")
    return read


def test_a_plain_minute_says_nothing() -> None:
    """Where the amount is the base, the row needs no words; most rows are such."""
    assert minute_worth(minute_rate(settings_with(), 10), 1, 0).metadata is None


def test_several_minutes_and_the_active_bonus_are_told() -> None:
    """Minutes after a stall and the bonus for being active can't be told apart otherwise."""
    rate = minute_rate(settings_with(presence={"active_bonus_per_minute": 2}), 10)
    assert _read(minute_worth(rate, 3, 2).metadata) == {
        "base": 7,
        "multiplier": 1.0,
        "sources": [],
        "minutes": 3,
        "active_bonus": 4,
    }


def test_the_older_night_watch_is_told_as_an_addition() -> None:
    """Its coins per minute are no factor."""
    watch = {"enabled": True, "hours": [10], "multiplier": 1, "bonus_per_minute": 2}
    rate = minute_rate(settings_with(presence={"night_watch": watch}), 10)
    assert _read(minute_worth(rate, 1, 0).metadata)["night_bonus"] == 2


def test_a_hidden_factor_is_kept_as_hidden() -> None:
    """Whoever reads the row later must know what not to tell (P-EARN-15)."""
    combined = PLAIN.also(Factor("population", Fraction(3, 2), "crowd bonus", hidden=True))
    assert _read(metadata(1, combined))["sources"] == [
        {"source": "population", "mult": 1.5, "hidden": True}
    ]


def test_carried_parts_are_told_where_they_change() -> None:
    """1.5 per minute: the second minute takes up the half that the first one left."""
    combined, held, told = PLAIN.also(Factor("x", Fraction(3, 2), "")), 0.0, []
    for _ in range(2):
        before = held
        _, held = whole_part(held, 1.5)
        told.append(_read(with_carry(metadata(1, combined), 1, before, held)))
    assert [(each["carried_in"], each["carried"]) for each in told] == [(0, 0.5), (0.5, 0)]
    assert all(each["multiplier"] == 1.5 for each in told)


def test_a_half_coin_is_told_without_any_multiplier() -> None:
    """Two comments of half a coin make one, and the row says so."""
    assert _read(with_carry(None, 0.5, 0.5, 0.0)) == {
        "base": 0.5,
        "multiplier": 1.0,
        "sources": [],
        "carried_in": 0.5,
        "carried": 0.0,
    }
    assert with_carry(None, 1, 0.25, 0.25) is None


def test_the_multiplier_of_the_reels_is_no_secret() -> None:
    """Rows of games keep what they say; in those of earning the number tells of hidden factors."""
    reels = '{"multiplier": 5.0, "roll": 0.1187}'
    assert public_metadata("gamble_win", reels, settings_with()) == reels
    assert _read(public_metadata("earn", reels, settings_with())) == {"roll": 0.1187}
