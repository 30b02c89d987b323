"""Joins, leaves, lists, ranks and AFK; and what the server says to the bot."""

import math
from datetime import UTC, datetime

import pytest
from tests.unit.gateway.helpers import BASIC, NOW_MS, RESTART, Wire, recorded, start_ms, trace

from economy_actors.gateway.events import Dropped, Nothing, Translated
from economy_actors.messages.channel import (
    AfkChanged,
    Joined,
    Left,
    Listed,
    ListedUser,
    RankChanged,
)
from economy_actors.outbox.protocol import PmFailed, RobotGone, Throttled

NOW_TEXT = datetime.fromtimestamp(NOW_MS / 1000, UTC).isoformat()


def test_join() -> None:
    """A join bears the account's global rank and the time of the envelope."""
    wire = Wire()
    assert wire.see("addUser", {"name": "carol", "rank": 1}) == Translated(
        "testchan", Joined("carol", 1.0, afk=False, at_ms=NOW_MS)
    )


def test_guest_joins() -> None:
    """A guest has rank 0."""
    result = Wire(start_ms(BASIC)).feed(recorded(BASIC, 87.4171))
    assert isinstance(result, Translated)
    assert isinstance(result.message, Joined)
    assert (result.message.name, result.message.rank) == ("Visitor1", 0.0)


def test_join_of_a_temporary_leader() -> None:
    """A rank of 1.5 is legal, though kryten-py can't type it."""
    payload = {"name": "carol", "rank": 1.5, "meta": {"afk": True}}
    assert Wire().see("addUser", payload) == Translated(
        "testchan", Joined("carol", 1.5, afk=True, at_ms=NOW_MS)
    )


def test_leave() -> None:
    """A leave bears the time of the envelope."""
    assert Wire().see("userLeave", {"name": "frank"}) == Translated(
        "testchan", Left("frank", NOW_MS)
    )


@pytest.mark.parametrize("name", ["addUser", "userLeave"])
def test_comings_and_goings_from_the_future(name: str) -> None:
    """An envelope whose time is more than a minute ahead tells of something that is now."""
    for at, expected_ms in (("2095-01-01T00:00:00+00:00", NOW_MS), (NOW_TEXT, NOW_MS)):
        result = Wire().see(name, {"name": "frank", "rank": 1}, timestamp=at)
        assert isinstance(result, Translated)
        assert isinstance(result.message, Joined | Left)
        assert result.message.at_ms == expected_ms


@pytest.mark.parametrize("event", ["addUser", "userLeave", "setUserRank", "setAFK"])
def test_ignored_people(event: str) -> None:
    """Ignored users and the bot neither come nor go (P-USR-11)."""
    wire = Wire(ignored_users=["HalBot"])
    for name in ("halbot", "ZCoinBot"):
        assert wire.see(event, {"name": name, "rank": 1, "afk": True}) == Dropped("ignored")


@pytest.mark.parametrize("event", ["addUser", "userLeave", "setUserRank", "setAFK", "setUserMeta"])
@pytest.mark.parametrize(
    "payload", [None, 5, "x", [], {}, {"name": 5}, {"name": "no name"}, {"name": "[server]"}]
)
def test_people_without_a_name(event: str, payload: object) -> None:
    """Events about nobody are malformed."""
    result = Wire().see(event, payload)
    assert isinstance(result, Dropped)
    assert result.reason == "malformed"


@pytest.mark.parametrize("rank", [None, "x", True, math.nan, math.inf, -2, 10**400, [1], {}])
def test_ranks_that_are_none(rank: object) -> None:
    """A rank is a finite number from -1 on."""
    result = Wire().see("setUserRank", {"name": "carol", "rank": rank})
    assert result == Dropped("malformed", "no name and rank")


def test_huge_rank_of_a_join() -> None:
    """A number beyond every rank is malformed, not an overflow."""
    result = Wire().see("addUser", {"name": "carol", "rank": 10**400})
    assert result == Dropped("malformed", "no user with name and rank")


def test_rank_changes() -> None:
    """Ranks are told as CyTube announces them, of present and of absent users."""
    wire = Wire(start_ms(BASIC))
    assert wire.feed(recorded(BASIC, 102.8284)) == Translated(
        "testchan", RankChanged("Dave_99", 1.0)
    )
    assert wire.feed(recorded(BASIC, 104.8358)) == Translated("testchan", RankChanged("helen", 2.0))


def test_afk() -> None:
    """AFK is told by setAFK and by setUserMeta."""
    wire = Wire()
    told = Translated("testchan", AfkChanged("alice", afk=True))
    assert wire.see("setAFK", {"name": "alice", "afk": True}) == told
    assert wire.see("setUserMeta", {"name": "alice", "meta": {"afk": True}}) == told


def test_meta_without_afk() -> None:
    """Other meta of a user is no news."""
    payload = {"name": "alice", "meta": {"muted": True}}
    assert Wire().see("setUserMeta", payload) == Nothing("testchan")


def test_user_list() -> None:
    """A user list has everybody but ignored users and the bot; AFK may be untold."""
    entries = [
        {"name": "boss", "rank": 5, "meta": {"afk": False}},
        {"name": "Bob", "rank": 1.5},
        {"name": "ZCoinBot", "rank": 4},
        {"name": "HalBot", "rank": 1},
    ]
    wire = Wire(ignored_users=["halbot"])
    assert wire.see("userlist", entries) == Translated(
        "testchan",
        Listed((ListedUser("boss", 5.0, afk=False), ListedUser("Bob", 1.5, afk=None)), NOW_MS),
    )


def test_user_list_with_rubbish_in_it() -> None:
    """Entries that are no users are left out, the others count; each name counts once."""
    entries = [None, 5, {"name": "x y", "rank": 1}, {"name": "a"}, {"name": "Bob", "rank": 1}] * 2
    result = Wire().see("userlist", entries)
    assert isinstance(result, Translated)
    assert isinstance(result.message, Listed)
    assert result.message.users == (ListedUser("Bob", 1.0, None),)


def test_empty_user_list() -> None:
    """Nobody is there: that is news, unlike a list in which nothing can be read."""
    assert Wire().see("userlist", []) == Translated("testchan", Listed((), NOW_MS))
    rubbish: tuple[object, ...] = (None, {}, "x", [None], [{"name": 5}])
    for payload in rubbish:
        assert Wire().see("userlist", payload) == Dropped("malformed", "no user list")


def test_user_list_after_rank_changes_in_the_store() -> None:
    """The robot's store loses profile and meta after a join; rank and name are enough."""
    stored = next(line["data"] for line in trace(BASIC) if line["t"] == 104.8352)
    users = Wire().translator.listed(stored)
    assert users is not None
    assert ListedUser("Dave_99", 1.0, None) in users
    assert all(user.name != "ZCoinBot" for user in users)


def test_pm_that_failed() -> None:
    """The refusal of a PM names whom it did not reach; other refusals concern nobody."""
    wire = Wire(start_ms(BASIC))
    assert wire.feed(recorded(BASIC, 62.7232)) == Translated("testchan", PmFailed("nosuchuser"))
    assert wire.feed(recorded(BASIC, 63.9944)) == Nothing("testchan")
    gone = {"msg": "PM failed: gina-x isn&#39;t connected to this channel."}
    assert wire.see("errorMsg", gone) == Translated("testchan", PmFailed("gina-x"))
    others: tuple[object, ...] = (None, 5, {"msg": 5}, {"msg": "PM failed: <b> isn't connected"})
    for payload in others:
        assert wire.see("errorMsg", payload) == Nothing("testchan")


def test_cooldown_and_kick() -> None:
    """A cooldown is one dropped message; a kick means the bot itself."""
    wire = Wire()
    assert wire.see("cooldown", 100) == Translated("testchan", Throttled())
    assert wire.see("kick", {"reason": "bye"}) == Translated("testchan", RobotGone())


def test_signs_of_life() -> None:
    """Events without news show that the robot lives, if they are of our channel."""
    wire = Wire()
    assert wire.see("mediaUpdate", {"currentTime": 1}) == Nothing("testchan")
    assert wire.see("usercount", 3, domain="else.where") == Dropped("unknown_channel")


def test_every_recorded_list_is_read() -> None:
    """All user lists of the recordings, from events and from the store, can be read."""
    count = 0
    for line in trace(RESTART):
        if line["subject"].endswith(".userlist") or line["subject"].endswith("_userlist.users"):
            data = line["data"]
            entries = data["payload"] if isinstance(data, dict) else data
            assert Wire().translator.listed(entries) is not None
            count += 1
    assert count > 8
