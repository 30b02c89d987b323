"""Finding, reading and refusing configuration files (config.md 1)."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.config.samples import (
    MINIMAL,
    NEXT,
    NO_ENVIRONMENT,
    faults,
    loaded,
    settings,
    warnings,
    written,
)

from kryten_economy import __version__
from kryten_economy.config import ConfigError, Settings, find_config, load
from kryten_economy.config.web import Web


def test_two_sections_are_enough(tmp_path: Path) -> None:
    """A file with only nats and channels works, without any warning."""
    assert warnings(tmp_path, "") == []
    got = settings(tmp_path)
    assert got.nats.servers == ("nats://localhost:4222",)
    assert got.channels[0].channel == "Lounge"
    assert got.rain.max_amount == 25


@pytest.mark.parametrize("section", ["nats", "channels"])
def test_required_sections(tmp_path: Path, section: str) -> None:
    """Without nats or channels, without a server or a channel, nothing loads."""
    rest = {
        "nats": "channels: [{domain: a, channel: b}]\n",
        "channels": "nats: {servers: [nats://a]}\n",
    }[section]
    assert faults(tmp_path, rest, start="") == [f"config.yaml: {section}: is required"]
    empty = {"nats": "nats: {servers: []}\n", "channels": "channels: []\n"}[section]
    (fault,) = faults(tmp_path, rest + empty, start="")
    assert "must have at least 1 entries" in fault


def test_all_faults_at_once_with_lines(tmp_path: Path) -> None:
    """Every fault of a file is listed, in its order, with line, key, found and allowed."""
    text = (
        "presence:\n  base_rate_per_minute: x\n"
        "rain:\n  min_amount: many\n  enabled: perhaps\n"
        "gambling:\n  spin:\n    payouts:\n      - {symbols: a, multiplier: x}\n  flip: 5\n"
    )
    assert faults(tmp_path, text) == [
        f"config.yaml:{NEXT + 1}: presence.base_rate_per_minute: found 'x', must be a whole number",
        f"config.yaml:{NEXT + 3}: rain.min_amount: found 'many', must be a whole number",
        f"config.yaml:{NEXT + 4}: rain.enabled: found 'perhaps', must be true or false",
        f"config.yaml:{NEXT + 8}: gambling.spin.payouts[0].multiplier: found 'x', must be a number",
        f"config.yaml:{NEXT + 9}: gambling.flip: found a number, must be a mapping",
    ]


def test_a_problem_has_its_parts(tmp_path: Path) -> None:
    """A problem can be read by programs: file, line, key path, found, allowed."""
    path = written(tmp_path, MINIMAL + "metrics:\n  port: 70000\n")
    with pytest.raises(ConfigError) as caught:
        load(path, NO_ENVIRONMENT)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key_path) == (str(path), NEXT + 1, "metrics.port")
    assert (problem.found, problem.allowed) == ("70000", "must be <= 65535")
    assert str(caught.value) == str(problem)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must be a mapping of sections"),
        ("- a\n- b\n", "must be a mapping of sections"),
        ("just words", "must be a mapping of sections"),
        ("a: [1,", "is no valid YAML"),
        ("a: b: c", "is no valid YAML"),
        ("a: *nowhere", "is no valid YAML"),
        ("a: 1\n---\nb: 2\n", "is no valid YAML"),
        ("a: \x00", "is no valid YAML"),
        ("a: 2024-13-45", "has a value that does not fit"),
        ("a: !!int many", "has a value that does not fit"),
        ("a: !!bool many", "has a value that does not fit"),
        ("a: 1\na: 2\n", "the key 'a' stands twice in one mapping"),
        ("a:\n  b: 1\n  b: 2\n", "the key 'b' stands twice in one mapping"),
        ("a: !!python/object/apply:os.system [ls]", "has a tag that is not allowed"),
        ("a: !own text", "has a tag that is not allowed"),
        ("a: !own {b: 1}", "has a tag that is not allowed"),
        ("a: !!binary aGk=", "has a tag that is not allowed"),
        ("a: !!set {b}", "has a tag that is not allowed"),
        ("? [a]\n: b\n", "has a key that is no plain word or number"),
    ],
)
def test_broken_files(tmp_path: Path, text: str, reason: str) -> None:
    """A file that is no plain YAML mapping is refused with a reason, never with a traceback."""
    (fault,) = faults(tmp_path, text, start="")
    assert reason in fault


def test_line_of_a_syntax_fault(tmp_path: Path) -> None:
    """A syntax fault and a double key name the line."""
    assert faults(tmp_path, "rain: {\n")[0].startswith(f"config.yaml:{NEXT + 1}: ")
    assert faults(tmp_path, "rain:\n  enabled: true\n  enabled: false\n") == [
        f"config.yaml:{NEXT + 2}: the key 'enabled' stands twice in one mapping"
    ]


def test_nothing_is_executed(tmp_path: Path) -> None:
    """A tag that would run code in a careless loader does nothing."""
    mark = tmp_path / "mark"
    faults(tmp_path, f"rain: !!python/object/apply:os.mkdir ['{mark}']\n")
    assert not mark.exists()


def test_missing_file_and_folder(tmp_path: Path) -> None:
    """A missing file and a folder are load errors that name the path."""
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match="can't be read") as caught:
            load(path, NO_ENVIRONMENT)
        assert str(path) in str(caught.value)


def test_always_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is UTF-8 whatever the platform says; other bytes are a load error (P-CFG-5)."""
    monkeypatch.setenv("LC_ALL", "C")
    assert settings(tmp_path, "currency: {name: Zł-🍒}\n").currency.name == "Zł-🍒"
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load(path, NO_ENVIRONMENT).settings.channels[0].channel == "Lounge"
    path.write_bytes(MINIMAL.encode() + "currency: {name: Zł}\n".encode("iso-8859-2"))
    with pytest.raises(ConfigError, match="must be UTF-8 text"):
        load(path, NO_ENVIRONMENT)


def test_emoji_in_two_halves_are_one(tmp_path: Path) -> None:
    """A file that JSON wrote has emoji as two escapes: they are read as the one that is meant."""
    text = (
        'currency: {symbol: "\\ud83d\\udcb0 Z"}\n'
        'onboarding: {welcome_message: "a\\ud83e\\udd73b"}\n'
    )
    found = loaded(tmp_path, text)
    assert found.settings.currency.symbol == "💰 Z"
    assert found.settings.onboarding.welcome_message == "a🥳b"
    assert not [each for each in found.warnings if "half" in each]


def test_half_an_emoji_is_replaced_and_told(tmp_path: Path) -> None:
    """What no database takes is not taken from a file, an environment or a key either."""
    text = 'currency: {symbol: "x\\ud83d"}\n"\\udc00odd": 1\n'
    found = loaded(tmp_path, text, {"KRYTEN_ECONOMY__CURRENCY__NAME": "Coin\udcff"})
    assert found.settings.currency.symbol == "x\N{REPLACEMENT CHARACTER}"
    assert found.settings.currency.name == "Coin\N{REPLACEMENT CHARACTER}"
    told = [each for each in found.warnings if "half a character" in each]
    assert len(told) == 2
    assert "config.yaml:6: currency.symbol" in told[0] + told[1]
    assert "KRYTEN_ECONOMY__CURRENCY__NAME" in told[0] + told[1]
    assert all(each.encode() for each in found.warnings)


def test_flood_of_aliases(tmp_path: Path) -> None:
    """Aliases of aliases that would fill the memory are refused."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (fault,) = faults(tmp_path, "\n".join(lines))
    assert "has more than 100000 values" in fault


def test_deep_nesting(tmp_path: Path) -> None:
    """Nesting deeper than any configuration is refused, be it written or made of aliases."""
    aliases = "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2000))
    for text in (f"a: {'[' * 5000}{']' * 5000}\n", f"a0: &a0 [x]\n{aliases}"):
        (fault,) = faults(tmp_path, text)
        # Where the interpreter bears the depth, the number of values ends it.
        assert "is nested too deeply" in fault or "has more than" in fault


def test_a_value_inside_itself(tmp_path: Path) -> None:
    """An alias of its own parent holds nothing, and doesn't keep the loader busy."""
    assert settings(tmp_path, "rain: &a {enabled: false, more: *a}\n").rain.enabled is False


def test_merged_and_shared_values(tmp_path: Path) -> None:
    """Anchors, aliases and merges of YAML work, and a fault in them has a line."""
    text = (
        "rain: &rain\n  min_amount: 3\n"
        "tipping: {min_amount: &least 2}\n"
        "bounties: {<<: *rain, max_open_per_user: *least}\n"
    )
    got = settings(tmp_path, text)
    assert (got.bounties.min_amount, got.bounties.max_open_per_user) == (3, 2)
    (fault,) = faults(tmp_path, "x: &x {min_amount: few}\nbounties:\n  <<: *x\n")
    assert (
        fault == f"config.yaml:{NEXT + 1}: bounties.min_amount: found 'few', must be a whole number"
    )


def test_values_with_the_type_written_out(tmp_path: Path) -> None:
    """Standard tags, other number forms and anchored truth values are plain data."""
    got = settings(
        tmp_path,
        "currency: {name: !!str 12, plural: 2024-01-01}\n"
        "rain: {max_amount: 0x1f, min_amount: 1_0, enabled: &no false, pm_notification: *no}\n",
    )
    assert (got.currency.name, got.currency.plural) == ("12", "2024-01-01")
    assert (got.rain.max_amount, got.rain.min_amount) == (31, 10)
    assert (got.rain.enabled, got.rain.pm_notification) == (False, False)


def test_numeric_strings(tmp_path: Path) -> None:
    """Numbers and truth values written as text are read as what the key is."""
    got = settings(
        tmp_path,
        "rain: {interval_minutes: '30', enabled: 'no'}\nretry_delay: '0.5'\n"
        "presence: {hourly_milestones: {'2': '7'}, night_watch: {hours: ['3']}}\n",
    )
    assert (got.rain.interval_minutes, got.rain.enabled, got.retry_delay) == (30, False, 0.5)
    assert dict(got.presence.hourly_milestones) == {2: 7}
    assert got.presence.night_watch.hours == (3,)


@pytest.mark.parametrize(
    ("more", "allowed"),
    [
        ("rain: {interval_minutes: 1.5}", "must be a whole number"),
        ("rain: {interval_minutes: true}", "must be a number, not true or false"),
        ("rain: {interval_minutes: [1]}", "must be a whole number"),
        ("rain: {interval_minutes: }", "must be a whole number"),
        ("rain: {message: 5}", "must be text"),
        ("rain: {message: }", "must be text"),
        ("rain: {enabled: 5}", "must be true or false"),
        ("retry_delay: .nan", "must be a number"),
        ("retry_delay: .inf", "must be a number"),
        ("retry_delay: soon", "must be a number"),
        ("rain: 5", "must be a mapping"),
        ("rain: [1]", "must be a mapping"),
        ("ignored_users: Bot", "must be a list"),
        ("ignored_users: {a: b}", "must be a list"),
        ("presence: {hourly_milestones: 5}", "must be a mapping"),
        ("presence: {hourly_milestones: {soon: 5}}", "must be a whole number"),
    ],
)
def test_wrong_types(tmp_path: Path, more: str, allowed: str) -> None:
    """A value of another type is refused with its key path and the reason."""
    (fault,) = faults(tmp_path, more)
    assert fault.endswith(f", {allowed}")


SECTIONS = list(Settings.model_fields)


def test_null_sections_are_defaults(tmp_path: Path) -> None:
    """Each section, list and map with every child commented out means its defaults (P-CFG-6)."""
    default = settings(tmp_path)
    plain = {"retry_attempts", "retry_delay", "handler_timeout", "max_concurrent_handlers"}
    plain |= {"log_level", "chat_min_delay", "chat_jitter", "timezone", "nats", "channels"}
    top = [name for name in Settings.model_fields if name not in plain]
    named = settings(tmp_path, "".join(f"{name}:\n" for name in top))
    assert named == default.model_copy(update={"web": Web()})
    nested = (
        "gambling: {spin: , heist: {narrative: {llm: , custom_win_lines: }}, race: {commentary: ,"
        " odds_profiles: }, trivia: {payout_multipliers: }}\n"
        "presence: {hourly_milestones: , night_watch: }\nspending: {queue_tiers: }\n"
        "ranks: {tiers: }\n"
    )
    assert settings(tmp_path, nested) == default
    multipliers = "multipliers: {holidays: {dates: }, scheduled_events: }\n"
    assert settings(tmp_path, multipliers) == settings(tmp_path, "multipliers: {}\n")


def test_identity_is_forced(tmp_path: Path) -> None:
    """Name and version of the service are ours whatever the file or environment says (P-CFG-8)."""
    environ = {"KRYTEN_ECONOMY__SERVICE__NAME": "other"}
    for more in ("", "service:\n", "service: {name: other, version: 9.9}\n"):
        got = settings(tmp_path, more, environ).service
        assert (got.name, got.version) == ("economy", __version__)


def test_settings_do_not_read_the_process_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is handed to the loader counts."""
    monkeypatch.setenv("TIMEZONE", "Europe/Berlin")
    monkeypatch.setenv("KRYTEN_ECONOMY__TIMEZONE", "Europe/Berlin")
    assert settings(tmp_path).timezone == "UTC"


def test_settings_are_immutable(tmp_path: Path) -> None:
    """Nobody can change settings that others hold."""
    got = settings(tmp_path)
    with pytest.raises(ValidationError):
        got.rain.max_amount = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        got.timezone = "Europe/Berlin"  # type: ignore[misc]
    with pytest.raises(TypeError):
        got.presence.hourly_milestones[1] = 5  # type: ignore[index]


def test_search_order(tmp_path: Path) -> None:
    """The file asked for wins, then the first of the search order; none is an error."""
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    assert find_config(Path("asked.yaml"), (first, second)) == Path("asked.yaml")
    with pytest.raises(ConfigError, match=r"first\.yaml or .*second\.yaml: no configuration file"):
        find_config(None, (first, second))
    second.touch()
    assert find_config(None, (first, second)) == second
    first.touch()
    assert find_config(None, (first, second)) == first


def _loads_or_refuses(data: bytes) -> None:
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    try:
        load(Path(f"/dev/fd/{read}"), NO_ENVIRONMENT)
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - both ways out are good
    finally:
        os.close(read)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_end_in_settings_or_a_config_error(data: bytes) -> None:
    """Whatever the file holds, the loader answers with settings or a ConfigError."""
    _loads_or_refuses(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab{}$-", max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(SECTIONS) | st.integers(), inner, max_size=3)
        ),
        max_leaves=10,
    ),
    st.sampled_from(SECTIONS),
)
def test_any_values_end_in_settings_or_a_config_error(value: object, section: str) -> None:
    """Whatever stands in a section, the loader answers with settings or a ConfigError."""
    _loads_or_refuses(f"{MINIMAL}{section}: {_flow(value)}\n".encode())


def _flow(value: object) -> str:
    match value:
        case dict():
            return f"{{{', '.join(f'? {key} : {_flow(inner)}' for key, inner in value.items())}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case str():
            return f"'{value}'"
        case None:
            return "null"
        case _:
            return str(value)


def test_some_keys_are_laid_over_a_file(tmp_path: Path) -> None:
    """Sections key by key, lists and maps as a whole; faults name the file that says it."""
    base = written(
        tmp_path,
        MINIMAL
        + "rain: {min_amount: 4, max_amount: 9}\npresence: {hourly_milestones: {1: 10, 3: 30}}\n"
        "ignored_users: [a, b]\n",
    )
    changes = tmp_path / "changes.yaml"
    changes.write_text(
        "rain:\n  max_amount: 12\npresence: {hourly_milestones: {2: 5}}\nignored_users: [c]\n"
    )
    got = load(base, NO_ENVIRONMENT, changes).settings
    assert (got.rain.min_amount, got.rain.max_amount) == (4, 12)
    assert dict(got.presence.hourly_milestones) == {2: 5}
    assert got.ignored_users == ("c",)
    assert load(base, NO_ENVIRONMENT).settings.rain.max_amount == 9
    changes.write_text("rain:\n  max_amount: many\nshop:\n  items: [{name: x, price: y}]\n")
    with pytest.raises(ConfigError) as refused:
        load(base, NO_ENVIRONMENT, changes)
    told = str(refused.value)
    assert f"{changes}:2: rain.max_amount" in told
    assert f"{changes}:4: shop.items[0].price" in told
