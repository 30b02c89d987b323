"""One person is one key, however the name is typed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.users import UserKey, is_name, name_from_text

_NAMES = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=20)


@given(_NAMES)
def test_casing_makes_no_difference(name: str) -> None:
    """P-USR-1, P-USR-2, P-USR-4: any casing of a name is the same key."""
    key = UserKey.of("testchan", name)
    assert key == UserKey.of("testchan", name.upper()) == UserKey.of("testchan", name.swapcase())
    assert key.name == name.lower()
    assert key != UserKey.of("otherchan", name)
    assert {key: 1}[UserKey.of("testchan", name.upper())] == 1


def test_channels_keep_their_spelling() -> None:
    """A channel is spelled as configured."""
    assert UserKey.of("TestChan", "Bob") == ("TestChan", "bob")


@given(_NAMES, st.sampled_from(["", "@"]), st.sampled_from(["", ",", ":", ",:"]))
def test_names_are_read_as_people_type_them(name: str, before: str, after: str) -> None:
    """A leading @ and trailing comma or colon are no part of the name; casing stays."""
    assert name_from_text(f"{before}{name}{after}") == name


@pytest.mark.parametrize(
    "text",
    ["", "@", "[server]", "two words", "x" * 21, "Bób", "Bob!", "@@Bob", "Bob\n", "١٢", "K\u212a"],
)
def test_what_is_no_name(text: str) -> None:
    """`[server]`, look-alike letters, blanks and long words can't be accounts."""
    assert not is_name(text)
    assert name_from_text(text) is None
