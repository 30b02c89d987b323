"""The configuration by private message and by request, with a file behind it."""

from tests.actors.rows.walk import (
    File,
    Row,
    asked_wrongly,
    done,
    first,
    never,
    refused,
    turned_down,
    works,
    written_wrongly,
)

__all__ = ("COMMANDS", "FILE", "REQUESTS")

FILE = """\
nats: {servers: ["nats://127.0.0.1:4222"]}
channels: [{domain: cytube.test, channel: TestChan}]
ranks: {tiers: [{name: Extra, min_lifetime_earned: 0}]}
cytube_promotion: {min_rank: Extra}
rain: {max_amount: 30}
"""
_NO_ACT = ("SELECT done FROM audit_log ORDER BY id DESC LIMIT 1", 0)
_OTHER = File(FILE.replace("30", "40"))
_BROKEN = File("nats: [")
_OPEN = "it only reads, is of no channel, and is open to whoever may publish requests"

COMMANDS = (
    Row(
        "reload",
        done("Boss: reload", "nothing has changed"),
        _OTHER,
        done("Boss: reload", "Changed: rain.max_?amount"),
        _BROKEN,
        refused("Boss: reload", "Config not reloaded, the old one stays"),
        refused("Alice: reload", "needs admin rights"),
        written_wrongly("Boss: reload @bob", "takes no user name"),
        File(FILE),
        first("Boss: reload"),
    ),
    Row(
        "config",
        done("Boss: config show rain.max_amount", "is 30", _NO_ACT),
        done("Boss: config history", "rain.max_?amount: 30 -> 40", _NO_ACT),
        refused("Boss: config show rain.least", "no setting 'rain.least'"),
        refused("Boss: config revert 99", "There is no version 99"),
        written_wrongly("Boss: config", r"Usage: config history \[page\]"),
        written_wrongly("Boss: config revert back", "Usage: config|'back'"),
    ),
)

REQUESTS = (
    Row(
        "config.reload",
        works({}, {"reloaded": True}),
        _BROKEN,
        turned_down({}, "rejected", "not reloaded"),
        File(FILE),
        never(
            "wrong",
            "it takes no channel and no field but the name of who asks",
            works({"x": [], "channel": 5}, {"reloaded": True}),
        ),
    ),
    Row(
        "config.history",
        works({"limit": 1}, {"total": 1}),
        never("refused", _OPEN, works({"channel": "Elsewhere"}, {"total": 1})),
        asked_wrongly({"limit": "all"}, "limit must be a whole number"),
    ),
    Row(
        "config.show",
        works({"key": "rain.max_amount"}, {"value": 30, "source": "file"}),
        turned_down({"key": "rain.least"}, "not_found", "no setting 'rain.least'"),
        asked_wrongly({}, "key is required"),
    ),
    Row(
        "config.revert",
        works({"version": 1}, {"reverted": True}),
        turned_down({"version": 99}, "not_found", "There is no version 99"),
        asked_wrongly({"version": "last"}, "version must be a whole number"),
    ),
)
