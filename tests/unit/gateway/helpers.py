"""Settings, and events as kryten-py makes them out of what the bus carries."""

import itertools
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from kryten import RawEvent

from economy_actors.clock import SteppedClock
from economy_actors.context import LiveSettings
from economy_actors.gateway.client import PatientClient, client_config
from economy_actors.gateway.events import Event, Translation
from economy_actors.gateway.translate import Translator
from kryten_economy.config import Settings

TRACES = Path(__file__).parents[2] / "traces"
BASIC = TRACES / "session-basic.jsonl"
RESTART = TRACES / "robot-restart.jsonl"
MEDIA = TRACES / "media.jsonl"

NOW_MS = 1_795_171_149_000
_numbers = itertools.count()


def settings(**more: Any) -> Settings:
    """The least that is needed: one channel."""
    values: dict[str, Any] = {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": "testchan"}],
    }
    return Settings.model_validate({**values, **more})


class Wire:
    """A translator that came up at ``now_ms``, fed through kryten-py's own conversion."""

    def __init__(self, now_ms: int = NOW_MS, **more: Any) -> None:
        self.clock = SteppedClock(now_ms)
        self.live = LiveSettings(settings(**more))
        self.translator = Translator(self.live, self.clock)

    def feed(self, envelope: dict[str, Any]) -> Translation:
        """Translate one event."""
        event = typed(envelope)
        return self.translator.kinds[envelope["event_name"].lower()](event)

    def see(self, name: str, payload: Any, **envelope: Any) -> Translation:
        """Translate an event with this payload."""
        return self.feed(envelope_of(name, payload, **envelope))

    def say(self, name: str, text: str, after_ms: int = 0, **more: Any) -> Translation:
        """Translate a chat line, said so long after the service came up."""
        return self.see("chatMsg", chat_payload(name, text, after_ms), **more)

    def whisper(self, name: str, text: str, after_ms: int = 0, **more: Any) -> Translation:
        """Translate a PM."""
        return self.see("pm", chat_payload(name, text, after_ms) | {"to": "ZCoinBot"}, **more)


def chat_payload(name: str, text: str, after_ms: int = 0, **meta: Any) -> dict[str, Any]:
    """What CyTube sends for a line."""
    return {"username": name, "msg": text, "meta": meta, "time": NOW_MS + after_ms}


def envelope_of(name: str, payload: Any, **more: Any) -> dict[str, Any]:
    """What the robot publishes; each call has an id of its own."""
    return {
        "event_name": name,
        "payload": payload,
        "channel": "testchan",
        "domain": "cytube.test",
        "timestamp": datetime.fromtimestamp(NOW_MS / 1000, UTC).isoformat(),
        "correlation_id": f"id-{next(_numbers)}",
        **more,
    }


@cache
def _client() -> Any:
    return PatientClient(client_config(settings()), lambda _: None)


def typed(envelope: dict[str, Any]) -> Event:
    """The event object that the client hands to a handler."""
    event: Event = _client()._convert_to_typed_event(RawEvent(**envelope))
    return event


@cache
def trace(path: Path) -> tuple[dict[str, Any], ...]:
    """All lines of a recording."""
    return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def recorded(path: Path, t: float, name: str | None = None) -> dict[str, Any]:
    """The envelope of the event (of this name) at this time of a recording."""
    found = [
        line["data"]
        for line in trace(path)
        if line["t"] == t
        and line["subject"].startswith("kryten.events.")
        and name in {None, line["data"]["event_name"]}
    ]
    assert len(found) == 1, (t, found)
    envelope: dict[str, Any] = found[0]
    return envelope


def start_ms(path: Path) -> int:
    """The wall-clock time at which the first event of a recording was published."""
    first = next(line for line in trace(path) if line["subject"].startswith("kryten.events."))
    return round(datetime.fromisoformat(first["data"]["timestamp"]).timestamp() * 1000)
