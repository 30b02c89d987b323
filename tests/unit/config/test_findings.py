"""What is wrong and harmless is read otherwise, with a warning (config.md 11)."""

from pathlib import Path

import pytest
from tests.unit.config.samples import NEXT, warnings

RACERS = (
    "gambling: {{race: {{odds_profiles: [{{racers: [{}]}},"
    " {{racers: [{{color: c, emoji: c, win_chance: 0.5, speed_base: 1}},"
    " {{color: d, emoji: d, win_chance: 0.5, speed_base: 1}}]}}]}}}}"
)
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


SKIPPED = "this entry is skipped"


@pytest.mark.parametrize(
    ("more", "key", "allowed", "words"),
    [
        (
            "gambling: {spin: {min_wager: 501}}",
            "gambling.spin.max_wager",
            "must be >= min_wager",
            "gambling.spin is off",
        ),
        (
            "gambling: {flip: {max_wager: 9}}",
            "gambling.flip.max_wager",
            "must be >= min_wager",
            "gambling.flip is off",
        ),
        (
            "gambling: {challenge: {max_wager: 9}}",
            "gambling.challenge.max_wager",
            "must be >=",
            "gambling.challenge is off",
        ),
        (
            "gambling: {heist: {max_wager: 9}}",
            "gambling.heist.max_wager",
            "must be >= min_wager",
            "gambling.heist is off",
        ),
        (
            "gambling: {race: {max_bet: 9}}",
            "gambling.race.max_bet",
            "must be >= min_bet (10)",
            "gambling.race is off",
        ),
        (
            "gambling: {trivia: {max_wager: 9}}",
            "gambling.trivia.max_wager",
            "must be >=",
            "gambling.trivia is off",
        ),
        (
            "gambling: {blackjack: {max_wager: 9}}",
            "gambling.blackjack.max_wager",
            "must be >=",
            "gambling.blackjack is off",
        ),
        ("rain: {min_amount: 26}", "rain.max_amount", "must be >= min_amount (26)", "rain is off"),
        (
            "bounties: {max_amount: 99}",
            "bounties.max_amount",
            "must be >= min_amount (100)",
            "bounties is off",
        ),
        (
            "vanity_shop: {chat_color: {min_contrast_lc: 45}}",
            "vanity_shop.chat_color.warn_contrast_lc",
            "must be >= min_contrast_lc (45.0)",
            "it is read as 45.0",
        ),
        (
            "gambling: {blackjack: {timeout_seconds: 90}}",
            "gambling.blackjack.timeout_warning_seconds",
            "must be < timeout_seconds (90)",
            "it is read as 89",
        ),
        (
            TWO_ROWS.format(0.5002),
            "gambling.spin.payouts",
            "the probabilities must add up to 1 at most, and they make 1.0002",
            "gambling.spin is off",
        ),
        (
            "gambling: {spin: {payouts: [{symbols: a, multiplier: 1, probability: -0.1}]}}",
            "gambling.spin.payouts[0].probability",
            "must be >= 0",
            "gambling.spin is off",
        ),
        (
            "gambling: {heist: {success_chance: 0.9}}",
            "gambling.heist.push_chance",
            "success_chance (0.9) + push_chance must be <= 1",
            "gambling.heist is off",
        ),
        (RACERS.format(RED), "racers", "must have at least 2 entries", SKIPPED),
        (RACERS.format(f"{RED}, {RED}"), "racers[1]", "every colour must be unique", SKIPPED),
        (
            RACERS.format(f"{RED}, {BLUE.replace('0.5', '0.4')}"),
            "racers",
            "the win chances must add up to 1 (± 0.01), and they make 0.9",
            SKIPPED,
        ),
        (RACERS.format(f"{RED}, {BLUE.replace('0.5', '0')}"), "win_chance", "must be > 0", SKIPPED),
        (
            "gambling: {race: {odds_profiles: []}}",
            "odds_profiles",
            "must have at least 1 entries",
            "gambling.race is off",
        ),
        (
            "gambling: {race: {finish_distance: 0}}",
            "finish_distance",
            "must be > 0",
            "gambling.race is off",
        ),
        (
            "gambling: {race: {tick_interval_seconds: 0}}",
            "tick_interval_seconds",
            "must be > 0",
            "gambling.race is off",
        ),
        ("gambling: {race: {closeness: 1.1}}", "closeness", "must be <= 1", "it is read as 1.0"),
        (
            f"spending: {{blackout_windows: [{WINDOW}, {WINDOW}]}}",
            "spending.blackout_windows[1]",
            "every window name must be unique, and 'a' occurs twice",
            "this one is called 'a (2)'",
        ),
        (
            f"multipliers: {{scheduled_events: [{WINDOW}, {WINDOW}]}}",
            "multipliers.scheduled_events[1]",
            "every event name must be unique, and 'a' occurs twice",
            "this one is called 'a (2)'",
        ),
        (
            f"spending: {{blackout_windows: [{WINDOW.replace('0.5', '0')}]}}",
            "spending.blackout_windows[0].duration_hours",
            "must be > 0",
            SKIPPED,
        ),
        (
            "rain: {message: '{who} got {amount}'}",
            "rain.message",
            "unknown variable {who}; known",
            "what is unknown is left empty, and it is read as ' got {amount}'",
        ),
        (
            "rain: {message: '{amount'}",
            "rain.message",
            "must be a template: lone '{'",
            "what is unknown is left empty, and it is read as '{{amount'",
        ),
        (
            "rain: {message: '{amount!r}'}",
            "rain.message",
            "must be a template: ",
            "what is unknown is left empty, and it is read as '{amount}'",
        ),
        (
            "retention: {welcome_back: {message: '{days}'}}",
            "message",
            "unknown variable {days}",
            "what is unknown is left empty, and it is read as ''",
        ),
        (
            "digest: {user_digest: {message: '{title}'}}",
            "message",
            "unknown variable {title}",
            "what is unknown is left empty, and it is read as ''",
        ),
        (
            TWO_RANKS,
            "ranks.tiers[1]",
            "every rank name must be unique, and 'a' occurs twice",
            SKIPPED,
        ),
        (
            f"achievements: [{ACHIEVEMENT}, {ACHIEVEMENT}]",
            "achievements[1]",
            "must be unique",
            SKIPPED,
        ),
        (
            f"daily_competitions: [{COMPETITION}, {COMPETITION}]",
            "daily_competitions[1]",
            "every competition id must be unique, and 'a' occurs twice",
            SKIPPED,
        ),
        (
            "ranks: {tiers: [{name: A, min_lifetime_earned: 5}]}\ncytube_promotion: {min_rank: A}",
            "ranks.tiers[0].min_lifetime_earned",
            "the lowest min_lifetime_earned must be 0",
            "it is read as 0",
        ),
        (
            "cytube_promotion: {min_rank: King}",
            "cytube_promotion.min_rank",
            "must name a rank: E",
            "the promotion is off",
        ),
        (
            f"achievements: [{ACHIEVEMENT.replace('daily_streak', 'luck')}]",
            "achievements[0].condition.type",
            "must be one of 'lifetime_messages'",
            SKIPPED,
        ),
        (
            f"achievements: [{ACHIEVEMENT.replace(', threshold: 1', '')}]",
            "achievements[0].condition.threshold",
            "is required",
            SKIPPED,
        ),
        (
            f"daily_competitions: [{COMPETITION.replace('daily_top', 'weekly')}]",
            "daily_competitions[0].condition.type",
            "must be one of 'daily_threshold' or 'daily_top'",
            SKIPPED,
        ),
        (
            f"daily_competitions: [{COMPETITION.replace('z_earned', 'luck')}]",
            "daily_competitions[0].condition.field",
            "must be one of 'messages_sent'",
            SKIPPED,
        ),
        (
            f"daily_competitions: [{COMPETITION.replace('daily_top', 'daily_threshold')}]",
            "daily_competitions[0].condition.threshold",
            "is required for daily_threshold",
            SKIPPED,
        ),
        (
            "service: {heartbeat_interval: 4}",
            "service.heartbeat_interval",
            "must be >= 5",
            "it is read as 5",
        ),
        ("presence: {hourly_milestones: {0: 1}}", "hourly_milestones.0", "must be >= 1", SKIPPED),
        (
            "presence: {hourly_milestones: {25: 1}}",
            "hourly_milestones.25",
            "must be <= 24",
            SKIPPED,
        ),
        ("presence: {hourly_milestones: {3: -1}}", "hourly_milestones.3", "must be >= 0", SKIPPED),
        (
            "presence: {night_watch: {hours: [24]}}",
            "night_watch.hours[0]",
            "must be <= 23",
            SKIPPED,
        ),
        (
            "presence: {night_watch: {multiplier: 0}}",
            "night_watch.multiplier",
            "must be > 0",
            "presence.night_watch is off",
        ),
        ("streaks: {daily: {rewards: {1: 5}}}", "streaks.daily.rewards.1", "must be >= 2", SKIPPED),
        (
            "gambling: {heist: {narrative: {mode: poem}}}",
            "heist.narrative.mode",
            "must be one of 'static', 'llm' or 'hybrid'",
            "the default is used",
        ),
        (
            "gambling: {race: {commentary: {mode: poem}}}",
            "race.commentary.mode",
            "must be one of 'static', 'llm' or 'hybrid'",
            "the default is used",
        ),
        (
            "balance_maintenance: {mode: tax}",
            "mode",
            "must be one of 'interest', 'decay' or",
            "balance_maintenance is off",
        ),
        (
            "inflation: {min_multiplier: 1.1}",
            "inflation.min_multiplier",
            "must be <= 1",
            "inflation is off",
        ),
        (
            "inflation: {max_multiplier: 0.9}",
            "inflation.max_multiplier",
            "must be >= 1",
            "inflation is off",
        ),
        (
            "inflation: {update_interval_seconds: 59}",
            "update_interval_seconds",
            "must be >= 60",
            "inflation is off",
        ),
        (
            "spending: {queue_tiers: []}",
            "spending.queue_tiers",
            "must have at least 1 entries",
            "the default is used",
        ),
        (
            "vanity_shop: {chat_color: {contrast_bg: red}}",
            "contrast_bg",
            "must match ^#[0-9A-Fa-f]",
            "the default is used",
        ),
        (
            "vanity_shop: {chat_color: {css_selector_template: .x}}",
            "css_selector_template",
            "must contain {username}",
            "the default is used",
        ),
        (
            "multipliers: {holidays: {dates: [{date: 02-30, name: n, multiplier: 1}]}}",
            "multipliers.holidays.dates[0].date",
            "must be a date MM-DD",
            SKIPPED,
        ),
        (
            "multipliers: {off_peak: {days: [7]}}",
            "multipliers.off_peak.days[0]",
            "must be <= 6",
            SKIPPED,
        ),
        (
            "gambling: {trivia: {question_cache_size: 51}}",
            "question_cache_size",
            "must be <= 50",
            "it is read as 50",
        ),
        (
            "gambling: {trivia: {api_url: opentdb.com}}",
            "gambling.trivia.api_url",
            "must be a web address",
            "the default is used",
        ),
        (
            "digest: {admin_digest: {send_hour_utc: 24}}",
            "send_hour_utc",
            "must be <= 23",
            "digest.admin_digest is off",
        ),
        (
            "rain: {max_amount: 10000000000000}",
            "rain.max_amount",
            "must be <= 1000000000000",
            "rain is off",
        ),
        (RACERS.format(RED), "odds_profiles[0].racers", "must have at least 2 entries", SKIPPED),
        (
            RACERS.format(f"{RED}, {BLUE.replace('0.5', '0.4')}"),
            "odds_profiles[0].racers",
            "the win chances must add up to 1 (± 0.01), and they make 0.9",
            SKIPPED,
        ),
    ],
)
def test_read_otherwise(tmp_path: Path, more: str, key: str, allowed: str, words: str) -> None:
    """A harmless fault is one warning with line, key, what is allowed and what is done."""
    (warning,) = warnings(tmp_path, more)
    place, path, rest = warning.split(": ", 2)
    file, line = place.split(":")
    assert file == "config.yaml"
    assert int(line) >= NEXT
    assert path.endswith(key)
    assert allowed in rest
    assert rest.endswith(f"; {words}")


@pytest.mark.parametrize(
    "cron",
    ["", "soon", "0 25 * * *", "0 20 * *", "0 20 * * 5 0", "0 0 30 2 *", "R R * * *", "@reboot"],
)
def test_cron_that_never_fires(tmp_path: Path, cron: str) -> None:
    """A window whose cron is broken, drawn by chance or never due is skipped with a warning."""
    window = WINDOW.replace("0 20 * * 5", cron)
    (warning,) = warnings(tmp_path, f"spending: {{blackout_windows: [{window}]}}")
    assert "spending.blackout_windows[0].cron" in warning
    assert "must be a cron expression" in warning
    assert warning.endswith(SKIPPED)
