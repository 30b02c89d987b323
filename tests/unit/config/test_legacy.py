"""Files of kryten-economy 0.15 load unchanged (config.md)."""

from pathlib import Path

import pytest
from tests.unit.config.samples import NEXT, faults, settings, warnings

from kryten_economy.config import load

OLD_FILE = Path(__file__).parent / "old_config.yaml"


def test_a_full_old_file_loads_with_one_warning() -> None:
    """A complete old file loads; only its slot table, which pays above 100 %, is warned about."""
    loaded = load(OLD_FILE, {"MEDIACMS_TOKEN": "abc"})
    assert [text.split(" of every")[0] for text in loaded.warnings] == [
        "THE PLAYERS WIN AGAINST THE HOUSE: spin returns 115 %",
        "THE PLAYERS WIN AGAINST THE HOUSE: heist from a crew of 4 on returns 104.25 %",
    ]
    got = loaded.settings
    assert got.metrics.port == 28290
    assert got.metrics.metrics_path == "/old-metrics"
    assert (got.service.name, got.pace.gap_s, got.pace.jitter_s) == ("economy", 1.5, 0.25)
    assert got.nats.password is None
    assert got.mediacms.token == "abc"
    assert got.presence.night_watch.hours == (22, 23, 0, 1)
    assert (got.presence.night_watch.multiplier, got.presence.night_watch.bonus_per_minute) == (
        1,
        2,
    )
    assert got.content_triggers.first_after_media_change.reward == 4
    assert got.gambling.spin.payouts[4].multiplier == 2
    assert got.inflation.enabled is False
    assert got.achievements[0].announce_public is None
    assert got.multipliers.scheduled_events[0].presence_bonus is None


def test_metrics_path(tmp_path: Path) -> None:
    """The older name of metrics_path counts only where the newer one is absent."""
    assert settings(tmp_path, "metrics: {path: /a}\n").metrics.metrics_path == "/a"
    assert (
        settings(tmp_path, "metrics: {path: /a, metrics_path: /b}\n").metrics.metrics_path == "/b"
    )
    assert warnings(tmp_path, "metrics: {path: /a, metrics_path: /b}\n") == []
    assert faults(tmp_path, "metrics:\n  path: 5\n") == [
        f"config.yaml:{NEXT + 1}: metrics.path: found 5, must be text"
    ]


def test_first_after_media_change(tmp_path: Path) -> None:
    """The trigger is accepted among the chat triggers; content_triggers wins (P-EARN-8)."""
    misplaced = "chat_triggers:\n  first_after_media_change: {reward: 9}\n"
    got = settings(tmp_path, misplaced).content_triggers
    assert (got.first_after_media_change.reward, got.like_current.reward) == (9, 2)
    assert warnings(tmp_path, misplaced) == []
    both = f"{misplaced}content_triggers: {{first_after_media_change: {{reward: 7}}}}\n"
    assert settings(tmp_path, both).content_triggers.first_after_media_change.reward == 7
    only = f"{misplaced}content_triggers:\n"
    assert settings(tmp_path, only).content_triggers.first_after_media_change.reward == 9


def test_no_place_for_a_misplaced_trigger(tmp_path: Path) -> None:
    """Where content_triggers is no mapping, that is the fault which is told."""
    text = "chat_triggers: {first_after_media_change: {reward: 9}}\ncontent_triggers: 5\n"
    assert faults(tmp_path, text) == [
        f"config.yaml:{NEXT + 1}: content_triggers: found a number, must be a mapping"
    ]


def test_fault_and_typo_in_a_misplaced_trigger(tmp_path: Path) -> None:
    """What is wrong with the misplaced trigger is told with the key and line of the file."""
    text = "chat_triggers:\n  first_after_media_change:\n    reward: -1\n    rewad: 1\n"
    key = "chat_triggers.first_after_media_change"
    typo, finding = warnings(tmp_path, text)
    assert finding == (
        f"config.yaml:{NEXT + 2}: {key}.reward: found -1, must be >= 0; it is read as 0"
    )
    assert typo.startswith(f"config.yaml:{NEXT + 3}: {key}.rewad is not")


@pytest.mark.parametrize(
    ("older", "hours", "bonus"),
    [
        ("start_hour: 3", (3, 4, 5), 1),
        ("end_hour: 4", (2, 3), 1),
        ("bonus_per_minute: 5", (2, 3, 4, 5), 5),
        ("start_hour: 22, end_hour: 2", (22, 23, 0, 1), 1),
        ("start_hour: '22', end_hour: 0", (22, 23), 1),
        ("start_hour: 22, end_hour: 24", (22, 23), 1),
        ("start_hour: 5, end_hour: 5", (*range(5, 24), *range(5)), 1),
    ],
)
def test_older_night_watch(tmp_path: Path, older: str, hours: tuple[int, ...], bonus: int) -> None:
    """The older shape means hours from start to before end and an added bonus, no factor."""
    text = f"presence: {{night_watch: {{enabled: true, {older}}}}}\n"
    night = settings(tmp_path, text).presence.night_watch
    assert (night.enabled, night.hours) == (True, hours)
    assert (night.multiplier, night.bonus_per_minute) == (1, bonus)
    assert warnings(tmp_path, text) == []


@pytest.mark.parametrize("current", ["hours: [1]", "multiplier: 3"])
def test_current_night_watch_wins(tmp_path: Path, current: str) -> None:
    """Where a current key is given the older ones are ignored with a warning."""
    text = f"presence:\n  night_watch: {{start_hour: 3, bonus_per_minute: 9, {current}}}\n"
    night = settings(tmp_path, text).presence.night_watch
    assert night.bonus_per_minute == 0
    assert (night.hours == (1,)) == (current == "hours: [1]")
    (warning,) = warnings(tmp_path, text)
    assert warning.startswith(f"config.yaml:{NEXT + 1}: presence.night_watch: the older keys")
    assert "start_hour, bonus_per_minute are ignored" in warning


def test_no_night_watch_keys_are_the_current_shape(tmp_path: Path) -> None:
    """Without hours in either shape the current defaults hold."""
    night = settings(tmp_path, "presence: {night_watch: {enabled: true}}\n").presence.night_watch
    assert (night.hours, night.multiplier) == ((2, 3, 4, 5, 6, 7), 1.5)
    assert night.bonus_per_minute == 0


def test_faulty_older_night_watch(tmp_path: Path) -> None:
    """A fault in the older shape is told like any other, together with the rest."""
    text = "presence:\n  night_watch: {start_hour: 25, end_hour: x}\n  base_rate_per_minute: x\n"
    assert faults(tmp_path, text) == [
        f"config.yaml:{NEXT + 1}: presence.night_watch.start_hour: found 25, must be <= 24",
        f"config.yaml:{NEXT + 1}: presence.night_watch.end_hour: found 'x', must be a whole number",
        f"config.yaml:{NEXT + 2}: presence.base_rate_per_minute: found 'x', must be a whole number",
    ]


def test_older_night_watch_of_no_day(tmp_path: Path) -> None:
    """Hours that no day has switch the older night watch off, with a warning."""
    text = "presence:\n  night_watch: {enabled: true, start_hour: 25, bonus_per_minute: 9}\n"
    assert warnings(tmp_path, text) == [
        (
            f"config.yaml:{NEXT + 1}: presence.night_watch.start_hour: found 25, must be <= 24;"
            " presence.night_watch is off"
        )
    ]
    night = settings(tmp_path, text).presence.night_watch
    assert (night.enabled, night.bonus_per_minute) == (False, 0)


@pytest.mark.parametrize("value", ["5", "[1]", "text", ""])
def test_odd_sections_in_place_of_older_shapes(tmp_path: Path, value: str) -> None:
    """Older shapes are only looked for in mappings."""
    text = f"presence: {{night_watch: {value}}}\nmetrics: {value}\nchat_triggers: {value}\n"
    assert len(faults(tmp_path, text)) == (3 if value else 0)
