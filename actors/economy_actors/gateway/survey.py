"""Which robots are on the bus, and which stored user lists can be believed.

Every robot answers every question, and a ping twice, the second time only if that is for nobody
or for its own channel. Only the answers that name their channel count; an answer to a question of
state never does, so it is believed only together with others,
or where there is a single robot.

Which user lists the gateway still has to get, and how often it has tried.

The store is there at any time, but after an outage it may be older than what is known already:
then only a list is taken that the robot confirms. What can't be had from the store is left over
for the robot's own memory.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import anyio

from economy_actors.gateway.robots import Places

__all__ = (
    "Found",
    "Robots",
    "Survey",
    "WantedLists",
)

_ROBOT_SUBJECT = "kryten.robot.command"
_WITHIN_S = 2.0
_LISTS_WITHIN_S = 8.0
_QUIET_S = 0.3
"""After so long a silence no further robot will answer."""

_EACH_MAX = 32
"""Since every robot answers every question, for more channels one question goes to all."""

Names = frozenset[str]


class Robots(Protocol):
    """The way to the robots."""

    async def ask_all(
        self,
        subject: str,
        question: Mapping[str, Any],
        heard: Callable[[Any], bool],
        *,
        within_s: float,
        quiet_s: float | None = None,
    ) -> None:
        """Give each answer to ``heard`` until it says that these are enough, or no more come."""
        ...

    async def stored(self, channel: str, kind: str, key: str) -> object:
        """What a robot has stored; None if there is nothing."""
        ...


class Found(NamedTuple):
    """The channels whose robot answers, and the wanted lists; None for what there is not."""

    present: frozenset[str]
    lists: tuple[tuple[str, list[object] | None], ...]


class Survey:
    """Looks for robots and lists; one question is under way at a time."""

    def __init__(self, robots: Robots, places: Places) -> None:
        self._robots = robots
        self._places = places

    async def look(self, wanted: Mapping[str, bool]) -> Found:
        """Find robots, and the user lists of these channels: True for those to be confirmed.

        The store outlives its robot, so that must answer. It may also be older than the robot's
        own memory, after an outage of NATS: a list to be confirmed must be one that robots tell.
        """
        is_whole = any(wanted.values())
        there = await self._there(is_whole=is_whole)
        present = frozenset(filter(None, (self._places.find(*each) for each in there)))
        lists: list[tuple[str, list[object] | None]] = []
        with anyio.move_on_after(_LISTS_WITHIN_S):
            confirmed = await self._confirmed(there) if is_whole else {}
            for channel, must_be_confirmed in wanted.items():
                if must_be_confirmed:
                    lists.append((channel, confirmed.get(channel)))
                else:
                    is_good = channel in present
                    lists.append((channel, await self._stored(channel) if is_good else None))
        return Found(present, tuple(lists))

    async def remembered(self) -> tuple[str, list[object]] | None:
        """Our channel and the list in its robot's memory, where that is the only robot at all.

        It can only tell its own list, which holds also where the store has missed something. An
        empty list is none: the bot itself would be in it.
        """
        there = await self._there(is_whole=True)
        if len(there) != 1 or (channel := self._places.find(*there[0])) is None:
            return None
        told = await self._told(len(there))
        return (channel, told[0]) if len(told) == 1 and told[0] else None

    async def _there(self, *, is_whole: bool) -> Sequence[tuple[str, str]]:
        """Domain and channel of the robots that answer; ``is_whole``: also those of others.

        Each of our channels' robots is asked by its channel and domain, which the others answer
        only without a name. Those of other services are found by a question to all.
        """
        there: dict[tuple[str, str], None] = {}
        quiet_s = _QUIET_S if is_whole else None
        is_each = len(self._places.names) <= _EACH_MAX
        async with anyio.create_task_group() as asking:
            if is_whole or not is_each:
                asking.start_soon(self._ask_whoever_is_there, there, quiet_s)
            for channel in self._places.names if is_each else ():
                asking.start_soon(self._ask_whether_it_is_there, channel, there, quiet_s)
        return tuple(there)

    async def _ask_whether_it_is_there(
        self, channel: str, there: dict[tuple[str, str], None], quiet_s: float | None
    ) -> None:
        meta = {"domain": self._places.domain_of(channel), "channel": channel}

        def heard(answer: Any) -> bool:  # noqa: ANN401  # whatever the bus carries
            place = _place(answer)
            if place is None or self._places.find(*place) != channel:
                return False
            there[place] = None
            return True

        await self._ask("system.ping", heard, quiet_s=quiet_s, meta=meta)

    async def _ask_whoever_is_there(
        self, there: dict[tuple[str, str], None], quiet_s: float | None
    ) -> None:
        missing = set(self._places.names)

        def heard(answer: Any) -> bool:  # noqa: ANN401  # whatever the bus carries
            place = _place(answer)
            if place is not None:
                there[place] = None
                missing.discard(self._places.find(*place) or "")
            return quiet_s is None and not missing

        await self._ask("system.ping", heard, quiet_s=quiet_s)

    async def _confirmed(self, there: Sequence[tuple[str, str]]) -> dict[str, list[object]]:
        """The lists of our channels of which a robot's own memory says the same as its store.

        Robots don't say whose list they tell. So a stored list is believed if as many robots
        tell these names as have stored them: then none of them is another channel's.
        """
        told = await self._told(len(there)) if there else []
        stored: dict[tuple[str, str], list[object]] = {}
        for place in there if told else ():
            users = await self._stored(place[1])
            if users is not None:
                stored[place] = users
        tellers = Counter(map(_names, told))
        keepers = Counter(map(_names, stored.values()))
        return {
            channel: users
            for place, users in stored.items()
            if tellers[_names(users)] >= keepers[_names(users)]
            and (channel := self._places.find(*place)) is not None
        }

    async def _told(self, robots: int) -> list[list[object]]:
        """The lists in the memory of so many robots."""
        told: list[list[object]] = []

        def heard(answer: Any) -> bool:  # noqa: ANN401  # whatever the bus carries
            data = answer.get("data") if isinstance(answer, dict) else None
            users = data.get("userlist") if isinstance(data, dict) else None
            if isinstance(users, list):
                told.append(users)
            return len(told) >= robots

        await self._ask("state.userlist", heard)
        return told

    async def _stored(self, channel: str) -> list[object] | None:
        users = await self._robots.stored(channel, "userlist", "users")
        return users if isinstance(users, list) else None

    async def _ask(
        self,
        command: str,
        heard: Callable[[Any], bool],
        *,
        quiet_s: float | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> None:
        question: dict[str, Any] = {"service": "robot", "command": command}
        if meta is not None:
            question["meta"] = meta
        await self._robots.ask_all(
            _ROBOT_SUBJECT, question, heard, within_s=_WITHIN_S, quiet_s=quiet_s
        )


def _place(answer: Any) -> tuple[str, str] | None:  # noqa: ANN401  # whatever the bus carries
    """Domain and channel that an answer names; None if it names none, or has lost CyTube."""
    data = answer.get("data") if isinstance(answer, dict) else None
    place = data if isinstance(data, dict) else {}
    if place.get("cytube_connected") is False:
        return None
    domain, channel = place.get("domain"), place.get("channel")
    return (domain, channel) if isinstance(domain, str) and isinstance(channel, str) else None


def _names(users: list[object]) -> Names:
    entries = [user for user in users if isinstance(user, dict)]
    return frozenset(str(user.get("name", "")).lower() for user in entries)


_AFTER_OUTAGE_TRIES = 5
_CONFIRMED_TRIES = 3
_UNCONFIRMED_TRIES = 3


@dataclass(slots=True)
class _Want:
    """So many more tries to have a list confirmed, then perhaps without."""

    tries: int
    unconfirmed_then: bool


class WantedLists:
    """By channel; what is wanted already is not wanted anew."""

    def __init__(self) -> None:
        self._wanted: dict[str, _Want] = {}
        self._missing: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def want_stored(self, channel: str) -> None:
        """At the start nothing better is known than what the store says."""
        self._wanted[channel] = _Want(0, True)

    def want(self, channel: str) -> None:
        """Rather a confirmed list, else one from the store."""
        self._wanted.setdefault(channel, _Want(_CONFIRMED_TRIES, True))

    def want_confirmed(self, channel: str) -> None:
        """The store may be older than what is known: then that is kept."""
        self._wanted.setdefault(channel, _Want(_AFTER_OUTAGE_TRIES, False))

    def next(self) -> Mapping[str, bool]:
        """What to ask for now: the channels, True for those whose list must be confirmed."""
        return {channel: want.tries > 0 for channel, want in self._wanted.items()}

    def have(self, channel: str) -> None:
        """The channel has been told its list."""
        self._wanted.pop(channel, None)

    def missed(self, channel: str) -> bool:
        """Once more there was none; whether it is time to ask the robot's memory."""
        want = self._wanted.get(channel)
        if want is None:
            return False
        want.tries -= 1
        if want.tries > (-_UNCONFIRMED_TRIES if want.unconfirmed_then else 0):
            return False
        del self._wanted[channel]
        is_first = not self._missing
        self._missing.add(channel)
        return is_first

    def take_missing(self) -> set[str]:
        """The channels whose list the store did not give."""
        missing, self._missing = self._missing, set()
        return missing
