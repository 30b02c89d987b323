"""Types of fields: what is taken, and what is said about the rest (`admin-api.md` 2)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy_actors.handlers.fields import (
    Amount,
    Count,
    Field,
    Invalid,
    Text,
    Username,
    read_body,
    read_fields,
)

AMOUNT = Amount("amount", low=-1000, high=1000, zero=False)
LIMIT = Count("limit", default=50, low=1, high=200)
NOTE = Text("note", most=10)


def read(field: Field[object], literal: str) -> object:
    """The field from a request in which it is written as ``literal``."""
    body = read_body(f'{{"{field.name}": {literal}}}'.encode())
    assert isinstance(body, dict), literal
    values = read_fields((field,), body)
    return values if isinstance(values, Invalid) else values[field]


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("5", 5),
        ("-5", -5),
        ('"5"', 5),
        ('" -17 "', -17),
        ('"+17"', 17),
        ("5.0", 5),
        ("5.000", 5),
        ("1000", 1000),
        ("-1000", -1000),
    ],
)
def test_whole_numbers_in_every_form_callers_use(literal: str, expected: int) -> None:
    """Integers may arrive as numeric strings, and floats without a fraction are whole."""
    assert read(AMOUNT, literal) == expected


@pytest.mark.parametrize(
    "literal",
    [
        "0",
        "0.5",
        "5.5",
        "1e2",
        "1e9",
        "NaN",
        "Infinity",
        "true",
        "false",
        '""',
        '"five"',
        '"5.0"',
        '"1e2"',
        '"0x10"',
        '"1_000"',
        '"٥"',
        "[5]",
        '{"a": 5}',
        "1001",
        "-1001",
        "9" * 30,
        '"' + "9" * 5000 + '"',
        "null",
    ],
)
def test_what_is_no_amount_is_refused_by_name(literal: str) -> None:
    """The text names the field; nothing is truncated, rounded or guessed."""
    refused = read(AMOUNT, literal)
    assert isinstance(refused, Invalid)
    assert refused.text.startswith("amount ")
    assert len(refused.text) < 200


def test_the_text_says_what_is_allowed_and_what_was_found() -> None:
    """Somebody who reads only the error can mend the request."""
    refused = read(AMOUNT, "2.5")
    assert refused == Invalid(
        "amount must be a whole number from -1000 to 1000, and not 0 (found 2.5)"
    )
    assert read(AMOUNT, "null") == Invalid("amount is required")


@pytest.mark.parametrize(
    ("literal", "expected"), [("null", 50), ("0", 1), ("-3", 1), ('"10"', 10), ("100000", 200)]
)
def test_counts_are_drawn_into_their_range(literal: str, expected: int) -> None:
    """Callers that ask for more rows than there may be get as many as there may be."""
    assert read(LIMIT, literal) == expected


@pytest.mark.parametrize("literal", ["2.5", "true", '"many"', "1e1", "9" * 25])
def test_a_count_that_is_no_number_is_refused(literal: str) -> None:
    """Clamping is for numbers only."""
    refused = read(LIMIT, literal)
    assert isinstance(refused, Invalid)
    assert "limit must be a whole number from 1 to 200" in refused.text


def test_texts_are_one_visible_line() -> None:
    """Line breaks and invisible characters do not get into the books."""
    assert read(NOTE, '" a\\nb\\u200b "') == "a b"
    assert read(NOTE, "null") == ""
    assert read(Text("admin", most=9, default="system"), '" "') == "system"


def test_texts_of_another_type_or_length_are_refused() -> None:
    """A number is no text, and a text has a limit."""
    for literal in ("5", "5.5", "true", "[]", "{}"):
        assert isinstance(read(NOTE, literal), Invalid), literal
    assert isinstance(read(NOTE, json.dumps("x" * 11)), Invalid)
    assert read(Text("note", most=10, required=True), '"  "') == Invalid(
        "note is required (found '')"
    )


@pytest.mark.parametrize(("literal", "expected"), [('"Bob"', "Bob"), ('" @bob, "', "bob")])
def test_user_names_as_people_write_them(literal: str, expected: str) -> None:
    """A leading ``@`` and trailing punctuation are dropped."""
    assert read(Username(), literal) == expected


@pytest.mark.parametrize(
    "literal", ["null", '""', "5", "true", '"no name"', '"ſ"', '"' + "x" * 21 + '"']
)
def test_what_can_be_no_user_name_is_refused(literal: str) -> None:
    """CyTube names have 1 to 20 ASCII letters, digits, hyphens and underscores."""
    refused = read(Username(), literal)
    assert isinstance(refused, Invalid)
    assert refused.text.startswith("username ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(value=JSON)
def test_every_field_survives_every_value(value: object) -> None:
    """Whatever comes, a field gives its type or says what is wrong."""
    literal = json.dumps(value)
    for field in (AMOUNT, LIMIT, NOTE, Username()):
        found = read(field, literal)
        assert isinstance(found, int | str | Invalid)


@given(number=st.integers(-(10**25), 10**25))
def test_amounts_are_exact_or_refused(number: int) -> None:
    """An amount is taken exactly as it was written, in both forms, or not at all."""
    allowed = -1000 <= number <= 1000 and number != 0
    for literal in (str(number), f'"{number}"', f"{number}.0"):
        found = read(AMOUNT, literal)
        assert found == number if allowed else isinstance(found, Invalid)
