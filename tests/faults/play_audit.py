"""Holds the rounds in a book file against what players were told, and against their own dice.

Each stake is captured with its prize or back with its owner, once; a round that was drawn before
the kill is paid by what was drawn then; what nobody goes on with is called off.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tests.faults.play_witness import Movement, Told

from kryten_economy.features.games.auction import PlaceBid
from kryten_economy.features.games.raffle import OpenRaffle
from kryten_economy.features.games.rules import GAMES, STAKE
from kryten_economy.features.games.tables import DrawRound
from kryten_economy.features.games.verifying import (
    SeedOfDay,
    Verdict,
    check,
    hash_of_day,
    round_record,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.operation import _OPERATIONS, Act

__all__ = ("OF_TABLES", "PLAYED", "RoundAudit", "bid_below", "net_wins", "prize_of")

PLAYED = frozenset(
    each
    for each in _OPERATIONS
    if issubclass(each, Act) and each.__module__.startswith("kryten_economy.features.games.")
)
"""Every act of the games."""

OF_TABLES = ("draw:", "finish:", "cancel:", "close:", "idle:", "leave:")
"""How the ids of acts begin that nobody of the crowd asks for, but the floor and its tables."""

_ROUNDS = "SELECT id, game, state, outcome, opened_at_ms, ends_at_ms FROM game_round ORDER BY id"
_HOLDS = """
    SELECT h.id, a.name, h.amount_z, h.state, h.captured_z, s.round_id
    FROM hold AS h JOIN account AS a ON a.id = h.account_id
    LEFT JOIN game_stake AS s ON s.hold_id = h.id WHERE h.purpose = 'game'
"""
_STAKES = """
    SELECT a.name, r.game, r.state, r.terms ->> 'mode', s.stake_z, s.payout_z, h.state
    FROM game_stake AS s JOIN account AS a ON a.id = s.account_id
    JOIN game_round AS r ON r.id = s.round_id LEFT JOIN hold AS h ON h.id = s.hold_id
"""
_DAYS = """
    SELECT a.name, d.game, d.rounds, d.staked_z, d.returned_z
    FROM game_day AS d JOIN account AS a ON a.id = d.account_id
    WHERE d.game <> '*' AND d.rounds + d.staked_z + d.returned_z > 0
"""
_STATS = """
    SELECT a.name, s.game, s.rounds, s.staked_z, s.paid_z
    FROM game_stats AS s JOIN account AS a ON a.id = s.account_id
"""
_PAYOUTS = """
    SELECT a.name, s.stake_z, s.payout_z, s.hold_id, h.amount_z FROM game_stake AS s
    JOIN account AS a ON a.id = s.account_id JOIN hold AS h ON h.id = s.hold_id
    WHERE s.round_id = ? AND h.state = 'captured'
"""
_PRIZE = "SELECT amount_z FROM hold WHERE id = ? AND state = 'captured'"


class _Round(NamedTuple):
    number: int
    game: str
    state: str
    outcome: str | None
    opened_at_ms: int
    ends_at_ms: int | None


class _Hold(NamedTuple):
    id: str
    owner: str
    amount_z: int
    state: str
    captured_z: int
    stake_of: int | None

    @property
    def number(self) -> int:
        return int(self.id.split(":")[1])

    @property
    def is_prize(self) -> bool:
        return self.id.endswith(":prize")


class _Stake(NamedTuple):
    name: str
    game: str
    state: str
    mode: str | None
    stake_z: int
    payout_z: int | None
    held: str | None

    @property
    def is_over(self) -> bool:
        """Whether it was played to its end."""
        return self.state == "settled" and self.held in {None, "captured"}


def _check(holds: bool, what: str, *about: object) -> None:
    if not holds:
        raise AssertionError(what, *about)


@dataclass(slots=True)
class RoundAudit:
    """What is known of the rounds of one file, over many runs of the service."""

    channel: str
    day: str
    seen: dict[int, _Round] = field(default_factory=dict)
    """At the last look."""
    left: set[int] = field(default_factory=set)
    """Not over at the last look."""
    hashes: dict[str, str] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    """When bets were closed, as somebody was told."""
    finished_late: int = 0
    called_off: int = 0

    def seeds_told(self, hashes: Mapping[str, str]) -> None:
        """The hash of a day's seed stays what it was once told."""
        for day, told in hashes.items():
            _check(self.hashes.setdefault(day, told) == told, "another seed", day)

    def bets_closed(self, number: int, ends_at_ms: int) -> None:
        """Bets on a prediction end no later than somebody was told."""
        self.ends[number] = min(ends_at_ms, self.ends.get(number, ends_at_ms))

    def examine(
        self,
        reports: Reports,
        moved_by: Mapping[str, list[Movement]],
        done: Iterable[tuple[Act[Any], Told]],
        *,
        resumed: bool,
        last: bool,
    ) -> None:
        """Everything about rounds; ``resumed``: the floor had seen to what was left before."""
        run = reports.connection.execute
        rounds = {row[0]: _Round._make(row) for row in run(_ROUNDS)}
        holds = [_Hold._make(row) for row in run(_HOLDS)]
        for hold in holds:
            _check_hold(hold, rounds[hold.number])
        for each in rounds.values():
            self._continues(each)
            _check_dice(reports, each, self.day)
            if (moved := moved_by.get(f"finish:{self.channel}:{each.number}")) is not None:
                _check_paid(reports, each, moved)
            if (moved := moved_by.get(f"cancel:{self.channel}:{each.number}")) is not None:
                _check_back(each, moved, holds)
        for request, words in done:
            if isinstance(request, DrawRound):
                self._is_as_drawn(rounds[request.number], words)
        if resumed:
            self._past_is_settled(rounds, last=last)
        _check_counts(reports)
        for day, told in self.hashes.items():
            _check(hash_of_day(reports, self.channel, day) == told, "another seed", day)
        self.seen = rounds
        self.left = {each.number for each in rounds.values() if each.state in {"open", "drawn"}}

    def _continues(self, now: _Round) -> None:
        before = self.seen.get(now.number)
        if before is None:
            return
        _check(now.game == before.game, "another game", before, now)
        if before.state in {"settled", "cancelled"}:
            _check(now == before, "a round that was over has changed", before, now)
        if before.outcome is not None:
            _check(now.outcome == before.outcome, "drawn again", before, now)
            _check(now.state != "cancelled", "called off though drawn", before, now)
        if (end_ms := self.ends.get(now.number)) is not None:
            closed = now.ends_at_ms is not None and now.ends_at_ms <= end_ms
            _check(closed, "bets go on", now, end_ms)

    def _is_as_drawn(self, now: _Round, words: Told) -> None:
        _check(now.outcome is not None, "a told outcome is gone", now, words)
        _check(json.loads(now.outcome or "") == words[3], "another outcome", now, words)
        _check(now.state in {"drawn", "settled"}, "called off though drawn", now)

    def _past_is_settled(self, rounds: Mapping[int, _Round], *, last: bool) -> None:
        """What was left before this run: drawn is paid, the rest called off, unless it goes on."""
        for number in self.left:
            before, now = self.seen[number], rounds[number]
            if GAMES[now.game].resumes and not last:
                continue
            over = now.state in {"settled", "cancelled"}
            _check(over, "a round outlived its time", before, now)
            self.finished_late += before.state == "drawn"
            self.called_off += now.state == "cancelled"


def _check_hold(hold: _Hold, known: _Round) -> None:
    """A stake lies in escrow until the end of its round, then all of it goes one way."""
    counts = hold.is_prize or hold.stake_of == known.number
    allowed = {
        "open": {"open", "released"},
        "drawn": {"open", "released"},
        "settled": {"captured"} if hold.is_prize else {"captured", "released"},
        "cancelled": {"released"},
    }[known.state]
    _check(hold.state in (allowed if counts else {"released"}), "a stake", hold, known)
    whole = hold.amount_z if hold.state == "captured" else 0
    _check(hold.captured_z == whole, "a part of a stake", hold, known)


def _check_dice(reports: Reports, known: _Round, day: str) -> None:
    """The outcome and the payouts are what the seed of the day says."""
    record = round_record(reports, known.number, day)
    assert record is not None, known
    [(seed,)] = reports.connection.execute("SELECT seed FROM fair_seed WHERE day = ?", (day,))
    told = SeedOfDay(day, "", seed)
    wanted = {"open": Verdict.WAITING, "cancelled": Verdict.CANCELLED}
    verdict = check(replace(record, seed=told))
    if known.game != "auction":
        # What a purchase pays is no matter of dice.
        _check(verdict.verdict is wanted.get(known.state, Verdict.TRUE), "dice", known, verdict)


def _check_paid(reports: Reports, known: _Round, moved: list[Movement]) -> None:
    """The act that settles takes every stake and pays every prize, in one transaction."""
    wanted: Counter[tuple[str, str, int]] = Counter()
    for name, _, payout_z, _, held_z in reports.connection.execute(_PAYOUTS, (known.number,)):
        wanted["=escrow", "=house", held_z] += 1
        if payout_z:
            wanted["=house", name, payout_z] += 1
    prize_id = f"game:{known.number}:prize"
    for (prize_z,) in reports.connection.execute(_PRIZE, (prize_id,)):
        wanted["=escrow", "=house", prize_z] += 1
    _check(Counter(each[:3] for each in moved) == wanted, "paid otherwise", known, moved)


def _check_back(known: _Round, moved: list[Movement], holds: list[_Hold]) -> None:
    """The act that calls off gives back what was staked, to whom it belongs."""
    _check(known.state == "cancelled", "called off, but goes on", known)
    theirs = Counter(
        ("=escrow", each.owner, each.amount_z) for each in holds if each.number == known.number
    )
    _check(Counter(each[:3] for each in moved) <= theirs, "given back otherwise", known, moved)


def _check_counts(reports: Reports) -> None:
    """What counts toward limits and in statistics follows from the stakes, each counted once."""
    days: dict[tuple[str, str], list[int]] = {}
    stats: dict[tuple[str, str], list[int]] = {}
    for row in reports.connection.execute(_STAKES):
        stake = _Stake._make(row)
        key = (stake.name, stake.game)
        if GAMES[stake.game].held_as != STAKE:
            continue
        counted = days.setdefault(key, [0, 0, 0])
        if stake.held != "released" and (stake.held or stake.stake_z):
            counted[0] += 1
            counted[1] += stake.stake_z
        if stake.is_over:
            counted[2] += stake.payout_z or 0
            own = stats.setdefault(key, [0, 0, 0])
            for place, more in enumerate((1, stake.stake_z, stake.payout_z or 0)):
                own[place] += more
    found = {(name, game): each for name, game, *each in reports.connection.execute(_DAYS)}
    _check(found == {key: each for key, each in days.items() if any(each)}, "days", found, days)
    known = {(name, game): each for name, game, *each in reports.connection.execute(_STATS)}
    _check(known == stats, "statistics", known, stats)


def net_wins(reports: Reports) -> Counter[str]:
    """What everybody has won of the house beyond their stakes, which counts as earned."""
    won: Counter[str] = Counter()
    for row in reports.connection.execute(_STAKES):
        stake = _Stake._make(row)
        among = GAMES[stake.game].among_players or stake.mode == "pool"
        if stake.is_over and not among:
            won[stake.name] += max(0, (stake.payout_z or 0) - stake.stake_z)
    return won


def prize_of(done: Iterable[tuple[Act[Any], Told]], number: int) -> int:
    """What somebody has added to a raffle."""
    for request, words in done:
        if isinstance(request, OpenRaffle) and words[2] == number and request.giver is not None:
            return int(json.loads(request.terms)["prize_z"])
    return 0


def bid_below(bids: Iterable[Act[Any]], bid: PlaceBid) -> tuple[str, int] | None:
    """The bid that a bid has beaten: the next lower one, as each has to be higher."""
    lower = [
        (each.amount_z, each.user.name)
        for each in bids
        if isinstance(each, PlaceBid) and each.number == bid.number and each.amount_z < bid.amount_z
    ]
    if not lower:
        return None
    amount_z, name = max(lower)
    return name, amount_z
