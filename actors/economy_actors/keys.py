"""The keys that tokens are checked with: read from a file or over HTTP, and read again.

Promises: whoever asks is answered with a value, in time, however slow, wrong or endless the
source is; it is read by one reader at a time, and for keys that nobody knows at most every
`ApiAuth.reread_seconds`; keys that were read stay until they can be read again; no key, address
or path reaches a log. Only a few may wait, so that the workers of the API stay free for reading.
Limits: aiohttp needs the asyncio backend. Proxies of the environment are not used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final, Protocol, TypeAlias

import aiohttp
import anyio
import structlog
from anyio import to_thread
from joserfc.jwk import ECKey

from economy_actors.context import Context
from economy_actors.messages.keys import FindKey, KeysAway, KnownKeys, NoSuchKey
from economy_actors.runtime import Actor, Ref, Reply, RuntimeFault, Supervision
from economy_actors.tokens import (
    Admitted,
    MalformedKeysError,
    NotAdmitted,
    TokenFault,
    admitted,
    key_id_of,
    keys_in,
)
from economy_actors.web import EndlessAnswerError, read_body, web_session
from kryten_economy.config.api_auth import ApiAuth

__all__ = (
    "BODY_BYTES_MAX",
    "MAILBOX",
    "WAITING_MAX",
    "JwksSource",
    "KeySource",
    "Keys",
    "KeysUnreadableError",
    "may_change",
)

BODY_BYTES_MAX: Final = 256 * 1024
"""A hundred keys have some twenty kilobytes."""

MAILBOX: Final = 1_024
WAITING_MAX: Final = 4
"""Of the sixteen workers of the API; the others go on serving whatever needs no new key."""

_ASKED_FOR_S = 2.0
_LOOK_EVERY_S = 60.0

_log = structlog.get_logger("keys")


class KeysUnreadableError(Exception):
    """The source can't be read; the text is for operators and names no address or path."""


class KeySource(Protocol):
    """Where keys come from."""

    async def read(self, auth: ApiAuth) -> bytes:
        """The set of keys as it was found; raises KeysUnreadableError."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class JwksSource:
    """Reads the configured file or address."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def read(self, auth: ApiAuth) -> bytes:
        """Read it in time, and no further than `BODY_BYTES_MAX`."""
        try:
            with anyio.fail_after(auth.timeout_seconds):
                return await (self._fetch(auth) if auth.is_address else _file(Path(auth.jwks)))
        except TimeoutError as error:
            raise KeysUnreadableError("not read in time") from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise KeysUnreadableError("api_auth.jwks is no web address") from error
        except aiohttp.ClientError as error:
            raise KeysUnreadableError(type(error).__name__) from error
        except OSError as error:
            raise KeysUnreadableError(error.strerror or type(error).__name__) from error
        except ValueError as error:
            # Only what the settings hold reaches the file system and the request unchecked.
            raise KeysUnreadableError("api_auth.jwks is neither a path nor an address") from error

    async def close(self) -> None:
        """Close the connections; reading again opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _fetch(self, auth: ApiAuth) -> bytes:
        if self._session is None:
            self._session = web_session(1)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        # Another address was not configured, and its keys would open everything.
        request = self._session.get(auth.jwks, headers=headers, allow_redirects=False)
        async with request as response:
            if response.status != 200:
                raise KeysUnreadableError(f"status {response.status}")
            try:
                return await read_body(response, BODY_BYTES_MAX)
            except EndlessAnswerError as error:
                raise KeysUnreadableError(str(error)) from error


async def _file(path: Path) -> bytes:
    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(BODY_BYTES_MAX + 1)

    # A file system that hangs, or a pipe that nobody writes to, keeps its thread and nobody else.
    body = await to_thread.run_sync(read, abandon_on_cancel=True)
    if len(body) > BODY_BYTES_MAX:
        raise KeysUnreadableError("a file without end")
    return body


@dataclass(frozen=True, slots=True)
class _Read:
    """Read the keys as these settings say."""

    auth: ApiAuth


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read, or None with the reason why nothing was."""

    place: str
    body: bytes | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _ReadAgain:
    """Time to look whether the keys are still the same, by the timer of this number."""

    timer: int


_Message: TypeAlias = FindKey | _Found | _ReadAgain


class _Reader(Actor[_Read]):
    """Reads once for each message."""

    def __init__(self, source: KeySource, keys: Ref[_Message]) -> None:
        self._source = source
        self._keys = keys

    async def receive(self, message: _Read) -> None:
        """Read, and tell whatever came of it."""
        place = message.auth.jwks
        try:
            found = _Found(place, await self._source.read(message.auth))
        except KeysUnreadableError as error:
            found = _Found(place, None, str(error))
        self._keys.offer(found)


class Keys(Actor[_Message]):
    """Owns the keys and the reader; what is known stands in ``context.known_keys``."""

    # An answer that breaks the reader costs that answer alone. At a stop nobody waits for it.
    supervision: ClassVar[Supervision] = Supervision(
        restarts_max=1_000, backoff_max_s=1.0, drain_s=0.2
    )

    def __init__(self, context: Context, source: Callable[[], KeySource] = JwksSource) -> None:
        self._context = context
        self._source = source()
        self._waiting: list[FindKey] = []
        self._reading: str | None = None
        self._place_read = ""
        self._read_at_s: float | None = None
        self._timer = 0

    async def started(self) -> None:
        """Set up the reader, and read at once if tokens are asked for."""
        self._reader = self.spawn("reader", partial(_Reader, self._source, self.ref), kind="keys")
        self._look()

    async def release(self) -> None:
        """Close the connections."""
        await self._source.close()

    async def receive(self, message: _Message) -> None:
        """Answer at once, or have the keys read."""
        match message:
            case FindKey():
                self._find(message)
            case _Found():
                self._take(message)
            case _ReadAgain(timer):
                if timer == self._timer:
                    self._look()

    def child_crashed(self, _ref: Ref[Any], message: object) -> None:
        """The reader has stumbled: that was no set of keys."""
        if isinstance(message, _Read):
            self._take(_Found(message.auth.jwks, None, "it could not be read"))

    @property
    def _auth(self) -> ApiAuth:
        return self._context.live.settings.api_auth

    def _find(self, wanted: FindKey) -> None:
        auth = self._auth
        key = self._context.known_keys.value.find(auth.jwks, wanted.key_id)
        if key is not None:
            wanted.reply.send(key)
        elif self._reading is None and not self._may_read():
            wanted.reply.send(self._unknown())
        elif len(self._waiting) >= WAITING_MAX:
            _log.warning("too many requests wait for the keys of tokens", once_a_minute="")
            wanted.reply.send(KeysAway())
        else:
            self._waiting = [each for each in self._waiting if not each.reply.done]
            self._waiting.append(wanted)
            self._read()

    def _may_read(self) -> bool:
        """Not so soon again, unless the keys are to be found elsewhere now."""
        if self._read_at_s is None or self._place_read != self._auth.jwks:
            return True
        return self.now_s() - self._read_at_s >= self._auth.reread_seconds

    def _unknown(self) -> NoSuchKey | KeysAway:
        known = self._context.known_keys.value
        return NoSuchKey() if known.place == self._auth.jwks else KeysAway()

    def _look(self) -> None:
        if self._auth.enabled:
            self._read()
        else:
            self._again_after(_LOOK_EVERY_S)

    def _read(self) -> None:
        if self._reading is None:
            auth = self._auth
            self._reading = self._place_read = auth.jwks
            self._read_at_s = self.now_s()
            self._reader.tell(_Read(auth))

    def _again_after(self, delay_s: float) -> None:
        self._timer += 1
        self.after(delay_s, _ReadAgain(self._timer))

    def _take(self, found: _Found) -> None:
        self._reading = None
        auth = self._auth
        is_good = self._publish(found)
        self._again_after(auth.refresh_seconds if is_good else auth.reread_seconds)
        if found.place != auth.jwks:
            # The settings have changed meanwhile, and those who wait mean the new place.
            self._look()
            return
        waiting, self._waiting = self._waiting, []
        known = self._context.known_keys.value
        for each in waiting:
            key: ECKey | NoSuchKey | KeysAway | None = known.find(auth.jwks, each.key_id)
            missing = self._unknown() if is_good else KeysAway()
            each.reply.send(missing if key is None else key)

    def _publish(self, found: _Found) -> bool:
        """Whether what was read is a set of keys, which then replaces the one that was known."""
        try:
            if found.body is None:
                raise MalformedKeysError(found.reason)
            keys, left_out = keys_in(found.body)
        except MalformedKeysError as error:
            self._context.metrics.error("keys")
            _log.warning("the keys of tokens can't be read", reason=str(error), once_a_minute="")
            return False
        self._context.known_keys.publish(KnownKeys(found.place, MappingProxyType(keys)))
        self._context.metrics.set_api_keys(len(keys))
        if left_out or not keys:
            _log.warning("keys of tokens left out", taken=len(keys), left_out=left_out)
        return True


async def may_change(context: Context, token: object) -> Admitted | NotAdmitted:
    """Whether a request with this token may change something."""
    found = await _checked(context, token)
    if isinstance(found, NotAdmitted):
        context.metrics.api_unauthorized(found.fault.value)
        kind = found.fault.value
        _log.warning("a request was refused for its token", reason=kind, once_a_minute=kind)
    return found


async def _checked(context: Context, token: object) -> Admitted | NotAdmitted:
    key_id = key_id_of(token)
    if isinstance(key_id, NotAdmitted):
        return key_id
    key: ECKey | NoSuchKey | KeysAway | None = context.known_keys.value.find(
        context.live.settings.api_auth.jwks, key_id
    )
    if key is None:
        key = await _asked(context, key_id)
    match key:
        case ECKey():
            now_s = context.clock.now_ms() // 1000
            return admitted(str(token), key, context.live.settings.api_auth, now_s)
        case NoSuchKey():
            return NotAdmitted(TokenFault.UNKNOWN_KEY)
        case KeysAway():
            return NotAdmitted(TokenFault.NO_KEYS)


async def _asked(context: Context, key_id: str) -> ECKey | NoSuchKey | KeysAway:
    def ask(reply: Reply[ECKey | NoSuchKey | KeysAway]) -> FindKey:
        return FindKey(key_id, reply)

    try:
        return await context.keys.ask(ask, timeout_s=_ASKED_FOR_S)
    except RuntimeFault:
        return KeysAway()
