"""What plays and which emotes there are, from events and from the store (`wire.md` 3, 5)."""

from typing import Any

import pytest
from tests.unit.gateway.helpers import BASIC, RESTART, Wire, recorded, start_ms, trace

from economy_actors.gateway.events import Dropped, Nothing, Translated
from economy_actors.gateway.payloads import emotes_in, medium_in, stored_uid
from economy_actors.messages.channel import EmoteChanged, EmotesListed, MediaChanged
from economy_actors.messages.colours import BotRanked, StylesheetTold
from kryten_economy.features.media.rules import Medium

FILM = {"id": "abc", "type": "yt", "title": "A <film>", "seconds": 90, "currentTime": -3}


def changed(wire: Wire, payload: object) -> MediaChanged:
    result = wire.see("changeMedia", payload)
    assert isinstance(result, Translated)
    assert isinstance(result.message, MediaChanged)
    return result.message


def emotes_told(wire: Wire, name: str, payload: object) -> EmotesListed | EmoteChanged:
    result = wire.see(name, payload)
    assert isinstance(result, Translated)
    assert isinstance(result.message, EmotesListed | EmoteChanged)
    return result.message


def test_a_medium_bears_the_uid_told_before_it() -> None:
    """The uid comes in ``setCurrent``, the position with the medium; titles stay raw."""
    wire = Wire()
    assert changed(wire, FILM).medium == Medium("yt:abc", "A <film>", 90, None)
    assert wire.see("setCurrent", 7) == Nothing("testchan")
    message = changed(wire, FILM)
    assert (message.medium, message.position_s) == (Medium("yt:abc", "A <film>", 90, 7), -3.0)


def test_recorded_changes() -> None:
    """A film begins at -3, an embed at 0; a shuffle and a robot's start tell a later position."""
    told = []
    for path in (BASIC, RESTART):
        wire = Wire(start_ms(path))
        for line in trace(path):
            name = line["data"].get("event_name") if isinstance(line["data"], dict) else ""
            if name == "setCurrent":
                wire.feed(line["data"])
            elif name == "changeMedia":
                result = wire.feed(line["data"])
                assert isinstance(result, Translated)
                assert isinstance(result.message, MediaChanged)
                told.append((result.message.medium.uid, round(result.message.position_s, 1)))
    assert told[:9] == [
        (0, 6), (0, 6), (2, -3), (5, -3), (1, -3), (6, 0), (7, -3), (12, -1.0), (14, -3),
    ]  # fmt: skip
    assert told[9:] == [(14, 48.1)] * 2 + [(14, 63.1)] * 2 + [(14, 76.2)] * 2 + [(0, 5)] * 2


def test_the_stylesheet_and_the_bots_own_rank() -> None:
    """To the byte, whatever is in it; a rank may be a fraction or below 0."""
    wire = Wire()
    for css in ("", "a{}\r\n\n\n/* \u00e4 \U0001f4b0 */ "):
        told = wire.see("channelCSSJS", {"css": css, "cssHash": "x", "js": "", "jsHash": "y"})
        assert told == Translated("testchan", StylesheetTold(css))
    for rank in (-1, 1.5, 4):
        assert wire.see("rank", rank) == Translated("testchan", BotRanked(rank))


@pytest.mark.parametrize("payload", [None, [], {}, {"css": None}, {"css": 5}, "a{}", True, "4"])
def test_no_stylesheet_and_no_rank(payload: object) -> None:
    """What can't be read is malformed, and changes nothing."""
    for event in ("channelCSSJS", "rank"):
        result = Wire().see(event, payload)
        assert isinstance(result, Dropped)
        assert result.reason == "malformed"


def test_recorded_store() -> None:
    """The store holds the medium as the event has it, with the uid in it."""
    kept = next(
        line["data"]
        for line in trace(RESTART)
        if line["subject"] == "$KV.kryten_testchan_playlist.current"
    )
    medium = medium_in(kept, stored_uid(kept))
    assert medium is not None
    assert (medium.title, medium.duration_s, medium.uid) == ("Night Feature", 3600, 14)


def test_recorded_emotes() -> None:
    """Names as they are typed: from the list, one more, one less."""
    wire = Wire(start_ms(BASIC))
    told = [
        wire.feed(recorded(BASIC, t, name))
        for t, name in (
            (3.2244, "emoteList"),
            (127.9294, "updateEmote"),
            (128.4408, "removeEmote"),
        )
    ]
    assert [each.message for each in told if isinstance(each, Translated)] == [
        EmotesListed(frozenset({":kappa:", "/pepe"})),
        EmoteChanged(":new:", True),
        EmoteChanged(":new:", False),
    ]


@pytest.mark.parametrize("payload", [None, 7, "x", [], {}, {"id": 5, "type": "yt"}, {"id": ""}])
def test_rubbish_is_no_medium(payload: Any) -> None:
    """Whatever has no type and id plays nothing."""
    assert Wire().see("changeMedia", payload) == Nothing("testchan")
    assert medium_in(payload, stored_uid(payload)) is None


@pytest.mark.parametrize(
    "number", ["x", None, True, float("nan"), float("inf"), [], -1e300, 10**400, -(10**400)]
)
def test_odd_numbers_do_no_harm(number: Any) -> None:
    """Lengths and positions of any kind give a medium with a length that fits anywhere."""
    message = changed(Wire(), FILM | {"seconds": number, "currentTime": number})
    assert 0 <= message.medium.duration_s <= 2**31


def test_what_no_database_takes_is_left_out() -> None:
    """Lone surrogates and control characters in ids and titles go no further."""
    medium = medium_in(FILM | {"id": "a\ud800b\x00", "title": "t\udfff"}, None)
    assert medium == Medium("yt:ab", "t", 90, None)


@pytest.mark.parametrize("uid", [None, "7", True, -1, 1.5, 2**40, [7]])
def test_rubbish_is_no_uid(uid: Any) -> None:
    """A uid that is none is malformed, and the last good one stays."""
    wire = Wire()
    wire.see("setCurrent", 3)
    result = wire.see("setCurrent", uid)
    assert isinstance(result, Dropped)
    assert result.reason == "malformed"
    assert changed(wire, FILM).medium.uid == 3
    assert stored_uid({"uid": uid}) is None


def test_lists_of_emotes() -> None:
    """Entries that are no emotes, or no token of a text, are left out; no list says nothing."""
    entries = [{"name": ":a:"}, {"name": ""}, {"name": "two words"}, {"name": 5}, 7, None]
    assert emotes_in(entries) == frozenset({":a:"})
    assert emotes_in([]) == frozenset()
    assert emotes_in({"name": ":a:"}) is None
    wire = Wire()
    assert emotes_told(wire, "emoteList", entries) == EmotesListed(frozenset({":a:"}))
    assert emotes_told(wire, "updateEmote", {"name": ":b:"}) == EmoteChanged(":b:", True)
    assert emotes_told(wire, "removeEmote", {"name": ":b:"}) == EmoteChanged(":b:", False)
    assert wire.see("updateEmote", {"name": "two words"}) == Nothing("testchan")
    assert isinstance(wire.see("emoteList", "rubbish"), Dropped)
