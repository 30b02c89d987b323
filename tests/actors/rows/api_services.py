"""Requests of services that charge for what they do: wallets and the web queue."""

from tests.actors.rows.walk import ELSEWHERE, Fields, Row, asked_wrongly, turned_down, works

__all__ = ("ROWS",)

BOB: Fields = {"username": "bob"}
_CHAT: Fields = {"service": "chatbot"}
_ASKED: Fields = BOB | _CHAT | {"budget": 10}
_FIRST: Fields = _CHAT | {"reservation_id": "wallet:api:w1"}
_SECOND: Fields = _CHAT | {"reservation_id": "wallet:api:w2"}
_FILM: Fields = BOB | {"duration_sec": 600, "tier": "queue"}

ROWS = (
    Row(
        "wallet.reserve",
        works(
            _ASKED | {"request_id": "w1"},
            {"reserved": 10, "reservation_id": "wallet:api:w1"},
            bob=-10,
        ),
        works(_ASKED | {"request_id": "w2"}, {"reserved": 10}, bob=-10),
        turned_down(_ASKED | {"budget": 99_999, "request_id": "w3"}, "insufficient_balance"),
        turned_down(_ASKED | {"username": "nemo", "request_id": "w4"}, "not_found"),
        turned_down(_ASKED | {"username": "mallory", "request_id": "w4"}, "banned"),
        asked_wrongly(_ASKED, "request_id is required"),
        asked_wrongly(_ASKED | {"budget": "all", "request_id": "w5"}, "budget must be a whole"),
    ),
    Row(
        "wallet.finalize",
        works(_FIRST | {"cost": 4, "request_id": "f1"}, {}, bob=6),
        turned_down(_CHAT | {"reservation_id": "none", "cost": 4, "request_id": "f2"}, "not_found"),
        turned_down(_FIRST | {"cost": 5, "request_id": "f3"}, "conflict"),
        asked_wrongly(_SECOND | {"cost": "all", "request_id": "f4"}, "cost must be a whole number"),
    ),
    Row(
        "wallet.release",
        works(_SECOND, {"returned": 10}, bob=10),
        turned_down(_FIRST, "conflict"),
        asked_wrongly(_CHAT, "reservation_id is required"),
    ),
    Row(
        "wallet.get",
        works(BOB, {"found": True, "balance": 9_996, "reserved": 0}),
        works({"username": "nemo"}, {"found": False}),
        turned_down(BOB | ELSEWHERE, "unknown_channel"),
        asked_wrongly(BOB | {"service": 5}, "service must be a text"),
    ),
    Row(
        "spending.queue_preview",
        works(_FILM, {"available": True, "cost_z": 2_500}),
        turned_down(_FILM | ELSEWHERE, "unknown_channel"),
        asked_wrongly(_FILM | {"duration_sec": "long"}, "duration_sec must be a whole number"),
    ),
    Row(
        "spending.queue",
        works(_FILM | {"request_id": "q1"}, {"success": True, "cost_z": 2_500}, bob=-2_500),
        turned_down(_FILM | {"request_id": "q2"}, "cooldown_active", "cooling down"),
        asked_wrongly(_FILM | {"duration_sec": "long", "request_id": "q3"}, "duration_sec must"),
    ),
    Row(
        "spending.queue_refund",
        works(BOB | {"request_id": "q1"}, {"success": True, "refunded": 2_500}, bob=2_500),
        works(BOB | {"request_id": "q9"}, {"success": False, "error": "unknown_request_id"}),
        turned_down(BOB | {"request_id": "q1"} | ELSEWHERE, "unknown_channel"),
        asked_wrongly(BOB, "request_id is required"),
    ),
)
