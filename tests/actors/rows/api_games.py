"""Requests about games and fairness."""

from tests.actors.rows.walk import (
    ELSEWHERE,
    Fields,
    Row,
    Wait,
    ask,
    asked_wrongly,
    first,
    turned_down,
    works,
)

__all__ = ("ROWS",)

_NO_CHANNEL: Fields = {"channel": ...}
_HAT: Fields = {"minutes": 5, "minimum": 10, "thing": "Hat"}
_LAST = "SELECT done FROM audit_log ORDER BY id DESC LIMIT 1"
_RAIN: Fields = {"question": "Rain?", "outcomes": "yes | no", "minutes": 5}
_TICKETS: Fields = {"minutes": 5, "price": 10}

ROWS = (
    Row(
        "auction.open",
        works(_HAT, {"open": True}, ("SELECT count(*) FROM game_round WHERE state = 'open'", 1)),
        turned_down(_HAT, "conflict", "Auction is on at the moment"),
        asked_wrongly(_HAT | {"minutes": "long"}, "minutes must be a whole number"),
        asked_wrongly(_HAT | {"thing": ""}, "thing is required"),
    ),
    Row(
        "auction.state",
        first("Alice: bid 50"),
        works({}, {"open": True, "thing": "Hat", "highest_bid": 50}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "auction.cancel",
        works({}, {"returned": 1}, alice=50),
        turned_down({}, "not_found", "No auction is open"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "prediction.open",
        works(_RAIN, {"open": True}),
        turned_down(_RAIN, "conflict", "Prediction is on at the moment"),
        asked_wrongly(_RAIN | {"outcomes": "yes"}, "It takes 2 to 6 outcomes"),
    ),
    Row(
        "prediction.state",
        first("Alice: predict 50 yes"),
        works({}, {"open": True, "pool": 50, "takes_bets": True}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"channel": 5}, "channel must be a text"),
    ),
    Row(
        "prediction.lock",
        works({}, {"result": "✅ Bets are closed."}, (_LAST, 1)),
        works({}, {"result": "Bets were closed already."}, (_LAST, 0)),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "prediction.settle",
        asked_wrongly({"outcome": "maybe"}, "Which outcome"),
        works({"outcome": "yes"}, {"done": "settle"}, alice=50),
        turned_down({"outcome": "yes"}, "not_found", "No prediction is open"),
    ),
    Row(
        "prediction.void",
        ask("prediction.open", **_RAIN),
        first("Alice: predict 50 no"),
        works({}, {"done": "void"}, alice=50),
        turned_down({}, "not_found", "No prediction is open"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "raffle.open",
        works(_TICKETS, {"open": True}),
        turned_down(_TICKETS, "conflict", "Raffle is on at the moment"),
        asked_wrongly(_TICKETS | {"price": "cheap"}, "price must be a whole number"),
    ),
    Row(
        "raffle.state",
        first("Alice: raffle 2"),
        works({}, {"open": True}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "raffle.cancel",
        works({}, {"returned": 1}, alice=20),
        turned_down({}, "not_found", "No raffle is open"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "race.state",
        works({}, {"active": False, "frame": None}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "fair.today",
        first("Alice: flip 10"),
        works({}, {"day": "2026-11-20"}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "fair.seeds",
        works({"limit": 1}, {"channel": "TestChan"}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"limit": "all"}, "limit must be a whole number"),
    ),
    Row(
        "fair.verify",
        works({"round": 1}, {"number": 1, "game": "auction", "state": "cancelled"}),
        turned_down({"round": 999}, "not_found", "There is no round 999"),
        asked_wrongly({"round": "one"}, "round must be a whole number"),
    ),
    Row(
        "fair.rounds",
        turned_down({"day": "2026-11-20"}, "rejected", "told when the day is over"),
        turned_down({"day": "2026-11-01"}, "not_found"),
        Wait(86_400),
        works({"day": "2026-11-20"}, {"day": "2026-11-20"}),
        asked_wrongly({"day": "today"}, "day"),
    ),
    Row(
        "games.odds",
        works({}, {"channel": "TestChan"}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "gambling.stats",
        works({}, {"total_in": 60, "total_out": 70}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "limits.get",
        works({"username": "alice"}, {"found": True}),
        works({"username": "nemo"}, {"found": False}),
        turned_down({"username": "alice"} | ELSEWHERE, "unknown_channel"),
        asked_wrongly({}, "username is required"),
    ),
)
