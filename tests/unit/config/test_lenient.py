"""A file that the old service started with starts here: what it then means, and what is told."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.config.samples import MINIMAL, NEXT, NO_ENVIRONMENT, faults, loaded, warnings

from kryten_economy.config import Settings, load

RACERS = """\
gambling:
  race:
    odds_profiles:
      - racers:
          - {color: Red, win_chance: 0.5, speed_base: 1}
          - {color: Pink, emoji: p, win_chance: 0.5, speed_base: 1}
"""
TIER = "{name: A, min_lifetime_earned: 0}"
GOOD = "{id: good, description: d, condition: {type: daily_streak, threshold: 1}}"
TOP = "{id: good, description: d, condition: {type: daily_top, field: z_earned}}"
WINDOW = "{{name: {}, cron: '0 20 * * 5', duration_hours: 2}}"


@pytest.mark.parametrize(
    ("more", "line", "key", "holds"),
    [
        (
            f"ranks: {{tiers: [{TIER}]}}\n",
            0,
            "cytube_promotion.min_rank",
            lambda got: not got.cytube_promotion.enabled,
        ),
        (
            f"ranks: {{tiers: [{TIER}]}}\ncytube_promotion: {{enabled: false, min_rank: B}}\n",
            1,
            "cytube_promotion.min_rank",
            lambda got: not got.cytube_promotion.enabled and got.ranks.tiers[0].name == "A",
        ),
        (
            (
                "ranks:\n  tiers:\n    - {name: B, min_lifetime_earned: 9}\n"
                "    - {name: A, min_lifetime_earned: 5}\ncytube_promotion: {min_rank: A}\n"
            ),
            3,
            "ranks.tiers[1].min_lifetime_earned",
            lambda got: [tier.min_lifetime_earned for tier in got.ranks.tiers] == [0, 9],
        ),
        (
            "ranks: {tiers: [{name: A}]}\ncytube_promotion: {min_rank: A}\n",
            0,
            "ranks.tiers[0].min_lifetime_earned",
            lambda got: got.ranks.tiers[0].min_lifetime_earned == 0,
        ),
        (
            f"ranks: {{tiers: [{TIER}, {{name: B}}]}}\ncytube_promotion: {{min_rank: A}}\n",
            0,
            "ranks.tiers[1].min_lifetime_earned",
            lambda got: [tier.name for tier in got.ranks.tiers] == ["A"],
        ),
        (
            "achievements: [{id: a, condition: {type: daily_streak, threshold: 1}}]\n",
            0,
            "achievements[0].description",
            lambda got: got.achievements[0].description == "a",
        ),
        (
            f"achievements: [{{id: a, condition: {{type: daily_streak}}, description: d}}, {GOOD}]",
            0,
            "achievements[0].condition.threshold",
            lambda got: [entry.id for entry in got.achievements] == ["good"],
        ),
        (
            f"achievements: [{GOOD.replace('daily_streak', 'luck')}]\n",
            0,
            "achievements[0].condition.type",
            lambda got: got.achievements == (),
        ),
        (
            "daily_competitions: [{id: a, condition: {type: daily_top, field: z_earned}}]\n",
            0,
            "daily_competitions[0].description",
            lambda got: got.daily_competitions[0].description == "a",
        ),
        (
            f"daily_competitions: [{TOP.replace('daily_top', 'daily_threshold')}]\n",
            0,
            "daily_competitions[0].condition.threshold",
            lambda got: got.daily_competitions == (),
        ),
        (
            f"daily_competitions:\n  - {TOP.replace('daily_top', 'weekly')}\n  - {TOP}\n",
            1,
            "daily_competitions[0].condition.type",
            lambda got: [entry.id for entry in got.daily_competitions] == ["good"],
        ),
        (
            "balance_maintenance: {mode: off}\n",
            0,
            "balance_maintenance.mode",
            lambda got: got.balance_maintenance.mode == "none",
        ),
        (
            "presence:\n  hourly_milestones: {1: 5, 48: 9}\n",
            1,
            "presence.hourly_milestones.48",
            lambda got: dict(got.presence.hourly_milestones) == {1: 5},
        ),
        (
            "presence:\n  hourly_milestones: {1: 5, 1.5: 9}\n",
            1,
            "presence.hourly_milestones.1.5",
            lambda got: dict(got.presence.hourly_milestones) == {1: 5},
        ),
        (
            "presence: {night_watch: {enabled: true, hours: [23, 24, 1]}}\n",
            0,
            "presence.night_watch.hours[1]",
            lambda got: got.presence.night_watch.hours == (23, 1),
        ),
        (
            "streaks: {daily: {rewards: {1: 5, 2: 6}}}\n",
            0,
            "streaks.daily.rewards.1",
            lambda got: dict(got.streaks.daily.rewards) == {2: 6},
        ),
        (
            "multipliers: {off_peak: {days: [0, 7]}}\n",
            0,
            "multipliers.off_peak.days[1]",
            lambda got: got.multipliers.off_peak.days == (0,),
        ),
        (
            "multipliers: {holidays: {dates: [{date: 2-14, name: Hearts, multiplier: 2}]}}\n",
            0,
            "multipliers.holidays.dates[0].date",
            lambda got: got.multipliers.holidays.dates[0].date == "02-14",
        ),
        (
            f"spending: {{blackout_windows: [{WINDOW.format('a')}, {WINDOW.format('A')}]}}\n",
            0,
            "spending.blackout_windows[1]",
            lambda got: [each.name for each in got.spending.blackout_windows] == ["a", "A (2)"],
        ),
        (
            (
                "multipliers: {off_peak: {enabled: false}, scheduled_events:"
                f" [{WINDOW.format('a')}, {WINDOW.format('a')}]}}\n"
            ),
            0,
            "multipliers.scheduled_events[1]",
            lambda got: [each.name for each in got.multipliers.scheduled_events] == ["a", "a (2)"],
        ),
        (
            "spending: {queue_tiers: []}\n",
            0,
            "spending.queue_tiers",
            lambda got: got.spending.queue_tiers[0].cost == 2500,
        ),
        (
            RACERS,
            4,
            "gambling.race.odds_profiles[0].racers[0].emoji",
            lambda got: got.gambling.race.odds_profiles[0].racers[0].emoji == "🔴",
        ),
        (
            "gambling:\n  flip:\n    min_wager: 50\n    max_wager: 20\n",
            3,
            "gambling.flip.max_wager",
            lambda got: not got.gambling.flip.enabled and got.gambling.spin.enabled,
        ),
        (
            "gambling: {flip: {win_chance: 1.5}}\n",
            0,
            "gambling.flip.win_chance",
            lambda got: not got.gambling.flip.enabled,
        ),
        (
            "gambling: {spin: {payouts: [{symbols: a, multiplier: 2, probability: 45}]}}\n",
            0,
            "gambling.spin.payouts[0].probability",
            lambda got: not got.gambling.spin.enabled,
        ),
        (
            "service: {heartbeat_interval: 2}\n",
            0,
            "service.heartbeat_interval",
            lambda got: got.service.heartbeat_interval == 5,
        ),
        (
            "balance_maintenance: {mode: decay, decay: {daily_rate: 5}}\n",
            0,
            "balance_maintenance.decay.daily_rate",
            lambda got: got.balance_maintenance.mode == "none",
        ),
        (
            "admin: {owner_level: -1}\n",
            0,
            "admin.owner_level",
            lambda got: got.admin.owner_level == 4,
        ),
    ],
)
def test_the_harmless_reading(
    tmp_path: Path, more: str, line: int, key: str, holds: Callable[[Settings], bool]
) -> None:
    """An entry is skipped, a feature off or a number the nearest one; one warning says where."""
    got = loaded(tmp_path, more)
    (warning,) = got.warnings
    assert warning.startswith(f"{tmp_path}/config.yaml:{NEXT + line}: {key}: ")
    assert "; " in warning
    assert holds(got.settings)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("{who} got {amount}", " got {amount}"),
        ("{amount:,} for you", "{amount} for you"),
        ("{amount!r} {who.name[0]} {}{0}", "{amount}  "),
        ("{{amount}} {amount", "{{amount}} {{amount"),
        ("50 % }", "50 % }}"),
    ],
)
def test_templates(tmp_path: Path, text: str, means: str) -> None:
    """Formats are dropped, unknown variables left empty, and lone braces stay as they are."""
    got = loaded(tmp_path, f'rain:\n  message: "{text}"\n')
    (warning,) = got.warnings
    assert warning.startswith(f"{tmp_path}/config.yaml:{NEXT + 1}: rain.message: found ")
    assert got.settings.rain.message == means


def test_every_finding_is_told_with_the_place_of_the_file(tmp_path: Path) -> None:
    """Skipped entries don't shift the lines and positions told of the entries behind them."""
    bad = GOOD.replace("daily_streak", "luck")
    lines = "".join(f"  - {entry}\n" for entry in (bad, GOOD, GOOD, bad, "{id: x}"))
    got = [warning.split(": ")[:2] for warning in warnings(tmp_path, f"achievements:\n{lines}")]
    assert got == [
        [f"config.yaml:{NEXT + 1}", "achievements[0].condition.type"],
        [f"config.yaml:{NEXT + 3}", "achievements[2]"],
        [f"config.yaml:{NEXT + 4}", "achievements[3].condition.type"],
        [f"config.yaml:{NEXT + 5}", "achievements[4].description"],
        [f"config.yaml:{NEXT + 5}", "achievements[4].condition"],
    ]


def test_a_typo_in_what_is_skipped(tmp_path: Path) -> None:
    """What may be the reason for a skipped entry, an unknown key in it, is told as well."""
    entry = "{id: a, description: d, condition: {type: daily_streak, treshold: 1}}"
    got = warnings(tmp_path, f"achievements: [{entry}]\n")
    assert len(got) == 2
    assert "did you mean achievements[0].condition.threshold" in got[0]


def test_null_percentage(tmp_path: Path) -> None:
    """A percentage of earnings that is null is none, as it always was."""
    more = f"achievements: [{GOOD.replace('id: good', 'reward_percent_of_earnings: , id: a')}]\n"
    got = loaded(tmp_path, more)
    assert (got.warnings, got.settings.achievements[0].reward_percent_of_earnings) == ((), 0)


def test_a_refused_file_shows_its_warnings_too(tmp_path: Path) -> None:
    """Whoever mends the faults sees at once what else is read otherwise."""
    path = tmp_path / "config.yaml"
    path.write_text(f"{MINIMAL}rain: {{max_amount: -1}}\ntimezone: Mars\n", encoding="utf-8")
    with pytest.raises(Exception, match="timezone: found 'Mars'") as caught:
        load(path, NO_ENVIRONMENT)
    told = caught.value.warnings  # type: ignore[attr-defined]
    assert f"{path}:{NEXT}: rain.max_amount: found -1, must be >= 0; it is read as 0" in told


@pytest.mark.parametrize(
    ("level", "words"),
    [
        (0, "everybody may use the admin commands, guests too"),
        (1, "every registered user may use the admin commands"),
        (99, "nobody in the channel may use the admin commands"),
    ],
)
def test_unusual_owners(tmp_path: Path, level: int, words: str) -> None:
    """A level that makes everybody an owner, or nobody, is told."""
    (warning,) = warnings(tmp_path, f"admin:\n  owner_level: {level}\n")
    assert warning.startswith(f"config.yaml:{NEXT + 1}: admin.owner_level: found {level}, {words}")


@pytest.mark.parametrize("level", [2, 3, 4, 5])
def test_usual_owners(tmp_path: Path, level: int) -> None:
    """Moderators, admins, owners and the creator of a channel may be its owners here."""
    assert warnings(tmp_path, f"admin: {{owner_level: {level}}}\n") == []


@pytest.mark.parametrize("backend", ["postgres", "postgresql", "mysql"])
def test_books_elsewhere(tmp_path: Path, backend: str) -> None:
    """A file whose books are in another database is refused, or the books would start empty."""
    more = f"database:\n  backend: {backend}\n  postgres: {{host: db, password: hunter2}}\n"
    (fault,) = faults(tmp_path, more)
    assert fault.startswith(f"config.yaml:{NEXT + 1}: database.backend: found '{backend}', must be")
    assert "docs/migration.md" in fault
    assert warnings(tmp_path, more.replace(f"backend: {backend}", "backend: sqlite")) == []
