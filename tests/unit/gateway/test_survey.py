"""Which robots and which lists are believed, on a bus where every robot answers everything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from economy_actors.gateway.robots import Places
from economy_actors.gateway.survey import Survey
from kryten_economy.config.connection import Channel

pytestmark = pytest.mark.anyio
PLACES = Places([Channel(domain="d", channel=name) for name in ("one", "two")])


@dataclass
class Bus:
    """Robots by channel with the users they know, and what the store holds."""

    robots: dict[str, list[str]] = field(default_factory=dict)
    store: dict[str, list[str]] = field(default_factory=dict)

    async def ask_all(
        self,
        subject: str,
        question: Mapping[str, Any],
        heard: Callable[[Any], bool],
        *,
        within_s: float,
        quiet_s: float | None = None,
    ) -> None:
        assert subject == "kryten.robot.command"
        assert quiet_s is None or quiet_s <= within_s
        for channel, users in self.robots.items():
            meta = question.get("meta", {"domain": "d", "channel": channel})
            is_meant = (meta["domain"], meta["channel"].lower()) == ("d", channel.lower())
            for answer in self._answers(question["command"], channel, users, is_meant):
                if heard(answer):
                    return

    @staticmethod
    def _answers(command: str, channel: str, users: list[str], is_meant: bool) -> list[Any]:
        if command == "system.ping":
            unnamed, named = {"pong": True}, {"pong": True, "domain": "d", "channel": channel}
            answers = (unnamed, named) if is_meant else (unnamed,)
            return [{"success": True, "data": data} for data in answers]
        return [{"success": True, "data": {"userlist": [{"name": name} for name in users]}}]

    async def stored(self, channel: str, kind: str, key: str) -> object:
        assert (kind, key) == ("userlist", "users")
        users = self.store.get(channel)
        return None if users is None else [{"name": name} for name in users]


async def look(bus: Bus, **wanted: bool) -> tuple[set[str], dict[str, list[str] | None]]:
    """The channels with a robot, and the names in the lists."""
    found = await Survey(bus, PLACES).look(wanted)
    lists: dict[str, list[str] | None] = {}
    for channel, users in found.lists:
        entries: list[Any] | None = users
        lists[channel] = None if entries is None else [each["name"] for each in entries]
    return set(found.present), lists


async def test_each_robot_speaks_for_its_own_channel() -> None:
    """A robot's answer shows that one in its own channel, and no other."""
    assert (await look(Bus({"one": []})))[0] == {"one"}
    assert (await look(Bus({"TWO": []})))[0] == {"two"}
    assert (await look(Bus({"foreign": []})))[0] == set()
    assert (await look(Bus()))[0] == set()


async def test_each_robot_is_asked_by_its_channel_and_domain() -> None:
    """A robot that names itself only when it is meant is found, and only in its own channel."""

    class Shy(Bus):
        async def ask_all(
            self, subject: str, question: Mapping[str, Any], heard: Any, **limits: Any
        ) -> None:
            if "meta" in question:
                await super().ask_all(subject, question, heard, **limits)

    assert (await look(Shy({"ONE": [], "foreign": []})))[0] == {"one"}
    assert (await look(Shy({"one": [], "two": []})))[0] == {"one", "two"}


async def test_an_answer_to_another_channels_question_does_not_count() -> None:
    """Whoever is asked about one channel and names the other has not answered."""

    class Confused(Bus):
        @staticmethod
        def _answers(command: str, channel: str, users: list[str], is_meant: bool) -> list[Any]:
            del command, users
            named = {"pong": True, "domain": "d", "channel": "one"}
            return [] if is_meant else [{"success": True, "data": named | {"by": channel}}]

    assert (await look(Confused({"one": []})))[0] == set()


async def test_many_channels_are_asked_about_at_once() -> None:
    """As many questions as robots would bring the square of that in answers."""
    names = [f"room{number}" for number in range(100)]
    places = Places([Channel(domain="d", channel=name) for name in names])
    asked = []

    class Counting(Bus):
        async def ask_all(
            self, subject: str, question: Mapping[str, Any], heard: Any, **limits: Any
        ) -> None:
            asked.append(question)
            await super().ask_all(subject, question, heard, **limits)

    bus = Counting({name: [] for name in names[1:]})
    assert (await Survey(bus, places).look({})).present == set(names[1:])
    assert len(asked) == 1


async def test_the_store_of_a_channel_without_robot() -> None:
    """The store outlives its robot: another channel's robot makes it no truer."""
    bus = Bus({"two": ["b"]}, {"one": ["a"], "two": ["b"]})
    assert (await look(bus, one=False, two=False))[1] == {"one": None, "two": ["b"]}


async def test_confirmed_lists() -> None:
    """A stored list that its robot knows otherwise is not believed, and others are."""
    bus = Bus({"one": ["a"], "two": ["b", "c"]}, {"one": ["A"], "two": ["b"]})
    assert (await look(bus, one=True, two=True))[1] == {"one": ["A"], "two": None}


async def test_another_channels_list_confirms_nothing() -> None:
    """An old list that another channel's robot happens to tell is not taken for confirmed."""
    bus = Bus({"one": ["a", "b"], "two": ["a"]}, {"one": ["a"], "two": ["a"]})
    assert (await look(bus, one=True))[1] == {"one": None}
    bus = Bus({"one": ["a", "b"], "foreign": ["a"]}, {"one": ["a"], "foreign": ["a"]})
    assert (await look(bus, one=True))[1] == {"one": None}


async def test_equal_lists() -> None:
    """Two channels with the same people are both confirmed."""
    bus = Bus({"one": ["a"], "two": ["a"]}, {"one": ["a"], "two": ["a"]})
    assert (await look(bus, one=True, two=True))[1] == {"one": ["a"], "two": ["a"]}


async def test_a_robot_outside_its_channel() -> None:
    """A robot that says it has lost CyTube sees nobody come or go: it is not there."""

    class Outside(Bus):
        @staticmethod
        def _answers(*_: object) -> list[Any]:
            place = {"domain": "d", "channel": "one", "cytube_connected": False}
            return [{"data": {"pong": True} | place}]

    assert (await look(Outside({"one": []})))[0] == set()


async def test_the_memory_of_a_single_robot() -> None:
    """It can only be its own list that it tells; among several nobody knows whose it is."""
    users: list[object] = [{"name": "a"}, {"name": "b"}]
    bus = Bus({"one": ["a", "b"]}, {"one": ["a"]})
    assert await Survey(bus, PLACES).remembered() == ("one", users)
    for others in ({"two": ["a"]}, {"foreign": ["c"]}):
        assert await Survey(Bus(bus.robots | others), PLACES).remembered() is None
    useless: list[dict[str, list[str]]] = [{}, {"one": []}, {"foreign": ["a"]}]
    for robots in useless:
        assert await Survey(Bus(robots), PLACES).remembered() is None


async def test_answers_that_are_none() -> None:
    """Rubbish is no answer."""

    class Rubbish(Bus):
        @staticmethod
        def _answers(*_: object) -> list[Any]:
            return [None, 7, [], {}, {"data": 5}, {"data": {"channel": 5}}, {"data": {}}]

    assert await look(Rubbish({"one": []}, {"one": ["a"]}), one=True) == (set(), {"one": None})
