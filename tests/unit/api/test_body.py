"""What comes from strangers is read without trusting any of it."""

import json

import pytest

from economy_actors.handlers.fields import NotJson, NotObject, NumberText, read_body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"rubbish",
        b"\xff\xfe{}",
        b"{",
        b'{"command": "system.ping"',
        b"[" * 200_000,
        b'{"a": 1} trailing',
    ],
)
def test_what_is_no_json_is_told_apart(body: bytes) -> None:
    """Broken text, broken encoding and endless nesting are not JSON."""
    assert read_body(body) == NotJson()


@pytest.mark.parametrize("body", [b"null", b"[]", b"5", b'"text"', b"true", b"NaN"])
def test_json_that_is_no_object_is_told_apart(body: bytes) -> None:
    """A request is an object."""
    assert read_body(body) == NotObject()


def test_numbers_that_do_not_fit_keep_their_text() -> None:
    """Nothing is rounded on the way to the field that judges it."""
    read = read_body(b'{"a": 1e9, "b": NaN, "c": 0.5, "d": -Infinity, "e": 7}')
    assert read == {"a": "1e9", "b": "NaN", "c": "0.5", "d": "-Infinity", "e": 7}
    assert isinstance(read, dict)
    assert all(isinstance(read[key], NumberText) for key in "abcd")


def test_a_number_of_ten_thousand_digits_costs_nothing() -> None:
    """Python refuses to convert it; here it is only a text that no field takes."""
    read = read_body(json.dumps({"a": 1}).replace("1", "9" * 10_000).encode())
    assert isinstance(read, dict)
    assert isinstance(read["a"], NumberText)
