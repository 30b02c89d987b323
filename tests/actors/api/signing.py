"""An issuer of tokens with keys of its own, for tests of who may change something."""

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from economy_actors.keys import KeysUnreadableError
from kryten_economy.config.api_auth import ApiAuth

__all__ = ("AUDIENCE", "AUTH", "ISSUER", "Issuer", "Shelf", "segment")

ISSUER = "https://id.example.org"
AUDIENCE = "kryten-economy"
AUTH: dict[str, Any] = {"enabled": True, "jwks": "keys.json", "issuer": ISSUER}


def segment(value: object) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class Issuer:
    """Signs tokens; ``now_s`` is when."""

    now_s: int
    keys: dict[str, ECKey] = field(default_factory=dict)
    current: str = ""

    def __post_init__(self) -> None:
        self.rotate("first")

    def rotate(self, key_id: str) -> None:
        """Sign with a new key from now on; the older ones stay in the set."""
        self.keys[key_id] = ECKey.generate_key("P-256")
        self.current = key_id

    def jwks(self, *key_ids: str) -> bytes:
        """The public keys of these ids, or of all."""
        chosen = key_ids or tuple(self.keys)
        return json.dumps({"keys": [self.public(key_id) for key_id in chosen]}).encode()

    def public(self, key_id: str) -> dict[str, Any]:
        """One key as it stands in the set."""
        return {**self.keys[key_id].as_dict(private=False), "kid": key_id, "use": "sig"}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good ones for a minute, but for the changes; None leaves a claim out."""
        base = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "webqueue",
            "iat": self.now_s,
            "exp": self.now_s + 60,
        }
        return {name: value for name, value in (base | changes).items() if value is not None}

    def token(
        self, *, header: dict[str, Any] | None = None, key: ECKey | None = None, **changes: Any
    ) -> str:
        """A signed token."""
        head = {"alg": "ES256", "kid": self.current} | (header or {})
        return jwt.encode(head, self.claims(**changes), key or self.keys[self.current])

    def unsigned(self) -> str:
        """A token that says it needs no signature."""
        return f"{segment({'alg': 'none', 'kid': self.current})}.{segment(self.claims())}."

    def confused(self) -> str:
        """A token signed by HMAC with the public key, which everybody knows, as the secret."""
        head = {"alg": "HS256", "typ": "JWT", "kid": self.current}
        signed = f"{segment(head)}.{segment(self.claims())}"
        secret = self.keys[self.current].as_pem(private=False)
        return f"{signed}.{segment(hmac.digest(secret, signed.encode(), 'sha256'))}"


class Shelf:
    """Where the keys lie; ``reads`` counts how often they were looked at."""

    def __init__(self, body: Callable[[], bytes | Awaitable[bytes]]) -> None:
        self.body = body
        self.reads = 0
        self.is_away = False

    async def read(self, _auth: ApiAuth) -> bytes:
        self.reads += 1
        if self.is_away:
            raise KeysUnreadableError("nobody there")
        found = self.body()
        return found if isinstance(found, bytes) else await found

    async def close(self) -> None:
        pass
