"""What is said and shown while they are there, thrown with dice."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from tests.actors.month.cases import Case
from tests.actors.month.events import AdHoc, BotLine, Event, Like, Media, Say
from tests.actors.month.people import BOSS, MINUTE_MS, Regular, quiet_minute

__all__ = ("EMOTES", "talk")

EMOTES = ("Kappa", "FeelsGood", ":wave:", "PogChamp")
_PLAIN = ("hi there", "what is this", "nice scene", "brb", "so good Kappa", "FeelsGood FeelsGood")
_MORE = (":wave: everybody", "kappa", "PogChamp!", "PogChamp Kappa")
_LONG = "this is by far the longest thing that anybody has said today"
_LAUGHS = ("lol", "hahaha", "rofl dude", "😂", "kek")
_GIF = "https://pictures.example/cat.gif"
_CHANCE = 0.06
"""How likely a minute with somebody in it hears a line."""


class _Room:
    """Who is there for the whole of a minute."""

    def __init__(self, people: Sequence[Regular]) -> None:
        steps = [
            (minute, is_in, person)
            for person in people
            for visit in person.visits
            for minute, is_in in (
                (visit.in_ms // MINUTE_MS + 1, True),
                (visit.out_ms // MINUTE_MS, False),
            )
        ]
        self._steps = sorted(steps, key=lambda step: (step[0], step[1], step[2].place))
        self._done = 0
        self.here: dict[str, Regular] = {}

    def move(self, minute: int) -> list[Regular]:
        """Go on to a minute; who has come in the minute before."""
        came = []
        while self._done < len(self._steps) and self._steps[self._done][0] <= minute:
            _, is_in, person = self._steps[self._done]
            self._done += 1
            if is_in:
                self.here[person.name] = person
                came.append(person)
            else:
                self.here.pop(person.name, None)
        return came


def talk(case: Case, people: Sequence[Regular], dice: Random) -> Iterator[Event]:
    """All lines, likes, items and operator's events of the month."""
    room, zone = _Room(people), ZoneInfo(case.zone)
    first = min(visit.in_ms for person in people for visit in person.visits) // MINUTE_MS
    last = max(visit.out_ms for person in people for visit in person.visits) // MINUTE_MS
    next_item, shown = first + 1, 0
    for minute in range(first, last):
        came = room.move(minute)
        wall = datetime.fromtimestamp(minute * 60, zone)
        if quiet_minute(wall):
            continue
        at_ms = minute * MINUTE_MS
        here = sorted(room.here.values(), key=lambda person: person.place)
        changes = minute >= next_item
        if changes:
            shown += 1
            item = Media(at_ms + 15_000, f"yt:{shown}", dice.choice((0, 3000, 5400)))
            yield item
            if dice.random() < 0.1:
                yield Media(at_ms + 16_000, item.key, item.duration_s)
            length = item.duration_s // 60 or 40
            next_item = minute + dice.choice((length + 1, length + 1, length // 2))
        if not here:
            continue
        if dice.random() < (0.5 if changes else _CHANCE):
            yield from _scene(here, at_ms + 20_000, dice)
        if came and dice.random() < 0.3:
            # Up to a minute after the coming greetings are paid, later ones are not.
            late_ms = dice.choice((3_000, 3_000, 34_000))
            yield from _welcome(here, came[0], at_ms + late_ms, dice)
        if dice.random() < 0.01:
            fan = dice.choice(here)
            yield Like(at_ms + 40_000 + fan.place * 4, fan.name)
        if any(person.name == BOSS for person in here) and dice.random() < 0.04:
            yield AdHoc(at_ms + 50_000, BOSS, dice.choice(("2", "1.5", "3")), dice.randint(5, 90))


def _scene(here: Sequence[Regular], at_ms: int, dice: Random) -> Iterator[Event]:
    """Somebody says something, and perhaps somebody answers; seconds 20 to 33 of a minute."""
    speaker, other = dice.choice(here), dice.choice(here)
    kind = dice.randrange(8)
    text = {
        0: _LONG,
        1: f"thanks {other.name}++ for that",
        2: f"{other.name.lower()}, did you see?",
        3: f"{_GIF} {_LONG}",
        4: "zcoinbot who made this film",
        5: dice.choice((*_LAUGHS, *_MORE)),
    }.get(kind, dice.choice(_PLAIN))
    yield Say(at_ms + speaker.place * 4, speaker.name, text)
    if kind == 4:
        yield BotLine(at_ms + 2_000, "It was made by a committee.")
    elif kind >= 6:
        for step, laugher in enumerate(dice.sample(here, min(len(here), dice.randrange(5)))):
            laugh_ms = at_ms + (step + 3) * 2_000 + laugher.place * 4
            yield Say(laugh_ms, laugher.name, dice.choice(_LAUGHS))


def _welcome(here: Sequence[Regular], guest: Regular, at_ms: int, dice: Random) -> Iterator[Event]:
    """Two greet somebody who came in the minute before; the first is paid, if the other is new."""
    greeters = [person for person in here if person is not guest]
    for step, greeter in enumerate(dice.sample(greeters, min(2, len(greeters)))):
        text = f"welcome {guest.name}"
        yield Say(at_ms + step * 1_000 + greeter.place * 4, greeter.name, text)
