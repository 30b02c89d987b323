"""``${NAME}`` and ``${NAME:-default}`` (config.md 1.1)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.config.samples import faults, settings

from kryten_economy.config.loading import substitute

ENVIRON = {"NAME": "value", "EMPTY": "", "PORT": "9000", "NEST": "${NAME}", "YAML": "[1, 2]"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${NAME}", "value"),
        ("a${NAME}b${PORT}c", "avalueb9000c"),
        ("${NONE}", ""),
        ("${NONE:-other}", "other"),
        ("${NONE:-}", ""),
        ("${NONE:-a:-b}", "a:-b"),
        ("${NAME:-other}", "value"),
        ("${EMPTY:-other}", ""),
        ("${NEST}", "${NAME}"),
        ("$NAME {NAME} $ ${} ${:-x}", "$NAME {NAME} $ ${} ${:-x}"),
        ("${NAME:other}", "${NAME:other}"),
        ("{amount} ${NONE:-{user}}", "{amount} {user}"),
    ],
)
def test_forms(text: str, result: str) -> None:
    """Names and defaults are replaced as the table of the rules says."""
    assert substitute(text, ENVIRON) == result


def test_at_any_depth_in_values_only(tmp_path: Path) -> None:
    """Values in lists and mappings are substituted and coerced; keys stay as they are."""
    got = settings(
        tmp_path,
        "metrics: {port: '${PORT}'}\nignored_users: ['${NAME}', 'x${NONE}y']\n"
        "ranks: {tiers: [{name: '${NAME}', min_lifetime_earned: 0, perks: ['${NAME:-p}']}]}\n"
        "cytube_promotion: {min_rank: value}\n",
        ENVIRON,
    )
    assert got.metrics.port == 9000
    assert got.ignored_users == ("value", "xy")
    assert got.ranks.tiers[0].perks == ("value",)
    key = {"SECTION": "rain"}
    assert settings(tmp_path, "'${SECTION}': {max_amount: 99}\n", key).rain.max_amount == 25


def test_never_read_again_as_yaml(tmp_path: Path) -> None:
    """What comes from the environment is text, not YAML."""
    assert settings(tmp_path, "currency: {name: '${YAML}'}\n", ENVIRON).currency.name == "[1, 2]"
    (fault,) = faults(tmp_path, "ignored_users: ${YAML}\n", ENVIRON)
    assert fault.endswith("ignored_users: found text, must be a list")


def test_unset_number(tmp_path: Path) -> None:
    """An unset variable is empty, and empty is no number."""
    (fault,) = faults(tmp_path, "metrics: {port: '${NONE}'}\n", ENVIRON)
    assert fault.endswith("metrics.port: found '', must be a whole number")


def test_unset_credential_is_none(tmp_path: Path) -> None:
    """An unset credential means none, instead of an empty password that NATS would refuse."""
    got = settings(tmp_path).nats.model_validate(
        {"servers": ["nats://a"], "user": "", "password": "", "token": "", "tls_ca": ""}
    )
    assert (got.user, got.password, got.token, got.tls_ca) == (None, None, None, None)


NAMES = st.text(st.characters(blacklist_characters="}:"), min_size=1, max_size=8)
DEFAULTS = st.text(st.characters(blacklist_characters="}"), max_size=8)
PLAIN = st.text(st.characters(blacklist_characters="$"), max_size=8)


@given(PLAIN, NAMES, DEFAULTS, PLAIN, st.none() | st.text(max_size=8))
def test_any_reference(before: str, name: str, default: str, after: str, value: str | None) -> None:
    """Any name and default: the value if it is set, even empty, else the default."""
    environ = {} if value is None else {name: value}
    result = default if value is None else value
    assert substitute(f"{before}${{{name}:-{default}}}{after}", environ) == before + result + after
    bare = "" if value is None else value
    assert substitute(f"{before}${{{name}}}{after}", environ) == before + bare + after


@given(PLAIN, st.dictionaries(NAMES, st.text(max_size=4), max_size=3))
def test_text_without_references_stays(text: str, environ: dict[str, str]) -> None:
    """Text without a dollar sign is never changed."""
    assert substitute(text, environ) == text
