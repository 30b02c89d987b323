"""Unknown keys (config.md 1)."""

from pathlib import Path

from tests.unit.config.samples import NEXT, warnings


def test_unknown_keys_are_warned_about(tmp_path: Path) -> None:
    """Each unknown key is named with its line and the nearest known key, and never an error."""
    text = (
        "rian: {}\n"
        "spin: {enabled: false}\n"
        "presence:\n  base_rate_per_minut: 4\n  night_watch: {hour: [1]}\n"
        "gambling: {spin: {payouts: [{symbols: a, multiplier: 1, probability: 0.5, chance: 1}]}}\n"
        "zzz: 5\n7: 8\n"
    )
    said = {
        f"{NEXT}: rian": "rain",
        f"{NEXT + 1}: spin": "gambling.spin",
        f"{NEXT + 3}: presence.base_rate_per_minut": "presence.base_rate_per_minute",
        f"{NEXT + 4}: presence.night_watch.hour": "presence.night_watch.hours",
        f"{NEXT + 5}: gambling.spin.payouts[0].chance": None,
        f"{NEXT + 6}: zzz": None,
        f"{NEXT + 7}: 7": None,
    }
    assert warnings(tmp_path, text) == [
        f"config.yaml:{key} is not a known key and is ignored"
        + (f" (did you mean {near}?)" if near else "")
        for key, near in said.items()
    ]


def test_keys_that_look_like_arguments(tmp_path: Path) -> None:
    """No key of the file is taken for an argument of the settings library."""
    got = warnings(tmp_path, "_env_file: /etc/passwd\n_case_sensitive: true\nmodel_config: {}\n")
    assert len(got) == 3


def test_old_keys_without_meaning_are_silent(tmp_path: Path) -> None:
    """Keys of older files that mean nothing any more are accepted without a warning."""
    text = (
        "gambling: {race: {racer_count: 6}}\nvanity_shop: {chat_color: {palette: ['#fff']}}\n"
        "balance_maintenance: {decay: {enabled: true}}\n"
    )
    assert warnings(tmp_path, text) == []
