"""What callers ask of an economy, as they send it: the gateway, a web queue, an operator."""

from typing import Any

__all__ = ("CHANNEL", "CHARGED", "GIVEN_BACK", "PEOPLE", "READS", "STRANGER", "TWICE")

CHANNEL = "lounge"
"""The old service looks for the list of users under the lower-case name only."""
PEOPLE = ("Alice", "Bob_2", "CARL", "dora-4", "Eve", "Fritz", "Gina", "Hugo")
TWICE = {"Alice": "alice", "Eve": "EVE"}
"""Who had two accounts, since the old service took names as they were written."""
STRANGER = "Nobody"
CHARGED = "7d3f0a52-5f3c-4a6e-9d6e-0c7c9b3f1a2b"
"""The id of a film that the web queue had the old service charge to Gina."""
GIVEN_BACK = "c1f4b6ce-3a0f-4a8e-8a52-1d2f40a1b9e7"
"""And of one that was charged to dora-4 and given back there."""
_OF_A_USER: tuple[dict[str, Any], ...] = (
    {"command": "balance.get"},
    {"command": "account.summary"},
    {"command": "user.detail"},
    {"command": "transactions.list", "limit": 20, "offset": 0},
    {"command": "transactions.list", "limit": 50, "offset": 7},
    {"command": "transactions.list", "limit": 500},
    *(
        {"command": "spending.queue_preview", "duration_sec": seconds, "tier": tier}
        for seconds, tier in ((600, "queue"), (600, "playnext"), (7_300, "queue"), (0, "queue"))
    ),
)
_OF_THE_CHANNEL: tuple[dict[str, Any], ...] = (
    {"command": "race.state"},
    {"command": "system.ping"},
    {"command": "system.about"},
    {"command": "system.health"},
    {"command": "balance.search"},
    {"command": "balance.search", "pattern": "A"},
    {"command": "transactions.recent", "limit": 500},
    {"command": "stats.float"},
    {"command": "stats.summary"},
    {"command": "stats.health"},
    {"command": "gambling.stats"},
    {"command": "events.list"},
    {"command": "triggers.stats"},
    {"command": "triggers.stats", "days": 30},
    *(
        {"command": "leaderboard", "category": category}
        for category in ("earners", "today", "rich", "balances", "lifetime", "all", "ranks", "no")
    ),
    *(
        {"command": "vanity.check_color", "value": value}
        for value in ("#DC143C", "#eeeeee", "111111", "blue", "")
    ),
    {"command": "balance.get"},
    {"command": "balance.get", "username": "FRITZ"},
    {"command": "no.such.command"},
)
READS: tuple[dict[str, Any], ...] = tuple(
    [
        {**request, "channel": CHANNEL, "username": name}
        for name in (*PEOPLE, *TWICE.values(), STRANGER)
        for request in _OF_A_USER
    ]
    + [{**request, "channel": CHANNEL} for request in _OF_THE_CHANNEL]
)
"""Whatever is only read, of everybody and of one whom nobody knows."""
