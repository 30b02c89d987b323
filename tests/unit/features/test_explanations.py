"""Why a row has its amount: what it tells, and what it must not (`earning.md` 9.3)."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.actors.house import settings_with

from kryten_economy.config import Settings
from kryten_economy.features.chat.triggers import TRIGGERS
from kryten_economy.features.history.rules import Behind, Explanation, Movement, explain
from kryten_economy.features.history.settings_behind import path_of, places_of, value_now
from kryten_economy.transaction_types import TYPES

DEFAULTS = settings_with()


def _why(
    kind: str, trigger_id: str, amount_z: int = 1, config: Settings = DEFAULTS, **metadata: Any
) -> Explanation:
    text = json.dumps(metadata) if metadata else None
    return explain(Movement(amount_z, 1_000, kind, trigger_id, "R", None, text), config)


@pytest.mark.parametrize("spec", tuple(TRIGGERS), ids=lambda spec: spec.id)
def test_every_trigger_names_the_setting_it_pays(spec: Any) -> None:
    """The key is that of the configuration file, and its value what the trigger pays."""
    (place,) = places_of("earn", spec.id, DEFAULTS)
    assert value_now(DEFAULTS, place) == spec.reward(DEFAULTS)
    assert path_of(place).partition(".")[0].endswith("_triggers")


@pytest.mark.parametrize(
    ("kind", "trigger_id", "key", "value"),
    [
        ("earn", "presence.base", "presence.base_rate_per_minute", 1),
        ("earn", "chat.long_message", "chat_triggers.long_message.reward", 1),
        ("earn", "bridge.weekly", "streaks.weekend_weekday_bridge.bonus", 500),
        ("milestone", "dwell.3h", "presence.hourly_milestones.3", 30),
        ("streak_bonus", "streak.day12", "streaks.daily.rewards.7", 100),
        ("streak_bonus", "streak.milestone.30", "streaks.daily.milestone_30_bonus", 2000),
        ("welcome_wallet", "onboarding.wallet", "onboarding.welcome_wallet", 100),
        ("welcome_back", "retention.welcome_back", "retention.welcome_back.bonus", 100),
        ("rain", "rain.ambient", "rain.min_amount", 5),
        ("interest", "maintenance.interest", "balance_maintenance.interest.daily_rate", 0.001),
        ("decay", "maintenance.decay", "balance_maintenance.decay.daily_rate", 0.005),
        ("spend", "spend.queue.abc", "spending.queue_tiers", None),
        ("spend", "spend.playnext", "spending.queue_tiers", None),
        ("spend", "spend.forcenow", "spending.force_play_now", 1_000_000),
        ("spend", "spend.vanity.shoutout", "vanity_shop.shoutout.cost", 500),
        ("spend", "spend.vanity.nonsense", "vanity_shop", None),
        ("gamble_win", "gambling.free_spin", "gambling.daily_free_spin", None),
        ("bounty_expired_refund", "bounty.expired.4", "bounties.expiry_refund_percent", 50),
    ],
)
def test_each_kind_names_its_setting(
    kind: str, trigger_id: str, key: str, value: float | None
) -> None:
    """What the amount comes from, as the file spells it, with the value of now."""
    first = _why(kind, trigger_id).settings[0]
    assert (first.key, first.now) == (key, value)


def test_entries_of_lists_are_named() -> None:
    """Events, achievements and competitions are found by their own names."""
    event = {"name": "Film No. 2", "cron": "0 9 * * *", "duration_hours": 1, "presence_bonus": 40}
    prize = {
        "id": "first",
        "description": "First",
        "condition": {"type": "lifetime_earned", "threshold": 5},
        "reward_percent_of_earnings": 2.5,
    }
    config = settings_with(multipliers={"scheduled_events": [event]}, achievements=[prize])
    assert _why("event_bonus", "event.Film No. 2.presence", config=config).settings == (
        Behind("multipliers.scheduled_events[Film No. 2].presence_bonus", None, 40),
    )
    won = _why("achievement", "achievement.first", 9, config, percent=2.5, of=360)
    assert won.settings == (Behind("achievements[first].reward_percent_of_earnings", 2.5, 2.5),)
    gone = _why("achievement", "achievement.second", 9, config)
    assert gone.settings == (Behind("achievements[second].reward", 9, None),)


def test_the_value_of_then_comes_from_the_row() -> None:
    """A reward that was changed since is told as it was and as it is."""
    config = settings_with(chat_triggers={"long_message": {"reward": 3}})
    assert _why("earn", "chat.long_message", 1, config).settings == (
        Behind("chat_triggers.long_message.reward", 1, 3),
    )
    assert _why("milestone", "dwell.1h", 12).settings == (
        Behind("presence.hourly_milestones.1", 12, 10),
    )


def test_minutes_and_their_bonus_are_taken_apart() -> None:
    """Seven coins in three minutes, four of them for being active, are one per minute."""
    config = settings_with(presence={"active_bonus_per_minute": 2})
    why = _why("earn", "presence.base", 7, config, base=7, minutes=3, active_bonus=4)
    assert (why.minutes, why.active_bonus) == (3, 4)
    assert why.settings[0] == Behind("presence.base_rate_per_minute", 1, 1)
    assert why.settings[1] == Behind("presence.active_bonus_per_minute", None, 2)


def test_half_coins_of_unknown_making_have_no_base() -> None:
    """A row of before that only says 1 may be two halves: nothing is made up."""
    trigger = "content.comment_during_media"
    assert _why("earn", trigger).base is None
    assert _why("earn", trigger, base=0.5, multiplier=1.0, sources=[]).base == 0.5
    assert _why("earn", "chat.long_message").base == 1


SOURCES = [
    {"source": "off_peak", "mult": 2.0},
    {"source": "population", "mult": 1.5, "hidden": True},
    {"source": "scheduled:Party", "mult": 3.0},
]


def test_operators_see_every_factor() -> None:
    """Hidden ones included, with their settings and the combined factor."""
    why = _why("earn", "presence.base", 9, base=1, multiplier=9.0, sources=SOURCES)
    assert [(each.label, each.mult, each.hidden) for each in why.sources] == [
        ("off-peak bonus", 2.0, False),
        ("crowd bonus", 1.5, True),
        ("Party", 3.0, False),
    ]
    assert why.multiplier == 9
    assert [each.key for each in why.settings[1:]] == [
        "multipliers.off_peak.multiplier",
        "multipliers.high_population.multiplier",
        "multipliers.scheduled_events[Party].multiplier",
    ]


@given(
    hidden=st.floats(0.1, 10),
    carried=st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)),
    shown=st.lists(st.sampled_from([SOURCES[0], SOURCES[2]]), max_size=2, unique_by=str),
)
@settings(max_examples=100)
def test_users_see_the_same_with_and_without_a_hidden_factor(
    hidden: float, carried: tuple[float, float], shown: list[dict[str, Any]]
) -> None:
    """P-EARN-15: no name, product, part of a coin or setting depends on what is hidden."""
    with_it = _why(
        "earn",
        "presence.base",
        base=1,
        multiplier=hidden * 6,
        sources=[*shown, {"source": "population", "mult": hidden}],
        carried_in=carried[0],
        carried=carried[1],
    )
    without = _why("earn", "presence.base", base=1, multiplier=6, sources=shown)
    assert with_it.for_users() == without.for_users()


def test_a_factor_stays_hidden_when_it_is_shown_now_and_the_other_way_round() -> None:
    """Hidden then or hidden now: users don't see it; of an unknown source they see nothing."""
    shown = settings_with(multipliers={"high_population": {"hidden": False}})
    was = [{"source": "population", "mult": 2, "hidden": True}]
    assert _why("earn", "presence.base", 1, shown, sources=was).for_users().sources == ()
    plain = [{"source": "population", "mult": 2}]
    assert _why("earn", "presence.base", sources=plain).for_users().sources == ()
    assert len(_why("earn", "presence.base", 1, shown, sources=plain).for_users().sources) == 1
    strange = [{"source": "moon", "mult": 2}]
    assert _why("earn", "presence.base", sources=strange).for_users().sources == ()


_KEYS = st.sampled_from(["base", "sources", "source", "mult", "minutes", "by", "of"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner),
    max_leaves=20,
)


@given(
    metadata=st.text() | _JSON.map(json.dumps),
    kind=st.sampled_from(sorted(TYPES)),
    trigger_id=st.sampled_from(["presence.base", "dwell.h", "streak.dayx", "event."]) | st.text(),
)
@settings(max_examples=100)
def test_no_row_is_too_strange_to_explain(metadata: str, kind: str, trigger_id: str) -> None:
    """Rows taken over from older books may hold anything."""
    why = explain(Movement(1, 1, kind, trigger_id, "", None, metadata), DEFAULTS)
    assert why.minutes >= 1
    why.for_users()
