"""What an item is, and what is made of a catalogue's answers (`spending.md`)."""

import json
from typing import Any

import pytest

from kryten_economy.features import catalogue
from kryten_economy.features.catalogue import (
    CatalogueItem,
    MalformedAnswerError,
    cytube_media,
    is_token,
    read_item,
    read_results,
    search_key,
)


def one(**fields: Any) -> CatalogueItem:
    return read_item(json.dumps({"friendly_token": "abc", **fields}).encode(), "abc")


def test_cytube_plays_the_manifest() -> None:
    """Type ``cm`` and the manifest's address, without a doubled slash (P-QUE-4)."""
    manifest = "https://media.test/api/v1/media/cytube/aB3_-x.json?format=json"
    assert cytube_media("https://media.test", "aB3_-x") == ("cm", manifest)
    assert cytube_media("https://media.test/", "aB3_-x") == ("cm", manifest)


@pytest.mark.parametrize("text", ["a", "aB3_-x", "-", "_" * 64])
def test_tokens(text: str) -> None:
    """Letters, digits, hyphen and underscore, at most 64."""
    assert is_token(text)


@pytest.mark.parametrize(
    "text",
    ["", "a" * 65, "../x", "a/b", "a b", "a\n", "é", "٣", "%41", "a?b", "a.json", "https://x"],
)
def test_what_is_no_token(text: str) -> None:
    """Nothing that could lead an address elsewhere."""
    assert not is_token(text)


def test_the_same_words_are_the_same_search() -> None:
    """Trimmed, in any casing, with any spaces between them."""
    assert search_key("  Night  OF the\tDead ") == search_key("night of the dead")
    assert search_key(" \u200b\n") == ""


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"duration": 900}, 900),
        ({"duration": 900.0}, 900),
        ({"duration": 900.01}, 901),
        ({"duration": 0}, 0),
        ({"duration": -5}, 0),
        ({"duration": "900"}, 0),
        ({"duration": True}, 0),
        ({"duration": None}, 0),
        ({"duration": [900]}, 0),
        ({"duration": float("inf")}, 0),
        ({"duration": float("nan")}, 0),
        ({"duration": 10**30}, 0),
        ({}, 0),
    ],
)
def test_a_length_is_a_number_of_seconds(fields: dict[str, Any], seconds: int) -> None:
    """A begun second counts, so that nothing slips below the end of a price tier."""
    assert one(**fields).seconds == seconds


@pytest.mark.parametrize("title", [None, "", "  ", 7, ["x"], "\u200b"])
def test_without_a_title(title: object) -> None:
    """It still has something to be called by."""
    assert one(title=title).title == "Unknown"
    assert one().title == "Unknown"


def test_a_title_is_one_short_line() -> None:
    """What a server calls its media must not break a private message."""
    assert one(title=" The\r\nGeneral\u202e ").title == "The General"
    assert len(one(title="x" * 10_000).title) == 200


def test_the_token_of_an_item() -> None:
    """``friendly_token``, else ``id``, else the one that was asked for."""
    assert one(id=7).token == "abc"
    assert one(friendly_token=None, id=7).token == "7"
    assert one(friendly_token="", id="").token == "abc"
    with pytest.raises(MalformedAnswerError):
        one(friendly_token="../secret")


def test_results_that_are_no_media_are_left_out() -> None:
    """One broken entry costs itself; one that comes twice is shown once."""
    good = {"friendly_token": "abc", "title": "Good", "duration": 60}
    listed = [None, 3, {"title": "no token"}, {"friendly_token": "a/b"}, good, good, {"id": 7}]
    found = read_results(json.dumps(listed).encode(), 10)
    assert found == (CatalogueItem("abc", "Good", 60), CatalogueItem("7", "Unknown", 0))


def test_a_list_with_nothing_usable_is_no_answer() -> None:
    """Something else answers there, and "no results" would be a wrong reply (P-QUE-6)."""
    with pytest.raises(MalformedAnswerError):
        read_results(b'[{"title": "no token"}]', 10)
    assert read_results(b"[]", 10) == ()


def test_texts_show_what_was_typed_cleaned_and_short() -> None:
    """Nobody gets a broken line back for what they typed."""
    assert "'a b'" in catalogue.no_results("a\n b\u202e")
    assert len(catalogue.no_results("x" * 500)) < 150
    assert len(catalogue.bad_token("x" * 500)) < 200
    assert "'a/b'" in catalogue.bad_token("a/b")
    assert catalogue.unavailable() != catalogue.no_results("")
