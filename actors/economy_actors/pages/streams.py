"""The open streams of pages, and what each is still to be told; how often an address may ask.

Promises: what one visitor does not read takes no more room than the names there are; streams are
limited, all together and by address; a commit only marks what has changed, and nothing where
nobody looks. Everything happens in the thread of the event loop.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import anyio

from kryten_economy.ledger.facts import Facts

__all__ = ("FROM_ADDRESS_MAX", "STREAMS_MAX", "Live", "LookedAt", "Stream", "Visits")

STREAMS_MAX: Final = 1_000
FROM_ADDRESS_MAX: Final = 60

_HEARTBEAT_S = 20.0
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


class Stream:
    """What one page is still to be told: the newest of each name."""

    def __init__(self, channel: str, user: str, address: str) -> None:
        self.channel = channel
        self.user = user
        self.address = address
        self.is_over = False
        self._news: dict[str, str] = {}
        self._woken = anyio.Event()

    def put(self, name: str, html: str) -> None:
        """Tell the page that ``name`` looks like this now."""
        self._news[name] = html
        self._woken.set()

    def end(self) -> None:
        """Have the stream end."""
        self.is_over = True
        self._woken.set()

    async def take(self) -> dict[str, str]:
        """Wait for news, or for the time of a sign of life, which is {}."""
        with anyio.move_on_after(_HEARTBEAT_S):
            await self._woken.wait()
        self._woken = anyio.Event()
        news, self._news = self._news, {}
        return news


@dataclass(slots=True)
class LookedAt:
    """A channel that somebody looks at.

    ``has_changed`` and ``balances`` (by lower-case name) are what commits have changed since that
    was told; ``seen`` is what fragments depend on, and ``shown`` how they look, by name.
    """

    streams: dict[Stream, None] = field(default_factory=dict)
    has_changed: bool = False
    balances: dict[str, int] = field(default_factory=dict)
    seen: dict[str, object] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, html: str) -> None:
        """Tell all who look that ``name`` looks like this now."""
        for stream in self.streams:
            stream.put(name, html)


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
        for name, html in looked_at.shown.items():
            stream.put(name, html)
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

    def looked_at(self) -> Iterator[tuple[str, LookedAt]]:
        """The channels that somebody looks at; they may come and go meanwhile."""
        yield from tuple(self._channels.items())
