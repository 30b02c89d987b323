"""Secrets never appear in errors, warnings, reports or representations."""

from pathlib import Path

import pytest
from tests.unit.config.samples import NO_ENVIRONMENT, faults, loaded, settings, written

from kryten_economy.config import ConfigError, load, reload_report
from kryten_economy.config.problems import shown

SECRET = "hunter2hunter2"
CHANNELS = "channels: [{domain: a, channel: b}]\n"


@pytest.mark.parametrize(
    "text",
    [
        f"nats: {{servers: [nats://a], password: [{SECRET}]}}\n",
        f"nats: {{servers: [nats://a], token: {{a: {SECRET}}}}}\n",
        f"nats: {{servers: nats://me:{SECRET}@host}}\n",
        f"nats: {{servers: [nats://a], password: {SECRET}, password: {SECRET}}}\n",
        f"nats: {{servers: [nats://a], password: *{SECRET}}}\n",
        f'nats: {{servers: [nats://a], password: "{SECRET}\n',
        f"nats: {{servers: [nats://a], password: !!int {SECRET}}}\n",
        f"nats: {{servers: [nats://a], password: !!timestamp {SECRET}}}\n",
        f"nats: {{servers: [nats://a], password: {SECRET}: x}}\n  {SECRET}\n",
        f"nats: {SECRET}\n",
        f"mediacms: {SECRET}\n",
        f"mediacms: [{SECRET}]\n",
        f"mediacms: {{api_token: [{SECRET}], cache_ttl_seconds: x}}\n",
        f"gambling: {{heist: {{narrative: {{llm: {{api_key: [{SECRET}]}}}}}}}}\n",
    ],
)
def test_not_in_errors(tmp_path: Path, text: str) -> None:
    """Whatever is wrong with a secret or around it, the error does not quote it."""
    got = faults(tmp_path, text, start=CHANNELS)
    assert got
    assert SECRET not in "".join(got)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rain: [1, 2\n", "expected ',' or ']', but got '<stream end>'"),
        ("rain: {a: 1\n", "expected ',' or '}', but got '<stream end>'"),
        ("rain: [1, 2]]\n", "expected <block end>, but found ']'"),
        ("rain: 'a' b\n", "expected <block end>, but found '<scalar>'"),
        ("rain: @home\n", "found character '@' that cannot start any token"),
        ("\train: 1\n", r"found character '\t' that cannot start any token"),
        (f"rain: *{SECRET}\n", "found undefined alias (hidden)"),
        (f"rain: !{SECRET}!x 1\n", "found undefined tag handle (hidden)"),
    ],
)
def test_parser_messages(tmp_path: Path, text: str, message: str) -> None:
    """What the YAML parser expected and found stays readable; what it quotes of values does not."""
    (fault,) = faults(tmp_path, text, start=CHANNELS)
    assert fault.endswith(f": is no valid YAML: {message}")


def test_not_in_errors_of_numbers(tmp_path: Path) -> None:
    """A secret that is read as a number is hidden too."""
    text = f"nats: {{servers: [nats://a], password: 123456}}\n{CHANNELS}"
    (fault,) = faults(tmp_path, text, start="")
    assert fault.endswith("nats.password: found (hidden), must be text")


@pytest.mark.parametrize("value", [f'{{"password": "{SECRET}"', f'"{SECRET}"', f'["{SECRET}"]'])
def test_not_in_errors_of_variables(tmp_path: Path, value: str) -> None:
    """A broken variable is not quoted where it may hold a secret."""
    got = faults(tmp_path, "", {"KRYTEN_ECONOMY__NATS": value})
    assert len(got) == 1
    assert SECRET not in got[0]


def test_no_secret_in_the_chain_of_errors(tmp_path: Path) -> None:
    """The error carries no other error whose text could hold the secret."""
    path = written(tmp_path, f"{CHANNELS}a: {{password: {SECRET}, password: {SECRET}}}\n")
    with pytest.raises(ConfigError) as caught:
        load(path, NO_ENVIRONMENT)
    assert caught.value.__suppress_context__
    path = written(tmp_path, f"{CHANNELS}nats: {{servers: [a], password: [{SECRET}]}}\n")
    with pytest.raises(ConfigError) as caught:
        load(path, NO_ENVIRONMENT)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_not_in_warnings(tmp_path: Path) -> None:
    """An unknown key is warned about without its value."""
    (warning,) = loaded(tmp_path, f"passwort: {SECRET}\n").warnings
    assert SECRET not in warning


def test_not_in_the_representation(tmp_path: Path) -> None:
    """A log line that prints the settings shows no secret."""
    text = (
        f"mediacms: {{api_token: {SECRET}}}\n"
        f"gambling: {{race: {{commentary: {{llm: {{api_key: {SECRET}}}}}}}}}\n"
    )
    environ = {"KRYTEN_ECONOMY__NATS__PASSWORD": SECRET, "KRYTEN_ECONOMY__NATS__TOKEN": SECRET}
    got = settings(tmp_path, text, environ)
    assert got.nats.password == got.nats.token == got.mediacms.token == SECRET
    assert SECRET not in repr(got)
    assert SECRET not in str(got)


def test_not_in_reload_reports(tmp_path: Path) -> None:
    """A changed secret is reported as changed, not shown."""
    environ = {
        "KRYTEN_ECONOMY__NATS__PASSWORD": SECRET,
        "KRYTEN_ECONOMY__NATS__SERVERS": f'["nats://me:{SECRET}@host:4222"]',
        "KRYTEN_ECONOMY__MEDIACMS__API_TOKEN": SECRET,
    }
    report = reload_report(settings(tmp_path), settings(tmp_path, "", environ))
    keys = {change.key_path for change in report.changed}
    assert keys == {"nats.servers[0]", "nats.password", "mediacms.api_token"}
    assert SECRET not in "".join(map(str, report.changed))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (1.5, "1.5"),
        ("a\nb", "'a\\nb'"),
        ("x" * 99, f"'{'x' * 60}…'"),
        ({}, "a mapping"),
        ((), "a list"),
        ("nats://me:p@ss/w@host", "'nats://(hidden)@host'"),
    ],
)
def test_values_on_one_line(value: object, text: str) -> None:
    """A value in an error is short, on one line, and without credentials of addresses."""
    assert shown("key", value) == text
