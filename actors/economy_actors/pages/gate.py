"""Who asks the API over HTTP: with a key of a channel, or with a signed token.

Promises: a key is looked up at each request, so that what is revoked opens nothing from then on;
secrets are compared in constant time, also where there is no such key; nothing that was sent as a
credential reaches a log. Limits: how often somebody has asked is known to this process alone and
forgotten at its end; used from one event loop without waiting in between.
"""

from dataclasses import dataclass
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request

from economy_actors.handlers.answers import Code
from economy_actors.handlers.api_keys import keys_off, pepper
from economy_actors.keys import may_change
from economy_actors.messages.ledger import Commit
from economy_actors.pages.security import address_of
from economy_actors.pages.view import Site, View
from economy_actors.tokens import Admitted, TokenFault
from kryten_economy.commands.ratelimit import Allowed, RateLimiter, TellSlowDown
from kryten_economy.features.api_keys import (
    HOUR_MS,
    ApiKey,
    KeyParts,
    NoteKeyUse,
    is_secret,
    key_of,
    key_parts,
)

__all__ = ("FAILED_TRIES_MAX", "Bearer", "Gate", "Shut")

FAILED_TRIES_MAX: Final = 30
"""From one address in ten minutes; keys that were used since the start pass all the same."""

_TEN_MINUTES_S = 600.0
_GOOD_MAX = 1_000
_CREDENTIAL_CHARS_MAX = 5_000
_NO_SALT = bytes(16)
_NO_HASH = bytes(32)
_KEY_STARTS = ("ke_", "ke-")

_log = structlog.get_logger("pages")


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who asks: the key, or whom a token was given to."""

    key: ApiKey | None
    subject: str = ""

    @property
    def name(self) -> str:
        """By what their requests are counted."""
        return f"token {self.subject}" if self.key is None else self.key.prefix


@dataclass(frozen=True, slots=True)
class Shut:
    """A request that is not let in; ``wait_s`` says when to try again."""

    code: Code
    text: str
    wait_s: float | None = None


class Gate:
    """Lets in who may ask, as often as they may."""

    def __init__(self, site: Site) -> None:
        self._site = site
        web = site.web
        self._failed = RateLimiter(FAILED_TRIES_MAX, window_s=_TEN_MINUTES_S)
        self._closed_until_s: dict[str, float] = {}
        self._good: dict[str, None] = {}
        self._reads = RateLimiter(web.key_reads_per_minute)
        self._changes = RateLimiter(web.key_changes_per_minute)

    async def let_in(self, request: Request, *, changes: bool) -> Bearer | Shut:
        """Who asks, counted; or why they may not."""
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        credential = credential.strip()
        if scheme.lower() != "bearer" or not credential:
            text = "Send a key or a token: Authorization: Bearer ke_live_…"
            return Shut(Code.UNAUTHORIZED, text)
        address = address_of(request, self._site.web)
        parts = key_parts(credential)
        wait_s = self._closed_s(address, parts)
        if wait_s is not None:
            return _too_often("Too many wrong keys came from your address.", wait_s)
        if len(credential) > _CREDENTIAL_CHARS_MAX:
            return self._wrong(address, "That is no key and no token.")
        if parts is not None or credential.startswith(_KEY_STARTS):
            bearer = await self._by_key(request, parts, address)
        else:
            bearer = await self._by_token(credential, address)
        return bearer if isinstance(bearer, Shut) else self._counted(bearer, changes=changes)

    @property
    def _now_s(self) -> float:
        # The wall clock would let everybody in again when it is set forward.
        return self._site.context.clock.steady_ms() / 1000

    async def _by_key(
        self, request: Request, parts: KeyParts | None, address: str
    ) -> Bearer | Shut:
        secret, off = pepper(), keys_off()
        if secret is None or off is not None:
            return Shut(Code.UNAVAILABLE, off or "")
        if parts is None:
            return self._wrong_key(address, "That is no key; keys are ke_live_<prefix>_<secret>.")
        view = View(self._site, request, "", None)
        try:
            found = await view.read(lambda reports: key_of(reports, parts.prefix))
        except HTTPException as busy:
            return Shut(Code.UNAVAILABLE, busy.detail)
        salt, known = (_NO_SALT, _NO_HASH) if found is None else (found.salt, found.secret_hash)
        is_right = is_secret(secret, salt, parts.secret, known)
        if found is None or not is_right or found.is_test != parts.is_test:
            return self._wrong_key(address, "There is no such key, or it was revoked.")
        return self._admitted(found)

    def _admitted(self, key: ApiKey) -> Bearer | Shut:
        context = self._site.context
        channel = context.channel_named(key.user.channel)
        if channel is None or key.is_test != self._site.web.is_test(channel):
            kind = "a key for tests" if key.is_test else "no key for tests"
            text = f"This is {kind}, and acts in {key.user.channel} no more."
            return Shut(Code.FORBIDDEN, text)
        if key.banned:
            return Shut(Code.BANNED, "The user of this key is banned from the economy.")
        self._good.pop(key.prefix, None)
        self._good[key.prefix] = None
        if len(self._good) > _GOOD_MAX:
            del self._good[next(iter(self._good))]
        now_ms = context.clock.now_ms()
        if key.last_used_at_ms is None or now_ms - key.last_used_at_ms >= HOUR_MS:
            context.ledger.offer(Commit(NoteKeyUse(key.prefix, now_ms)))
        return Bearer(key)

    async def _by_token(self, token: str, address: str) -> Bearer | Shut:
        context = self._site.context
        if not context.live.settings.api_auth.enabled:
            text = "Tokens are not taken here (api_auth.enabled). Send a key of the channel."
            return self._wrong(address, text)
        found = await may_change(context, token)
        if isinstance(found, Admitted):
            return Bearer(None, found.subject)
        if found.fault is TokenFault.NO_KEYS:
            return Shut(Code.UNAVAILABLE, found.text)
        return self._wrong(address, found.text)

    # How often

    def _closed_s(self, address: str, parts: KeyParts | None) -> float | None:
        """How long an address that has sent too much that is wrong has to wait."""
        if parts is not None and parts.prefix in self._good:
            return None
        left_s = self._closed_until_s.get(address, 0.0) - self._now_s
        if left_s <= 0:
            self._closed_until_s.pop(address, None)
            return None
        return left_s

    def _wrong_key(self, address: str, text: str) -> Shut:
        self._site.context.metrics.api_unauthorized("key")
        _log.info("a request was refused for its key", once_a_minute="")
        return self._wrong(address, text)

    def _wrong(self, address: str, text: str) -> Shut:
        now_s = self._now_s
        decision = self._failed.allow(address, now_s)
        if isinstance(decision, Allowed):
            return Shut(Code.UNAUTHORIZED, text)
        wait_s = decision.retry_after_s if isinstance(decision, TellSlowDown) else _TEN_MINUTES_S
        if len(self._closed_until_s) >= _GOOD_MAX:
            del self._closed_until_s[next(iter(self._closed_until_s))]
        self._closed_until_s[address] = now_s + wait_s
        return _too_often("Too many wrong keys came from your address.", wait_s)

    def _counted(self, bearer: Bearer, *, changes: bool) -> Bearer | Shut:
        limiter = self._changes if changes else self._reads
        decision = limiter.allow(bearer.name, self._now_s)
        if isinstance(decision, Allowed):
            return bearer
        wait_s = decision.retry_after_s if isinstance(decision, TellSlowDown) else 60.0
        what = "change" if changes else "read"
        return _too_often(f"This key may {what} {limiter.limit} times a minute.", wait_s)


def _too_often(text: str, wait_s: float) -> Shut:
    seconds = max(1, round(wait_s + 0.5))
    return Shut(Code.RATE_LIMITED, f"{text} Try again in {seconds} s.", wait_s)
