"""Requests about things that are sold, approvals and bounties."""

from tests.actors.rows.walk import (
    ELSEWHERE,
    Fields,
    Row,
    asked_wrongly,
    first,
    never,
    turned_down,
    works,
)

__all__ = ("ROWS",)

ALICE: Fields = {"username": "alice"}
BOB: Fields = {"username": "bob"}
NEMO: Fields = {"username": "nemo"}
MALLORY: Fields = {"username": "mallory"}
_GOLD: Fields = {"value": "#FFD700"}
_CAP: Fields = {"item": "cap", "name": "Cap", "price": 5, "effect": "announce", "text": "hi"}
_CAPS = "SELECT count(*) FROM shop_item WHERE item = 'cap'"
_NOTHING = "There is nothing of that kind to decide"
_BOUNTY = "SELECT state FROM bounty ORDER BY id DESC LIMIT 1"

ROWS = (
    Row(
        "vanity.set_color",
        works(ALICE | _GOLD, {"value": "#FFD700", "charged": 7_500}, alice=-7_500),
        turned_down(NEMO | _GOLD, "not_found"),
        turned_down(MALLORY | _GOLD, "banned"),
        turned_down(ALICE | {"value": "#FFD701"}, "insufficient_balance", "short"),
        asked_wrongly(ALICE | {"value": "mauve-ish"}, "not a colour I know"),
    ),
    Row(
        "vanity.check_color",
        works(_GOLD, {"valid": True, "level": "ok"}),
        never(
            "refused",
            "it tells what is wrong with a colour instead, and anybody may ask",
            works({"value": "mauve-ish"}, {"valid": False, "acceptable": False}),
        ),
        asked_wrongly({"value": 5}, "value must be a text"),
    ),
    Row(
        "vanity.resync_colors",
        works({}, {"total_managed": 1}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"apply": 5}, "apply must be true or false"),
    ),
    Row(
        "vanity.set_greeting",
        works(BOB | {"value": "Hi"}, {"value": "Hi", "charged": 5_000}, bob=-5_000),
        turned_down(NEMO | {"value": "Hi"}, "not_found"),
        turned_down(ALICE | {"value": "Hi"}, "insufficient_balance"),
        asked_wrongly(BOB, "A greeting can't be empty"),
    ),
    Row(
        "vanity.shoutout",
        works(BOB | {"value": "Hi"}, {"charged": 500}, bob=-500),
        turned_down(BOB | {"value": "Hi"}, "cooldown_active", "cooling down"),
        asked_wrongly(BOB, "A shoutout can't be empty"),
    ),
    Row(
        "vanity.list",
        works(BOB, {"items": {"custom_greeting": "Hi"}}),
        turned_down(BOB | ELSEWHERE, "unknown_channel"),
        asked_wrongly({}, "username is required"),
    ),
    Row(
        "shop.list",
        works(BOB, {"channel": "TestChan"}),
        turned_down(BOB | ELSEWHERE, "unknown_channel"),
        asked_wrongly({"username": []}, "username must be a text"),
    ),
    Row(
        "shop.buy",
        works(BOB | {"item": "hat"}, {}, bob=-9),
        turned_down(BOB | {"item": "cup"}, "sold_out"),
        turned_down(BOB | {"item": "moon"}, "not_found"),
        turned_down(MALLORY | {"item": "hat"}, "banned"),
        asked_wrongly(BOB, "item is required"),
    ),
    Row(
        "approval.list",
        works({"type": "channel_gif"}, {"approvals": []}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"type": 5}, "type must be a text"),
    ),
    Row(
        "approval.approve_gif",
        first("Bob: buy gif https://example.org/b.gif"),
        works(BOB, {"approved": True}),
        turned_down(BOB, "not_found", _NOTHING),
        asked_wrongly({}, "username is required"),
    ),
    Row(
        "approval.reject_gif",
        first("Bob: buy gif https://example.org/c.gif"),
        works(BOB, {"approved": False, "refund": 900}, bob=900),
        turned_down(BOB, "not_found", _NOTHING),
        asked_wrongly({"username": 5}, "username must be a CyTube name"),
    ),
    Row(
        "approval.resolve",
        works({"approval_id": 1, "approved": False}, {"approved": False, "refund": 9}, bob=9),
        turned_down({"approval_id": 1, "approved": False}, "not_found", _NOTHING),
        asked_wrongly(
            {"approval_id": "it", "approved": True}, "approval_id must be a whole number"
        ),
        asked_wrongly({"approval_id": 1}, "approved must be true or false"),
    ),
    Row(
        "shop.add",
        works(_CAP, {}, (_CAPS, 1)),
        turned_down(_CAP | ELSEWHERE, "unknown_channel"),
        asked_wrongly(_CAP | {"price": "dear"}, "price"),
        asked_wrongly(_CAP | {"colour": "red"}, "has no field 'colour'"),
    ),
    Row(
        "shop.stock",
        works({"item": "cap", "stock": 3}, {"stock": 3}),
        turned_down({"item": "moon", "stock": 3}, "not_found"),
        asked_wrongly({"item": "cap", "stock": "few"}, "endless"),
    ),
    Row(
        "shop.remove",
        works({"item": "cap"}, {}, (_CAPS, 0)),
        turned_down({"item": "cap"}, "not_found"),
        asked_wrongly({}, "item is required"),
    ),
    Row(
        "bounty.list",
        first('Cy: bounty 500 "Find the film"'),
        works({}, {"open": 1}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"limit": "all"}, "limit must be a whole number"),
    ),
    Row(
        "bounty.claim",
        works(BOB | {"bounty_id": 1}, {}, (_BOUNTY, "claimed"), bob=500),
        turned_down(BOB | {"bounty_id": 1}, "conflict", "claimed already"),
        turned_down(BOB | {"bounty_id": 99}, "not_found"),
        asked_wrongly(BOB | {"bounty_id": "one"}, "bounty_id must be a whole number"),
    ),
    Row(
        "bounty.cancel",
        first('Cy: bounty 600 "Sing"'),
        works({"bounty_id": 2}, {}, (_BOUNTY, "cancelled"), cy=600),
        turned_down({"bounty_id": 2}, "conflict", "cancelled already"),
        asked_wrongly({"bounty_id": 0}, "bounty_id must be a whole number"),
    ),
)
