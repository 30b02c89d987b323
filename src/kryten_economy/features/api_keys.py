"""Keys for scripts of a channel: what they look like, how the books know them, what they open.

A key has two parts behind its kind: the prefix, by which it is found and told apart, and the
secret, which is shown once and of which the books keep only an HMAC. It belongs to one user of
one channel. Revoking takes the row away, so the next request with the key finds nothing.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final, NamedTuple

from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import Act, Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import Conflict, LimitReached
from kryten_economy.users import UserKey

__all__ = (
    "HOUR_MS",
    "KEYS_MAX",
    "KEY_CHARS_MAX",
    "PEPPER_CHARS_MIN",
    "ApiKey",
    "CreateKey",
    "KeyCreated",
    "KeyParts",
    "KeyRevoked",
    "KeyUsed",
    "NewKey",
    "NoteKeyUse",
    "RevokeKey",
    "Scope",
    "create_key",
    "hash_of",
    "is_secret",
    "key_of",
    "key_parts",
    "keys_of",
    "new_key",
    "note_key_use",
    "prefix_in",
    "revoke_key",
    "scopes_in",
    "without_secrets",
)


class Scope(StrEnum):
    """What a request needs, and what a key may open."""

    READ = "read"
    """Reading what everybody may see, and what the key's own user may."""
    SPEND = "spend"
    """Buying for the key's own user."""
    OPERATE = "operate"
    """All that operators may do and see, reading and spending included."""


KEYS_MAX: Final = 200
"""Of one channel at a time."""
KEY_CHARS_MAX: Final = 80
PEPPER_CHARS_MIN: Final = 16
HOUR_MS: Final = 3_600_000
"""When a key was used last is known to the hour, so that reading need not write each time."""

_PREFIX_CHARS = 8
_SECRET_CHARS = 40
_LOWER = "abcdefghijkmnpqrstuvwxyz23456789"
_ALL = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
_SALT_BYTES = 16
# Chat filters take underscores for marks, so keys are told with hyphens there.
_KEY = re.compile(r"ke[_-](live|test)[_-]([a-z0-9]{8})[_-]([A-Za-z0-9]{40})", re.ASCII)
_SECRET = re.compile(
    r"(ke[_-]?(?:live|test)[_-]?[a-z0-9]{1,8})[A-Za-z0-9_-]*", re.ASCII | re.IGNORECASE
)
_PREFIX = re.compile(r"(?:ke[_-](?:live|test)[_-])?([a-z0-9]{8})(?:[_-][A-Za-z0-9]*)?", re.ASCII)

# There are few keys and many accounts, so the keys are gone through.
_COUNT = """
    SELECT count(*) FROM api_key AS k CROSS JOIN account AS a ON a.id = k.account_id
    WHERE a.channel_id = ?
"""
_CREATE = """
    INSERT INTO api_key
        (prefix, account_id, is_test, scopes, salt, secret_hash, created_by, created_at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_OWNER = """
    SELECT a.display_name FROM api_key AS k JOIN account AS a ON a.id = k.account_id
    WHERE k.prefix = ? AND a.channel_id = ?
"""
_REVOKE = "DELETE FROM api_key WHERE prefix = ?"
_USED = "UPDATE api_key SET last_used_at_ms = ?2 WHERE prefix = ?1 AND last_used_at_ms IS NOT ?2"
_COLUMNS = """
    k.prefix, c.name, a.name, a.display_name, k.is_test, k.scopes, k.salt, k.secret_hash,
    k.created_by, k.created_at_ms, k.last_used_at_ms, EXISTS (
        SELECT 1 FROM banned_users AS b WHERE b.channel_id = a.channel_id AND b.name = a.name
    )
"""
_JOINS = """
    FROM api_key AS k CROSS JOIN account AS a ON a.id = k.account_id
    JOIN channel AS c ON c.id = a.channel_id
"""
_FIND = f"SELECT {_COLUMNS} {_JOINS} WHERE k.prefix = ? AND a.kind = 'wallet'"
_OF_CHANNEL = f"""
    SELECT {_COLUMNS} {_JOINS}
    WHERE c.name = ? ORDER BY k.created_at_ms DESC, k.prefix LIMIT {KEYS_MAX}
"""


# What a key looks like


class KeyParts(NamedTuple):
    """What a key says of itself; nothing of it is believed yet."""

    is_test: bool
    prefix: str
    secret: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that nobody has seen; ``text`` is what its user gets, once."""

    prefix: str
    text: str = field(repr=False)
    salt: bytes = field(repr=False)
    secret_hash: bytes = field(repr=False)


def new_key(pepper: str, *, is_test: bool) -> NewKey:
    """A key of the system's own chance: its secret has more than 230 bits of it."""
    prefix = "".join(secrets.choice(_LOWER) for _ in range(_PREFIX_CHARS))
    secret = "".join(secrets.choice(_ALL) for _ in range(_SECRET_CHARS))
    salt = secrets.token_bytes(_SALT_BYTES)
    text = f"ke_{'test' if is_test else 'live'}_{prefix}_{secret}"
    return NewKey(prefix, text, salt, hash_of(pepper, salt, secret))


def key_parts(text: str) -> KeyParts | None:
    """The parts of what looks like a key; with hyphens for underscores it is the same key."""
    found = _KEY.fullmatch(text) if len(text) <= KEY_CHARS_MAX else None
    return None if found is None else KeyParts(found[1] == "test", found[2], found[3])


def prefix_in(text: str) -> str | None:
    """The prefix, if somebody writes it or a whole key."""
    found = _PREFIX.fullmatch(text) if len(text) <= KEY_CHARS_MAX else None
    return None if found is None else found[1]


def without_secrets(text: str) -> str:
    """The text with whole keys cut down to their prefixes, for what is written down."""
    return _SECRET.sub(r"\1…", text)


def hash_of(pepper: str, salt: bytes, secret: str) -> bytes:
    """How the books know a secret: who has a copy of them can't try any without the pepper."""
    return hmac.digest(pepper.encode() + salt, secret.encode(), hashlib.sha256)


def is_secret(pepper: str, salt: bytes, secret: str, known: bytes) -> bool:
    """Whether this is the secret; the comparison takes the same time always."""
    return hmac.compare_digest(hash_of(pepper, salt, secret), known)


def scopes_in(text: str) -> frozenset[Scope] | None:
    """The scopes that somebody writes, with commas or plus signs between them."""
    words = [each for each in re.split(r"[,+]", text.lower()) if each]
    try:
        return frozenset(Scope(each) for each in words) or None
    except ValueError:
        return None


def _written(scopes: Iterable[Scope]) -> str:
    return ",".join(each.value for each in Scope if each in frozenset(scopes))


# Making and revoking


@dataclass(frozen=True, slots=True)
class KeyCreated:
    """The key with this prefix opens these scopes for the user."""

    user: UserKey
    display_name: str
    prefix: str
    scopes: str
    is_test: bool
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class CreateKey(Act[KeyCreated | LimitReached]):
    """Make a key for a user; ``key`` is new at each attempt, and only the first one counts."""

    ATTEMPT: ClassVar[frozenset[str]] = Act.ATTEMPT | {"prefix", "salt", "secret_hash"}
    op_id: str
    user: UserKey
    display_name: str
    scopes: str
    is_test: bool
    prefix: str
    salt: bytes = field(repr=False)
    secret_hash: bytes = field(repr=False)
    by: str
    at_ms: int
    day: str

    @classmethod
    def of(
        cls,
        op_id: str,
        user: UserKey,
        display_name: str,
        scopes: frozenset[Scope],
        key: NewKey,
        *,
        is_test: bool,
        by: str,
        at_ms: int,
        day: str,
    ) -> "CreateKey":
        """The act that makes this key."""
        return cls(
            op_id,
            user,
            display_name,
            _written(scopes),
            is_test,
            key.prefix,
            key.salt,
            key.secret_hash,
            by,
            at_ms,
            day,
        )


@operation
def create_key(tx: Tx, ask: CreateKey) -> KeyCreated | LimitReached | Conflict:
    """Add a key, unless the channel has too many, or chance has made a prefix twice."""
    account = tx.find_or_open(ask.user, ask.display_name, ask.day, ask.at_ms)
    (count,) = tx.sql.only(_COUNT, account.channel.id)
    if count >= KEYS_MAX:
        return LimitReached("keys", KEYS_MAX)
    tx.write()
    values = (ask.prefix, account.id, int(ask.is_test), ask.scopes, ask.salt, ask.secret_hash)
    if not tx.run(_CREATE, *values, ask.by, ask.at_ms):
        return Conflict(ask.op_id)
    return KeyCreated(ask.user, account.display_name, ask.prefix, ask.scopes, ask.is_test)


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    """Whose key it was; "" where there was none."""

    prefix: str
    display_name: str

    @property
    def changed(self) -> bool:
        """Whether there was one: only then it is an act, as the audit log keeps them."""
        return self.display_name != ""


@dataclass(frozen=True, slots=True)
class RevokeKey(Request[KeyRevoked]):
    """Revoke a key of a channel."""

    channel: str
    prefix: str


@operation
def revoke_key(tx: Tx, ask: RevokeKey) -> KeyRevoked:
    """Take the key away, if it is one of this channel."""
    channel = tx.channels.find(ask.channel)
    row = None if channel is None else tx.sql.row(_OWNER, ask.prefix, channel.id)
    if row is None:
        return KeyRevoked(ask.prefix, "")
    tx.run(_REVOKE, ask.prefix)
    return KeyRevoked(ask.prefix, row[0])


@dataclass(frozen=True, slots=True)
class KeyUsed:
    """Whether it is news that the key was used in this hour."""

    is_news: bool


@dataclass(frozen=True, slots=True)
class NoteKeyUse(Request[KeyUsed]):
    """A key was used."""

    prefix: str
    at_ms: int


@operation
def note_key_use(tx: Tx, ask: NoteKeyUse) -> KeyUsed:
    """Remember the hour."""
    return KeyUsed(bool(tx.run(_USED, ask.prefix, ask.at_ms // HOUR_MS * HOUR_MS)))


# Reading


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the books know it."""

    prefix: str
    user: UserKey
    display_name: str
    is_test: bool
    scopes: frozenset[Scope]
    salt: bytes = field(repr=False)
    secret_hash: bytes = field(repr=False)
    created_by: str
    created_at_ms: int
    last_used_at_ms: int | None
    banned: bool

    def opens(self, scope: Scope) -> bool:
        """Whether it may do what needs this."""
        return scope in self.scopes or Scope.OPERATE in self.scopes

    @property
    def scopes_text(self) -> str:
        """The scopes as they are written."""
        return _written(self.scopes)


def key_of(reader: Reader, prefix: str) -> ApiKey | None:
    """The key with this prefix."""
    row = reader.sql.row(_FIND, prefix)
    return None if row is None else _key(*row)


def keys_of(reader: Reader, channel: str) -> list[ApiKey]:
    """The keys of a channel, the newest first."""
    return [_key(*row) for row in reader.sql.rows(_OF_CHANNEL, channel)]


def _key(
    prefix: str,
    channel: str,
    name: str,
    display_name: str,
    is_test: int,
    scopes: str,
    salt: bytes,
    secret_hash: bytes,
    created_by: str,
    created_at_ms: int,
    last_used_at_ms: int | None,
    banned: int,
) -> ApiKey:
    return ApiKey(
        prefix,
        UserKey(channel, name),
        display_name,
        bool(is_test),
        frozenset(Scope(each) for each in scopes.split(",")),
        salt,
        secret_hash,
        created_by,
        created_at_ms,
        last_used_at_ms,
        bool(banned),
    )
