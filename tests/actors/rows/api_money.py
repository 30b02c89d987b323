"""Requests about balances, movements and sums."""

from tests.actors.rows.walk import ELSEWHERE, Fields, Row, ask, asked_wrongly, turned_down, works

__all__ = ("ROWS",)

ALICE: Fields = {"username": "alice"}
NEMO: Fields = {"username": "nemo"}
_NO_CHANNEL: Fields = {"channel": ...}
_TODAY: Fields = {"from": "2026-11-20", "to": "2026-11-20"}
_NOT_FOUND: Fields = {"found": False}

ROWS = (
    Row(
        "balance.get",
        works(ALICE, {"found": True, "balance": 10_000}),
        works(NEMO, _NOT_FOUND),
        turned_down(ALICE | ELSEWHERE, "unknown_channel", "does not know the channel 'Elsewhere'"),
        asked_wrongly({}, "username is required"),
    ),
    Row(
        "balance.search",
        works({"pattern": "ali"}, {"count": 1}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"name": "ali"}, "has no field 'name'; it takes pattern, limit"),
    ),
    Row(
        "balance.adjust",
        works(ALICE | {"amount": 50}, {"balance": 10_050}, alice=50),
        works(ALICE | {"amount": -50}, {"balance": 10_000}, alice=-50),
        turned_down(ALICE | {"amount": -10_001}, "insufficient_balance", "has only 10,000 Z"),
        turned_down(NEMO | {"amount": -5}, "not_found", "don't know anyone called nemo"),
        turned_down({"username": "ZCoinBot", "amount": 5}, "ignored_user"),
        asked_wrongly(ALICE | {"amount": "lots"}, "amount must be a whole number"),
        asked_wrongly(ALICE | {"amount": 0}, "and not 0"),
        asked_wrongly(ALICE | {"amount": 1.5}, "amount must be a whole number"),
    ),
    Row(
        "balance.set",
        works(ALICE | {"amount": 9_000}, {"old_balance": 10_000, "delta": -1_000}, alice=-1_000),
        works(ALICE | {"amount": 10_000}, {"new_balance": 10_000}, alice=1_000),
        turned_down({"username": "ZCoinBot", "amount": 5}, "ignored_user"),
        asked_wrongly(ALICE | {"amount": -1}, "amount must be a whole number from 0"),
    ),
    Row(
        "stats.float",
        works({}, {"float": 40_000}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "rain",
        works(
            {"total_amount": 100},
            {"recipients": 4, "amount_each": 25, "total_awarded": 100},
            alice=25,
            bob=25,
            boss=25,
            cy=25,
        ),
        turned_down({"total_amount": 3}, "rejected", "less than one each for 4 users"),
        asked_wrongly({"total_amount": "much"}, "total_amount must be a whole number"),
    ),
    Row(
        "admin.undo",
        ask("balance.adjust", username="cy", amount=30, admin="ops"),
        works({"undo_id": "last", "admin": "ops"}, {}, cy=-30),
        turned_down({"undo_id": 99_999}, "not_found", "There is no act #99,999"),
        asked_wrongly({"undo_id": "it"}, "undo_id must be the number of an act, or 'last'"),
    ),
    Row(
        "audit.list",
        works({"limit": 1}, {"limit": 1, "offset": 0}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"page": 2}, "has no field 'page'; it takes limit"),
        asked_wrongly({"limit": "all"}, "limit must be a whole number"),
    ),
    Row(
        "transactions.list",
        works(ALICE | {"limit": 1}, {"limit": 1, "offset": 0}),
        works(NEMO, {"transactions": []}),
        turned_down(ALICE | ELSEWHERE, "unknown_channel"),
        asked_wrongly(ALICE | {"limit": "all"}, "limit must be a whole number"),
    ),
    Row(
        "transactions.recent",
        works({"limit": 1}, {"channel": "TestChan"}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"limit": []}, "limit must be a whole number"),
    ),
    Row(
        "transactions.explain",
        works({"transaction_id": 18}, {"by": "system", "minutes": 1}),
        turned_down({"transaction_id": 99_999}, "not_found"),
        asked_wrongly({"transaction_id": "first"}, "transaction_id must be a whole number"),
    ),
    Row(
        "statement",
        works(ALICE | _TODAY, {"closing_balance": 10_025}),
        turned_down(ALICE | _TODAY | ELSEWHERE, "unknown_channel"),
        works(NEMO | _TODAY, {"found": False}),
        asked_wrongly(ALICE | {"from": "always"}, "from must be a date like 2026-03-31"),
    ),
    Row(
        "account.summary",
        works(ALICE, {"found": True, "balance": 10_025}),
        works(NEMO, _NOT_FOUND),
        turned_down(ALICE | ELSEWHERE, "unknown_channel"),
        asked_wrongly({"username": 5}, "username must be a CyTube name"),
    ),
    Row(
        "user.detail",
        works(ALICE, {"found": True}),
        works(NEMO, _NOT_FOUND),
        turned_down(ALICE | ELSEWHERE, "unknown_channel"),
        turned_down({"username": "a.b"}, "not_found", "username must be a CyTube name"),
        asked_wrongly({"username": ""}, "username is required"),
    ),
    Row(
        "leaderboard",
        works({"category": "rich", "limit": 1}, {"category": "rich"}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"category": "losers"}, "There are: earners, rich, lifetime, ranks"),
    ),
    Row(
        "triggers.stats",
        works({"days": 2}, {"start_date": "2026-11-19", "end_date": "2026-11-20"}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"days": "all"}, "days must be a whole number from 1 to 30"),
    ),
    Row(
        "stats.inflation",
        works({}, {"channel": "TestChan"}),
        works(_NO_CHANNEL, {"channel": "TestChan"}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"channel": 5}, "channel must be a text"),
    ),
    Row(
        "stats.summary",
        works({}, {"float": 40_100, "accounts": 5}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "stats.health",
        works({}, {"circulation": 40_100, "accounts": 5}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"channel": []}, "channel must be a text"),
    ),
)
