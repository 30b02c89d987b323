"""The callbacks of the bus: translate, tell, return (architecture.md 3).

Nothing here waits, and nothing raises into the library: an event that fails is counted and
logged, and the next one is handled (P-OPS-8). Whoever has no room loses the event, not its peers.
"""

from collections.abc import Callable, Collection

import structlog

from economy_actors.api.messages import ApiRequest
from economy_actors.channel.messages import Said
from economy_actors.context import World
from economy_actors.gateway.events import Dropped, Event, Nothing, Translated
from economy_actors.gateway.messages import (
    GatewayMessage,
    LinkChanged,
    PulseReturned,
    Refuse,
    RivalCame,
    RobotInDoubt,
    RobotStarted,
)
from economy_actors.gateway.rivals import Rivals
from economy_actors.gateway.robots import News, Notice, Robots, read_notice
from economy_actors.gateway.translate import Translator
from economy_actors.outbox.protocol import Echoed, PmFailed, RobotGone, Throttled
from economy_actors.runtime import Ref

__all__ = ("Intake",)

_FOREIGN_MAX = 64

_log = structlog.get_logger("gateway")


class Intake:
    """Hears the bus for the gateway; ``restart`` asks the process to end and be started again."""

    def __init__(
        self,
        world: World,
        translator: Translator,
        robots: Robots,
        rivals: Rivals,
        gateway: Ref[GatewayMessage],
        restart: Callable[[str], None],
    ) -> None:
        self._world = world
        self._metrics = world.metrics
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
        if not isinstance(result, Nothing):
            self._deliver(result, event.correlation_id)

    def _deliver(self, translated: Translated, trace: str) -> None:
        channel, message = translated
        if isinstance(message, RobotGone):
            _log.warning("the bot was kicked", channel=channel, correlation_id=trace)
            self._robots.gone(channel)
            return
        if isinstance(message, Echoed | PmFailed | Throttled):
            if isinstance(message, Echoed):
                self._metrics.gateway_dropped("echo")
            taken = self._world.outboxes[channel].offer(message, trace=trace)
        else:
            taken = self._world.channels[channel].offer(message, trace=trace)
            if taken and isinstance(message, Said):
                self._world.backlog.taken(channel)
        if not taken:
            # The runtime has logged the message as lost.
            self._metrics.error("gateway")

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
        if not self._world.api.offer(ApiRequest(body, reply_to)):
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
            self._translator.freshness.robot_came_up(channel, self._world.clock.now_ms())
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
