"""Other services of our name on the bus: two of them with one channel answer everybody twice.

Each service says of itself by `about` which instance it is and which channels it serves, in the
metadata of its lifecycle messages. An older one says neither: it may serve any channel, so it
counts as one that serves ours.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import anyio
import structlog

from economy_actors.gateway.places import Places

__all__ = ("SILENT_S", "Rivals", "about")

SILENT_S = 90.0
"""Who has given no heartbeat for so long is gone, as the robot takes it, too."""
_RIVALS_MAX = 64

_log = structlog.get_logger("gateway")


def about(instance: str, places: Places) -> dict[str, Any]:
    """What we say of ourselves."""
    channels = [{"domain": places.domain_of(name), "channel": name} for name in places.names]
    return {"instance": instance, "channels": channels}


class _Rival(NamedTuple):
    host: str
    channels: tuple[str, ...]
    heard_at_s: float


class Rivals:
    """Who else serves a channel of ours, as far as they have been heard lately."""

    def __init__(self, instance: str, places: Places, *, silent_s: float = SILENT_S) -> None:
        self._instance = instance
        self._places = places
        self._silent_s = silent_s
        self._known: dict[str, _Rival] = {}

    def hear(self, kind: str, body: bytes) -> bool:
        """Take in a lifecycle message of our service's name; True if it is a new rival's."""
        message = _object(body)
        instance, channels = self._read(message)
        if instance == self._instance:
            return False
        host = str(message.get("hostname", "?"))[:100]
        # Without an instance, two of them on one host count as one.
        key = instance or f"unnamed on {host}"
        if kind == "shutdown":
            self._gone(key)
            return False
        if not channels or (key not in self._known and len(self._known) >= _RIVALS_MAX):
            return False
        is_new = key not in self._known
        self._known[key] = _Rival(host, channels, anyio.current_time())
        if is_new:
            _log.warning(
                "another economy service serves the same channel: everybody is answered twice",
                host=host,
                channels=channels,
                version=str(message.get("version", "?"))[:50],
            )
        return is_new

    def present(self) -> tuple[str, ...]:
        """One line for each, after those who have fallen silent are forgotten."""
        now_s = anyio.current_time()
        for key, rival in tuple(self._known.items()):
            if now_s - rival.heard_at_s > self._silent_s:
                self._gone(key)
        return tuple(
            f"another economy service on {rival.host} serves {', '.join(rival.channels)}"
            for rival in self._known.values()
        )

    def _gone(self, key: str) -> None:
        rival = self._known.pop(key, None)
        if rival is not None:
            _log.info("the other economy service is gone", host=rival.host)

    def _read(self, message: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
        """Which instance it is, and which of our channels it serves."""
        metadata = message.get("metadata")
        told = metadata if isinstance(metadata, Mapping) else {}
        instance, channels = told.get("instance"), told.get("channels")
        if not isinstance(instance, str) or not isinstance(channels, list):
            return "", self._places.names if message else ()
        return instance[:100], tuple(self._ours(channels))

    def _ours(self, channels: Iterable[object]) -> Iterable[str]:
        for each in channels:
            place = each if isinstance(each, Mapping) else {}
            found = self._places.find(str(place.get("domain")), str(place.get("channel")))
            if found is not None:
                yield found


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        message = None
    return message if isinstance(message, Mapping) else {}
