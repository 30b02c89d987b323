"""``balance.adjust`` and ``balance.set`` (`admin-api.md` 6)."""

import json
from pathlib import Path

import anyio
import pytest
from tests.actors.api.helpers import api
from tests.actors.house import CHANNEL, settings_with

from kryten_economy.features.bans import Ban
from kryten_economy.ledger.records import SetReadOnly
from kryten_economy.refusals import AMOUNT_MAX_Z
from kryten_economy.users import UserKey

NO_WALLET = settings_with(onboarding={"welcome_wallet": 0})


async def test_an_adjustment_gives_and_takes(tmp_path: Path) -> None:
    """One row each, the admin's name in it, the user told, the act in the audit log."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        given = await it.data(
            "balance.adjust", username="alice", amount=50, reason="prize", admin="Zed"
        )
        assert given.pop("undo_id") == 1
        assert given == {"username": "Alice", "channel": CHANNEL, "amount": 50, "balance": 150}
        taken = await it.data("balance.adjust", username="ALICE", amount="-30", admin="Zed")
        assert taken.pop("undo_id") == 2
        assert taken == {"username": "Alice", "channel": CHANNEL, "amount": -30, "balance": 120}
        assert it.house.balance("alice") == 120
        plus, minus = it.rows("alice")[1:]
        assert (plus.type, plus.trigger_id, plus.reason) == (
            "admin_adjust",
            "admin.adjust",
            "prize",
        )
        assert (minus.amount_z, minus.reason) == (-30, "Admin debit by Zed")
        assert json.loads(plus.metadata or "") == {"by": "Zed"}
        told = it.house.pms("alice")
        assert ["50" in told[0] and "prize" in told[0], "30" in told[1]] == [True, True]
        assert [(row.admin, row.channel, row.command) for row in it.audit()] == [
            ("Zed", CHANNEL, "balance.adjust")
        ] * 2
        first = it.audit()[0]
        assert json.loads(first.arguments)["amount"] == 50
        assert "admin" not in json.loads(first.arguments)
        assert first.result.startswith("ok ")


async def test_a_given_rank_is_reached_at_once(tmp_path: Path) -> None:
    """What is given counts as earned, so the rank follows the credit; what is taken does not."""
    async with api(tmp_path, NO_WALLET) as it:
        await it.house.join("Alice")
        await it.data("balance.adjust", username="alice", amount=1_000)
        assert any("promoted to Grip" in text for text in it.house.pms("alice"))
        await it.data("balance.set", username="alice", amount=90_000)
        wallet = it.house.wallet("alice")
        assert wallet is not None
        assert wallet.rank_name == "Grip"


async def test_an_adjustment_below_zero_changes_nothing(tmp_path: Path) -> None:
    """Negative beyond the balance is an error that says what there is."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        code, text = await it.refused("balance.adjust", username="alice", amount=-101)
        assert code == "insufficient_balance"
        assert "100" in text
        assert it.house.balance("alice") == 100
        assert it.house.pms("alice") == []
        assert it.audit()[0].result.startswith("insufficient_balance")


async def test_giving_opens_an_account_for_a_name_never_seen(tmp_path: Path) -> None:
    """Other services pay winners who have left: adjusting up and setting open an account."""
    async with api(tmp_path, NO_WALLET) as it:
        request = {"username": "Winner", "amount": 5, "request_id": "w"}
        given = await it.data("balance.adjust", **request)
        assert (given["username"], given["balance"]) == ("Winner", 5)
        assert await it.data("balance.adjust", **request) == given | {"idempotent_replay": True}
        made = await it.data("balance.set", username="Second", amount=7, request_id="s")
        assert (made["old_balance"], made["new_balance"], made["delta"]) == (0, 7, 7)
        assert (it.house.balance("winner"), it.house.balance("second")) == (5, 7)
        await it.data("rank.set", username="Third", rank_name="Grip")
        wallet = it.house.wallet("third")
        assert wallet is not None
        assert wallet.rank_name == "Grip"


async def test_taking_never_opens_an_account(tmp_path: Path) -> None:
    """Nor does a name that CyTube can't have, which nobody is called."""
    async with api(tmp_path, NO_WALLET) as it:
        code, text = await it.refused("balance.adjust", username="Tpyo", amount=-5)
        assert (code, "Tpyo" in text) == ("not_found", True)
        assert it.house.wallet("tpyo") is None
        for command in ("balance.adjust", "balance.set"):
            code, text = await it.refused(command, username="no name!", amount=5)
            assert (code, text.startswith("username ")) == ("not_found", True)


async def test_a_request_id_is_done_once(tmp_path: Path) -> None:
    """A repetition answers the same data, says so, moves nothing and tells nobody."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        request = {"username": "alice", "amount": 25, "request_id": "r-1"}
        first = await it.data("balance.adjust", **request)
        await it.data("balance.adjust", username="alice", amount=1)
        again = await it.data("balance.adjust", **request)
        assert again == first | {"idempotent_replay": True}
        assert it.house.balance("alice") == 126
        assert len(it.house.pms("alice")) == 2


async def test_identical_requests_at_once_are_done_once(tmp_path: Path) -> None:
    """Twenty callers with one id: one movement, twenty equal answers."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        body = {"command": "balance.adjust", "channel": CHANNEL, "username": "alice"}
        inboxes = [it.post(body | {"amount": 10, "request_id": "x"}) for _ in range(20)]
        await anyio.sleep(1)
        answers = [it.bus.answers[inbox]["data"] for inbox in inboxes]
        assert it.house.balance("alice") == 110
        assert {answer["balance"] for answer in answers} == {110}
        assert sum("idempotent_replay" not in answer for answer in answers) == 1


@pytest.mark.parametrize(
    "other",
    [{"amount": 26}, {"amount": -25}, {"username": "Bob"}, {"reason": "other"}, {"admin": "Eve"}],
)
async def test_a_request_id_with_other_content_is_a_conflict(
    tmp_path: Path, other: dict[str, object]
) -> None:
    """Same id, other user, amount or words: refused, and nothing is moved."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        await it.account("Bob", 100)
        request: dict[str, object] = {"username": "alice", "amount": 25, "request_id": "r-1"}
        await it.data("balance.adjust", **request)
        code, _ = await it.refused("balance.adjust", **(request | other))
        assert code == "request_id_conflict"
        code, _ = await it.refused("balance.set", username="alice", amount=25, request_id="r-1")
        assert code == "request_id_conflict"
        assert (it.house.balance("alice"), it.house.balance("bob")) == (125, 100)


async def test_an_id_used_in_another_channel_is_a_conflict(tmp_path: Path) -> None:
    """Ids belong to the service, not to a channel."""
    async with api(tmp_path, channels=(CHANNEL, "Second")) as it:
        await it.account("Alice", 100)
        request = {"username": "alice", "amount": 5, "request_id": "r"}
        await it.data("balance.adjust", **request)
        code, _ = await it.refused("balance.adjust", channel="second", **request)
        assert code == "request_id_conflict"


async def test_a_refused_request_may_be_repeated_when_things_have_changed(tmp_path: Path) -> None:
    """A refusal does not use up the id."""
    async with api(tmp_path) as it:
        await it.account("Alice", 10)
        request = {"username": "alice", "amount": -20, "request_id": "r"}
        await it.refused("balance.adjust", **request)
        await it.data("balance.adjust", username="alice", amount=10)
        assert (await it.data("balance.adjust", **request))["balance"] == 0


async def test_ignored_users_are_paid_nothing(tmp_path: Path) -> None:
    """The bot and ignored users neither earn nor get presents; old money can be taken away."""
    async with api(tmp_path, settings_with(ignored_users=["OtherBot"])) as it:
        for name in ("otherbot", "ZCoinBot"):
            code, text = await it.refused("balance.adjust", username=name, amount=5)
            assert (code, name in text) == ("ignored_user", True)
        await it.account("OtherBot", 10)
        assert (await it.data("balance.adjust", username="otherbot", amount=-10))["balance"] == 0


async def test_an_admin_may_correct_the_account_of_a_banned_user(tmp_path: Path) -> None:
    """A ban stops the user, not the operator."""
    async with api(tmp_path) as it:
        await it.account("Alice", 10)
        user = UserKey.of(CHANNEL, "alice")
        await it.house.commit(Ban(user, "Alice", "Zed", "", it.house.now_ms))
        assert (await it.data("balance.adjust", username="alice", amount=5))["balance"] == 15
        assert (await it.data("balance.set", username="alice", amount=1))["new_balance"] == 1


async def test_a_closed_channel_moves_nothing(tmp_path: Path) -> None:
    """While the books are closed money requests are unavailable."""
    async with api(tmp_path) as it:
        await it.account("Alice", 10)
        await it.house.commit(SetReadOnly(CHANNEL, "mismatch", it.house.now_ms))
        for amount in (5, -5):
            code, _ = await it.refused("balance.adjust", username="alice", amount=amount)
            assert code == "unavailable"
        assert it.house.balance("alice") == 10


async def test_set_tells_old_new_and_difference(tmp_path: Path) -> None:
    """P-MON-15: one row holds the difference, and the user is told."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        answer = await it.data("balance.set", username="ALICE", amount="40", admin="Zed")
        assert answer.pop("undo_id") == 1
        assert answer == {
            "username": "Alice",
            "channel": CHANNEL,
            "old_balance": 100,
            "new_balance": 40,
            "delta": -60,
        }
        row = it.rows("alice")[-1]
        assert (row.amount_z, row.type, row.reason) == (-60, "admin_set_balance", "Set by Zed")
        assert "40" in it.house.pms("alice")[0]
        assert it.audit()[0].command == "balance.set"


async def test_setting_the_same_balance_is_no_event(tmp_path: Path) -> None:
    """Nothing moved, nobody told; and a repetition with an id says so."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        request = {"username": "alice", "amount": 100, "request_id": "s"}
        first = await it.data("balance.set", **request)
        assert first["delta"] == 0
        assert await it.data("balance.set", **request) == first | {"idempotent_replay": True}
        assert it.house.pms("alice") == []
        assert len(it.rows("alice")) == 1


@pytest.mark.parametrize("amount", [None, "", -1, 0.5, True, "lots", AMOUNT_MAX_Z + 1, 10**30])
async def test_set_without_a_good_amount_changes_nothing(tmp_path: Path, amount: object) -> None:
    """P-MON-15: a missing amount is an error, not 0; the field is named, the attempt is logged."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        code, text = await it.refused("balance.set", username="alice", amount=amount, admin="Zed")
        assert (code, text.startswith("amount ")) == ("invalid_request", True)
        assert it.house.balance("alice") == 100
        (line,) = it.audit()
        assert (line.admin, line.command) == ("Zed", "balance.set")
        assert line.result.startswith("invalid_request: amount ")


async def test_adjusting_by_nothing_is_an_error(tmp_path: Path) -> None:
    """0 is no adjustment."""
    async with api(tmp_path) as it:
        await it.account("Alice", 100)
        code, text = await it.refused("balance.adjust", username="alice", amount=0)
        assert (code, "not 0" in text) == ("invalid_request", True)


async def test_a_newcomer_who_is_here_gets_an_account(tmp_path: Path) -> None:
    """A connected user without account gets one with a present, once per request id."""
    async with api(tmp_path) as it:
        # The presence table knows Newbie, but the arrival has not reached the books.
        it.house.context.ledger, ledger = it.mute("ledger"), it.house.context.ledger
        await it.house.join("Newbie")
        it.house.context.ledger = ledger
        await anyio.sleep(60)
        assert it.house.wallet("newbie") is None
        request = {"username": "NEWBIE", "amount": 7, "request_id": "n"}
        first = await it.data("balance.adjust", **request)
        assert (first["username"], first["balance"]) == ("Newbie", 7)
        await it.house.leave("Newbie")
        assert await it.data("balance.adjust", **request) == first | {"idempotent_replay": True}
        code, _ = await it.refused("balance.adjust", **(request | {"amount": 8}))
        assert code == "request_id_conflict"
        assert it.house.balance("newbie") == 7
