"""The service's real supervision tree on a virtual clock: inline books, no bus, no web."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from tests.actors.house import CHANNEL, House, Nowhere, VirtualClock, settings_with

from economy_actors import root as roots
from economy_actors.context import Context, LiveSettings
from economy_actors.gateway.bus import Bus
from economy_actors.handlers.registry import COMMANDS
from economy_actors.ledger import InlineExecutor
from economy_actors.messages.gateway import ReadUserlist
from economy_actors.metrics.metrics import Metrics
from economy_actors.outbox.message import Pm, Priority
from economy_actors.root import Parts, Root
from economy_actors.runtime import Actor, Observer, open_system
from kryten_economy.config import Settings
from kryten_economy.dice import Dice
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify

__all__ = ("OTHER", "TWO", "open_tree", "restarts")

OTHER = "Other"
TWO = [{"domain": "cytube.test", "channel": name} for name in (CHANNEL, OTHER)]


class _Wire:
    """Where the outboxes and the API send to."""

    def __init__(self, heard: list[Any]) -> None:
        self._heard = heard

    async def pm(self, _channel: str, to: str, text: str) -> None:
        self._heard.append(Pm(to=to, text=text, priority=Priority.REPLY))

    async def chat(self, _channel: str, text: str) -> None:
        self._heard.append(text)

    async def reply(self, reply_to: str, body: bytes) -> None:
        self._heard.append((reply_to, body))


class _Nobody(Actor[Any]):
    """Stands where the gateway stands and keeps what it is asked for."""

    def __init__(self, asked: list[Any]) -> None:
        self._asked = asked

    async def receive(self, message: object) -> None:
        if isinstance(message, ReadUserlist):
            self._asked.append(message)


def restarts(observer: Observer) -> dict[str, int]:
    """Restarts so far by class of actor, without those that had none."""
    return {kind: each.restarts for kind, each in observer.classes.items() if each.restarts}


@asynccontextmanager
async def open_tree(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    books: Callable[[Path], Books] = Books.open,
    settings: Settings | None = None,
) -> AsyncIterator[tuple[House, list[Any]]]:
    """Two channels under the real root; a house of the first, and the user lists asked for.

    ``books`` opens the file.
    """
    channels = (CHANNEL, OTHER)
    live = LiveSettings(settings or settings_with(channels=TWO, onboarding={"welcome_wallet": 0}))
    metrics = Metrics(channels=channels, commands=[spec.name for spec in COMMANDS])
    context = Context(live, VirtualClock(), metrics, Dice(7), "1.2.3")
    heard: list[Any] = []
    asked: list[Any] = []
    monkeypatch.setattr(roots, "Gateway", lambda *_: _Nobody(asked))
    parts = Parts(
        books=lambda: InlineExecutor(lambda: books(path)),
        reports=lambda: InlineExecutor(lambda: Reports.open(path)),
        bus=cast("Bus", _Wire(heard)),
        data_file=None,
        restart=lambda _reason: None,
        give_up=lambda _reason: None,
        questions=Nowhere,
    )
    observer = Observer()
    async with open_system(observer=observer) as system:
        await system.spawn_root("root", lambda: Root(context, parts, channels))
        yield House(context, system, context.channels[CHANNEL], path, observer, heard), asked
        await system.stop(9)
    report = verify(path)
    assert report.ok, report
