"""The load-time checks (spec/config.md 11) and the ranges of the key tables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.config.samples import faults, settings, warnings

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
TWO_RANKS = """
ranks: {tiers: [{name: A, min_lifetime_earned: 0}, {name: a, min_lifetime_earned: 1}]}
cytube_promotion: {min_rank: A}
"""
WINDOW = "{name: a, cron: '0 20 * * 5', duration_hours: 0.5}"
ACHIEVEMENT = "{id: a, description: d, condition: {type: daily_streak, threshold: 1}}"
COMPETITION = "{id: a, description: d, condition: {type: daily_top, field: z_earned}}"


@pytest.mark.parametrize(
    ("more", "key", "allowed"),
    [
        # 1: min <= max for every wager, bet, amount and contrast pair
        ("gambling: {spin: {min_wager: 501}}", "gambling.spin.max_wager", "must be >= min_wager"),
        ("gambling: {flip: {max_wager: 9}}", "gambling.flip.max_wager", "must be >= min_wager"),
        ("gambling: {challenge: {max_wager: 9}}", "gambling.challenge.max_wager", "must be >="),
        ("gambling: {heist: {max_wager: 9}}", "gambling.heist.max_wager", "must be >= min_wager"),
        ("gambling: {race: {max_bet: 9}}", "gambling.race.max_bet", "must be >= min_bet (10)"),
        ("gambling: {trivia: {max_wager: 9}}", "gambling.trivia.max_wager", "must be >="),
        ("gambling: {blackjack: {max_wager: 9}}", "gambling.blackjack.max_wager", "must be >="),
        ("rain: {min_amount: 26}", "rain.max_amount", "must be >= min_amount (26)"),
        ("bounties: {max_amount: 99}", "bounties.max_amount", "must be >= min_amount (100)"),
        (
            "vanity_shop: {chat_color: {min_contrast_lc: 45}}",
            "vanity_shop.chat_color.warn_contrast_lc",
            "must be >= min_contrast_lc (45.0)",
        ),
        (
            "gambling: {blackjack: {timeout_seconds: 90}}",
            "gambling.blackjack.timeout_warning_seconds",
            "must be < timeout_seconds (90)",
        ),
        # 2: probabilities of the slot table
        (
            TWO_ROWS.format(0.5002),
            "gambling.spin.payouts",
            "the probabilities must add up to 1 at most, and they make 1.0002",
        ),
        (
            "gambling: {spin: {payouts: [{symbols: a, multiplier: 1, probability: -0.1}]}}",
            "gambling.spin.payouts[0].probability",
            "must be >= 0",
        ),
        # 3: heist chances
        (
            "gambling: {heist: {success_chance: 0.9}}",
            "gambling.heist.push_chance",
            "success_chance (0.9) + push_chance must be <= 1",
        ),
        # 4: race profiles and numbers
        (RACERS.format(RED), "racers", "must have at least 2 entries"),
        (RACERS.format(f"{RED}, {RED}"), "racers[1]", "every colour must be unique"),
        (
            RACERS.format(f"{RED}, {BLUE.replace('0.5', '0.4')}"),
            "racers",
            "the win chances must add up to 1 (± 0.01), and they make 0.9",
        ),
        (RACERS.format(f"{RED}, {BLUE.replace('0.5', '0')}"), "win_chance", "must be > 0"),
        ("gambling: {race: {odds_profiles: []}}", "odds_profiles", "must have at least 1 entries"),
        ("gambling: {race: {finish_distance: 0}}", "finish_distance", "must be > 0"),
        ("gambling: {race: {tick_interval_seconds: 0}}", "tick_interval_seconds", "must be > 0"),
        ("gambling: {race: {closeness: 1.1}}", "closeness", "must be <= 1"),
        # 5: cron and durations
        (
            f"spending: {{blackout_windows: [{WINDOW}, {WINDOW}]}}",
            "spending.blackout_windows[1]",
            "every window name must be unique, and 'a' occurs twice",
        ),
        (
            f"multipliers: {{scheduled_events: [{WINDOW}, {WINDOW}]}}",
            "multipliers.scheduled_events[1]",
            "every event name must be unique, and 'a' occurs twice",
        ),
        (
            f"spending: {{blackout_windows: [{WINDOW.replace('0.5', '0')}]}}",
            "spending.blackout_windows[0].duration_hours",
            "must be > 0",
        ),
        # 6: templates
        ("rain: {message: '{who} got {amount}'}", "rain.message", "unknown variable {who}; known"),
        ("rain: {message: '{amount'}", "rain.message", "must be a template: lone '{'"),
        ("rain: {message: '{amount!r}'}", "rain.message", "must be a template: "),
        ("retention: {welcome_back: {message: '{days}'}}", "message", "unknown variable {days}"),
        ("digest: {user_digest: {message: '{title}'}}", "message", "unknown variable {title}"),
        # 7: names and ids
        (
            TWO_RANKS,
            "ranks.tiers[1]",
            "every rank name must be unique, and 'a' occurs twice",
        ),
        (f"achievements: [{ACHIEVEMENT}, {ACHIEVEMENT}]", "achievements[1]", "must be unique"),
        (
            f"daily_competitions: [{COMPETITION}, {COMPETITION}]",
            "daily_competitions[1]",
            "every competition id must be unique, and 'a' occurs twice",
        ),
        (
            "ranks: {tiers: [{name: A, min_lifetime_earned: 5}]}\ncytube_promotion: {min_rank: A}",
            "ranks.tiers",
            "the lowest min_lifetime_earned must be 0",
        ),
        ("cytube_promotion: {min_rank: King}", "cytube_promotion.min_rank", "must name a rank: E"),
        # 9: condition types and fields
        (
            f"achievements: [{ACHIEVEMENT.replace('daily_streak', 'luck')}]",
            "achievements[0].condition.type",
            "must be one of 'lifetime_messages'",
        ),
        (
            f"achievements: [{ACHIEVEMENT.replace(', threshold: 1', '')}]",
            "achievements[0].condition.threshold",
            "is required",
        ),
        (
            f"daily_competitions: [{COMPETITION.replace('daily_top', 'weekly')}]",
            "daily_competitions[0].condition.type",
            "must be one of 'daily_threshold' or 'daily_top'",
        ),
        (
            f"daily_competitions: [{COMPETITION.replace('z_earned', 'luck')}]",
            "daily_competitions[0].condition.field",
            "must be one of 'messages_sent'",
        ),
        (
            f"daily_competitions: [{COMPETITION.replace('daily_top', 'daily_threshold')}]",
            "daily_competitions[0].condition.threshold",
            "is required for daily_threshold",
        ),
        # the ranges of the tables
        ("nats: {servers: [' ']}", "nats.servers[0]", "must not be blank"),
        ("channels: [{domain: a, channel: ' '}]", "channels[0].channel", "must not be blank"),
        (
            "channels: [{domain: a, channel: x}, {domain: b, channel: X}]",
            "channels[1]",
            "every channel must be unique, and 'X' occurs twice",
        ),
        ("service: {heartbeat_interval: 4}", "service.heartbeat_interval", "must be >= 5"),
        ("retry_delay: 0.05", "retry_delay", "must be >= 0.1"),
        ("log_level: LOUD", "log_level", "must be one of DEBUG, INFO"),
        ("timezone: Mars/Phobos", "timezone", "must be an IANA time zone"),
        ("timezone: ../UTC", "timezone", "must be an IANA time zone"),
        ("timezone: ''", "timezone", "must be an IANA time zone"),
        ("presence: {hourly_milestones: {0: 1}}", "hourly_milestones.0", "must be >= 1"),
        ("presence: {hourly_milestones: {25: 1}}", "hourly_milestones.25", "must be <= 24"),
        ("presence: {hourly_milestones: {3: -1}}", "hourly_milestones.3", "must be >= 0"),
        ("presence: {night_watch: {hours: [24]}}", "night_watch.hours[0]", "must be <= 23"),
        ("presence: {night_watch: {multiplier: 0}}", "night_watch.multiplier", "must be > 0"),
        ("streaks: {daily: {rewards: {1: 5}}}", "streaks.daily.rewards.1", "must be >= 2"),
        ("balance_maintenance: {mode: tax}", "mode", "must be one of 'interest', 'decay' or"),
        ("inflation: {min_multiplier: 1.1}", "inflation.min_multiplier", "must be <= 1"),
        ("inflation: {max_multiplier: 0.9}", "inflation.max_multiplier", "must be >= 1"),
        ("inflation: {update_interval_seconds: 59}", "update_interval_seconds", "must be >= 60"),
        ("spending: {queue_tiers: []}", "spending.queue_tiers", "must have at least 1 entries"),
        (
            "vanity_shop: {chat_color: {contrast_bg: red}}",
            "contrast_bg",
            "must match ^#[0-9A-Fa-f]",
        ),
        (
            "vanity_shop: {chat_color: {css_selector_template: .x}}",
            "css_selector_template",
            "must contain {username}",
        ),
        (
            "multipliers: {holidays: {dates: [{date: 02-30, name: n, multiplier: 1}]}}",
            "multipliers.holidays.dates[0].date",
            "must be a date MM-DD",
        ),
        ("multipliers: {off_peak: {days: [7]}}", "multipliers.off_peak.days[0]", "must be <= 6"),
        ("messages: {max_length: 79}", "messages.max_length", "must be >= 80"),
        ("gambling: {trivia: {question_cache_size: 51}}", "question_cache_size", "must be <= 50"),
        ("digest: {admin_digest: {send_hour_utc: 24}}", "send_hour_utc", "must be <= 23"),
        ("rain: {max_amount: 10000000000000}", "rain.max_amount", "must be <= 1000000000000"),
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


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "soon",
        "0 25 * * *",
        "0 20 * *",
        "0 20 * * 5 0",
        "0 0 30 2 *",
        "R R * * *",
        "H 3 * * *",
        "@reboot",
    ],
)
def test_cron_that_never_fires(tmp_path: Path, cron: str) -> None:
    """A cron of another length, that is broken, drawn by chance or never due is an error."""
    window = WINDOW.replace("0 20 * * 5", cron)
    (fault,) = faults(tmp_path, f"spending: {{blackout_windows: [{window}]}}")
    assert "spending.blackout_windows[0].cron" in fault
    assert "must be a cron expression" in fault


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
    assert warning.startswith("retention.inactivity_nudge is enabled and does nothing")


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
