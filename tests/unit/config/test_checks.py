"""The load-time checks (config.md 11) and the ranges of the key tables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.config.samples import NEXT, faults, settings, warnings

from kryten_economy.config.settings import Settings

RACERS = "gambling: {{race: {{odds_profiles: [{{racers: [{}]}}]}}}}"
RED = "{color: red, emoji: r, win_chance: 0.5, speed_base: 1}"
BLUE = "{color: blue, emoji: b, win_chance: 0.5, speed_base: 1}"
TWO_ROWS = """
gambling:
  spin:
    payouts:
      - {{symbols: a, multiplier: 1, probability: 0.5}}
      - {{symbols: b, multiplier: 0, probability: {}}}
"""
WINDOW = "{name: a, cron: '0 20 * * 5', duration_hours: 0.5}"


@pytest.mark.parametrize(
    ("more", "key", "allowed"),
    [
        ("nats: {servers: [' ']}", "nats.servers[0]", "must not be blank"),
        ("channels: [{domain: a, channel: ' '}]", "channels[0].channel", "must not be blank"),
        (
            "channels: [{domain: a, channel: x}, {domain: b, channel: X}]",
            "channels[1]",
            "every channel must be unique, and 'X' occurs twice",
        ),
        # prices: what is read as 0 or left out would be a present
        (
            "spending: {queue_tiers: [{max_minutes: 5, label: a, cost: -1}]}",
            "spending.queue_tiers[0].cost",
            "must be >= 0",
        ),
        ("spending: {force_play_now: -1}", "spending.force_play_now", "must be >= 0"),
        ("spending: {interrupt_play_next: -1}", "interrupt_play_next", "must be >= 0"),
        # payments that the books can't keep
        (
            "presence: {base_rate_per_minute: 10000000000000}",
            "presence.base_rate_per_minute",
            "must be <= 1000000000000",
        ),
        ("onboarding: {welcome_wallet: 10000000000000}", "welcome_wallet", "must be <= 10000"),
        ("retry_delay: 0.05", "retry_delay", "must be >= 0.1"),
        ("log_level: LOUD", "log_level", "must be one of DEBUG, INFO"),
        ("timezone: Mars/Phobos", "timezone", "must be an IANA time zone"),
        ("timezone: ../UTC", "timezone", "must be an IANA time zone"),
        ("timezone: ''", "timezone", "must be an IANA time zone"),
        ("messages: {max_length: 79}", "messages.max_length", "must be >= 80"),
    ],
)
def test_refused(tmp_path: Path, more: str, key: str, allowed: str) -> None:
    """What a check forbids is one error that names the key and what is allowed."""
    start = "".join(
        line
        for section, line in (
            ("nats", "nats: {servers: [nats://a]}\n"),
            ("channels", "channels: [{domain: a, channel: b}]\n"),
        )
        if not more.startswith(section)
    )
    (fault,) = faults(tmp_path, more, start=start)
    place, path, *rest = fault.split(": ", 2)
    assert place.startswith("config.yaml:")
    assert path.endswith(key)
    assert allowed in rest[0]


@pytest.mark.parametrize("cron", ["0 20 * * 5", "*/5 1-3 * JAN MON-FRI", "0 0 29 2 *", "@daily"])
def test_cron_that_fires(tmp_path: Path, cron: str) -> None:
    """Every cron expression that comes due is accepted."""
    event = WINDOW.replace("0 20 * * 5", cron)
    got = settings(tmp_path, f"multipliers: {{scheduled_events: [{event}]}}")
    assert got.multipliers.scheduled_events[0].cron == cron


@pytest.mark.parametrize(
    "more",
    [
        "ignored_users: [zcoinbot]",
        "rain: {min_amount: 25}",
        "gambling: {heist: {success_chance: 0.85}}",
        TWO_ROWS.format(0.5001),
        RACERS.format(f"{RED}, {BLUE.replace('0.5', '0.49')}"),
        "vanity_shop: {chat_color: {contrast_bg: '#aBcDe0'}}",
        "multipliers: {holidays: {dates: [{date: 02-29, name: n, multiplier: 1}]}}",
        "timezone: Europe/Berlin",
        "log_level: debug",
        "spending: {blackout_windows: [" + WINDOW + "]}\n"
        "multipliers: {scheduled_events: [" + WINDOW + "]}",
    ],
)
def test_accepted(tmp_path: Path, more: str) -> None:
    """What lies on the edge of a check is accepted."""
    assert faults(tmp_path, more) == []


def test_absent_presence_bonus_is_not_zero(tmp_path: Path) -> None:
    """A scheduled event without presence_bonus differs from one with 0."""
    zero = WINDOW.replace("name: a", "name: b, presence_bonus: 0")
    events = settings(
        tmp_path, f"multipliers: {{scheduled_events: [{WINDOW}, {zero}]}}"
    ).multipliers.scheduled_events
    assert [event.presence_bonus for event in events] == [None, 0]


def test_sorted_at_load(tmp_path: Path) -> None:
    """Queue tiers are sorted by length, ranks by threshold, rewards by key."""
    got = settings(
        tmp_path,
        "spending: {queue_tiers: [{max_minutes: 9, label: b, cost: 2},"
        " {max_minutes: 5, label: a, cost: 1}]}\n"
        "ranks: {tiers: [{name: B, min_lifetime_earned: 9}, {name: A, min_lifetime_earned: 0}]}\n"
        "cytube_promotion: {min_rank: B}\n"
        "streaks: {daily: {rewards: {9: 1, 2: 3}}}\n",
    )
    assert [tier.max_minutes for tier in got.spending.queue_tiers] == [5, 9]
    assert [tier.name for tier in got.ranks.tiers] == ["A", "B"]
    assert list(got.streaks.daily.rewards) == [2, 9]


def test_newcomers_are_never_bots(tmp_path: Path) -> None:
    """bot_joins_excluded is true whatever the file says."""
    got = settings(tmp_path, "social_triggers: {greeted_newcomer: {bot_joins_excluded: false}}\n")
    assert got.social_triggers.greeted_newcomer.bot_joins_excluded is True


@pytest.mark.parametrize(
    ("url", "configured"),
    [
        ("", False),
        ("https://media.example.com", False),
        ("https://example.org/x", False),
        ("no address", False),
        ("http://[", False),
        ("https://media.notexample.com", True),
        ("http://10.0.0.5:8000/", True),
    ],
)
def test_catalogue_configured(tmp_path: Path, url: str, configured: bool) -> None:
    """An empty or placeholder address means that queueing is not configured."""
    assert (
        settings(tmp_path, f"mediacms: {{base_url: '{url}'}}\n").mediacms.configured is configured
    )


def test_catalogue_token(tmp_path: Path) -> None:
    """An empty token and the placeholder send no authorisation."""
    tokens = [
        settings(tmp_path, more).mediacms.token
        for more in ("", "mediacms: {api_token: ''}\n", "mediacms: {api_token: abc}\n")
    ]
    assert tokens == [None, None, "abc"]


def test_ignored_names(tmp_path: Path) -> None:
    """The bot is always ignored, and names are compared in lower case."""
    got = settings(tmp_path, "ignored_users: [OtherBot]\nbot: {username: MyBot}\n")
    assert got.ignored_names == {"otherbot", "mybot"}


def test_nudge_warns(tmp_path: Path) -> None:
    """The nudge that can't reach anybody is accepted with a warning."""
    (warning,) = warnings(tmp_path, "retention: {inactivity_nudge: {enabled: true}}\n")
    assert warning.startswith(f"config.yaml:{NEXT}: retention.inactivity_nudge.enabled: the nudge")
    assert "does nothing" in warning


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_probabilities(chances: list[float]) -> None:
    """A slot table is accepted exactly if its probabilities make 1.0001 at most."""
    rows = [{"symbols": "x", "multiplier": 0, "probability": chance} for chance in chances]
    data = {
        "nats": {"servers": ["nats://a"]},
        "channels": [{"domain": "a", "channel": "b"}],
        "gambling": {"spin": {"payouts": rows}},
    }
    try:
        Settings.model_validate(data)
    except ValueError:
        accepted = False
    else:
        accepted = True
    assert accepted == (sum(chances) <= 1.0001)
