"""When another item plays, and what its start decides (`earning.md` 8.5)."""

import pytest
from tests.actors.house import settings_with

from kryten_economy.features.chat.triggers import TRIGGERS, Memory, Room, Spoken, combined
from kryten_economy.features.media.rules import Medium, Screening, begins, like_award

MINUTE_MS = 60_000
FILM = Medium("yt:a", "Film", 600, 5)
SETTINGS = settings_with(
    content_triggers={"comment_during_media": {}, "first_after_media_change": {}}
)


def playing(medium: Medium = FILM, at_ms: int | None = 0) -> Screening:
    return remembered(medium, at_ms).of(Screening)


def remembered(medium: Medium = FILM, at_ms: int | None = 0) -> Memory:
    memory = Memory()
    memory.of(Screening).change(medium, at_ms)
    return memory


@pytest.mark.parametrize(
    ("told", "position_s", "is_change"),
    [
        (FILM, -3, False),
        (FILM, 48.1, False),
        (FILM._replace(uid=12), -0.999, False),
        (FILM._replace(uid=12), 48.1, False),
        (FILM._replace(uid=12), -3, True),
        (FILM._replace(uid=None), -3, False),
        (FILM._replace(key="yt:b"), 48.1, True),
    ],
)
def test_what_is_another_item(told: Medium, position_s: float, is_change: bool) -> None:
    """The same uid and film is a resync; another uid is none where the film goes on (a shuffle)."""
    assert playing().is_change(told, position_s) is is_change


def test_the_first_item_is_a_change() -> None:
    """Where nothing was known to play, whatever is told is news."""
    assert Screening().is_change(FILM, 48.1)


@pytest.mark.parametrize(("position_s", "is_start"), [(-3, True), (0, True), (5, False)])
def test_what_is_told_further_on_did_not_begin_now(position_s: float, is_start: bool) -> None:
    """A film begins in its lead-in, an embed of unknown length at 0."""
    assert begins(position_s) is is_start


def test_an_unseen_start_is_never_survived() -> None:
    """Nobody knows who was there when it began, however long it has played since."""
    assert playing(at_ms=0).is_survivable(SETTINGS, 10 * MINUTE_MS)
    assert not playing(at_ms=None).is_survivable(SETTINGS, 100 * MINUTE_MS)


@pytest.mark.parametrize(("position_s", "is_seen"), [(-3, True), (0, False), (5, False)])
def test_a_film_found_in_its_lead_in_begins_there(position_s: float, is_seen: bool) -> None:
    """The store may tell of a change before its event does; an embed is always told at 0."""
    screening = playing(at_ms=None)
    screening.told_again(7 * MINUTE_MS, position_s)
    assert screening.is_survivable(SETTINGS, 17 * MINUTE_MS) is is_seen
    screening.told_again(16 * MINUTE_MS, -3)
    assert screening.is_survivable(SETTINGS, 17 * MINUTE_MS) is is_seen


def test_an_unseen_start_leaves_comments() -> None:
    """Lines about a film found in its middle are comments, but none is the first of it."""
    line = Spoken("alice", "nice", 1000)

    def paid(memory: Memory) -> list[str]:
        room = Room(SETTINGS, "", 0, bool, bool, lambda _: (), memory)
        found = combined(rule.effect(line, room) for rule in TRIGGERS.rules)
        return [award.trigger_id for award in found.awards]

    assert paid(remembered(at_ms=0)) == [
        "content.first_after_media_change",
        "content.comment_during_media",
    ]
    assert paid(remembered(at_ms=None)) == ["content.comment_during_media"]


def test_a_like_names_item_and_film() -> None:
    """Another item with the same film may be liked again, and a uid used again is another item."""
    keys = {
        like_award(SETTINGS, "alice", medium, 0).limit
        for medium in (FILM, FILM._replace(uid=6), FILM._replace(key="yt:b"))
    }
    assert len(keys) == 3
