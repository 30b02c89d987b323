"""``user.ban``, ``user.unban`` and ``announce`` (`admin-api.md` 6)."""

from pathlib import Path
from typing import cast

from tests.actors.api.helpers import api
from tests.actors.house import CHANNEL, settings_with

from economy_actors.outbox.message import Line, LineKind
from economy_actors.runtime.cell import Cell
from kryten_economy.users import UserKey


async def test_a_ban_holds_and_is_told(tmp_path: Path) -> None:
    """The ban is in the books under the stored casing, the user is told once, the act is logged."""
    async with api(tmp_path) as it:
        await it.account("Alice", 10)
        first = await it.data("user.ban", username="aLICE", admin="Zed", reason="spam")
        assert first.pop("undo_id") == 1
        assert first == {
            "username": "Alice",
            "channel": CHANNEL,
            "banned": True,
            "new_ban": True,
            "reason": "spam",
        }
        again = await it.data("user.ban", username="alice", admin="Eve", reason="other")
        assert again == first | {"new_ban": False}
        ban = it.house.report(lambda reports: reports.ban_of(UserKey.of(CHANNEL, "alice")))
        assert (ban.by, ban.reason, ban.display_name) == ("Zed", "spam", "Alice")
        (told,) = it.house.pms("alice")
        assert "spam" in told
        assert [line.admin for line in it.audit()] == ["Zed", "Eve"]


async def test_a_name_without_account_can_be_banned(tmp_path: Path) -> None:
    """A ban needs no account and makes none."""
    async with api(tmp_path) as it:
        answer = await it.data("user.ban", username="@Ghost")
        assert (answer["username"], answer["new_ban"], answer["reason"]) == ("Ghost", True, "")
        assert it.house.wallet("ghost") is None


async def test_a_ban_does_not_wait_for_a_silent_reader(tmp_path: Path) -> None:
    """The stored casing is worth a second, not the ban."""
    async with api(tmp_path) as it:
        it.house.context.reader = it.mute("reader")
        assert (await it.data("user.ban", username="Bob"))["username"] == "Bob"


async def test_unban_lifts_the_ban(tmp_path: Path) -> None:
    """The user is told; a second time there is nothing to lift."""
    async with api(tmp_path) as it:
        await it.account("Alice", 1)
        await it.data("user.ban", username="Alice")
        expected = {"username": "Alice", "channel": CHANNEL, "banned": False}
        lifted = await it.data("user.unban", username="ALICE", admin="Zed")
        assert lifted.pop("undo_id") == 2
        assert lifted == expected | {"was_banned": True}
        assert (await it.data("user.unban", username="alicE")) == expected | {"was_banned": False}
        assert len(it.house.pms("alice")) == 2
        assert [line.command for line in it.audit()] == ["user.ban", "user.unban", "user.unban"]


async def test_an_announcement_is_posted_as_it_is(tmp_path: Path) -> None:
    """No gate, no deduplication, no template; text and lines stay as they were given."""
    async with api(tmp_path) as it:
        text = "Movie night at {eight}!\n100% free  popcorn"
        for _ in range(2):
            answer = await it.data("announce", message=f" {text} ", admin="Zed")
            assert answer == {"channel": CHANNEL, "sent": True}
        lines = [each for each in it.house.heard if isinstance(each, Line)]
        assert [line.text for line in lines] == [text, text]
        assert {(line.kind, line.gate, line.dedup) for line in lines} == {
            (LineKind.ADMIN, None, False)
        }
        assert "popcorn" in it.audit()[0].arguments


async def test_an_empty_announcement_is_an_error(tmp_path: Path) -> None:
    """Empty, blank, invisible, missing or endless: nothing is posted."""
    async with api(tmp_path) as it:
        for message in ("", "  \n ", "\u200b", None, 5, "x" * 2001):
            code, text = await it.refused("announce", message=message)
            assert (code, text.startswith("message ")) == ("invalid_request", True), message
        assert it.house.lines() == []


async def test_an_announcement_goes_to_its_own_channel(tmp_path: Path) -> None:
    """An unknown channel is no channel."""
    async with api(tmp_path, settings_with()) as it:
        code, _ = await it.refused("announce", channel="Elsewhere", message="hi")
        assert code == "unknown_channel"
        assert it.house.lines() == []
        (line,) = it.audit()
        assert (line.channel, line.command) == ("", "announce")


async def test_a_full_outbox_is_told(tmp_path: Path) -> None:
    """When the text can't be handed over, the caller knows."""
    async with api(tmp_path) as it:
        outbox = it.house.context.outboxes[CHANNEL]
        cast("Cell", outbox._cell).stop()
        code, _ = await it.refused("announce", message="hi")
        assert code == "unavailable"
