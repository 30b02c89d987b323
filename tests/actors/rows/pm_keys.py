"""Keys of scripts by private message."""

from tests.actors.rows.walk import Row, done, refused, written_wrongly

__all__ = ("ROWS",)

_KEYS = "SELECT count(*) FROM api_key"

ROWS = (
    Row(
        "key",
        done("Boss: key list", "No keys"),
        done("Boss: key add @alice read,spend", r"Key for Alice \(read, spend\)", (_KEYS, 1)),
        done("Boss: key list", "Alice"),
        refused("Boss: key revoke zzzzzzzz", "This channel has no key zzzzzzzz"),
        refused("Boss: key add @alice read test", "There is no channel for tests"),
        refused("Alice: key list", "needs admin rights"),
        written_wrongly("Boss: key add @alice fly", "The scopes are read, spend, operate"),
        written_wrongly("Boss: key", "Usage: key add @user"),
    ),
)
