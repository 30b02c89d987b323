"""Who is signed in on the pages: sessions outlive a restart and end with their account.

A session is known by the hash of what its cookie holds, so that a copy of the books opens no door.
It says who somebody is in one channel, and never what they may do there.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.users import UserKey

__all__ = (
    "SESSIONS_MAX",
    "EndPageSession",
    "EndPageSessions",
    "OpenPageSession",
    "PageSession",
    "PageSessionOpened",
    "PageSessionsEnded",
    "SignedIn",
    "end_page_session",
    "end_page_sessions",
    "open_page_session",
    "sessions_of",
    "signed_in",
)

SESSIONS_MAX: Final = 20
"""Of one account at a time; the oldest make room for a new one."""

_EXPIRED = "DELETE FROM page_session WHERE expires_at_ms <= ?"
_OLDEST = """
    DELETE FROM page_session WHERE token_hash IN (
        SELECT token_hash FROM page_session WHERE account_id = ?1
        ORDER BY created_at_ms DESC, token_hash LIMIT -1 OFFSET ?2
    )
"""
_OPEN = """
    INSERT INTO page_session (token_hash, account_id, created_at_ms, expires_at_ms, browser)
    VALUES (?, ?, ?, ?, ?)
"""
_END = "DELETE FROM page_session WHERE token_hash = ?"
_END_ALL = "DELETE FROM page_session WHERE account_id = ?"
_SIGNED_IN = """
    SELECT c.name, a.name, a.display_name, s.expires_at_ms
    FROM page_session AS s JOIN account AS a ON a.id = s.account_id
    JOIN channel AS c ON c.id = a.channel_id
    WHERE s.token_hash = ? AND s.expires_at_ms > ? AND a.kind = 'wallet'
"""
_SESSIONS = """
    SELECT s.created_at_ms, s.expires_at_ms, s.browser, s.token_hash = ?4
    FROM page_session AS s WHERE s.account_id = (
        SELECT a.id FROM account AS a JOIN channel AS c ON c.id = a.channel_id
        WHERE c.name = ?1 AND a.kind = 'wallet' AND a.name = ?2
    )
    AND s.expires_at_ms > ?3 ORDER BY s.created_at_ms DESC LIMIT ?5
"""


@dataclass(frozen=True, slots=True)
class PageSessionOpened:
    """Somebody is signed in until then."""

    user: UserKey
    display_name: str
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class OpenPageSession(Request[PageSessionOpened]):
    """Sign somebody in; ``replaces`` is the session that the same browser had before.

    ``browser`` says which kind of browser it is.
    """

    user: UserKey
    display_name: str
    token_hash: bytes
    replaces: bytes | None
    at_ms: int
    day: str
    expires_at_ms: int
    browser: str = ""


@operation
def open_page_session(tx: Tx, ask: OpenPageSession) -> PageSessionOpened:
    """Open a session; those that are over go, and the oldest of too many."""
    account = tx.find_or_open(ask.user, ask.display_name, ask.day, ask.at_ms)
    tx.write()
    tx.run(_EXPIRED, ask.at_ms)
    if ask.replaces is not None:
        tx.run(_END, ask.replaces)
    tx.run(_OLDEST, account.id, SESSIONS_MAX - 1)
    tx.run(_OPEN, ask.token_hash, account.id, ask.at_ms, ask.expires_at_ms, ask.browser)
    return PageSessionOpened(ask.user, account.display_name, ask.expires_at_ms)


@dataclass(frozen=True, slots=True)
class PageSessionsEnded:
    """So many sessions have ended."""

    count: int


@dataclass(frozen=True, slots=True)
class EndPageSession(Request[PageSessionsEnded]):
    """Sign one browser out."""

    token_hash: bytes


@operation
def end_page_session(tx: Tx, ask: EndPageSession) -> PageSessionsEnded:
    """End the session, if it is there still."""
    return PageSessionsEnded(tx.run(_END, ask.token_hash))


@dataclass(frozen=True, slots=True)
class EndPageSessions(Request[PageSessionsEnded]):
    """Sign somebody out everywhere."""

    user: UserKey
    day: str


@operation
def end_page_sessions(tx: Tx, ask: EndPageSessions) -> PageSessionsEnded:
    """End all sessions of an account."""
    account = tx.find(ask.user, ask.day)
    return PageSessionsEnded(0 if account is None else tx.run(_END_ALL, account.id))


class SignedIn(NamedTuple):
    """Whose session it is, spelled as their account is, and until when it lasts."""

    user: UserKey
    display_name: str
    expires_at_ms: int


def signed_in(reader: Reader, token_hash: bytes, at_ms: int) -> SignedIn | None:
    """Who is signed in with this; None for a session that is unknown or over."""
    row = reader.sql.row(_SIGNED_IN, token_hash, at_ms)
    if row is None:
        return None
    channel, name, display_name, expires_at_ms = row
    return SignedIn(UserKey(channel, name), display_name, expires_at_ms)


class PageSession(NamedTuple):
    """A browser that is signed in; ``is_this`` if it is the one that asks."""

    created_at_ms: int
    expires_at_ms: int
    browser: str
    is_this: bool


def sessions_of(reader: Reader, user: UserKey, token_hash: bytes, at_ms: int) -> list[PageSession]:
    """Where somebody is signed in, the newest first."""
    rows = reader.sql.rows(_SESSIONS, *user, at_ms, token_hash, SESSIONS_MAX)
    found = map(PageSession._make, rows)
    return [each._replace(is_this=bool(each.is_this)) for each in found]
