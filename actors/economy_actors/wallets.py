"""Keeps a bucket on the bus up to date with what users have, for readers that look often.

The facts of each commit name whose wallet has changed; what is written is read from the books
afterwards, so that an entry is never older than the commit it follows. Many changes of one user
are written once. While the store is away nothing is written, and readers see that by the age of
the heartbeat; when it is back, or was emptied, everything is written anew.
"""

import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, assert_never

import anyio
import structlog

from economy_actors.context import Context
from economy_actors.messages.ledger import query
from economy_actors.outbox.protocol import SendFailed
from economy_actors.runtime import Actor, RuntimeFault, Supervision
from kryten_economy.features.wallets.queries import names_after, wallet_states
from kryten_economy.features.wallets.rules import HEARTBEAT_KEY, bucket_key, shown
from kryten_economy.ledger.facts import Facts

__all__ = ("BEAT_S", "CHANGES_MAX", "MAILBOX", "Beat", "Changes", "Store", "Told", "WalletBucket")

BEAT_S: Final = 5.0
MAILBOX: Final = 64
_SEEK_S: Final = 1.0
CHANGES_MAX: Final = 50_000
"""More users than this at once are not remembered one by one: then all are written anew."""
_PAGE: Final = 200
_GOODBYE_S: Final = 0.5

_log = structlog.get_logger("wallets")


class Store(Protocol):
    """Where entries are kept. Both raise SendFailed while it is away."""

    async def open_bucket(self, bucket: str) -> None:
        """Have a bucket to put entries into."""

    async def put(self, bucket: str, key: str, value: bytes) -> None:
        """Replace an entry."""


class Changes:
    """Whose wallets have changed and are not written yet.

    Used from one event loop without waiting in between: by whoever publishes facts, and by the
    actor that writes. ``number`` is that of the last transfer that was told.
    """

    __slots__ = ("_asleep", "_most", "_names", "number", "overflown")

    def __init__(self, most: int = CHANGES_MAX) -> None:
        self._most = most
        self._names: dict[str, dict[str, None]] = {}
        self._asleep = True
        self.number = 0
        self.overflown = False

    def __len__(self) -> int:
        return sum(map(len, self._names.values()))

    def note(self, facts: Facts) -> bool:
        """Remember whose wallets a commit has changed; whether the writer has to be woken."""
        if facts.postings:
            self.number = max(self.number, facts.postings[-1].transfer_id)
        if not facts.wallets:
            return False
        self._names.setdefault(facts.channel, {}).update(dict.fromkeys(facts.wallets))
        if len(self) > self._most:
            self._names.clear()
            self.overflown = True
        was_asleep, self._asleep = self._asleep, False
        return was_asleep

    def take(self, most: int) -> tuple[str, list[str]] | None:
        """Up to so many users of one channel; None where nothing waits any more."""
        for channel, names in self._names.items():
            taken = [*names][:most]
            for name in taken:
                del names[name]
            if not names:
                del self._names[channel]
            return channel, taken
        self._asleep = True
        return None

    def forget(self) -> None:
        """Everything is going to be written anyway."""
        self._names.clear()
        self.overflown = False
        self._asleep = True


@dataclass(frozen=True, slots=True)
class Beat:
    """Time to say how far the bucket is, or to try again."""


@dataclass(frozen=True, slots=True)
class Told:
    """There is something to write."""


class WalletBucket(Actor[Beat | Told]):
    """The one writer of the bucket; while wallets are off it does nothing."""

    supervision: ClassVar[Supervision] = Supervision(drain_s=_GOODBYE_S)

    def __init__(self, context: Context, store: Store, changes: Changes) -> None:
        self._context = context
        self._store = store
        self._changes = changes
        self._bucket: str | None = None
        self._to_write: deque[str] = deque()
        self._after = ""

    async def started(self) -> None:
        """Nothing is known to be written."""
        self.after(0.0, Beat())

    async def stopping(self) -> None:
        """From now on nobody keeps the entries up to date."""
        with anyio.move_on_after(_GOODBYE_S):
            await self._trying(self._leave)

    async def receive(self, message: Beat | Told) -> None:
        """Write, and tell how far that is."""
        match message:
            case Beat():
                await self._trying(self._beat)
                self.after(self._pause_s, Beat())
            case Told():
                await self._trying(self._write_some)
            case _:
                assert_never(message)

    @property
    def _pause_s(self) -> float:
        is_sought = self._context.live.settings.wallets.enabled and self._bucket is None
        return _SEEK_S if is_sought else BEAT_S

    async def _trying(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (SendFailed, RuntimeFault) as fault:
            self._lost(str(fault) or type(fault).__name__)

    def _lost(self, reason: str) -> None:
        """Be silent until the next beat; what is written then is everything."""
        if self._bucket is not None:
            _log.warning("wallets are not told in the bucket", reason=reason, once_a_minute="")
        self._bucket = None
        self._to_write.clear()
        self._changes.forget()

    async def _beat(self) -> None:
        wallets = self._context.live.settings.wallets
        if self._bucket is not None and (not wallets.enabled or self._bucket != wallets.bucket):
            await self._leave()
        if not wallets.enabled:
            return
        if not self._context.bus_connected():
            self._lost("the bus is away")
        elif self._bucket is None or self._changes.overflown:
            await self._begin(wallets.bucket)
        else:
            await self._say()

    async def _begin(self, bucket: str) -> None:
        """Write everything, the channels one after the other; until then the bucket is stale."""
        await self._store.open_bucket(bucket)
        self._bucket = bucket
        self._changes.forget()
        self._to_write = deque(self._context.channels)
        self._after = ""
        await self._say()
        self._go_on()

    async def _leave(self) -> None:
        if self._bucket is None:
            return
        await self._put(HEARTBEAT_KEY, self._heartbeat(stale=True))
        self._bucket = None

    def _go_on(self) -> None:
        # One page a message, so that the heart beats in between.
        self.ref.offer(Told())

    async def _write_some(self) -> None:
        if self._bucket is None:
            return
        if self._to_write:
            await self._write_page(self._to_write[0])
        elif (taken := self._changes.take(_PAGE)) is not None:
            await self._write(*taken)
            self._go_on()

    async def _write_page(self, channel: str) -> None:
        after = self._after
        names = await query(self._context.reader, lambda r: names_after(r, channel, after, _PAGE))
        if names:
            self._after = names[-1]
            await self._write(channel, names)
        else:
            self._to_write.popleft()
            self._after = ""
            if not self._to_write:
                _log.info("wallets are told in the bucket", bucket=self._bucket)
                await self._say()
        self._go_on()

    async def _write(self, channel: str, names: Iterable[str]) -> None:
        now_ms, calendar = self._context.clock.now_ms(), self._context.live.calendar
        day = calendar.day(now_ms)
        ends = {"day_ends_at_ms": calendar.next_midnight_ms(now_ms), "at_ms": now_ms}
        wanted = tuple(names)
        states = await query(self._context.reader, lambda r: wallet_states(r, channel, wanted, day))
        for state in states:
            self._changes.number = max(self._changes.number, state.number)
            entry = shown(state, channel, day) | ends | {"number": state.number}
            await self._put(bucket_key(channel, state.name), entry)

    async def _say(self) -> None:
        await self._put(HEARTBEAT_KEY, self._heartbeat(stale=bool(self._to_write)))

    def _heartbeat(self, *, stale: bool) -> dict[str, Any]:
        return {
            "at_ms": self._context.clock.now_ms(),
            "every_s": BEAT_S,
            "stale": stale,
            "number": self._changes.number,
            "waiting": len(self._changes),
        }

    async def _put(self, key: str, value: Mapping[str, Any]) -> None:
        assert self._bucket is not None, key
        await self._store.put(self._bucket, key, json.dumps(value).encode())
