"""What people did earns what the other configuration says."""

from typing import Any

import pytest
from tests.unit.whatif.made import DAY, HOUR_MS, MINUTE_MS, Made, settings

from kryten_economy.features.competitions import FIELDS
from kryten_economy.whatif.past import Activity, Job

PLAIN = settings()


def kudos(reward: float, **more: Any) -> dict[str, Any]:
    return {"chat_triggers": {"kudos_received": {"reward": reward, **more}}}


def worked(account: int, **values: int) -> Activity:
    return Activity(account, dict.fromkeys(FIELDS, 0) | values)


def test_another_reward_changes_what_it_paid_and_nothing_else() -> None:
    """Kudos pay 5 instead of 3, multiplied as they were; the other rows stay."""
    made = Made()
    alice = made.open("alice", 10)
    made.earn(alice, 3, "chat.kudos_received")
    doubled = {"base": 3, "multiplier": 2.0, "sources": [{"source": "adhoc:x", "mult": 2.0}]}
    made.earn(alice, 6, "chat.kudos_received", told=doubled)
    made.earn(alice, 4, "chat.long_message")
    outcome = made.under(PLAIN, settings(**kudos(5)))
    assert outcome.wallets == {"alice": (23, 29)}
    assert outcome.paid[1]["alice", "chat.kudos_received"] == 15
    assert outcome.paid[1]["alice", "chat.long_message"] == 4


def test_parts_of_a_coin_are_carried_on_in_the_other_world() -> None:
    """Half a coin a line became three quarters: silent lines between the rows count too."""
    made = Made()
    bob, trigger = made.open("bob"), "content.comment_during_media"
    for _ in range(2):
        made.earn(bob, 1, trigger, told={"base": 0.5, "carried_in": 0.5, "carried": 0.0})
    made.fractions = {(bob, trigger): 0.5}
    section = {"comment_during_media": {"reward_per_message": 0.75}}
    outcome = made.under(PLAIN, settings(content_triggers=section))
    # Five lines: 2.5 before, 3.75 after.
    assert outcome.wallets["bob"] == (2, 3)


def test_what_is_switched_off_pays_nothing() -> None:
    """A trigger, the welcome, the bridge: each from its own switch or amount."""
    made = Made()
    eve = made.open("eve")
    made.earn(eve, 3, "chat.kudos_received")
    made.earn(eve, 100, "onboarding.wallet", "welcome_wallet")
    made.earn(eve, 500, "bridge.weekly")
    off = settings(
        **kudos(3, enabled=False),
        onboarding={"welcome_wallet": 0},
        streaks={"weekend_weekday_bridge": {"enabled": False}},
    )
    assert made.under(PLAIN, off).wallets["eve"] == (603, 0)


def test_a_lower_limit_of_an_hour_takes_what_is_above_it() -> None:
    """Two long messages an hour instead of thirty: the third waits for the next hour."""
    made = Made()
    eve = made.open("eve")
    for minutes in (1, 1, 1, 61):
        made.earn(eve, 1, "chat.long_message", after_ms=minutes * MINUTE_MS)
    less = settings(chat_triggers={"long_message": {"max_per_hour": 2}})
    assert made.under(PLAIN, less).wallets["eve"] == (4, 3)


def test_minutes_are_worth_their_new_rates() -> None:
    """Base and active bonus are told apart, in single minutes and in folded ones."""
    made = Made()
    ann = made.open("ann")
    made.earn(ann, 1, "presence.base")
    made.earn(ann, 2, "presence.base", told={"base": 2, "active_bonus": 1})
    folded = {"minutes": 30, "base": 40, "active_bonus": 10, "folded": {"day": DAY, "rows": 30}}
    made.earn(ann, 40, "presence.base", told=folded, after_ms=HOUR_MS)
    before = settings(presence={"active_bonus_per_minute": 1})
    after = settings(presence={"base_rate_per_minute": 3, "active_bonus_per_minute": 2})
    assert made.under(before, after).wallets["ann"] == (43, 3 + 5 + 110)


def test_hours_of_the_clock_multiply_where_they_lie() -> None:
    """Off-peak moves from the afternoon to the hour of noon: one row loses it, one gains it."""
    made = Made()
    ann = made.open("ann")
    made.earn(ann, 10, "chat.conversation_starter")
    told = {"base": 10, "multiplier": 2.0, "sources": [{"source": "off_peak", "mult": 2.0}]}
    made.earn(ann, 20, "chat.conversation_starter", told=told, after_ms=2 * HOUR_MS)

    def at(*hours: int, mult: float) -> dict[str, Any]:
        off_peak = {"enabled": True, "days": [3], "hours": list(hours), "multiplier": mult}
        return {"multipliers": {"off_peak": off_peak, "high_population": {"enabled": False}}}

    outcome = made.under(settings(**at(14, mult=2)), settings(**at(12, mult=3)))
    assert outcome.wallets["ann"] == (30, 40)


def test_a_milestone_that_is_new_is_paid_by_the_minutes_of_the_day() -> None:
    """Two hours pay now: who was there for 125 minutes gets it, who had 119 does not."""
    made = Made()
    ann, bob = made.open("ann"), made.open("bob")
    made.earn(ann, 10, "dwell.1h", "milestone")
    made.activity = {DAY: (worked(ann, minutes_present=125), worked(bob, minutes_present=119))}
    after = settings(presence={"hourly_milestones": {1: 12, 2: 40}})
    outcome = made.under(settings(presence={"hourly_milestones": {1: 10}}), after)
    assert outcome.wallets == {"ann": (10, 52), "bob": (0, 0)}


@pytest.mark.parametrize(("rewards", "paid_z"), [({2: 10}, 10), ({2: 10, 5: 77}, 77), ({6: 9}, 0)])
def test_a_day_in_a_row_pays_what_its_table_says(rewards: dict[int, int], paid_z: int) -> None:
    """The fifth day pays by the highest step that it has reached."""
    made = Made()
    ann = made.open("ann")
    made.earn(ann, 50, "streak.day5", "streak_bonus")
    before = settings(streaks={"daily": {"rewards": {2: 10, 5: 50}}})
    after = settings(streaks={"daily": {"rewards": rewards}})
    assert made.under(before, after).wallets["ann"] == (50, paid_z)


def test_who_is_lifted_over_the_limit_gets_interest_too() -> None:
    """Bob had too little in the books; the larger welcome gives him enough."""
    made = Made()
    ann, bob = made.open("ann", 1000), made.open("bob")
    made.earn(bob, 90, "onboarding.wallet", "welcome_wallet")
    made.earn(ann, 10, "maintenance.interest", "interest", after_ms=HOUR_MS)
    made.jobs = [Job("balance_maintenance", DAY, made.at_ms, has_rows=True)]
    terms = {"mode": "interest", "interest": {"daily_rate": 0.01, "max_daily_interest": 50}}
    before = settings(balance_maintenance=terms, onboarding={"welcome_wallet": 90})
    after = settings(balance_maintenance=terms, onboarding={"welcome_wallet": 300})
    outcome = made.under(before, after)
    assert outcome.wallets == {"ann": (1010, 1010), "bob": (90, 303)}


def test_whoever_earned_most_in_the_other_world_wins_the_day() -> None:
    """Kudos are worth so much now that Bob has earned more than Ann."""
    made = Made()
    ann, bob = made.open("ann"), made.open("bob")
    made.earn(ann, 40, "chat.conversation_starter")
    made.earn(bob, 3, "chat.kudos_received")
    made.activity = {DAY: (worked(ann, z_earned=40), worked(bob, z_earned=3))}
    made.earn(ann, 30, "competition.rich", "competition", after_ms=13 * HOUR_MS)
    made.jobs = [Job("daily_competitions", DAY, made.at_ms, has_rows=True)]
    rich = {
        "id": "rich",
        "description": "Earned most",
        "condition": {"type": "daily_top", "field": "z_earned"},
        "reward": 30,
    }
    before = settings(daily_competitions=[rich])
    after = settings(daily_competitions=[rich], **kudos(50))
    outcome = made.under(before, after)
    assert outcome.wallets == {"ann": (70, 40), "bob": (3, 80)}


def test_an_achievement_of_earnings_comes_when_the_other_world_has_earned_them() -> None:
    """Sooner, at a row that the books pay nothing for; in the books Ann never got there."""
    made = Made()
    ann = made.open("ann")
    for _ in range(3):
        made.earn(ann, 3, "chat.kudos_received")
    earner = {
        "id": "earner",
        "description": "Earned 10",
        "condition": {"type": "lifetime_earned", "threshold": 10},
        "reward": 7,
    }
    before = settings(achievements=[earner])
    outcome = made.under(before, settings(achievements=[earner], **kudos(6)))
    assert outcome.wallets["ann"] == (9, 25)
    assert made.under(before, before).wallets["ann"] == (9, 9)


def test_rain_follows_bounds_and_rank() -> None:
    """Each keeps their place between the bounds; a rank reached by earning brings its perk."""
    made = Made()
    ann = made.open("ann")
    made.earn(ann, 3, "chat.kudos_received")
    made.earn(ann, 10, "rain.ambient", "rain")
    tiers = [
        {"name": "Low", "min_lifetime_earned": 0},
        {"name": "High", "min_lifetime_earned": 50, "perks": ["rain drops +20%"]},
    ]
    rain = {"rain": {"enabled": True, "min_amount": 10, "max_amount": 10}}
    ranks = {"ranks": {"tiers": tiers}, "cytube_promotion": {"min_rank": "High"}}
    before = settings(**ranks, **rain)
    after = settings(**ranks, **rain, **kudos(60))
    assert made.under(before, after).wallets["ann"] == (13, 72)
    none = settings(**ranks, rain={"enabled": False})
    assert made.under(before, none).wallets["ann"] == (13, 3)
    # It rains no more at present either: what has fallen under another configuration stays.
    assert made.under(none, none).wallets["ann"] == (13, 13)


def test_who_is_too_young_now_earns_nothing_yet() -> None:
    """Accounts must be ten minutes old; before there was no such gate."""
    made = Made()
    ann = made.open("ann")
    for minutes in (5, 5, 5):
        made.earn(ann, 3, "chat.kudos_received", after_ms=minutes * MINUTE_MS)
    gated = settings(onboarding={"min_account_age_minutes": 10})
    assert made.under(PLAIN, gated).wallets["ann"] == (9, 6)


def test_what_another_configuration_has_paid_stays_in_proportion_and_is_told() -> None:
    """A row of 4 with a reward of 3: it doubles as the reward does, and is not explained."""
    made = Made()
    ann = made.open("ann")
    made.earn(ann, 4, "chat.kudos_received", told={"base": 4})
    made.earn(ann, 12, "chat.long_message", told={"base": 1})
    outcome = made.under(PLAIN, settings(**kudos(6)))
    assert outcome.wallets["ann"] == (16, 20)
    assert outcome.explained == 0.75
