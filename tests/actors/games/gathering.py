"""The demo's channel and crowd around a house on the virtual clock: its past, settings and games.

The simulated channel of the sandbox, whose people are heard by the house's channel instead of a
bus; what the real outbox sends, at its own pace, is said by the bot in the channel.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import anyio
from tests.actors.house import CHANNEL, START_MS, House, house

from economy_actors.context import Context
from economy_actors.handlers.registry import COMMANDS
from economy_actors.messages.channel import (
    AfkChanged,
    ChannelMessage,
    Joined,
    Left,
    PrivateMessage,
    RankChanged,
    Said,
)
from economy_actors.outbox.actor import OutboxActor, outbox_factory
from economy_actors.outbox.delivery import Depths
from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Medium
from economy_actors.outbox.protocol import Echoed
from economy_sandbox.crowd import Crowd
from economy_sandbox.media import Event
from economy_sandbox.past import write_past
from economy_sandbox.robot import SimulatedRobot
from economy_sandbox.settings import demo_settings
from kryten_economy.config import load

__all__ = ("BOT", "Gathering", "gathering")

BOT = "ZCoinBot"
_TICK_S = 5.0


class _Voice:
    """Takes what the outbox sends to where the bot says it."""

    def __init__(self) -> None:
        self.say: Callable[[str | None, str], Any] | None = None

    async def chat(self, _channel: str, text: str) -> None:
        await self._speak(None, text)

    async def pm(self, _channel: str, to: str, text: str) -> None:
        await self._speak(to, text)

    async def _speak(self, to: str | None, text: str) -> None:
        if self.say is not None:
            await self.say(to, text)

    def outbox(self, context: Context) -> Callable[[], OutboxActor]:
        """The real one, as the root makes it."""
        settings = context.live.settings
        return outbox_factory(
            CHANNEL,
            pace=settings.pace,
            limits=Limits.of(settings),
            sender=self,
            meter=context.metrics,
            depths=Depths(context.metrics),
            chance=context.dice.roll,
        )


class Gathering(SimulatedRobot):
    """What the people of the channel see and do; ``lines`` is what the bot has said, and when."""

    def __init__(self, at: House) -> None:
        super().__init__("", channel=CHANNEL, bot=BOT, clock=lambda: at.now_ms / 1000)
        self.house = at
        self.lines: list[tuple[float, str]] = []

    async def act(self, events: list[Event], *, typed: str | None = None) -> None:
        """Let everybody see it, the service among them."""
        for event in events:
            if typed is not None:
                self._hear(event, typed)
            for message in self._told(event, typed or ""):
                self.house.channel.tell(message)

    def _told(self, event: Event, typed: str) -> list[ChannelMessage]:
        seen, at_ms = event.payload, self.house.now_ms
        name = seen.get("username") or seen.get("name", "") if isinstance(seen, dict) else ""
        told: dict[str, Callable[[], ChannelMessage]] = {
            "chatMsg": lambda: Said(name, typed, at_ms),
            "pm": lambda: PrivateMessage(name, typed, at_ms),
            "addUser": lambda: Joined(name, seen["rank"], False, at_ms),
            "setUserRank": lambda: RankChanged(name, seen["rank"]),
            "userLeave": lambda: Left(name, at_ms),
            "setAFK": lambda: AfkChanged(name, seen["afk"]),
        }
        is_of_people = name not in {BOT, "[server]"} and event.name in told
        return [told[event.name]()] if is_of_people else []

    async def spoken(self, to: str | None, text: str) -> None:
        """The bot says something, and the service hears that it has."""
        medium = Medium.CHAT if to is None else Medium.PM
        if to is None:
            self.lines.append((anyio.current_time(), text))
        events = self.room.chat(BOT, text) if to is None else self.room.pm(BOT, to, text)
        await self.act(events, typed=text)
        self.house.context.outboxes[CHANNEL].offer(Echoed(medium, to, text))

    async def until(self, condition: Callable[[], bool], minutes: float = 5) -> None:
        """Let time pass until something is so."""
        with anyio.fail_after(minutes * 60):
            while not condition():  # noqa: ASYNC110 - the thing watched sets no event
                await anyio.sleep(0.5)


@asynccontextmanager
async def gathering(
    folder: Path, *, seed: int = 4, speed: float = 1.0, adapt: Callable[[str], str] = str
) -> AsyncIterator[Gathering]:
    """The crowd lives on while a test does as ``you``, an owner, do."""
    config, books, voice = folder / "c.yaml", folder / "e.db", _Voice()
    text = demo_settings("nats://127.0.0.1:1", "demo.local", CHANNEL, BOT, books)
    # A house has no stylesheet to colour.
    text = text.replace("chat_color: {", "chat_color: {enabled: false, ")
    config.write_text(adapt(text), encoding="utf-8")
    settings = load(config, {}).settings
    write_past(settings, CHANNEL, START_MS)
    async with house(books, settings, scheduled=True, outbox=voice.outbox) as at:
        robot = Gathering(at)
        voice.say = robot.spoken
        crowd = Crowd(robot, Random(seed), speed=speed)
        crowd.know([word for spec in COMMANDS for word in spec.words])
        await crowd.arrive()
        await robot.join("you", rank=4)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(crowd.run, anyio.sleep))
            yield robot
            tasks.cancel_scope.cancel()
