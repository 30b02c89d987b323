"""What the robot answers to state and system queries (`wire.md` 5).

Pure: a query is a name and a request, the answer is the reply's ``data``; None means silence.
System queries known to both of the robot's handlers get an answer from each.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from economy_sandbox.commands import CommandError
from economy_sandbox.mirror import Mirror

__all__ = ("VERSION", "Facts", "Registry", "second_answer", "state_reply")

VERSION = "1.12.6"
_HEALTH_URL = "http://127.0.0.1:28080/health"
_STALE_S = 90.0


class Facts(NamedTuple):
    """What answers are made of."""

    mirror: Mirror
    registry: "Registry"
    domain: str
    channel: str
    now_s: float
    uptime_s: float
    published: int
    commands: int


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()


class Registry:
    """The services that have announced themselves; heartbeats of strangers don't count."""

    def __init__(self) -> None:
        self._services: dict[str, dict[str, Any]] = {}

    def see(self, kind: str, body: Mapping[str, Any]) -> None:
        """Take in a lifecycle message of ``kind`` startup, heartbeat or shutdown."""
        name, at = str(body.get("service")), body.get("timestamp")
        known = self._services.get(name)
        match kind:
            case "startup":
                known = known or {"first_seen": at, "heartbeat_count": 0}
                self._services[name] = {
                    **known,
                    "last_startup": at,
                    "last_heartbeat": at,
                    "body": body,
                }
            case "heartbeat" if known is not None:
                known["last_heartbeat"] = at
                known["heartbeat_count"] += 1
            case "shutdown":
                self._services.pop(name, None)
            case _:
                pass

    @property
    def names(self) -> set[str]:
        """Who has announced itself."""
        return set(self._services)

    def versions(self) -> list[str]:
        """``name vVersion`` of each service, as ``system:about`` tells."""
        return [f"{name} v{one['body'].get('version')}" for name, one in self._services.items()]

    def listing(self, now_s: float) -> list[dict[str, Any]]:
        """The ``system.services`` answer."""
        return [self._entry(name, one, now_s) for name, one in self._services.items()]

    @staticmethod
    def _entry(name: str, one: Mapping[str, Any], now_s: float) -> dict[str, Any]:
        body = one["body"]
        silence_s = now_s - datetime.fromisoformat(one["last_heartbeat"]).timestamp()
        host = body.get("hostname")
        entry: dict[str, Any] = {
            "name": name,
            "version": body.get("version"),
            "hostname": host,
            "first_seen": one["first_seen"],
            "last_heartbeat": one["last_heartbeat"],
            "last_startup": one["last_startup"],
            "heartbeat_count": one["heartbeat_count"],
            "seconds_since_heartbeat": round(silence_s, 6),
            "is_stale": silence_s > _STALE_S,
        }
        endpoints = body.get("metadata", {}).get("endpoints", {})
        for kind in ("health", "metrics"):
            port, path = endpoints.get(kind, {}).get("port"), endpoints.get(kind, {}).get("path")
            url = f"http://{host}:{port}{path}" if port else None
            entry |= {f"{kind}_port": port, f"{kind}_path": path, f"{kind}_url": url}
        return {**entry, "metadata": dict(body)}


def _user(facts: Facts, request: Mapping[str, Any]) -> dict[str, Any]:
    name = request.get("username")
    if not name:
        raise CommandError("username required")
    user = facts.mirror.user(name)
    return {"user": user, "profile": None if user is None else user.get("profile", {})}


def _all(facts: Facts, _request: Mapping[str, Any]) -> dict[str, Any]:
    mirror = facts.mirror
    users = list(mirror.users.values())
    stats = {
        "emote_count": len(mirror.emotes),
        "playlist_count": len(mirror.items),
        "user_count": len(users),
    }
    return {
        "emotes": mirror.emotes,
        "playlist": mirror.items,
        "userlist": users,
        "stats": stats,
    }


def _profiles(facts: Facts, _request: Mapping[str, Any]) -> dict[str, Any]:
    users = facts.mirror.users.items()
    return {"profiles": {name: user["profile"] for name, user in users if "profile" in user}}


def _stats(facts: Facts, _request: Mapping[str, Any]) -> dict[str, Any]:
    events = {"total_published": facts.published, "failed": 0, "rate_1min": 0.0, "rate_5min": 0.0}
    return {"uptime_seconds": facts.uptime_s, "events": events, "commands": {}}


def _channels(facts: Facts, _request: Mapping[str, Any]) -> dict[str, Any]:
    one = {"domain": facts.domain, "channel": facts.channel, "connected": True}
    return {"channels": [one]}


def _ping(facts: Facts, _request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "pong": True,
        "timestamp": _iso(facts.now_s),
        "uptime_seconds": facts.uptime_s,
        "service": "robot",
        "version": VERSION,
    }


def _health(facts: Facts, _request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "service": "robot",
        "status": "healthy",
        "domain": facts.domain,
        "channel": facts.channel,
        "nats_connected": True,
        "queries_processed": facts.commands,
        "queries_failed": 0,
    }


_Query = Callable[[Facts, Mapping[str, Any]], dict[str, Any]]

_QUERIES: Mapping[str, _Query] = MappingProxyType(
    {
        "state.userlist": lambda f, _: {"userlist": list(f.mirror.users.values())},
        "state.user": _user,
        "state.playlist": lambda f, _: {"playlist": f.mirror.items},
        "state.emotes": lambda f, _: {"emotes": f.mirror.emotes},
        "state.profiles": _profiles,
        "state.motd": lambda f, _: {"motd": f.mirror.motd},
        "state.css": lambda f, _: {"css": f.mirror.css},
        "state.js": lambda f, _: {"js": f.mirror.js},
        "state.options": lambda _f, _r: {"options": {}},
        "state.permissions": lambda _f, _r: {"permissions": {}},
        "state.all": _all,
        "system.ping": _ping,
        "system.health": _health,
        "system.stats": _stats,
        "system.version": lambda _f, _r: {"version": VERSION},
        "system.channels": _channels,
        "system.services": lambda f, _: {"services": f.registry.listing(f.now_s)},
    }
)


def state_reply(facts: Facts, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The whole reply of the query handler; None is silence."""
    command = request.get("command")
    query = _QUERIES.get(str(command))
    if query is None or request.get("service") not in {None, "robot"}:
        return None
    head = {"service": "robot", "command": command}
    try:
        return {**head, "success": True, "data": query(facts, request)}
    except CommandError as refusal:
        return {**head, "success": False, "error": str(refusal)}


def second_answer(facts: Facts, command: str) -> dict[str, Any] | None:
    """What the command handler answers to the three system queries it knows as well."""
    common = {"service": "robot", "version": VERSION, "uptime_seconds": facts.uptime_s}
    where = {"channel": facts.channel, "domain": facts.domain, "metrics_endpoint": _HEALTH_URL}
    match command:
        case "system.ping":
            more = {"pong": True, "timestamp": _iso(facts.now_s), "cytube_connected": True}
            return {**common, **more, **where}
        case "system.health":
            more = {"status": "healthy", "nats_connected": True, "cytube_connected": True}
            return {**common, **more, "nats_reconnect_count": 0, **where}
        case "system.stats":
            return {**common, "commands_processed": facts.commands, "nats_errors": 0}
        case _:
            return None
