"""Plays the script to a service that is stopped and started as often as one likes."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import anyio
import anyio.lowlevel
import apsw
from tests.actors.api.helpers import spawn
from tests.actors.house import CHANNEL, MINUTE_MS, House, house
from tests.actors.presence.helpers import UNPAID
from tests.actors.restarts.script import (
    BEGIN_MS,
    BORDERS,
    END_MS,
    FILMS_S,
    HERE,
    SCRIPT,
    SETTINGS,
    Deed,
)

from economy_actors.channel.messages import (
    BotSpoke,
    Joined,
    Left,
    Listed,
    ListedUser,
    MediaChanged,
    PrivateMessage,
    RankChanged,
    Said,
)
from economy_actors.gateway.messages import GiveRank
from economy_actors.outbox.message import Line, Pm, Priority
from economy_actors.runtime import Actor
from kryten_economy.calendar import day_before
from kryten_economy.features.events.rules import PLAIN
from kryten_economy.features.media.rules import Medium
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.presence.minutes import EarningTerms
from kryten_economy.features.presence.operations import (
    BASE,
    Arrive,
    Depart,
    PresenceEntry,
    PresenceMinute,
)
from kryten_economy.features.presence.texts import welcome
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.features.ranks.texts import level_given
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.streaks.operations import QualifyDay
from kryten_economy.features.streaks.rules import StreakTerms
from kryten_economy.ledger.books import Books
from kryten_economy.users import UserKey

__all__ = ("OWED", "Outcome", "Stop", "books_before", "play", "stops_of")

_DAY = "2026-11-20"
_TERMS = EarningTerms(SETTINGS, Ladder(SETTINGS.ranks.tiers), PLAIN)
_DAY_MS = 24 * 60 * MINUTE_MS
_ROWS = """
    SELECT username, type, trigger_id, amount, related_user, date(created_at)
    FROM transactions
    WHERE created_at_ms > ? AND trigger_id <> 'presence.base'
"""
_STATE = """
    SELECT a.display_name, a.rank_name, a.cytube_level, sum(d.minutes_present)
    FROM account AS a JOIN daily_activity AS d ON d.account_id = a.id
    WHERE a.kind = 'wallet' GROUP BY a.id
"""


_WELCOME = welcome(
    SETTINGS.onboarding.welcome_message,
    SETTINGS.onboarding.welcome_wallet,
    currency_variables(SETTINGS.currency),
)
_LEVEL = level_given(2)
OWED = {_WELCOME, _LEVEL}
"""What the books keep until it is told."""


class Stop(NamedTuple):
    """The service stops ``steps`` turns of the loop after an instant, for ``down_ms``."""

    at_ms: int
    steps: int
    is_kill: bool
    down_ms: int


def stops_of(dice: Random, *, kill: bool | None = None) -> list[Stop]:
    """One to four stops, most of them where something happens; ``kill`` None mixes both kinds."""
    instants = [deed.at_ms for deed in SCRIPT]
    chosen = [
        dice.choice(
            (
                dice.choice(instants),
                dice.choice(BORDERS),
                dice.randrange(BEGIN_MS + 1, END_MS - 5 * MINUTE_MS),
            )
        )
        for _ in range(dice.randint(1, 4))
    ]
    return [
        Stop(
            at_ms,
            dice.randrange(50),
            dice.random() < 0.7 if kill is None else kill,
            dice.choice((1, 1, 900, 4_000, 35_000)),
        )
        for at_ms in sorted(chosen)
    ]


@dataclass(slots=True)
class Outcome:
    """What an evening has brought."""

    rows: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    """Ledger rows but for the minutes: user, type, trigger, Z, related user, day."""
    state: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    """Rank, CyTube level and minutes by user."""
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Receiver ("" is everybody) and text of what was handed to the outbox, but for replies."""
    torn: set[str] = field(default_factory=set)
    """The scenes that a stop came into."""

    def ranks(self) -> dict[str, str]:
        """The rank of each user."""
        return {name: rank for name, (rank, _, _) in self.state.items()}

    def told_twice(self) -> set[tuple[str, str]]:
        """Texts that somebody was told more than once."""
        return {each for each, count in self.told.items() if count > 1}

    def never_told(self) -> set[str]:
        """Who got a welcome wallet or a CyTube level, and no word about it."""
        welcomed = {row[0] for row in self.rows if row[2] == "onboarding.wallet"}
        given = {name for name, (_, level, _) in self.state.items() if level == 2}
        heard = {text: {to for to, told in self.told if told == text} for text in OWED}
        return (welcomed - heard[_WELCOME]) | (given - heard[_LEVEL])

    def minutes_lost(self, reference: "Outcome") -> int:
        """How many minutes fewer than in the reference were counted, of whom it is most."""
        lost = [reference.state[name][2] - minutes for name, (_, _, minutes) in self.state.items()]
        assert min(lost) >= 0, "more minutes than there were"
        return max(lost)


def books_before(path: Path) -> None:
    """Books in which the days before have left something to reach tonight."""
    books = Books.open(path)
    try:
        for name, minutes, streak in (("Alice", 110, 6), ("Bob", 0, 28), ("Erin", 0, 0)):
            user = UserKey.of(CHANNEL, name)
            entry = PresenceEntry(user.name, name, minutes, 0)
            requests: list[Any] = [
                PresenceMinute(
                    f"before:{name}", CHANNEL, BEGIN_MS - 1, _DAY, (entry,), UNPAID, _TERMS
                )
            ]
            if streak:
                requests.append(_coins_before(user, 1000))
            day, days = _DAY, list[str]()
            for _ in range(streak):
                day = day_before(day)
                days.append(day)
            nothing = StreakTerms((), 0, 0)
            requests += [
                QualifyDay(f"q:{name}:{each}", user, BEGIN_MS - 1, each, nothing, None)
                for each in reversed(days)
            ]
            books.commit(requests)
        long_ago_ms, grace = BEGIN_MS - 20 * _DAY_MS, UserKey.of(CHANNEL, "Grace")
        day = "2026-10-31"
        books.commit([Arrive("g", grace, "Grace", long_ago_ms, day, True, 100)])
        books.commit([Depart(CHANNEL, (grace.name,), BEGIN_MS - 10 * _DAY_MS)])
    finally:
        books.close()


def _coins_before(user: UserKey, amount_z: int) -> Credit:
    """What minutes of before have earned."""
    return Credit(
        f"coins:{user.name}", user, amount_z, "earn", BASE, "Presence", BEGIN_MS - 1, _DAY
    )


class _Robot(Actor[Any]):
    """Stands where the gateway stands; gives the ranks it is asked for."""

    def __init__(self, give: Callable[[GiveRank], None]) -> None:
        self._give = give

    async def receive(self, message: Any) -> None:
        if isinstance(message, GiveRank):
            self._give(message)


class _Town:
    """The people, who outlive every service: who is here, and what they have done so far."""

    def __init__(self) -> None:
        self.here = dict(HERE)
        self.ranks = dict(HERE)
        self.to_do = deque(SCRIPT)
        self.done: list[tuple[Deed, int]] = []
        self._lines: dict[str, list[Deed]] = {}
        self._unanswered: list[Deed] = []
        self._number = 0

    def move_in(self, h: House) -> None:
        """A service has started: it reads who is here."""
        h.world.gateway = spawn(h, "gateway", lambda: _Robot(lambda ask: self._give(h, ask)))
        users = tuple(ListedUser(name, rank, None) for name, rank in self.here.items())
        h.channel.tell(Listed(users, h.now_ms, stored=True))

    def _give(self, h: House, ask: GiveRank) -> None:
        self.ranks[ask.name] = self.here[ask.name] = ask.rank
        h.channel.tell(RankChanged(ask.name, ask.rank))

    async def live(self, h: House, until_ms: int) -> None:
        """Do what stands in the script before an instant, and wait for it."""
        while self.to_do and self.to_do[0].at_ms < until_ms:
            await _sleep_until(h, self.to_do[0].at_ms)
            self.do_next(h)
            # No time passes while anything is under way.
            await anyio.sleep(0.001)
            self._unanswered.clear()
        await _sleep_until(h, until_ms)

    def do_next(self, h: House) -> None:
        """The next deed of the script."""
        deed, at_ms = self.to_do.popleft(), h.now_ms
        self.done.append((deed, at_ms))
        self._number += 1
        trace = f"deed-{self._number}"
        match deed:
            case Deed(kind="says", who=who, what=text):
                self._lines.setdefault(who, []).append(deed)
                h.channel.tell(Said(who, text, at_ms), trace=trace)
            case Deed(kind="asks", who=who, what=text):
                self._unanswered.append(deed)
                h.channel.tell(PrivateMessage(who, text, at_ms), trace=trace)
            case Deed(kind="bot says", what=text):
                h.channel.tell(BotSpoke(text), trace=trace)
            case Deed(kind="plays", what=item):
                h.channel.tell(MediaChanged(Medium(item, item, FILMS_S[item]), at_ms), trace=trace)
            case Deed(kind="joins", who=who):
                self.here[who] = self.ranks.setdefault(who, 1.0)
                h.channel.tell(Joined(who, 1, False, at_ms), trace=trace)
                h.channel.tell(RankChanged(who, self.ranks[who]))
            case Deed(kind="leaves", who=who):
                del self.here[who]
                h.channel.tell(Left(who, at_ms), trace=trace)
            case _:
                raise AssertionError(deed)

    def see(self, path: Path, heard: Sequence[Any], *, was_killed: bool) -> None:
        """The service is gone: what it has not taken is done again when it is back.

        A clean stop takes everything.
        """
        lost = list(self._lost_lines(path))
        answered = {each.to for each in heard if _is_reply(each)}
        lost += [deed for deed in self._unanswered if deed.who not in answered]
        self._unanswered.clear()
        assert was_killed or not lost, lost
        for deed in lost:
            self.done = [each for each in self.done if each[0] is not deed]
        self.to_do.extendleft(sorted(lost, reverse=True))

    def _lost_lines(self, path: Path) -> Sequence[Deed]:
        found: list[Deed] = []
        reports = Reports.open(path)
        try:
            for who, deeds in self._lines.items():
                wallet = reports.wallet(UserKey.of(CHANNEL, who), _DAY)
                taken = 0 if wallet is None else wallet.lifetime_messages
                assert taken <= len(deeds), (who, taken)
                found += deeds[taken:]
                del deeds[taken:]
        finally:
            reports.close()
        return found

    def torn(self, at_ms: int) -> set[str]:
        """The scenes that had begun and were not over: the last deed counts as being done."""
        begun = {deed.scene for deed, _ in self.done}
        waiting = {deed.scene for deed in self.to_do}
        just_done = {deed.scene for deed, done_ms in self.done if done_ms == at_ms}
        return (begun & waiting | just_done) - {""}


async def play(folder: Path, before: Path, stops: Sequence[Stop]) -> Outcome:
    """The whole evening, with these stops in it; ``before`` stays as it is."""
    town, outcome, now_ms = _Town(), Outcome(), BEGIN_MS
    path = _room_for(folder)
    _copy(before, path)
    for number, stop in enumerate(stops):
        async with house(path, SETTINGS, scheduled=True, start_ms=now_ms) as h:
            town.move_in(h)
            await town.live(h, max(now_ms, stop.at_ms))
            while town.to_do and town.to_do[0].at_ms <= stop.at_ms:
                town.do_next(h)
            for _ in range(stop.steps):
                await anyio.lowlevel.checkpoint()
            now_ms = h.now_ms
            outcome.torn |= town.torn(now_ms)
            if stop.is_kill:
                path = folder / f"{number + 1}.db"
                _copy(h.path, path)
                heard = list(h.heard)
        if not stop.is_kill:
            now_ms, heard = h.now_ms, h.heard
        _hear(outcome, heard)
        town.see(path, heard, was_killed=stop.is_kill)
        now_ms += stop.down_ms
    async with house(path, SETTINGS, scheduled=True, start_ms=now_ms) as h:
        town.move_in(h)
        await town.live(h, END_MS)
    _hear(outcome, h.heard)
    _read(outcome, path)
    return outcome


def _room_for(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder / "0.db"


async def _sleep_until(h: House, at_ms: int) -> None:
    await anyio.sleep(max(0, at_ms - h.now_ms) / 1000)


def _copy(source: Path, target: Path) -> None:
    """What is committed at this moment, as a disk would keep it."""
    with closing(apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def _is_reply(message: object) -> bool:
    return isinstance(message, Pm) and message.priority is Priority.REPLY


def _hear(outcome: Outcome, heard: Sequence[Any]) -> None:
    for each in heard:
        if isinstance(each, Line):
            outcome.told[("", each.text)] += 1
        elif isinstance(each, Pm) and not _is_reply(each):
            outcome.told[(each.to, each.text)] += 1


def _read(outcome: Outcome, path: Path) -> None:
    reports = Reports.open(path)
    try:
        rows: list[Any] = list(reports.connection.execute(_ROWS, (BEGIN_MS - MINUTE_MS,)))
        outcome.rows.update(tuple(row) for row in rows)
        states: list[Any] = list(reports.connection.execute(_STATE))
        outcome.state.update((name, tuple(rest)) for name, *rest in states)
    finally:
        reports.close()
