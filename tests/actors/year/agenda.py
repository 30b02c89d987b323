"""A year's agenda: acts at random minutes, and the alarms of what runs out."""

import heapq
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time
from random import Random
from typing import Any

import anyio
from tests.actors.api.helpers import Api, spawn
from tests.actors.house import CHANNEL
from tests.actors.year.oracle import Oracle
from tests.actors.year.purses import DONE, HOUR_MS, MINUTE_MS
from tests.actors.year.terms import PEOPLE, TERMS, ZONE

from economy_actors.jobs.scheduler import Scheduler, Tick
from economy_actors.runtime import Ref

__all__ = ("Act", "Agenda", "midnight_ms")

Act = Callable[[], Awaitable[None]]


def midnight_ms(day: date) -> int:
    """When the day begins in the channel."""
    return round(datetime.combine(day, time(), ZONE).timestamp()) * 1000


class Agenda:
    """What is done when, through which door; ``answers`` counts what came of it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.oracle = Oracle(TERMS)
        self.answers: Counter[tuple[str, str]] = Counter()
        self._agenda: list[tuple[int, int, Act]] = []
        self._number = 0
        self._api: Api | None = None
        self._scheduler: Ref[Tick] | None = None

    @property
    def api(self) -> Api:
        """The service that runs."""
        assert self._api is not None
        return self._api

    @property
    def now_ms(self) -> int:
        """The time on its wall."""
        return self.api.house.now_ms

    @property
    def today(self) -> str:
        """The day that ends with this moment, or goes on."""
        return self.oracle.day(self.now_ms - 1_000)

    async def open(self, it: Api, anchor_z: int | None) -> None:
        """The service has started, and everybody comes in."""
        self._api = it
        for name in PEOPLE:
            await it.house.join(name)
        await it.house.join("Boss", 4)
        self.oracle.started(anchor_z, self.now_ms)
        self._scheduler = spawn(
            it.house, "scheduler", lambda: Scheduler(it.house.context, data_file=None)
        )
        await it.house.settle()

    async def live_until(self, until_ms: int) -> None:
        """All that is planned before that time, then the time itself."""
        while self._agenda and self._agenda[0][0] < until_ms:
            at_ms, _, act = heapq.heappop(self._agenda)
            await self._sleep_until(at_ms)
            await act()
        await self._sleep_until(until_ms)

    async def _sleep_until(self, at_ms: int) -> None:
        await anyio.sleep(max(0, at_ms - self.now_ms) / 1000)

    def at(self, at_ms: int, act: Act) -> None:
        """Put it in; not at a whole minute, where the milliseconds of an act would decide."""
        if at_ms % MINUTE_MS < 1_000:
            at_ms += 1_000
        self._put(at_ms, act)

    def later(self, low: int, high: int, act: Act) -> None:
        """In so many minutes."""
        self.at(self.now_ms + self.random.randint(low * 60, high * 60) * 1000, act)

    def ends_with_the_minute(self, ends_ms: int) -> None:
        """Something is over after this time: its hour strikes and its minute, as always."""
        self._put(ends_ms // HOUR_MS * HOUR_MS, self._strike)
        self._put(-(-ends_ms // MINUTE_MS) * MINUTE_MS, self._strike)

    def ends_with_the_hour(self, ends_ms: int) -> None:
        """Something is over at the next whole hour."""
        self._put(-(-ends_ms // HOUR_MS) * HOUR_MS, self._strike)

    def _put(self, at_ms: int, act: Act) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (at_ms, self._number, act))

    async def _strike(self) -> None:
        assert self._scheduler is not None
        minute_ms = self.now_ms // MINUTE_MS * MINUTE_MS
        self.answers["over", "reservation"] += self.oracle.minute_struck(minute_ms)
        if minute_ms % HOUR_MS == 0:
            self.answers["over", "bounty"] += self.oracle.hour_struck(minute_ms)
        self._scheduler.tell(Tick())
        await self.api.house.settle()

    # How things are chosen, asked and said

    def somebody(self) -> str:
        """One of the four."""
        return self.random.choice(PEOPLE)

    def chance(self, share: float) -> bool:
        """So often."""
        return self.random.random() < share

    def new_id(self, kind: str) -> str:
        """An id that was never used."""
        self._number += 1
        return f"{kind}-{self._number}"

    async def asked(self, command: str, **fields: object) -> tuple[str, dict[str, Any]]:
        """A request, now and then sent again: the repetition has the same outcome."""
        body = {"command": command, "channel": CHANNEL} | fields
        answer = await self.api.raw(body)
        verdict = DONE if answer["success"] else answer["error_code"]
        if verdict == DONE and self.chance(0.2):
            assert (await self.api.raw(body))["data"]["idempotent_replay"] is True
        self.answers[command, verdict] += 1
        return verdict, answer.get("data", {})

    async def said(self, name: str, text: str, sentences: dict[str, str]) -> tuple[str, str]:
        """A private message; which of the sentences it was answered with, and the answer."""
        answer = "\n".join(await self.api.house.pm(name, text))
        verdicts = [verdict for verdict, part in sentences.items() if part in answer]
        assert len(verdicts) == 1, (text, answer)
        self.answers[text.split(maxsplit=1)[0], verdicts[0]] += 1
        return verdicts[0], answer
