"""The callbacks of the bus: translate, tell, return (architecture.md 3).

Nothing here waits, and nothing raises into the library: an event that fails is counted and
logged, and the next one is handled (P-OPS-8). Whoever has no room loses the event, not its peers.

Two lanes for one channel: events in order, and private messages past a queue.

The bus gives each private message twice, in order among all events and by a subscription of its
own. Whichever lane comes to it first handles it, and the other one leaves it. A lane of its own
waits a moment for the one in order, so that a person who joins and asks at once is known by then;
only while that one is held up, by a burst or by back pressure, does it go ahead.

When to tell of what fails again and again: at once, and then ever more seldom.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import anyio
import structlog

from economy_actors.context import Context
from economy_actors.gateway.events import Dropped, Event, Nothing, Translated
from economy_actors.gateway.robots import News, Notice, Rivals, Robots, read_notice
from economy_actors.gateway.translate import Translator
from economy_actors.messages.channel import Said
from economy_actors.messages.colours import BotRanked, StylesheetTold
from economy_actors.messages.gateway import (
    GatewayMessage,
    LinkChanged,
    PulseReturned,
    Refuse,
    RivalCame,
    RobotInDoubt,
    RobotStarted,
)
from economy_actors.messages.workers import ApiRequest
from economy_actors.outbox.protocol import Echoed, PmFailed, RobotGone, Throttled
from economy_actors.runtime import Ref

__all__ = (
    "PM_TOKEN",
    "GrowingPause",
    "Intake",
    "Lanes",
)

_FIRST_S = 15.0
_GROWTH = 3
_LONGEST_S = 900.0


class GrowingPause:
    """Counts attempts that failed, and says which are worth a line."""

    __slots__ = ("_attempts", "_pause_s", "_told_at_s")

    def __init__(self) -> None:
        self._attempts = 0
        self._pause_s = 0.0
        self._told_at_s = float("-inf")

    def attempts_to_tell(self) -> int:
        """One more has failed: how many have since all was well, or 0 if it is too soon to say."""
        self._attempts += 1
        now_s = anyio.current_time()
        if now_s - self._told_at_s < self._pause_s:
            return 0
        self._told_at_s = now_s
        self._pause_s = min(_GROWTH * self._pause_s or _FIRST_S, _LONGEST_S)
        return self._attempts

    def over(self) -> None:
        """All is well: the next failure is news."""
        self._attempts, self._pause_s, self._told_at_s = 0, 0.0, float("-inf")


PM_TOKEN = "pm"  # noqa: S105  # the last token of a subject
_WAITS_S = 0.2
_REMEMBERED_MAX = 4096


class Lanes:
    """``handle`` takes a message of nats-py; both lanes are callbacks of one event loop."""

    def __init__(self, handle: Callable[[Any], Awaitable[None]]) -> None:
        self._handle = handle
        self._seen_in_order: Counter[bytes] = Counter()
        self._seen_ahead: Counter[bytes] = Counter()
        self._awaited: dict[bytes, asyncio.Future[None]] = {}
        self._is_behind = False

    async def in_order(self, msg: Any) -> None:  # noqa: ANN401  # a message of nats-py
        """Every event of the channel; returns when it has been handled."""
        if not msg.subject.endswith(f".{PM_TOKEN}"):
            await self._handle(msg)
            return
        if _taken(self._seen_ahead, msg.data):
            # The queue has been worked off when nothing is left that went ahead of it.
            self._is_behind = bool(self._seen_ahead)
            return
        _remember(self._seen_in_order, msg.data)
        if (awaited := self._awaited.get(msg.data)) is not None:
            _wake(awaited)
        await self._handle(msg)

    async def ahead(self, msg: Any) -> None:  # noqa: ANN401  # a message of nats-py
        """A private message, which must not wait behind thousands of lines."""
        if not self._is_behind:
            await self._wait_for_order(msg.data)
        if _taken(self._seen_in_order, msg.data):
            return
        self._is_behind = True
        _remember(self._seen_ahead, msg.data)
        await self._handle(msg)

    async def _wait_for_order(self, body: bytes) -> None:
        """Return when the other lane comes to the same message, or after a moment."""
        if body in self._seen_in_order:
            return
        loop = asyncio.get_running_loop()
        awaited = self._awaited.setdefault(body, loop.create_future())
        # A cancel scope with a deadline costs as much as all the rest of a message on its way.
        timer = loop.call_later(_WAITS_S, _wake, awaited)
        try:
            await awaited
        finally:
            timer.cancel()
            self._awaited.pop(body, None)

    def forget(self) -> None:
        """The connection broke: what one lane has seen may never reach the other one."""
        self._seen_in_order.clear()
        self._seen_ahead.clear()
        self._is_behind = False


def _wake(awaited: "asyncio.Future[None]") -> None:
    if not awaited.done():
        awaited.set_result(None)


def _remember(seen: Counter[bytes], body: bytes) -> None:
    if len(seen) >= _REMEMBERED_MAX:
        del seen[next(iter(seen))]
    seen[body] += 1


def _taken(seen: Counter[bytes], body: bytes) -> bool:
    """Whether the other lane has had it; if so that is forgotten."""
    if body not in seen:
        return False
    seen[body] -= 1
    if not seen[body]:
        del seen[body]
    return True


_FOREIGN_MAX = 64

_log = structlog.get_logger("gateway")


class Intake:
    """Hears the bus for the gateway; ``restart`` asks the process to end and be started again."""

    def __init__(
        self,
        context: Context,
        translator: Translator,
        robots: Robots,
        rivals: Rivals,
        gateway: Ref[GatewayMessage],
        restart: Callable[[str], None],
    ) -> None:
        self._context = context
        self._metrics = context.metrics
        self._translator = translator
        self._robots = robots
        self._rivals = rivals
        self._gateway = gateway
        self._restart = restart
        self._foreign: set[tuple[str, str]] = set()

    @property
    def kinds(self) -> Collection[str]:
        """The events listened to."""
        return self._translator.kinds.keys()

    def event(self, kind: str, event: Event) -> None:
        """Translate a channel event and tell whom it concerns."""
        self._metrics.event(kind)
        try:
            self._take(kind, event)
        except Exception:  # noqa: BLE001  # the bus edge: one event must not cost the next one
            self._metrics.error("gateway")
            trace = event.correlation_id
            _log.exception("event failed", kind=kind, correlation_id=trace, once_a_minute=kind)

    def _take(self, kind: str, event: Event) -> None:
        result = self._translator.kinds[kind](event)
        if isinstance(result, Dropped):
            self._dropped(kind, event, result)
            return
        self._robots.heard(result.channel)
        news = self._translator.on_playlist(kind, event, result)
        if news is not None and not self._context.playlists[result.channel].offer(
            news, trace=event.correlation_id
        ):
            self._metrics.error("gateway")
        if not isinstance(result, Nothing):
            self._deliver(result, event.correlation_id)

    def _deliver(self, translated: Translated, trace: str) -> None:
        channel, message = translated
        if isinstance(message, RobotGone):
            _log.warning("the bot was kicked", channel=channel, correlation_id=trace)
            self._robots.gone(channel)
            return
        if isinstance(message, BotRanked):
            self._context.bot_ranks[channel] = message.rank
            return
        if isinstance(message, StylesheetTold):
            taken = self._tell_stylesheet(channel, message)
        elif isinstance(message, Echoed | PmFailed | Throttled):
            if isinstance(message, Echoed):
                self._metrics.gateway_dropped("echo")
            taken = self._context.outboxes[channel].offer(message, trace=trace)
        else:
            taken = self._context.channels[channel].offer(message, trace=trace)
            if taken and isinstance(message, Said):
                self._context.backlog.taken(channel)
        if not taken:
            # The runtime has logged the message as lost.
            self._metrics.error("gateway")

    def _tell_stylesheet(self, channel: str, told: StylesheetTold) -> bool:
        stylesheet = self._context.stylesheets.get(channel)
        return stylesheet is None or stylesheet.offer(told)

    def _dropped(self, kind: str, event: Event, dropped: Dropped) -> None:
        self._metrics.gateway_dropped(dropped.reason)
        if dropped.reason == "malformed":
            _log.warning(
                "malformed event dropped",
                kind=kind,
                detail=dropped.detail,
                channel=event.channel,
                correlation_id=event.correlation_id,
                once_a_minute=f"{kind}: {dropped.detail}",
            )
        elif dropped.reason == "unknown_channel":
            self._tell_foreign(event.domain, event.channel)

    def _tell_foreign(self, domain: str, channel: str) -> None:
        """Log each foreign channel once: a neighbour on the bus must not fill the log."""
        if (domain, channel) not in self._foreign and len(self._foreign) < _FOREIGN_MAX:
            self._foreign.add((domain, channel))
            _log.warning(
                "events of a channel that is not configured are dropped",
                domain=domain[:100],
                channel=channel[:100],
            )

    def request(self, body: bytes, reply_to: str) -> None:
        """Hand a request to the API, or have it refused."""
        if not self._context.api.offer(ApiRequest(body, reply_to)):
            self._metrics.error("gateway")
            self._gateway.offer(Refuse(body, reply_to))

    def lifecycle(self, kind: str, body: bytes) -> None:
        """Note that a robot comes or goes."""
        notice = read_notice(kind, body)
        if notice is None:
            return
        if notice.news is News.GONE:
            self._gone(notice)
            return
        if notice.news is News.STARTED:
            self._gateway.offer(RobotStarted())
        channel = self._translator.places.find(notice.domain, notice.channel)
        if channel is not None:
            _log.debug("robot is in its channel", channel=channel)
            self._translator.freshness.robot_came_up(channel, self._context.clock.now_ms())
            self._robots.returned(channel)

    def _gone(self, notice: Notice) -> None:
        places = self._translator.places
        named = places.find(notice.domain, notice.channel)
        channel = named if notice.channel else places.only
        if channel is not None:
            _log.debug("robot said goodbye", channel=channel)
            self._robots.gone(channel)
        elif not notice.channel:
            self._gateway.offer(RobotInDoubt())

    def peer(self, kind: str, body: bytes) -> None:
        """Note another service of our name; a new one is to learn of us, too."""
        if self._rivals.hear(kind, body):
            self._gateway.offer(RivalCame())

    def pulse(self) -> None:
        """The bus carries what we send."""
        self._gateway.offer(PulseReturned())

    def link(self, up: bool) -> None:
        """The library lost or regained its connection."""
        self._gateway.offer(LinkChanged(up))

    def group_restart(self, reason: str) -> None:
        """End at once: what waits can still go out while the robot is there."""
        self._restart(f"group restart: {reason}")
