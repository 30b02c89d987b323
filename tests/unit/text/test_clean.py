"""User text in public lines is harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kryten_economy.text.markup import name_shown, public_line, public_parts, units, user_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("line one\nline two\r\n\ttab", "line one line two tab"),
        ("zero\u200bwidth\ufeff\u2060", "zerowidth"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("bell\x07 nul\x00", "bell nul"),
        ("\u3164\u2800", ""),
        ("place\ueeeeholder", "placeholder"),
        ("  many   spaces\u00a0\u2003here ", "many spaces here"),
        ("half \ud83d pair", "half pair"),
        ("emoji 😀👍🏽❤\ufe0f ünïcödé 日本語", "emoji 😀👍🏽❤\ufe0f ünïcödé 日本語"),
    ],
)
def test_user_text(text: str, shown: str) -> None:
    """P-TXT-8: breaks become spaces, what can't be seen goes, all else stays."""
    assert user_text(text) == shown


@given(st.text())
def test_nothing_invisible_is_left(text: str) -> None:
    """No control, format, surrogate or private character and no line break gets through."""
    shown = user_text(text)
    assert {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}.isdisjoint(map(unicodedata.category, shown))
    assert user_text(shown) == shown


@given(st.text("/! \n\u200b\u00a0ab»", max_size=30), st.integers(4, 20))
def test_no_public_line_is_a_command(text: str, max_units: int) -> None:
    """Neither a line nor any part of a long one begins with a command sign."""
    assert not public_line(text).startswith(("/", "!"))
    parts = public_parts(text, max_units)
    assert not any(part.startswith(("/", "!")) for part in parts)
    assert all(0 < units(part) <= max_units for part in parts)


def test_commands_are_shown_not_run() -> None:
    """A shout of `/kick Bob` is posted as text, also behind invisible characters."""
    assert public_line("/kick Bob") == "» /kick Bob"
    assert public_line("\u200b /kick Bob") == "» /kick Bob"
    assert public_line("!race 5 red") == "» !race 5 red"
    assert public_line("all is well /s") == "all is well /s"


def test_a_part_that_begins_in_mid_sentence_is_guarded() -> None:
    """A cut right before a slash does not turn the rest of the text into a command."""
    assert public_parts("hello there /kick Bob\n/clear", 12) == [
        "hello there",
        "» /kick Bob",
        "» /clear",
    ]


def test_names_are_shown_without_at() -> None:
    """Showing a name does not ping its owner."""
    assert name_shown("@Bob") == "Bob"
    assert name_shown("Dr_Z_oid") == "Dr_Z_oid"
