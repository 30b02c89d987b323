"""Taking back what an operator did, from the message or request to the balance."""

import re
from pathlib import Path

import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.handlers.test_audited import rows, staffed
from tests.actors.house import CHANNEL, settings_with

from economy_actors.outbox.message import Line, Pm
from kryten_economy.users import UserKey


async def say(it: Api, text: str, name: str = "Boss") -> str:
    """The answer to a message."""
    before = len(it.house.heard)
    await it.house.pm(name, text)
    sent = [each for each in it.house.heard[before:] if isinstance(each, Pm)]
    answers = [each.text for each in sent if each.to == name]
    assert answers, sent
    return answers[-1]


def code_of(question: str) -> str:
    found = re.search(r"confirm (\d{4})", question)
    assert found is not None, question
    return found[1]


# One user


async def test_a_grant_is_taken_back_and_its_user_told(tmp_path: Path) -> None:
    """The difference, not the balance of before; the operator reads what became of it."""
    async with staffed(tmp_path) as it:
        await say(it, "grant bob 100")
        await it.house.pm("Alice", "tip bob 7")
        answer = await say(it, "undo last")
        assert answer == "✅ #1 (grant): undone (this is #2). Bob: -100 Z, balance 57 Z."
        assert it.house.balance("Bob") == 57
        notice = it.house.pms("Bob")[-1]
        assert "undone an earlier 'grant': 100 Z were taken back" in notice
        assert "Your balance: 57 Z" in notice
        row = it.rows("Bob")[-1]
        assert (row.type, row.trigger_id, row.amount_z) == ("admin_undo_earned", "admin.undo", -100)


async def test_an_undo_is_undone(tmp_path: Path) -> None:
    """What it had taken comes back; the act can't be undone twice."""
    async with staffed(tmp_path) as it:
        await say(it, "deduct bob 20")
        await say(it, "undo 1")
        assert "#1 was undone already, by #2" in await say(it, "undo 1")
        answer = await say(it, "undo #2")
        assert "The undo #2 is taken back: what it had undone stands again." in answer
        assert it.house.balance("Bob") == 30


async def test_nobody_goes_below_zero_unless_as_far_as_it_reaches(tmp_path: Path) -> None:
    """Who lacks how much is told; partial takes what is there."""
    async with staffed(tmp_path) as it:
        await say(it, "grant bob 100")
        await it.house.pm("Bob", "tip alice 120")
        answer = await say(it, "undo last")
        assert "these would go below zero: Bob (has 30 Z, 100 Z needed)" in answer
        assert "'undo 1 partial'" in answer
        assert it.house.balance("Bob") == 30
        answer = await say(it, "undo last partial")
        assert "Bob: -30 Z, balance 0 Z." in answer
        assert "70 Z could not be taken" in answer
        assert it.house.balance("Bob") == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("undo", "Usage: undo <number|last> [partial]"),
        ("undo first", "Usage: undo"),
        ("undo last all", "Usage: undo"),
        ("undo 0", "Usage: undo"),
        ("undo 99", "There is no act #99 in this channel"),
        ("undo last", "You have done nothing here that could be undone"),
        ("audit a.b", "Usage: audit"),
        ("audit alice bob", "Usage: audit"),
        ("audit 99", "There is no entry #99"),
        ("audit @alice", "Nothing was done to or by alice here so far."),
        ("audit", "Nothing was done here so far."),
        ("econ_reset x", "Usage: econ_reset"),
        ("econ_reset 1 2", "Usage: econ_reset"),
        ("confirm 1234", "nothing to confirm"),
    ],
)
async def test_what_can_not_be_done_is_told(tmp_path: Path, text: str, words: str) -> None:
    """What is written wrongly, or about nothing."""
    async with staffed(tmp_path) as it:
        assert words.lower() in (await say(it, text)).lower()
        assert (it.house.balance("Alice"), it.house.balance("Bob")) == (3_000_000, 50)


async def test_others_undo_nothing(tmp_path: Path) -> None:
    """Admin rights are needed for all of it."""
    async with staffed(tmp_path) as it:
        await say(it, "grant alice 5")
        for text in ("undo last", "undo 1", "audit", "econ_reset"):
            assert "admin rights" in await say(it, text, "Alice")
        assert it.house.balance("Alice") == 3_000_005


async def test_a_decision_is_final(tmp_path: Path) -> None:
    """The operator reads why, and what to do instead."""
    async with staffed(tmp_path) as it:
        await it.house.pm("Alice", "bounty 100 Sing")
        await say(it, "cancel_bounty 1")
        assert "#1 can't be undone. A bounty that is over stays over." in await say(it, "undo 1")


# What is not money


async def test_a_ban_is_taken_back(tmp_path: Path) -> None:
    """And an undo of its lifting bans again; both are told."""
    async with staffed(tmp_path) as it:
        await say(it, "ban bob rude")
        assert "The ban of bob is over." in await say(it, "undo last")
        assert "has been restored" in it.house.pms("Bob")[-1]
        assert "50" in await say(it, "balance", "Bob")
        await say(it, "ban bob ruder")
        await say(it, "unban bob")
        assert "The ban of bob is back." in await say(it, "undo last")
        assert "suspended by an admin: ruder" in it.house.pms("Bob")[-1]
        assert "suspended" in await say(it, "balance", "Bob")


async def test_a_rank_is_taken_back(tmp_path: Path) -> None:
    """To what the earnings make, which also falls with a grant that had raised it."""
    async with staffed(tmp_path) as it:
        await say(it, "set_rank bob Gaffer")
        assert "The rank of bob is Extra." in await say(it, "undo last")
        assert "Your rank is now Extra" in it.house.pms("Bob")[-1]
        await say(it, "grant bob 5000")
        assert "Grip" in await say(it, "rank", "Bob")
        await say(it, "undo last")
        assert "Extra" in await say(it, "rank", "Bob")


async def test_an_event_ends_and_comes_back(tmp_path: Path) -> None:
    """The channel hears of both, and earning follows."""
    async with staffed(tmp_path) as it:
        await say(it, "event start 2 10 Gala")
        assert "The event is over." in await say(it, "undo last")
        assert "Gala" not in await say(it, "events", "Bob")
        await say(it, "event start 3 10 Ball")
        await it.house.minutes(3)
        await say(it, "event stop")
        assert "The event is back." in await say(it, "undo last")
        assert "Ball" in await say(it, "events", "Bob")
        lines = [each.text for each in it.house.heard if isinstance(each, Line)]
        assert "Ball" in lines[-1]


async def test_an_item_is_sold_again(tmp_path: Path) -> None:
    """With its stock."""
    async with staffed(tmp_path) as it:
        await say(it, "shop_add lamp 10 announce On stock=3")
        await say(it, "shop_remove lamp")
        assert "The item lamp is back." in await say(it, "undo last")
        assert "3 left" in await say(it, "shop_items")


# Many at once


async def test_a_large_rain_is_shown_first_and_awaits_its_code(tmp_path: Path) -> None:
    """How many, how much each, who; a small one falls at once, as it always did."""
    async with staffed(tmp_path, admin={"confirm_rain_from": 1000}) as it:
        assert "999 Z fell on 3 users" in await say(it, "rain 999")
        question = await say(it, "rain 1000")
        assert "1,000 Z for 3 people, 333 Z each: Alice, Bob, Boss." in question
        assert it.house.balance("Bob") == 50 + 333
        assert "1,000 Z fell on 3 users" in await say(it, f"confirm {code_of(question)}")
        assert it.house.balance("Bob") == 50 + 333 + 333
        newest = rows(it)[0]
        assert (newest.command, newest.arguments) == ("rain", "1000")


async def test_only_the_code_says_yes(tmp_path: Path) -> None:
    """A wrong one, YES and any other command call it off; so does the end of the rank or time."""
    async with staffed(tmp_path) as it:
        for answer, words in (
            ("confirm 0000", "not the number I gave you"),
            ("yes", "not the number I gave you"),
            ("about", "kryten-economy"),
        ):
            question = await say(it, "rain 30000")
            assert words in await say(it, answer)
            assert "nothing to confirm" in await say(it, f"confirm {code_of(question)}")
        question = await say(it, "rain 30000")
        await it.house.minutes(3)
        assert "nothing to confirm" in await say(it, f"confirm {code_of(question)}")
        question = await say(it, "rain 30000")
        await it.house.rank("Boss", 1)
        assert "admin rights" in await say(it, f"confirm {code_of(question)}")
        assert it.rows("Bob")[-1].type != "admin_rain"


async def test_the_banned_are_not_in_the_question(tmp_path: Path) -> None:
    """They get nothing."""
    async with staffed(tmp_path, admin={"confirm_rain_from": 0}) as it:
        for name in ("Alice", "Bob"):
            await say(it, f"ban {name}")
        assert "1 Z for 1 person, 1 Z each: Boss." in await say(it, "rain 1")


async def test_a_rain_is_taken_back_with_a_code(tmp_path: Path) -> None:
    """Everybody hears of it, and keeps what they have earned since."""
    async with staffed(tmp_path) as it:
        await say(it, "rain 300")
        await it.house.pm("Alice", "tip bob 7")
        question = await say(it, "undo last")
        assert "Undoing #1 (rain) moves 300 Z of 3 people." in question
        assert "The largest: Alice -100 Z, Bob -100 Z, Boss -100 Z." in question
        assert "300 Z moved for 3 people." in await say(it, f"confirm {code_of(question)}")
        assert it.house.balance("Bob") == 57
        assert "undone an earlier 'rain'" in it.house.pms("Bob")[-1]


async def test_a_channel_begins_anew_and_it_can_be_taken_back(tmp_path: Path) -> None:
    """All balances become the same, after the code; `undo` gives each its difference back."""
    async with staffed(tmp_path) as it:
        question = await say(it, "econ_reset 100")
        assert "This sets 3 balances to 100 Z: 2,999,900 Z taken, 150 Z given." in question
        assert "The largest: Alice -2,999,900 Z, Boss +100 Z, Bob +50 Z." in question
        assert it.house.balance("Alice") == 3_000_000
        assert "3 balances set to 100 Z" in await say(it, f"confirm {code_of(question)}")
        assert [it.house.balance(name) for name in ("Alice", "Bob", "Boss")] == [100] * 3
        assert "reset all balances" in it.house.pms("Alice")[-1]
        assert "All balances are so already" in await say(it, "econ_reset 100")
        question = await say(it, "undo last")
        await say(it, f"confirm {code_of(question)}")
        assert [it.house.balance(name) for name in ("Alice", "Bob")] == [3_000_000, 50]


async def test_a_new_beginning_with_what_newcomers_get(tmp_path: Path) -> None:
    """`start` is the welcome wallet; without a number it is nothing."""
    async with api(tmp_path, settings_with(onboarding={"welcome_wallet": 40})) as it:
        await it.account("Alice", 90)
        await it.house.join("Boss", rank=5)
        assert "to 40 Z" in await say(it, "econ_reset start")
        assert "to 0 Z" in await say(it, "econ_reset")


# The log


async def test_the_audit_log_by_message(tmp_path: Path) -> None:
    """The last acts, those of somebody, and all about one."""
    async with staffed(tmp_path) as it:
        await say(it, "grant bob 100 for the party")
        await it.data("vanity.set_greeting", username="alice", value="Hi")
        await say(it, "ban alice")
        await say(it, "undo 1")
        listed = (await say(it, "audit")).splitlines()
        assert [line.split(" ")[0] for line in listed] == ["#4", "#3", "#1"]
        assert listed[2].endswith("Boss: grant bob 100 for the party ↩️ undone by #4")
        assert (await say(it, "audit @Alice")).startswith("#3 ")
        detail = await say(it, "audit #1")
        assert "Boss, by PM, 2026-11-20 10:00" in detail
        assert "Reason: for the party" in detail
        assert "balance: 50 → balance: 150" in detail
        assert "It was undone by #4." in detail
        assert "'undo 3' takes it back." in await say(it, "audit 3")


async def test_the_audit_log_by_request(tmp_path: Path) -> None:
    """Everything, what was only tried too, newest first, by user and by admin."""
    async with staffed(tmp_path) as it:
        await it.data("balance.adjust", username="bob", amount=5, admin="Zed", reason="won")
        await say(it, "grant alice lots")
        found = await it.data("audit.list", limit=1, offset=1)
        assert (found["limit"], found["offset"]) == (1, 1)
        [row] = found["entries"]
        assert row.pop("created_at").startswith("2026-11-20 10:00:")
        assert row.pop("result").startswith("ok ")
        assert '"amount": 5' in row.pop("arguments")
        assert row == {
            "id": 1,
            "admin": "Zed",
            "origin": "api",
            "command": "balance.adjust",
            "done": True,
            "user": "bob",
            "reason": "won",
            "before": {"balance": 50},
            "after": {"balance": 55},
            "undoable": True,
            "undoes": None,
            "undone_by": None,
        }
        assert [each["id"] for each in (await it.data("audit.list", user="Bob"))["entries"]] == [1]
        assert [each["id"] for each in (await it.data("audit.list", admin="boss"))["entries"]] == [
            2
        ]
        assert (await it.refused("audit.list", user="a.b"))[0] == "invalid_request"
        assert (await it.refused("audit.list", limit="x"))[0] == "invalid_request"
        assert (await it.refused("audit.list", name="x"))[0] == "invalid_request"


# Requests


async def test_an_undo_by_request_is_done_once(tmp_path: Path) -> None:
    """Every field; the same id again moves nothing, and tells so."""
    async with staffed(tmp_path) as it:
        await it.data("balance.adjust", username="bob", amount=5, admin="Zed")
        ask = {"undo_id": 1, "admin": "Zed", "request_id": "u-1"}
        done = await it.data("admin.undo", **ask)
        assert done == {
            "channel": CHANNEL,
            "undo_id": 1,
            "audit_id": 2,
            "command": "balance.adjust",
            "accounts": 1,
            "total": 5,
            "missing": 0,
            "stands_again": False,
            "restored": [],
        }
        assert await it.data("admin.undo", **ask) == done | {"idempotent_replay": True}
        assert it.house.balance("Bob") == 50
        assert "undone an earlier 'balance.adjust'" in it.house.pms("Bob")[-1]
        assert (await it.refused("admin.undo", undo_id=1))[0] == "conflict"
        again = await it.data("admin.undo", undo_id="2")
        assert (again["stands_again"], it.house.balance("Bob")) == (True, 55)


async def test_requests_that_undo_nothing(tmp_path: Path) -> None:
    """Each with its code and a sentence."""
    async with staffed(tmp_path) as it:
        await it.data("rain", total_amount=300)
        await it.house.pm("Bob", "tip alice 120")
        code, text = await it.refused("admin.undo", undo_id="last")
        assert (code, "Bob (has 30 Z, 100 Z needed)" in text) == ("insufficient_balance", True)
        partial = await it.data("admin.undo", undo_id="last", partial=True)
        assert (partial["accounts"], partial["total"], partial["missing"]) == (3, 230, 70)
        for value in (None, 0, -1, "x", True, 1.5):
            assert (await it.refused("admin.undo", undo_id=value))[0] == "invalid_request"
        assert (await it.refused("admin.undo", undo_id=1, partial="x"))[0] == "invalid_request"
        assert (await it.refused("admin.undo", undo_id=99))[0] == "not_found"
        await it.data("user.ban", username="bob")
        done = await it.data("admin.undo", undo_id="last")
        assert done["restored"] == [{"kind": "ban", "subject": "bob", "changed": True}]
        assert it.house.report(lambda r: r.ban_of(UserKey.of(CHANNEL, "bob"))) is None


async def test_a_reply_says_what_takes_it_back(tmp_path: Path) -> None:
    """The same number for a repetition; none where nothing was changed or can be taken back."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        fields = {"username": "alice", "amount": -30, "request_id": "r1"}
        number = (await it.data("balance.adjust", **fields))["undo_id"]
        again = await it.data("balance.adjust", **fields)
        assert (again["idempotent_replay"], again["undo_id"]) == (True, number)
        undone = await it.data("admin.undo", undo_id=number)
        assert (undone["undo_id"], undone["total"]) == (number, 30)
        assert it.house.balance("alice") == 100
        banned = await it.data("user.ban", username="alice")
        assert "undo_id" not in await it.data("user.ban", username="alice")
        await it.data("admin.undo", undo_id=banned["undo_id"])
        assert "undo_id" not in await it.data("announce", message="Hello")
        assert "undo_id" not in await it.data("panic.set", what="games")
