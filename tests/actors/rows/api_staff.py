"""Requests with which other services and operators run a channel."""

from tests.actors.rows.walk import ELSEWHERE, Fields, Row, asked_wrongly, never, turned_down, works

__all__ = ("ROWS",)

CY: Fields = {"username": "cy"}
_NO_CHANNEL: Fields = {"channel": ...}
_LAST = "SELECT done FROM audit_log ORDER BY id DESC LIMIT 1"
_ACT, _NO_ACT = (_LAST, 1), (_LAST, 0)
_BANS = "SELECT count(*) FROM banned_users WHERE name = 'cy'"
_OPEN = "whoever asks learns nothing but that somebody is here"
_NO_FIELDS = "it takes no channel and no field, and what else is sent is let pass"
_ODD: Fields = {"channel": 5, "username": [], "x": {"y": None}}
_GALA: Fields = {"multiplier": 2, "minutes": 5, "name": "Gala"}

ROWS = (
    Row(
        "user.ban",
        works(CY | {"reason": "spam"}, {"banned": True, "new_ban": True}, (_BANS, 1)),
        works(CY, {"banned": True, "new_ban": False}, _NO_ACT),
        turned_down({"username": "ZCoinBot"}, "rejected", "That's me"),
        asked_wrongly({}, "username is required"),
    ),
    Row(
        "user.unban",
        works(CY, {"banned": False, "was_banned": True}, (_BANS, 0)),
        works(CY, {"banned": False, "was_banned": False}, _NO_ACT),
        turned_down(CY | ELSEWHERE, "unknown_channel"),
        asked_wrongly({"username": 5}, "username must be a CyTube name"),
    ),
    Row(
        "announce",
        works({"message": "Hello all"}, {"sent": True}),
        turned_down({"message": "Hello all"} | ELSEWHERE, "unknown_channel"),
        asked_wrongly({}, "message is required"),
        asked_wrongly({"message": "x" * 2_001}, "message must have at most 2000 characters"),
    ),
    Row(
        "event.start",
        works(_GALA, {"name": "Gala", "multiplier": 2.0, "active": True}),
        turned_down(_GALA | ELSEWHERE, "unknown_channel"),
        asked_wrongly(_GALA | {"multiplier": 99}, "multiplier must be above 1 and at most 10"),
        asked_wrongly(_GALA | {"minutes": "long"}, "minutes must be a whole number"),
    ),
    Row(
        "events.list",
        works({}, {"channel": "TestChan"}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "event.stop",
        works({}, {"stopped": True}, _ACT),
        works({}, {"stopped": False}, _NO_ACT),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "panic.set",
        works(
            {"what": "games", "for": "1h"},
            {"channel": "TestChan"},
            ("SELECT count(*) FROM panic WHERE what = 'games'", 1),
        ),
        turned_down({"what": "freeze", "username": "ZCoinBot"}, "rejected"),
        asked_wrongly({"what": "life"}, "what must be one of earning, games"),
        asked_wrongly({"what": "games", "for": "ever"}, "for must be a time"),
        asked_wrongly({"what": "freeze"}, "username is required"),
    ),
    Row(
        "panic.state",
        works({}, {"channel": "TestChan"}),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly(_NO_CHANNEL, "channel is required"),
    ),
    Row(
        "panic.clear",
        works(
            {"what": "games"},
            {"panic": []},
            ("SELECT count(*) FROM panic WHERE what = 'games'", 0),
        ),
        works({"what": "games"}, {"ended": [], "panic": []}, _NO_ACT),
        turned_down(ELSEWHERE, "unknown_channel"),
        asked_wrongly({"what": "life"}, "what must be one of earning, games"),
    ),
    Row(
        "rank.set",
        works(
            CY | {"rank_name": "Grip"},
            {"rank_name": "Grip"},
            ("SELECT rank_name FROM account WHERE name = 'cy'", "Grip"),
        ),
        turned_down({"username": "nemo", "rank_name": "auto"}, "not_found"),
        asked_wrongly(CY | {"rank_name": "King"}, "There is no such rank. Ranks: Extra, Grip"),
    ),
    Row(
        "system.ping",
        works({}, {"pong": True}),
        never("refused", _OPEN, works(_ODD, {"pong": True})),
        never("wrong", _NO_FIELDS, works(_ODD, {"pong": True})),
    ),
    Row(
        "system.about",
        works({}, {"version": "1.2.3"}),
        never("refused", _OPEN, works(_ODD, {"version": "1.2.3"})),
        never("wrong", _NO_FIELDS, works(_ODD, {"version": "1.2.3"})),
    ),
    Row(
        "system.health",
        works({}, {"status": "healthy", "database": "connected"}),
        never("refused", _OPEN, works(_ODD, {"status": "healthy"})),
        never("wrong", _NO_FIELDS, works(_ODD, {"status": "healthy"})),
    ),
)
