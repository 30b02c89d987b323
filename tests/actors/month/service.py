"""The real service living through a month on the virtual clock."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
from tests.actors.house import CHANNEL, House, house, settings_with
from tests.actors.month import events
from tests.actors.month.cases import Case

from economy_actors.messages.channel import (
    AfkChanged,
    BotSpoke,
    ChannelMessage,
    Joined,
    Left,
    Listed,
    ListedUser,
    MediaChanged,
    PrivateMessage,
    RoomStored,
    Said,
)
from kryten_economy.config import Settings
from kryten_economy.features.media.rules import Medium
from kryten_economy.ledger.books import Books

__all__ = ("live_through",)


async def live_through(
    case: Case,
    path: Path,
    feed: Iterable[events.Event],
    day_over: Callable[[events.DayOver], None],
) -> None:
    """Run the service on ``path`` from start to start; ``day_over`` is called between events."""
    settings = settings_with(timezone=case.zone, **case.terms)
    coming = iter(feed)
    with _seldom_collecting():
        for event in coming:
            match event:
                case events.Start():
                    await _one_life(path, settings, event, coming, day_over)
                case events.DayOver():
                    day_over(event)
                case other:
                    raise AssertionError(other)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """A month in a minute makes garbage so fast that looking for it costs a sixth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Stopped(Exception):  # noqa: N818 - not an error, but the way out of a running house
    """The service is gone."""


async def _one_life(
    path: Path,
    settings: Settings,
    start: events.Start,
    coming: Iterator[events.Event],
    day_over: Callable[[events.DayOver], None],
) -> None:
    disagreement: AssertionError | None = None
    try:
        async with house(
            path, settings, scheduled=True, start_ms=start.at_ms, books=_careless_books
        ) as h:
            try:
                await _events(h, coming, day_over)
            except AssertionError as wrong:
                disagreement = wrong
            # Out of here by an exception nothing is drained or stored any more.
            raise _Stopped
    except* _Stopped:
        pass
    if disagreement is not None:
        raise disagreement


async def _events(
    h: House, coming: Iterator[events.Event], day_over: Callable[[events.DayOver], None]
) -> None:
    """Tell what comes until a stop."""
    for event in coming:
        await anyio.sleep((event.at_ms - h.now_ms) / 1000)
        match event:
            case events.DayOver():
                day_over(event)
            case events.Stop(killed=killed):
                if not killed:
                    await h.system.stop(9)
                    assert h.now_ms == event.at_ms, "a stop takes no virtual time"
                return
            case _:
                h.channel.tell(_told(event))
                if len(h.heard) > 10_000:
                    h.heard.clear()


def _told(event: events.Event) -> ChannelMessage:  # noqa: PLR0911 - one word for each
    """The event in the words of the gateway."""
    match event:
        case events.In(at_ms, name, rank):
            return Joined(name, rank, False, at_ms)
        case events.Out(at_ms, name):
            return Left(name, at_ms)
        case events.Afk(_, name, afk):
            return AfkChanged(name, afk)
        case events.Say(at_ms, name, text):
            return Said(name, text, at_ms)
        case events.BotLine(_, text):
            return BotSpoke(text)
        case events.Like(at_ms, name):
            return PrivateMessage(name, "like", at_ms)
        case events.Media(at_ms, key, duration_s, begins):
            position_s = -3.0 if begins else 1.0
            return MediaChanged(Medium(key, key, duration_s), at_ms, position_s)
        case events.Room(_, emotes, item):
            return RoomStored(frozenset(emotes), None if item is None else Medium(item[0], *item))
        case events.AdHoc(at_ms, name, multiplier, minutes):
            return PrivateMessage(name, f"event start {multiplier} {minutes} Surprise", at_ms)
        case events.List(at_ms, users, stored):
            listed = tuple(ListedUser(each.name, each.rank, each.afk) for each in users)
            return Listed(listed, at_ms, stored)
        case other:
            raise AssertionError(f"{CHANNEL} does not hear of {other}")


def _careless_books(path: Path) -> Books:
    """Real books that do not wait for the disk: a stop here ends no machine."""
    books = Books.open(path)
    books._connection.pragma("synchronous", "OFF")
    return books
