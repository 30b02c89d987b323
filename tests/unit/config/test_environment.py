"""Overrides from the environment (architecture.md 9)."""

from pathlib import Path

import pytest
from tests.unit.config.samples import faults, settings, warnings


def test_wins_over_the_file(tmp_path: Path) -> None:
    """A variable wins over the file and over the default, at any depth."""
    got = settings(
        tmp_path,
        "rain: {max_amount: 30}\nchat_min_delay: 1\n",
        {
            "KRYTEN_ECONOMY__RAIN__MAX_AMOUNT": "50",
            "KRYTEN_ECONOMY__GAMBLING__HEIST__NARRATIVE__LLM__MODEL": "tiny",
            "KRYTEN_ECONOMY__CHAT_MIN_DELAY": "0",
            "OTHER__RAIN__MIN_AMOUNT": "7",
        },
    )
    assert (got.rain.max_amount, got.rain.min_amount) == (50, 5)
    assert got.gambling.heist.narrative.llm.model == "tiny"
    assert got.chat_min_delay == 0


def test_any_case(tmp_path: Path) -> None:
    """Variables are read without regard to case."""
    assert settings(tmp_path, "", {"kryten_economy__Rain__max_Amount": "50"}).rain.max_amount == 50


def test_null_section_in_the_file(tmp_path: Path) -> None:
    """A variable reaches into a section that the file leaves null or out."""
    environ = {"KRYTEN_ECONOMY__RAIN__MAX_AMOUNT": "50"}
    assert settings(tmp_path, "rain:\n", environ).rain.max_amount == 50


def test_lists_and_maps_are_json_and_replace(tmp_path: Path) -> None:
    """A list or a map is JSON and takes the place of the file's whole list or map."""
    got = settings(
        tmp_path,
        "ignored_users: [a, b]\npresence: {hourly_milestones: {1: 5, 2: 6}}\n",
        {
            "KRYTEN_ECONOMY__IGNORED_USERS": '["c"]',
            "KRYTEN_ECONOMY__PRESENCE__HOURLY_MILESTONES": '{"2": 9}',
            "KRYTEN_ECONOMY__CHANNELS": '[{"domain": "d", "channel": "c"}]',
        },
    )
    assert got.ignored_users == ("c",)
    assert dict(got.presence.hourly_milestones) == {2: 9}
    assert [channel.channel for channel in got.channels] == ["c"]


def test_section_as_json_names_only_its_keys(tmp_path: Path) -> None:
    """A section as JSON replaces the keys it names, and a variable for one key wins over it."""
    got = settings(
        tmp_path,
        "presence: {afk_threshold_minutes: 9, night_watch: {enabled: true}}\n",
        {
            "KRYTEN_ECONOMY__PRESENCE": '{"join_debounce_minutes": 7, "night_watch": '
            '{"multiplier": 3}, "hourly_milestones": {"3": 1}}',
            "KRYTEN_ECONOMY__PRESENCE__NIGHT_WATCH__MULTIPLIER": "4",
        },
    ).presence
    assert (got.afk_threshold_minutes, got.join_debounce_minutes) == (9, 7)
    assert (got.night_watch.enabled, got.night_watch.multiplier) == (True, 4)
    assert dict(got.hourly_milestones) == {3: 1}


@pytest.mark.parametrize("key", ["CATEGORY", "category"])
def test_null_where_none_is_allowed(tmp_path: Path, key: str) -> None:
    """``null`` means none for a key that may have none."""
    environ = {f"KRYTEN_ECONOMY__GAMBLING__TRIVIA__{key}": "null"}
    got = settings(tmp_path, "gambling: {trivia: {category: 9}}\n", environ)
    assert got.gambling.trivia.category is None


@pytest.mark.parametrize(
    ("variable", "value", "rest"),
    [
        ("RAIN__MAX_AMOUNT", "many", "rain.max_amount: found 'many', must be a whole number"),
        ("IGNORED_USERS", "a,b", "ignored_users: must be JSON"),
        ("IGNORED_USERS", '"a"', "ignored_users: found text, must be a list"),
        ("RAIN", "[1]", "rain: found a list, must be a mapping"),
        ("RAIN", '{"enabled": 7}', "rain.enabled: found 7, must be true or false"),
        ("CHANNELS", '[{"domain": "a"}]', "channels[0].channel: is required"),
        ("NATS__PASSWORD", '"', None),
    ],
)
def test_an_error_names_the_variable(
    tmp_path: Path, variable: str, value: str, rest: str | None
) -> None:
    """What is wrong with an override is told with the variable's name instead of a line."""
    got = faults(tmp_path, "", {f"KRYTEN_ECONOMY__{variable}": value})
    if rest is None:
        assert got == []
    else:
        assert len(got) == 1
        assert got[0].startswith(f"KRYTEN_ECONOMY__{variable}: {rest}")


@pytest.mark.parametrize(
    ("variable", "value", "rest"),
    [
        ("RAIN__MAX_AMOUNT", "1", "rain.max_amount: found '1', must be >= min_amount (5)"),
        ("RAIN__MESSAGE", "{who}", "rain.message: found '{who}', unknown variable {who}; known"),
    ],
)
def test_a_finding_names_the_variable(tmp_path: Path, variable: str, value: str, rest: str) -> None:
    """What is read otherwise in an override is told with the variable's name too."""
    (warning,) = warnings(tmp_path, "", {f"KRYTEN_ECONOMY__{variable}": value})
    assert warning.startswith(f"KRYTEN_ECONOMY__{variable}: {rest}")


def test_faults_of_file_and_environment_together(tmp_path: Path) -> None:
    """Faults of both places are listed at once."""
    got = faults(tmp_path, "rain: {min_amount: x}\n", {"KRYTEN_ECONOMY__TIMEZONE": "Mars"})
    assert len(got) == 2


def test_variable_below_a_wrong_value(tmp_path: Path) -> None:
    """A section that is no mapping in the file stays an error, whatever a variable says."""
    (fault,) = faults(tmp_path, "rain: 5\n", {"KRYTEN_ECONOMY__RAIN__MAX_AMOUNT": "50"})
    assert fault.endswith("rain: found a number, must be a mapping")


def test_unknown_variables_are_warned_about(tmp_path: Path) -> None:
    """A variable that names no key is ignored with a warning and the nearest name."""
    environ = {
        "KRYTEN_ECONOMY__RAIN__MAX_AMUNT": "5",
        "KRYTEN_ECONOMY__XYZ": "5",
        "KRYTEN_ECONOMY__RAIN__MAX_AMOUNT__MORE": "5",
        "KRYTEN_ECONOMY__": "5",
    }
    got = warnings(tmp_path, "", environ)
    assert len(got) == 4
    assert (
        "KRYTEN_ECONOMY__RAIN__MAX_AMUNT: not a known key, ignored"
        " (did you mean KRYTEN_ECONOMY__RAIN__MAX_AMOUNT?)"
    ) in got
    assert "KRYTEN_ECONOMY__XYZ: not a known key, ignored" in got
