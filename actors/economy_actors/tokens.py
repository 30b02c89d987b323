"""Tokens of those who ask for changes: ES256-signed JWTs, checked without any I/O.

Promises: nothing in a token raises; one algorithm is taken, whatever a token says of itself; what
is told about a refused token holds nothing of it but the id of its key. Times are UTC epoch
seconds; clocks may be apart by `SKEW_S`.
"""

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import ECKey

from kryten_economy.config.api_auth import ApiAuth
from kryten_economy.text.markup import clip, user_text

__all__ = (
    "ALGORITHM",
    "SKEW_S",
    "TOKEN_CHARS_MAX",
    "Admitted",
    "MalformedKeysError",
    "NotAdmitted",
    "TokenFault",
    "admitted",
    "key_id_of",
    "keys_in",
)

ALGORITHM: Final = "ES256"
SKEW_S: Final = 5
TOKEN_CHARS_MAX: Final = 4_096
"""A token with the claims that are looked at has some 300."""

_HEADER_CHARS_MAX = 1_024
_KEY_ID_CHARS_MAX = 200
_SUBJECT_CHARS_MAX = 64
_KEYS_MAX = 100
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", re.ASCII)
_BROKEN = (JoseError, ValueError, TypeError, KeyError, RecursionError)
"""What the library and JSON raise over what a stranger has written."""


class TokenFault(StrEnum):
    """Why a token was refused: the label of ``economy_api_unauthorized_total``."""

    MISSING = "missing"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    CLAIMS = "claims"
    NO_KEYS = "no_keys"


_WORDS: Final = {
    TokenFault.MISSING: "This request changes something and needs a token in the field 'token'.",
    TokenFault.MALFORMED: "The token is no signed JWT in compact form, or it is too long.",
    TokenFault.ALGORITHM: f"The token must be signed with {ALGORITHM} and name its key ('kid').",
    TokenFault.UNKNOWN_KEY: "The token is signed with a key that is not known here.",
    TokenFault.SIGNATURE: "The signature of the token is wrong.",
    TokenFault.EXPIRED: "The token has expired.",
    TokenFault.NOT_YET_VALID: "The token is not valid yet; compare the clocks.",
    TokenFault.ISSUER: "The token comes from another issuer ('iss').",
    TokenFault.AUDIENCE: "The token is meant for another audience ('aud').",
    TokenFault.CLAIMS: (
        "The token must say 'iss', 'aud', 'exp' and 'sub', the last with 1 to"
        f" {_SUBJECT_CHARS_MAX} characters."
    ),
    TokenFault.NO_KEYS: "Tokens can't be checked at the moment: their keys can't be read.",
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A good token; ``subject`` is whom it was given to."""

    subject: str


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """A token that opens nothing."""

    fault: TokenFault

    @property
    def text(self) -> str:
        """What the caller is told."""
        return _WORDS[self.fault]


class MalformedKeysError(Exception):
    """What was read is no set of keys (JWKS)."""


def key_id_of(token: object) -> str | NotAdmitted:
    """The id of the key that a token says it is signed with; nothing of it is believed yet."""
    if token is None or token == "":
        return NotAdmitted(TokenFault.MISSING)
    if not isinstance(token, str) or len(token) > TOKEN_CHARS_MAX or not _COMPACT.fullmatch(token):
        return NotAdmitted(TokenFault.MALFORMED)
    header = _header(token.partition(".")[0])
    if header is None:
        return NotAdmitted(TokenFault.MALFORMED)
    key_id = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(key_id, str) or not key_id:
        return NotAdmitted(TokenFault.ALGORITHM)
    if len(key_id) > _KEY_ID_CHARS_MAX:
        return NotAdmitted(TokenFault.UNKNOWN_KEY)
    return key_id


def _header(segment: str) -> dict[str, object] | None:
    if len(segment) > _HEADER_CHARS_MAX:
        return None
    try:
        header = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except _BROKEN:
        return None
    return header if isinstance(header, dict) else None


def admitted(token: str, key: ECKey, auth: ApiAuth, now_s: int) -> Admitted | NotAdmitted:
    """Whether a token signed with ``key`` opens what the settings keep shut."""
    claims = jwt.JWTClaimsRegistry(
        now=now_s,
        leeway=SKEW_S,
        iss={"essential": True, "value": auth.issuer},
        aud={"essential": True, "value": auth.audience},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        found = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        claims.validate(found)
    except ClaimError as error:
        return NotAdmitted(_fault_of(error))
    except BadSignatureError:
        return NotAdmitted(TokenFault.SIGNATURE)
    except _BROKEN:
        return NotAdmitted(TokenFault.MALFORMED)
    subject = user_text(found["sub"])
    if not 0 < len(subject) <= _SUBJECT_CHARS_MAX:
        return NotAdmitted(TokenFault.CLAIMS)
    return Admitted(subject)


def _fault_of(error: ClaimError) -> TokenFault:
    if isinstance(error, ExpiredTokenError):
        return TokenFault.EXPIRED
    if isinstance(error, MissingClaimError):
        return TokenFault.CLAIMS
    known = {
        "iss": TokenFault.ISSUER,
        "aud": TokenFault.AUDIENCE,
        "nbf": TokenFault.NOT_YET_VALID,
        "iat": TokenFault.NOT_YET_VALID,
    }
    return known.get(error.claim, TokenFault.CLAIMS)


def keys_in(body: bytes) -> tuple[dict[str, ECKey], tuple[str, ...]]:
    """The keys by id, and why others were left out; raises MalformedKeysError.

    A key is taken if it is public, for signatures on P-256, and has an id that no other has.
    """
    try:
        document = json.loads(body)
    except _BROKEN as error:
        raise MalformedKeysError("no JSON") from error
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise MalformedKeysError("no set of keys: a JSON object with the list 'keys'")
    if len(entries) > _KEYS_MAX:
        raise MalformedKeysError(f"more than {_KEYS_MAX} keys")
    ids = [entry.get("kid") for entry in entries if isinstance(entry, dict)]
    keys: dict[str, ECKey] = {}
    left_out: list[str] = []
    for number, entry in enumerate(entries, start=1):
        key = _key(entry)
        if isinstance(key, ECKey) and ids.count(entry["kid"]) > 1:
            key = "another key has the same kid"
        if isinstance(key, ECKey):
            keys[entry["kid"]] = key
        else:
            left_out.append(f"key {number}: {key}")
    return keys, tuple(left_out)


def _key(entry: object) -> ECKey | str:  # noqa: PLR0911 - each reason is told
    """The key, or why it is none that is taken."""
    if not isinstance(entry, dict):
        return "no JSON object"
    if entry.get("kty") != "EC" or entry.get("crv") != "P-256":
        return "not of the kind EC on P-256"
    if "d" in entry:
        return "it is private, and whoever reads this file can sign with it"
    if entry.get("use", "sig") != "sig" or entry.get("alg", ALGORITHM) != ALGORITHM:
        return f"not for signatures by {ALGORITHM}"
    key_id = entry.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= _KEY_ID_CHARS_MAX:
        return f"it needs a kid of at most {_KEY_ID_CHARS_MAX} characters"
    try:
        return ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
    except _BROKEN as error:
        return clip(f"it can't be read ({type(error).__name__})", 100)
