"""Films that are paid for, and liked, by private message."""

from tests.actors.rows.walk import Row, Wait, done, first, refused, written_wrongly

__all__ = ("ROWS",)

_SUSPENDED = "access to the economy is suspended"
_NOTHING = "There is nothing of that kind to decide"

ROWS = (
    Row(
        "search",
        done("Alice: search alien", "Alien"),
        refused("Mallory: search alien", _SUSPENDED),
        written_wrongly("Alice: search", "Usage: search <query>"),
    ),
    Row(
        "queue",
        first("Alice: queue alien"),
        done("Alice: YES", "Alien", alice=-2_500),
        refused("Alice: queue zardoz", "zardoz"),
        refused("Alice: queue alien", "cooling down"),
        written_wrongly("Alice: queue", "Usage: queue <id>"),
    ),
    Row(
        "playnext",
        first("Rich: playnext alien"),
        done("Rich: YES", "Alien", rich=-100_000),
        refused("Bob: playnext alien", "short"),
        written_wrongly("Bob: playnext", "Usage: playnext <id>"),
    ),
    Row(
        "forcenow",
        first("Rich: forcenow alien"),
        done("Rich: YES", "Alien", rich=-1_000_000),
        refused("Bob: forcenow alien", "short"),
        written_wrongly("Bob: forcenow", "Usage: forcenow <id>"),
    ),
    Row(
        "approve_force",
        done("Boss: approve_force 1", "Alien|approved"),
        refused("Boss: approve_force 1", _NOTHING),
        written_wrongly("Boss: approve_force it", "Usage: approve_force <id>"),
    ),
    Row(
        "reject_force",
        Wait(3_600),
        first("Rich: forcenow alien"),
        first("Rich: YES"),
        done("Boss: reject_force 2", "Alien|rejected", rich=1_000_000),
        refused("Boss: reject_force 2", _NOTHING),
        written_wrongly("Boss: reject_force it", "Usage: reject_force <id>"),
    ),
    Row(
        "like",
        done("Alice: like", "like|Like", alice=2),
        refused("Alice: like", "already"),
        written_wrongly("Alice: like @bob", "takes no user name"),
    ),
)
