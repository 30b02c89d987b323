"""What is kept of a configuration holds no secret, and becomes a whole file again."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.config import ConfigError, load
from kryten_economy.config.history import (
    SecretsLostError,
    hidden_text,
    with_secrets,
    write_back,
)
from kryten_economy.config.origins import explain, kept_values

WRITTEN = """\
# The café's own. Old token: abc-old-token
nats:
  servers: ["nats://user:pa55word@127.0.0.1:4222"]   # was nats://me:pa55word@old:1
  password: &pass "hun'ter-two"  # hun'ter-two, ask Bob
  token: |
    long-token
mediacms:
    api_token: ${MEDIA_TOKEN}
    base_url: https://media.test
channels:
  - {domain: cytube.test, channel: TestChan}
currency: {symbol: "${SYMBOL:-Z}"}
gambling: {race: {commentary: {llm: {api_key: "${KEY:-sk-default-secret}"}}}}
postgres: {dsn: "postgresql://eco:dbpass@db/eco", other: *pass}
rain: {max_amount: 30}
"""
SECRETS = (
    "hun'ter-two", "pa55word", "long-token", "abc-old-token", "sk-default-secret", "dbpass",
)  # fmt: skip
ENVIRON = {"SYMBOL": "Ducat", "MEDIA_TOKEN": "from-the-environment"}


def test_no_secret_is_kept() -> None:
    """Neither in values, nor in defaults of references, addresses or comments."""
    kept = hidden_text(WRITTEN)
    assert not [each for each in SECRETS if each in kept]
    assert "${MEDIA_TOKEN}" in kept
    assert "${SYMBOL:-Z}" in kept
    assert "# The café's own." in kept
    assert 'password: &pass "(hidden)"' in kept
    assert hidden_text(kept) == kept


def test_what_was_hidden_comes_from_the_file_that_is_there() -> None:
    """The text of then with the secrets of now, comments as they were kept."""
    now = WRITTEN.replace("hun'ter-two", "new-pass").replace("max_amount: 30", "max_amount: 99")
    back = with_secrets(hidden_text(WRITTEN), now)
    assert 'password: &pass "new-pass"' in back
    assert "nats://user:pa55word@127.0.0.1:4222" in back
    assert "max_amount: 30" in back
    assert "(hidden)" not in "".join(line.partition("#")[0] for line in back.splitlines())


def test_an_address_keeps_the_credentials_of_now() -> None:
    """Also where the host is another one by now."""
    now = WRITTEN.replace("pa55word@127.0.0.1", "newer@elsewhere")
    assert "nats://user:newer@127.0.0.1:4222" in with_secrets(hidden_text(WRITTEN), now)


def test_a_secret_that_is_nowhere_is_named() -> None:
    """Nothing is guessed."""
    now = WRITTEN.replace("  token: |\n    long-token\n", "")
    with pytest.raises(SecretsLostError) as lost:
        with_secrets(hidden_text(WRITTEN), now)
    assert lost.value.key_paths == ("nats.token",)
    with pytest.raises(SecretsLostError):
        with_secrets(hidden_text(WRITTEN), "nats: [")


def test_writing_back_keeps_what_was_there(tmp_path: Path) -> None:
    """The file is replaced whole, with its mode, beside a copy of what it was."""
    path = tmp_path / "config.yaml"
    path.write_text(WRITTEN)
    kept = hidden_text(WRITTEN)
    path.write_text(WRITTEN.replace("30", "99"))
    path.chmod(0o640)
    backup = write_back(path, kept, ENVIRON, "stamp")
    assert load(path, ENVIRON).settings.rain.max_amount == 30
    assert load(path, ENVIRON).settings.nats.password == "hun'ter-two"
    assert backup.name == "config.yaml.stamp.bak"
    assert "99" in backup.read_text()
    assert {each.stat().st_mode & 0o777 for each in (path, backup)} == {0o640}
    assert {each.name for each in tmp_path.iterdir()} == {path.name, backup.name}


def test_what_is_not_valid_is_not_written(tmp_path: Path) -> None:
    """The error names the file, not the draft, and the file is as it was."""
    path = tmp_path / "config.yaml"
    path.write_text(WRITTEN)
    with pytest.raises(ConfigError) as error:
        write_back(path, hidden_text(WRITTEN.replace("max_amount: 30", "max_amount: x")), {}, "s")
    assert f"{path}:" in str(error.value)
    assert path.read_text() == WRITTEN
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Co", "Cs")), min_size=8)
)
def test_any_secret_is_hidden(secret: str) -> None:
    """Whatever it is made of, quoted as JSON quotes it, and however often it stands there."""

    quoted = json.dumps(secret)
    text = f"nats: {{password: {quoted}, servers: [{quoted}]}}\nbot: {{username: bot}}\n"
    kept = hidden_text(text)
    assert quoted not in kept
    assert kept.count("(hidden)") >= 1
    back = with_secrets(kept, text)
    assert hidden_text(back) == kept


def test_values_of_the_environment_are_told_by_name(tmp_path: Path) -> None:
    """What is kept has the names of variables, never what they hold."""
    path = tmp_path / "config.yaml"
    path.write_text(WRITTEN)
    environ = ENVIRON | {"KRYTEN_ECONOMY__RAIN__MAX_AMOUNT": "77"}
    loaded = load(path, environ)
    values = kept_values(loaded.settings, loaded.source)
    assert values["currency.symbol"] == "(from SYMBOL)"
    assert values["rain.max_amount"] == "(from KRYTEN_ECONOMY__RAIN__MAX_AMOUNT)"
    assert values["nats.password"] == "(hidden)"
    assert values["channels[0].channel"] == "TestChan"
    told = str(values)
    assert not [each for each in (*SECRETS, *ENVIRON.values()) if each in told]


@pytest.mark.parametrize(
    ("key", "value", "default", "line", "variables"),
    [
        ("rain.max_amount", 30, 25, 15, ()),
        ("rain.min_amount", 5, 5, None, ()),
        ("currency.symbol", "Ducat", "Z", 12, ("SYMBOL",)),
        ("channels[0].domain", "cytube.test", None, 11, ()),
        ("nats.password", "(hidden)", None, 4, ()),
        ("currency.name", "Doubloon", "Z-Coin", None, ("KRYTEN_ECONOMY__CURRENCY__NAME",)),
    ],
)
def test_a_setting_is_explained(
    tmp_path: Path,
    key: str,
    value: object,
    default: object,
    line: int | None,
    variables: tuple[str, ...],
) -> None:
    """What holds, the default, and the line or variable that it comes from."""
    path = tmp_path / "config.yaml"
    path.write_text(WRITTEN)
    loaded = load(path, ENVIRON | {"KRYTEN_ECONOMY__CURRENCY__NAME": "Doubloon"})
    found = explain(loaded.settings, loaded.source, key)
    assert found is not None
    assert (found.value, found.default, found.variables) == (value, default, variables)
    assert (None if found.origin is None else found.origin.line) == line


@pytest.mark.parametrize("key", ["rain.nothing", "", "rain.max_amount.x", "channels[9]", "..", "x"])
def test_no_such_setting(tmp_path: Path, key: str) -> None:
    """A key path that leads nowhere explains nothing."""
    path = tmp_path / "config.yaml"
    path.write_text(WRITTEN)
    loaded = load(path, ENVIRON)
    assert explain(loaded.settings, loaded.source, key) is None
