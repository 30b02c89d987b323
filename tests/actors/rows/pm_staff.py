"""What admins look at and stop by private message."""

from tests.actors.rows.walk import Row, done, first, refused, written_wrongly

__all__ = ("ROWS",)

_NOT_FOR_ALICE = "needs admin rights"
_NOT_A_NAME = "can't be a user name"
_ACTS = "SELECT count(*) FROM audit_log WHERE command IN ('pause', 'resume') AND done"
_BANS = "SELECT count(*) FROM banned_users WHERE name = 'cy'"
_HALTS = "SELECT group_concat(what) FROM panic"

ROWS = (
    Row(
        "ban",
        done("Boss: ban cy spam", "Cy is banned", (_BANS, 1)),
        refused("Cy: balance", "suspended"),
        refused("Boss: ban cy", "already banned"),
        refused("Boss: ban boss", "can't ban yourself"),
        written_wrongly("Boss: ban a.b", _NOT_A_NAME),
        written_wrongly("Boss: ban", "Usage: ban @user"),
    ),
    Row(
        "unban",
        done("Boss: unban cy", "Cy may use the economy again", (_BANS, 0)),
        refused("Boss: unban cy", "Cy is not banned"),
        written_wrongly("Boss: unban a.b", _NOT_A_NAME),
    ),
    Row(
        "pause",
        done("Boss: pause games 10m", "paused until 2026-11-20 10:10 UTC", (_HALTS, "games")),
        refused("Alice: pause games", _NOT_FOR_ALICE),
        written_wrongly("Boss: pause life", r"Usage: pause earning\|games\|spending"),
        written_wrongly("Boss: pause games 10x", "'10x' is no time"),
    ),
    Row(
        "panic",
        done("Boss: panic", "Games are paused until"),
        refused("Alice: panic", _NOT_FOR_ALICE),
        written_wrongly("Boss: panic @bob", "yourself only|takes no user name"),
    ),
    Row(
        "resume",
        refused("Alice: flip 10", "Games are paused by an admin"),
        done("Boss: resume games", "Resumed: games", (_HALTS, None)),
        done("Alice: flip 10", "Your 10 Z bring 20 Z", alice=10),
        done("Boss: panic", "Nothing is stopped here", (_ACTS, 2)),
        refused("Boss: resume games", "Nothing is paused here"),
        done("Boss: panic", "Nothing is stopped here", (_ACTS, 2)),
        written_wrongly("Boss: resume", r"Usage: resume earning\|games"),
    ),
    Row(
        "readonly",
        done(
            "Boss: readonly 10m audit",
            "read-only until 2026-11-20 10:10 UTC",
            (_HALTS, "read-only"),
        ),
        refused("Alice: readonly", _NOT_FOR_ALICE),
        written_wrongly("Boss: readonly 9y", "'9y' is no time"),
        first("Boss: resume all"),
    ),
    Row(
        "freeze",
        done("Boss: freeze @cy 10m", "Cy is frozen until", (_HALTS, "freeze")),
        refused("Cy: flip 10", "An admin has frozen your account"),
        done("Boss: freeze @Nmo", "never seen this name here: is it spelled right"),
        refused("Boss: freeze @boss", "can't freeze yourself"),
        refused("Boss: freeze @ZCoinBot", "me|bot"),
        written_wrongly("Boss: freeze", "Usage: freeze @user"),
        first("Boss: resume all"),
    ),
    Row(
        "announce",
        done("Boss: announce Hello all", "Announced"),
        refused("Alice: announce Hello all", _NOT_FOR_ALICE),
        written_wrongly("Boss: announce", "Usage: announce <text>"),
    ),
    Row(
        "event",
        done("Boss: event start 2 5 Gala", "Gala runs: 2x for 5 minutes"),
        done("Boss: event stop", "Gala has been stopped"),
        refused("Boss: event stop", "No event is running"),
        written_wrongly("Boss: event start 99 5 Gala", "Usage: event start"),
        written_wrongly("Boss: event", "Usage: event start"),
    ),
    Row(
        "set_rank",
        done(
            "Boss: set_rank @cy Grip",
            "Cy is Grip now",
            ("SELECT rank_name FROM account WHERE name = 'cy'", "Grip"),
        ),
        refused("Boss: set_rank @nemo Grip", "don't know anyone called nemo"),
        written_wrongly("Boss: set_rank @cy King", "There is no such rank. Ranks: Extra, Grip"),
        first("Boss: set_rank @cy auto"),
    ),
    Row(
        "econ:stats",
        done("Boss: econ:stats", "In circulation: 40,010 Z"),
        refused("Alice: econ:stats", _NOT_FOR_ALICE),
        written_wrongly("Boss: econ:stats @bob", "takes no user name"),
    ),
    Row(
        "econ:health",
        done("Boss: econ:health", "In circulation: 40,010 Z"),
        refused("Alice: econ:health", _NOT_FOR_ALICE),
        written_wrongly("Boss: econ:health @bob", "takes no user name"),
    ),
    Row(
        "econ:triggers",
        done("Boss: econ:triggers week", "presence.base: 4 hits"),
        refused("Alice: econ:triggers", _NOT_FOR_ALICE),
        written_wrongly("Boss: econ:triggers month", r"Usage: econ:triggers \[week\]"),
    ),
    Row(
        "econ:user",
        done("Boss: econ:user @bob", r"Bob \| Balance 10,000 Z"),
        refused("Boss: econ:user @nemo", "don't know anyone called nemo"),
        written_wrongly("Boss: econ:user", "Usage: econ:user @user"),
    ),
    Row(
        "econ:gambling",
        done("Boss: econ:gambling", "Staked 10 Z"),
        refused("Alice: econ:gambling", _NOT_FOR_ALICE),
        written_wrongly("Boss: econ:gambling @bob", "takes no user name"),
    ),
)
