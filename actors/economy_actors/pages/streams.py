"""The open streams of pages, and what each is still to be told; how often an address may ask.

Promises: what one visitor does not read takes no more room than the names there are; streams are
limited, all together and by address; a commit only marks what has changed, and nothing where
nobody looks. Everything happens in the thread of the event loop.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import anyio

from kryten_economy.ledger.facts import Facts

__all__ = ("FROM_ADDRESS_MAX", "STREAMS_MAX", "Live", "LookedAt", "Stream", "Visits", "Wire")

STREAMS_MAX: Final = 1_000
FROM_ADDRESS_MAX: Final = 60

_HEARTBEAT_S: Final = 20.0
_READ_WITHIN_S: Final = 10.0
_SIGN_OF_LIFE: Final = b":\n\n"
_VISITS_BURST = 200.0
_VISITS_PER_S = 25.0
_ADDRESSES_MAX = 20_000


class Visits:
    """How many requests each address may send: 25 a second, and 200 after a pause."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def allow(self, address: str, now_s: float) -> bool:
        """Count one more, if there may be one."""
        # Taken out and put back: the longest idle come first, and go first.
        left, then_s = self._left.pop(address, (_VISITS_BURST, now_s))
        left = min(_VISITS_BURST, left + (now_s - then_s) * _VISITS_PER_S)
        is_allowed = left >= 1
        self._left[address] = (left - is_allowed, now_s)
        if len(self._left) > _ADDRESSES_MAX:
            del self._left[next(iter(self._left))]
        return is_allowed


class Wire(Protocol):
    """The connection of a stream, once the head of the answer is on it."""

    @property
    def is_behind(self) -> bool:
        """Whether something is still to be sent."""

    def write(self, body: bytes) -> None:
        """Send this; nothing happens on a connection that is lost."""

    def cut(self) -> None:
        """End the connection at once."""


class Stream:
    """What one page is still to be told: the newest event of each name, as it is sent."""

    def __init__(self, channel: str, user: str, address: str) -> None:
        self.channel = channel
        self.user = user
        self.address = address
        self._news: dict[str, bytes] = {}
        self._ended = anyio.Event()
        self._wire: Wire | None = None
        self._told_s = 0.0

    def begin(self, wire: Wire, now_s: float) -> None:
        """From now on there is somebody to be told."""
        self._wire, self._told_s = wire, now_s
        self.tell({}, now_s)

    def tell(self, news: Mapping[str, bytes], now_s: float) -> None:
        """Send these events, or a sign of life if it is time for one.

        A page that does not read is told later, and of each name the newest only.
        """
        wire = self._wire
        if wire is None or wire.is_behind:
            self._news.update(news)
            return
        if self._news:
            news = {**self._news, **news}
            self._news.clear()
        if news or now_s - self._told_s >= _HEARTBEAT_S:
            wire.write(b"".join(news.values()) or _SIGN_OF_LIFE)
            self._told_s = now_s

    def cut_if_stuck(self, now_s: float) -> bool:
        """Whether the page had not read what it was told for too long; it is cut off then."""
        wire = self._wire
        if wire is None or not wire.is_behind or now_s - self._told_s <= _READ_WITHIN_S:
            return False
        wire.cut()
        self._wire = None
        return True

    def end(self) -> None:
        """Have the stream end."""
        self._wire = None
        self._ended.set()

    async def ended(self) -> None:
        """Wait for the end."""
        await self._ended.wait()


@dataclass(slots=True)
class LookedAt:
    """A channel that somebody looks at.

    ``has_changed`` and ``balances`` (by lower-case name) are what commits have changed since that
    was told; ``seen`` is what fragments depend on, and ``shown`` the events of how they look, by
    name.
    """

    streams: dict[Stream, None] = field(default_factory=dict)
    has_changed: bool = False
    balances: dict[str, int] = field(default_factory=dict)
    seen: dict[str, object] = field(default_factory=dict)
    shown: dict[str, bytes] = field(default_factory=dict)


class Live:
    """The streams of all channels."""

    def __init__(self) -> None:
        self._channels: dict[str, LookedAt] = {}
        self._addresses: Counter[str] = Counter()
        self._count = 0

    @property
    def count(self) -> int:
        """How many streams are open."""
        return self._count

    def note(self, facts: Facts) -> None:
        """Mark what a commit has changed; costs nothing where nobody looks."""
        looked_at = self._channels.get(facts.channel)
        if looked_at is None:
            return
        looked_at.has_changed = True
        for name, wallet in facts.wallets.items():
            looked_at.balances[name.lower()] = wallet.balance_z

    def open(self, channel: str, user: str, address: str) -> Stream | None:
        """A new stream; None if there are too many."""
        if self._count >= STREAMS_MAX or self._addresses[address] >= FROM_ADDRESS_MAX:
            return None
        stream = Stream(channel, user, address)
        self._count += 1
        self._addresses[address] += 1
        looked_at = self._channels.setdefault(channel, LookedAt())
        looked_at.streams[stream] = None
        stream.tell(looked_at.shown, 0.0)
        return stream

    def close(self, stream: Stream) -> None:
        """Forget a stream."""
        looked_at = self._channels[stream.channel]
        del looked_at.streams[stream]
        if not looked_at.streams:
            del self._channels[stream.channel]
        self._count -= 1
        self._addresses[stream.address] -= 1
        if not self._addresses[stream.address]:
            del self._addresses[stream.address]

    def end_all(self) -> None:
        """Have all streams end that there are."""
        for looked_at in self._channels.values():
            for stream in looked_at.streams:
                stream.end()

    def looked_at(self) -> list[tuple[str, LookedAt]]:
        """The channels that somebody looks at now."""
        return [*self._channels.items()]
