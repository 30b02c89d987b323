"""What events tell the playlist: items as they come, go and move, and what the bot may do."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.gateway.helpers import (
    BASIC,
    MEDIA,
    RESTART,
    Wire,
    envelope_of,
    start_ms,
    trace,
    typed,
)

from economy_actors.gateway.events import Dropped
from economy_actors.messages.channel import MediaChanged
from economy_actors.messages.playlist import (
    Deleted,
    Item,
    LockChanged,
    Moved,
    PlaylistListed,
    PlaylistNews,
    Queued,
    QueueFailed,
    RightsTold,
)
from economy_actors.playlist.listing import Listing
from kryten_economy.features.media.rules import Medium

CINEMA = "cinema-2"
FILM: dict[str, Any] = {"id": "http://m.test/a.json", "title": "A", "seconds": 60, "type": "cm"}


def heard(wire: Wire, envelope: dict[str, Any]) -> PlaylistNews | None:
    """What the playlist is told of an event."""
    kind = envelope["event_name"].lower()
    told = wire.feed(envelope)
    if isinstance(told, Dropped):
        return None
    return wire.translator.on_playlist(kind, typed(envelope), told)


def recorded(channel: str) -> Iterator[PlaylistNews]:
    """All that the third recording tells the playlist of a channel."""
    places = [{"domain": "cytube.test", "channel": channel}]
    wire = Wire(start_ms(MEDIA), channels=places)
    for line in trace(MEDIA):
        data = line["data"]
        if not line["subject"].startswith("kryten.events.") or not isinstance(data, dict):
            continue
        if str(data.get("event_name")).lower() in wire.translator.kinds:
            news = heard(wire, data)
            if news is not None:
                yield news


def see(name: str, payload: Any) -> PlaylistNews | None:
    return heard(Wire(), envelope_of(name, payload))


def test_recorded_list_is_followed_by_its_events() -> None:
    """Item by item the list is the one that the robot told in between and at the end."""
    shown, known = Listing(), []
    for news in recorded(CINEMA):
        match news:
            case Queued(item, after):
                shown.queued(item, after)
            case Deleted(uid):
                shown.deleted(uid)
            case Moved(uid, after):
                shown.moved(uid, after)
            case PlaylistListed(items):
                assert shown.items == list(items or ()) or not items
                shown.listed(items or ())
            case _:
                continue
        known.append([each.uid for each in shown.items])
    assert known[:7] == [
        [0],
        [0, 1],
        [0, 2, 1],
        [0, 2, 1, 3],
        [0, 3, 2, 1],
        [1, 0, 3, 2],
        [1, 3, 2],
    ]
    assert [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] in known
    assert known[-1] == []


def test_recorded_refusals() -> None:
    """A refusal names the film by its id; its text is as people read it."""
    refused = [each for each in recorded(CINEMA) if isinstance(each, QueueFailed)]
    texts = [each.text for each in refused]
    assert texts[:3] == [
        "This item is already on the playlist",
        "Expected HTTP 200 OK, not 404 Not Found",
        "Unknown media type 'zz'",
    ]
    assert texts[4:] == ["You are adding videos too quickly"] * 6
    assert "http://media.test:8090/bad-film-40.json" in refused[1].media_ids
    assert refused[2].media_ids == {"abc"}


def test_recorded_locks_and_rights() -> None:
    """A lock and the rights to the playlist are told at each change."""
    news = list(recorded(CINEMA))
    assert [each.locked for each in news if isinstance(each, LockChanged)] == [False, True, True]
    assert [each for each in news if isinstance(each, RightsTold)] == [RightsTold(2, 2)]


def test_what_plays_is_told_to_the_playlist_too() -> None:
    """With the uid that was told right before it, 0 included."""
    began = [each.medium for each in recorded(CINEMA) if isinstance(each, MediaChanged)]
    assert [medium.uid for medium in began[:3]] == [0, 2, 4]
    assert began[0].key == "cm:http://media.test:8090/blue-kite-40.json"


@pytest.mark.parametrize("path", [BASIC, RESTART])
def test_earlier_recordings_can_be_read(path: Any) -> None:
    """Every list, queued, moved and deleted item of the other recordings is understood."""
    wire = Wire(start_ms(path))
    for line in trace(path):
        data = line["data"]
        if not line["subject"].startswith("kryten.events.") or not isinstance(data, dict):
            continue
        if data["event_name"] in {"queue", "delete", "moveVideo", "playlist", "setPermissions"}:
            assert heard(wire, data) is not None, data


def test_an_item_at_the_beginning_and_one_without_owner() -> None:
    """``prepend`` is before all others; who queued it may be unknown."""
    item = {"media": FILM, "uid": 0, "temp": True}
    expected = Item(0, Medium("cm:http://m.test/a.json", "A", 60, 0), "")
    assert see("queue", {"item": item, "after": "prepend"}) == Queued(expected, None)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("queue", None),
        ("queue", {"item": {"uid": True, "media": FILM}}),
        ("queue", {"item": {"uid": 1, "media": {"id": 5}}}),
        ("delete", {"uid": "1"}),
        ("moveVideo", []),
        ("playlist", {"items": []}),
        ("queueFail", {"msg": 5}),
        ("setPlaylistLocked", "yes"),
        ("setPermissions", {"playlistadd": 1.5}),
        ("rank", "4"),
    ],
)
def test_what_cannot_be_read_is_no_news(name: str, payload: Any) -> None:
    """Whatever comes on the bus, nobody is told nonsense."""
    assert see(name, payload) is None
