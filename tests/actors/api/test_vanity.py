"""Vanity and approvals by request, as the gateway sends them (`admin-api.md` 5, 6)."""

from pathlib import Path
from typing import Any

import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL, settings_with

from economy_actors.messages.vanity import LineTold
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

SHOP = {
    "custom_greeting": {"cost": 100},
    "shoutout": {"cost": 50, "max_length": 20},
    "channel_gif": {"cost": 300},
}


def _settings(**sections: Any) -> Any:
    return settings_with(**({"vanity_shop": SHOP} | sections))


def _lines(it: Api) -> list[Line]:
    return [
        each for each in it.house.heard if isinstance(each, Line) and each.kind is LineKind.PAID
    ]


async def test_a_greeting_by_request_costs_what_the_summary_said(tmp_path: Path) -> None:
    """The gateway's own request; P-SHOP-1: the final price of the summary is what is charged."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 1000)
        await it.data("rank.set", username="alice", rank_name="Producer")
        it.house.context.floats[CHANNEL] = 1000
        summary = await it.data("account.summary", username="alice")
        assert summary["vanity_costs"]["custom_greeting"] == 100
        assert await it.data("vanity.set_greeting", username="alice", value=" Welcome\nback ") == {
            "username": "Alice",
            "channel": CHANNEL,
            "item_type": "custom_greeting",
            "value": "Welcome back",
            "charged": summary["vanity_final_costs"]["custom_greeting"],
            "discount": 0.12,
            "new_balance": 912,
        }
        summary = await it.data("account.summary", username="alice")
        assert summary["vanity"]["custom_greeting"] == "Welcome back"
        assert summary["balance"] == 912
        [row] = [each for each in it.rows("alice") if each.type == "spend"]
        assert (row.amount_z, row.trigger_id) == (-88, "spend.vanity.custom_greeting")


async def test_inflation_is_in_the_summary_and_in_the_price(tmp_path: Path) -> None:
    """P-SHOP-1: the request charges the inflated price, and shows it before the discount."""
    settings = _settings(inflation={"enabled": True, "anchor_float": 1000})
    async with api(tmp_path, settings) as it:
        await it.account("Alice", 900)
        it.house.context.floats[CHANNEL] = 3000
        summary = await it.data("account.summary", username="alice")
        assert summary["vanity_costs"] | {"custom_color": 0} == {
            "custom_greeting": 300,
            "custom_color": 0,
            "shoutout": 150,
        }
        bought = await it.data("vanity.set_greeting", username="alice", value="Hi")
        assert bought["charged"] == 300


async def test_the_dashboard_gets_every_field_it_reads(tmp_path: Path) -> None:
    """`account.summary` as the web queue's page takes it, in the types it needs."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 1500)
        await it.data("vanity.set_greeting", username="Alice", value="Hi")
        data = await it.data("account.summary", username="Alice")
        assert (data["found"], data["currency_symbol"]) == (True, "Z")
        assert (data["balance"], data["lifetime_earned"]) == (data["balance"], 1500)
        assert set(data["rank"]) >= {"name", "level", "tier_count"}
        assert isinstance(data["next_rank"]["progress_percent"], int | float)
        assert set(data["next_rank"]) >= {"name", "remaining"}
        assert all(isinstance(perk, str) and "discount" not in perk for perk in data["perks"])
        assert data["spend_discount_percent"] == 2.0
        keys = {"custom_greeting", "custom_color"}
        assert data["vanity"] == {"custom_greeting": "Hi", "custom_color": None}
        for field in ("vanity_costs", "vanity_final_costs", "vanity_enabled"):
            assert set(data[field]) == keys | {"shoutout"}
        assert data["vanity_costs"]["custom_greeting"] == 100
        assert data["vanity_final_costs"]["custom_greeting"] == 98
        assert all(value is True for value in data["vanity_enabled"].values())


async def test_the_detail_of_a_user_has_what_they_own(tmp_path: Path) -> None:
    """The old fields are filled from what is owned; so is the name of their money."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 100_000)
        await it.house.join("Alice")
        for text in ("buy title Duke", "buy rename Bits", "buy greeting Hi"):
            await it.house.pm("Alice", text)
        await it.house.pm("Alice", "buy gif https://x.test/a.gif")
        account = (await it.data("user.detail", username="alice"))["account"]
        assert (account["custom_title"], account["custom_greeting"]) == ("Duke", "Hi")
        assert (account["channel_gif_url"], account["channel_gif_approved"]) == (None, False)
        assert account["personal_currency_name"] == "Bits"
        await it.data("approval.approve_gif", username="alice")
        account = (await it.data("user.detail", username="alice"))["account"]
        assert account["channel_gif_url"] == "https://x.test/a.gif"
        assert account["channel_gif_approved"] is True
        assert (await it.data("account.summary", username="alice"))["currency_name"] == "Bits"


async def test_a_shoutout_shares_its_cooldown_with_the_private_message(tmp_path: Path) -> None:
    """P-SHOP-6, P-SHOP-7: stored, the same on both ways; the line is the same too."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 800)
        assert await it.data("vanity.shoutout", username="alice", value="Hello all") == {
            "username": "Alice",
            "channel": CHANNEL,
            "message": "📢 Alice: Hello all",
            "charged": 50,
            "discount": 0.0,
            "new_balance": 750,
        }
        [line] = _lines(it)
        assert line.receipt is not None
        it.house.channel.tell(LineTold(line.receipt, said=True))
        await it.house.settle()
        await it.house.join("Alice")
        assert "cooling down" in (await it.house.pm("Alice", "shoutout more"))[0]
        code, text = await it.refused("vanity.shoutout", username="alice", value="more")
        assert code == "cooldown_active"
        assert text == "Your shoutout is cooling down: try again in 1h."
        spent = [row.amount_z for row in it.rows("alice") if row.type == "spend"]
        assert spent == [-50]


async def test_a_request_sent_twice_is_done_once(tmp_path: Path) -> None:
    """With a ``request_id``: charged once, said once, told the same."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 900)
        ask = {"username": "alice", "value": "Hello", "request_id": "r-1"}
        first = await it.data("vanity.shoutout", **ask)
        assert await it.data("vanity.shoutout", **ask) == first | {"idempotent_replay": True}
        assert len(_lines(it)) == 1
        ask = {"username": "alice", "value": "Hello", "request_id": "r-2"}
        first = await it.data("vanity.set_greeting", **ask)
        assert await it.data("vanity.set_greeting", **ask) == first | {"idempotent_replay": True}
        code, _ = await it.refused("vanity.set_greeting", **(ask | {"value": "Other"}))
        assert code == "request_id_conflict"
        assert it.house.balance("alice") == 750


@pytest.mark.parametrize("command", ["vanity.set_greeting", "vanity.shoutout"])
@pytest.mark.parametrize(
    ("username", "value", "code"),
    [
        ("alice", "", "invalid_request"),
        ("alice", "x" * 201, "invalid_request"),
        ("alice", None, "invalid_request"),
        ("poor", "Hi", "insufficient_balance"),
        ("villain", "Hi", "banned"),
        ("ghost", "Hi", "not_found"),
        ("zcoinbot", "Hi", "ignored_user"),
    ],
)
async def test_what_can_not_be_sold_is_refused_with_a_sentence(
    tmp_path: Path, command: str, username: str, value: str | None, code: str
) -> None:
    """Every refusal has its code, and no money moves."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 1000)
        await it.account("Poor", 7)
        await it.account("Villain", 1000)
        key = UserKey.of(CHANNEL, "Villain")
        await it.house.commit(Ban(key, "Villain", "Boss", "", it.house.now_ms))
        fields = {"username": username} | ({} if value is None else {"value": value})
        found, text = await it.refused(command, **fields)
        assert found == code
        assert text.endswith(".")
        balances = [it.house.balance(name) for name in ("alice", "poor", "villain")]
        assert balances == [1000, 7, 1000]


async def test_a_disabled_item_is_refused_as_disabled(tmp_path: Path) -> None:
    """Its own code, for both requests."""
    off = {"custom_greeting": {"enabled": False}, "shoutout": {"enabled": False}}
    async with api(tmp_path, _settings(vanity_shop=off)) as it:
        await it.account("Alice", 1000)
        for command in ("vanity.set_greeting", "vanity.shoutout"):
            code, _ = await it.refused(command, username="alice", value="Hi")
            assert code == "disabled"
        enabled = (await it.data("account.summary", username="alice"))["vanity_enabled"]
        assert enabled == {"custom_greeting": False, "custom_color": True, "shoutout": False}


async def test_approvals_are_listed_and_decided_by_request(tmp_path: Path) -> None:
    """P-SHOP-5: by user or by number, once; the rejected is paid back and the act is logged."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 1000)
        await it.account("Bob", 1000)
        for name in ("Alice", "Bob"):
            await it.house.join(name)
            await it.house.pm(name, f"buy gif https://x.test/{name}.gif")
        before = it.house.balance("bob")
        listed = await it.data("approval.list", type="channel_gif")
        assert [(row["approval_id"], row["username"]) for row in listed["approvals"]] == [
            (1, "Alice"),
            (2, "Bob"),
        ]
        assert listed["approvals"][0]["data"] == {"gif_url": "https://x.test/Alice.gif"}
        assert (await it.data("approval.list", type="force_play"))["approvals"] == []
        assert (await it.data("vanity.list", username="alice")) == {
            "items": {},
            "pending": ["channel_gif"],
        }
        assert await it.data("approval.approve_gif", username="alice", admin="Zed") == {
            "username": "Alice",
            "channel": CHANNEL,
            "approved": True,
        }
        code, _ = await it.refused("approval.approve_gif", username="alice")
        assert code == "not_found"
        assert (await it.data("vanity.list", username="alice")) == {
            "items": {"channel_gif": "https://x.test/Alice.gif"},
            "pending": [],
        }
        paid_z = listed["approvals"][1]["cost"]
        answer = await it.data("approval.resolve", approval_id=2, approved=False, resolved_by="Zed")
        assert answer == {"approval_id": 2, "approved": False, "refund": paid_z}
        assert it.house.balance("bob") == before + paid_z
        [refund] = [row for row in it.rows("bob") if row.type == "refund"]
        assert refund.trigger_id == "refund.gif_rejected"
        code, _ = await it.refused("approval.resolve", approval_id=2, approved=True)
        assert code == "not_found"
        code, text = await it.refused("approval.resolve", approval_id=2, approved="yes")
        assert code == "invalid_request"
        assert text.startswith("approved must be true or false")
        code, _ = await it.refused("approval.reject_gif", username="bob")
        assert code == "not_found"


async def test_a_gif_is_rejected_by_request(tmp_path: Path) -> None:
    """The amount that went back is in the answer."""
    async with api(tmp_path, _settings()) as it:
        await it.account("Alice", 1000)
        await it.house.join("Alice")
        before = it.house.balance("alice")
        await it.house.pm("Alice", "buy gif https://x.test/a.gif")
        paid_z = before - it.house.balance("alice")
        assert await it.data("approval.reject_gif", username="ALICE") == {
            "username": "Alice",
            "channel": CHANNEL,
            "approved": False,
            "refund": paid_z,
        }
        assert it.house.balance("alice") == before
