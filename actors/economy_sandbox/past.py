"""The demo channel's past: who has been there on which days, written into its books beforehand.

Promises: only what a service of that time would have asked of the books, with the money of the
given settings; nothing lies in the future. So streaks, bridges, welcomes and yesterday's
competitions have something to go on from. Limits: nobody played, tipped or shopped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kryten_economy.calendar import Calendar, day_before
from kryten_economy.config import Settings
from kryten_economy.features.achievements import Award
from kryten_economy.features.events.rules import PLAIN
from kryten_economy.features.presence.minutes import EarningTerms, MinuteRate
from kryten_economy.features.presence.operations import (
    Arrive,
    Depart,
    PresenceEntry,
    PresenceMinute,
    RecordActivity,
)
from kryten_economy.features.presence.rules import MINUTE_MS
from kryten_economy.features.ranks.operations import StoreRank
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.features.streaks.operations import QualifyDay
from kryten_economy.features.streaks.rules import is_weekend, terms
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Failed, Request
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("PAST", "Stay", "write_past")

_EVENING_MS = 20 * 60 * MINUTE_MS
_STAYED_MINUTES = 25


@dataclass(frozen=True, slots=True)
class Stay:
    """When somebody was here: ``days`` ago, and ``minutes`` of today, until a while ago.

    ``is_bridging`` adds the last day of the other kind, weekend or weekday, so that being here
    today crosses the bridge. ``messages`` and ``gifs`` were posted on each of the days.
    """

    name: str
    days: tuple[int, ...] = ()
    minutes: int = 0
    messages: int = 9
    gifs: int = 0
    is_bridging: bool = False


PAST = (
    Stay("Mara", (6, 5, 4, 3, 2, 1), messages=34),
    Stay("Pixel-9", (1,), minutes=58, messages=21, gifs=6),
    Stay("nightowl", (3, 2, 1), messages=12),
    Stay("BananaJoe", (1,), messages=61),
    Stay("Vex", (1,), messages=52),
    Stay("lucky7", (5, 1)),
    Stay("Quiet-Kay", (4,), messages=1),
    Stay("hal-2001", (2, 1), minutes=30),
    Stay("old_tom", (9,), messages=17),
    Stay("Knut", is_bridging=True),
)
"""Whoever else comes to the demo is new."""

_AWAY_MINUTES = 15
"""Who was here today has left so long ago: this evening of theirs begins with the demo."""


def write_past(settings: Settings, channel: str, now_ms: int) -> None:
    """Make the books of ``settings``, with `PAST` in them; ``now_ms`` is UTC epoch milliseconds."""
    books = Books.open(Path(settings.database.path))
    try:
        past = _Past(settings, channel, now_ms)
        _commit(books, list(past.requests()))
        _commit(books, list(past.awards(past.wallets(books))))
        _commit(books, list(past.ranks(past.wallets(books))))
    finally:
        books.close()


def _commit(books: Books, requests: Sequence[Request[Any]]) -> list[object]:
    answers = []
    for answer in books.commit(requests).answers:
        assert not isinstance(answer, Failed), answer
        answers.append(answer)
    return answers


class _Past:
    def __init__(self, settings: Settings, channel: str, now_ms: int) -> None:
        self._settings = settings
        self._channel = channel
        self._now_ms = now_ms
        self._calendar = Calendar(settings.timezone)
        self._today = self._calendar.day(now_ms)

    def requests(self) -> Iterator[Request[Any]]:
        """All that happened, in its order."""
        for ago in range(max(max(self._days(stay), default=0) for stay in PAST), 0, -1):
            here = [stay for stay in PAST if ago in self._days(stay)]
            day = self._day(ago)
            yield from self._evening(day, self._calendar.day_start_ms(day) + _EVENING_MS, here)
        yield from self._earlier_today()

    def wallets(self, books: Books) -> Iterator[Wallet]:
        """What has come of everybody."""
        for stay in PAST:
            user = UserKey.of(self._channel, stay.name)
            looked = RecordActivity(user, stay.name, self._now_ms, self._today)
            (wallet,) = _commit(books, [looked])
            assert isinstance(wallet, Wallet), wallet
            yield wallet

    def awards(self, wallets: Iterable[Wallet]) -> Iterator[Request[Any]]:
        """The achievements that so many words and coins have brought."""
        for wallet in wallets:
            reached = {
                "lifetime_messages": wallet.lifetime_messages,
                "lifetime_earned": wallet.lifetime_earned_z,
            }
            for each in self._settings.achievements:
                if reached.get(each.condition.type, -1) >= each.condition.threshold:
                    yield Award(
                        op_id=f"achievement:{self._channel}:{wallet.user.name}:{each.id}",
                        user=wallet.user,
                        achievement_id=each.id,
                        description=each.description,
                        reward_z=each.reward,
                        reward_percent=each.reward_percent_of_earnings,
                        at_ms=wallet.last_seen_ms,
                        day=self._calendar.day(wallet.last_seen_ms),
                    )

    def ranks(self, wallets: Iterable[Wallet]) -> Iterator[Request[Any]]:
        """The ranks that so much earning has brought."""
        ladder = Ladder(self._settings.ranks.tiers)
        for wallet in wallets:
            step = ladder.step(wallet.rank_name, wallet.lifetime_earned_z)
            if step is not None:
                yield StoreRank(
                    user=wallet.user,
                    rank_name=step.name,
                    was_name=wallet.rank_name,
                    was_held_from_z=None,
                    promoted=True,
                    at_ms=self._now_ms,
                    day=self._today,
                )

    def _day(self, ago: int) -> str:
        day = self._today
        for _ in range(ago):
            day = day_before(day)
        return day

    def _days(self, stay: Stay) -> tuple[int, ...]:
        if not stay.is_bridging:
            return stay.days
        now = is_weekend(self._today)
        other = next(ago for ago in range(1, 8) if is_weekend(self._day(ago)) is not now)
        return (*stay.days, other)

    def _evening(self, day: str, at_ms: int, here: Sequence[Stay]) -> Iterator[Request[Any]]:
        """An evening of these, until it ended."""
        for stay in here:
            yield self._arrival(stay, day, at_ms)
        yield self._minutes(day, at_ms, [(stay, _STAYED_MINUTES) for stay in here])
        for stay in here:
            yield self._qualified(stay, day, at_ms)
            yield RecordActivity(
                user=UserKey.of(self._channel, stay.name),
                display_name=stay.name,
                at_ms=at_ms,
                day=day,
                messages=stay.messages,
                gifs_posted=stay.gifs,
                chatted=True,
            )
        yield self._departure(here, at_ms + _STAYED_MINUTES * MINUTE_MS)

    def _earlier_today(self) -> Iterator[Request[Any]]:
        """The minutes of today, as far as the day is old enough for them."""
        until_ms = self._now_ms - _AWAY_MINUTES * MINUTE_MS
        passed = (until_ms - self._calendar.day_start_ms(self._today)) // MINUTE_MS
        here = [stay for stay in PAST if stay.minutes]
        if passed > 0:
            shares = [(stay, min(stay.minutes, passed)) for stay in here]
            yield self._minutes(self._today, until_ms, shares)
            for stay in here:
                yield self._qualified(stay, self._today, until_ms)
            yield self._departure(here, until_ms)

    def _arrival(self, stay: Stay, day: str, at_ms: int) -> Request[Any]:
        return Arrive(
            op_id=f"arrive:{self._channel}:{stay.name.lower()}:{at_ms}",
            user=UserKey.of(self._channel, stay.name),
            display_name=stay.name,
            at_ms=at_ms,
            day=day,
            welcome_wallet_z=self._settings.onboarding.welcome_wallet,
        )

    def _qualified(self, stay: Stay, day: str, at_ms: int) -> Request[Any]:
        streaks = self._settings.streaks
        return QualifyDay(
            op_id=f"qualify:{self._channel}:{stay.name.lower()}:{day}",
            user=UserKey.of(self._channel, stay.name),
            at_ms=at_ms,
            day=day,
            streak=terms(streaks.daily),
            bridge_z=streaks.weekend_weekday_bridge.bonus if stay.is_bridging else None,
        )

    def _minutes(self, day: str, at_ms: int, shares: Sequence[tuple[Stay, int]]) -> Request[Any]:
        entries = [
            PresenceEntry(stay.name.lower(), stay.name, minutes, minutes)
            for stay, minutes in shares
        ]
        op_id = f"presence:{self._channel}:{at_ms // MINUTE_MS}"
        rate = MinuteRate(base=1, active_bonus=0, night_factor=1.0, night_bonus=0)
        terms_ = EarningTerms(self._settings, Ladder(self._settings.ranks.tiers), PLAIN)
        return PresenceMinute(op_id, self._channel, at_ms, day, tuple(entries), rate, terms_)

    def _departure(self, here: Sequence[Stay], at_ms: int) -> Request[Any]:
        return Depart(self._channel, tuple(stay.name.lower() for stay in here), at_ms, self._today)
