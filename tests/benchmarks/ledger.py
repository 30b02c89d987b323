"""The books alone: 100 askers at once, each waiting for the commit before it asks again.

Each kind of operation by itself, and all kinds mixed, games among them: none may slow another.

In this process, without a bus: the ledger actor with its own thread, on a real file, with
``synchronous=FULL``. Askers are tasks beside the actors, so each ask pays for its task switches.
"""

import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import anyio
from tests.benchmarks.spread import percentile

from economy_actors.ledger import LEDGER_MAILBOX, Ledger, books_at
from economy_actors.messages.ledger import LedgerMessage, commit
from economy_actors.metrics.metrics import Metrics
from economy_actors.runtime import Ref, open_system
from kryten_economy.config import Settings
from kryten_economy.features.games import raffle, slots
from kryten_economy.features.games.slots import Spin, Spun
from kryten_economy.features.games.tables import (
    Drawn,
    DrawRound,
    Finished,
    FinishRound,
    Joined,
    JoinRound,
    Opened,
    OpenRound,
)
from kryten_economy.features.money.operations import Credit, Posted
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.features.tips import Tip, Tipped
from kryten_economy.ledger.holds import Captured, CaptureHold, Held, PlaceHold
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("ACTS", "MIXED", "LedgerRound", "expected_per_s", "ledger_rounds", "slowdown")

_ASKERS = 100
_USERS = 1_000
_STRIDE = 389
"""Has no divisor in common with ``_USERS``."""
_CHANNEL = "bench00"
_AT_MS = 1_795_168_800_000
_DAY = "2026-11-20"
_PURSE_Z = 1_000_000
_DONE = (Posted, Tipped, Wallet, Held, Captured, Spun, Opened, Joined, Drawn, Finished)
_HOUR_MS = 3_600_000
_CREW = 3
_SEED = "5e" * 32
_SETTINGS = Settings.model_validate(
    {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": _CHANNEL}],
    }
)
_SLOTS = slots.table_of(_SETTINGS.gambling.spin.payouts)
_SPINS = slots.terms_of(_SETTINGS)._replace(min_age_ms=0, cooldown_ms=0, daily_rounds=0)
_RAFFLE = raffle.round_terms(_SETTINGS, window_s=60, price_z=2, prize_z=0, opener="")
_TICKETS = raffle.limits_of(_RAFFLE, _SETTINGS)._replace(min_age_ms=0)


@dataclass(frozen=True, slots=True)
class LedgerRound:
    """One round of one kind of request, or of several; then ``kinds_p99_ms`` tells them apart."""

    operations: int
    operations_per_s: float
    p50_ms: float
    p99_ms: float
    kinds_p99_ms: Mapping[str, float] = field(default_factory=dict)


def _user(number: int) -> UserKey:
    """Who acts at the same time stands anywhere in the file, and acts with nobody else just now.

    Neighbours would share pages, and accounts, with those of their own kind only.
    """
    return UserKey(_CHANNEL, f"user_{number * _STRIDE % _USERS:05d}")


def _credit(number: int, amount_z: int = 1) -> Credit:
    user = _user(number)
    return Credit(
        op_id=f"credit:{number}:{amount_z}",
        user=user,
        amount_z=amount_z,
        type="admin_grant",
        trigger_id="admin.grant",
        reason="Benchmark",
        at_ms=_AT_MS + number,
        day=_DAY,
        create=True,
        display_name=user.name,
    )


def _transfer(number: int) -> Tip:
    return Tip(
        op_id=f"transfer:{number}",
        giver=_user(number),
        taker=_user(number + _USERS // 2),
        amount_z=1,
        at_ms=_AT_MS + number,
        day=_DAY,
    )


def _activity(number: int) -> RecordActivity:
    user = _user(number)
    return RecordActivity(user, user.name, _AT_MS + number, _DAY, messages=1, chatted=True)


def _place(number: int) -> PlaceHold:
    return PlaceHold(
        op_id=f"place:{number}",
        hold_id=f"hold:{number}",
        user=_user(number),
        amount_z=2,
        purpose="benchmark",
        type="gamble_stake",
        trigger_id="gambling.stake",
        reason="Benchmark",
        expires_at_ms=_AT_MS + number + _HOUR_MS,
        at_ms=_AT_MS + number,
        day=_DAY,
    )


def _capture(number: int) -> CaptureHold:
    return CaptureHold(
        op_id=f"capture:{number}",
        hold_id=f"hold:{number}",
        amount_z=1,
        to="house",
        reason="Benchmark",
        at_ms=_AT_MS + number,
        day=_DAY,
    )


def _spin(number: int) -> Spin:
    """What the player's session asks for, but for the pauses between two spins."""
    return Spin(
        op_id=f"spin:{number}",
        user=_user(number),
        stake_z=10,
        table=_SLOTS,
        terms=_SPINS,
        fresh_seed=_SEED,
        at_ms=_AT_MS + number,
        day=_DAY,
    )


Steps = Generator[Request[Any], Any, None]
"""Requests one after the other; each is answered before the next is made."""


def _group_round(number: int) -> Steps:
    """Opened, joined by some, drawn, and settled for all of them."""
    at_ms = _AT_MS + number
    named = f"group:{number}"
    terms = json.dumps(_RAFFLE)
    opened: Opened = yield OpenRound(
        f"{named}:open", _CHANNEL, "raffle", terms, _TICKETS, _SEED, at_ms, _DAY, several=True
    )
    place = (_CHANNEL, opened.number)
    for place_in_line in range(_CREW):
        yield JoinRound(
            f"{named}:join:{place_in_line}",
            *place,
            _user(number + place_in_line * _USERS // _CREW),
            2,
            _TICKETS,
            at_ms,
            _DAY,
            data='{"tickets": 1}',
        )
    yield DrawRound(f"{named}:draw", *place, at_ms, _DAY)
    yield FinishRound(f"{named}:finish", *place, at_ms, _DAY)


def _one(make: Callable[[int], Request[Any]]) -> "Kind":
    def steps(number: int) -> Steps:
        yield make(number)

    return Kind(1, steps)


def _set_aside(number: int) -> Steps:
    yield _place(number)
    yield _capture(number)


class Kind(NamedTuple):
    """A kind of what is asked for: how many operations in a row; the number makes ids unique."""

    size: int
    steps: Callable[[int], Steps]


ACTS: Mapping[str, Kind] = {
    "credit": _one(_credit),
    "transfer": _one(_transfer),
    "hold, placed and captured": Kind(2, _set_aside),
    "activity": _one(_activity),
    "spin": _one(_spin),
    f"group round, {_CREW} players": Kind(_CREW + 3, _group_round),
}
"""What is asked for by itself, by its name in the report."""

MIXED = "all of these mixed"
_LONGEST = max(kind.size for kind in ACTS.values())
_MIXTURE = tuple(
    name for turn in range(2) for name, kind in ACTS.items() if not turn or kind.size < _LONGEST
)
"""A group round among two of everything else, so that it is a third of all operations."""


def expected_per_s(found: Mapping[str, Sequence["LedgerRound"]], turn: int) -> float:
    """Operations per second of the mixture if each took as long as among its own kind."""
    alone_s = sum(ACTS[name].size / found[name][turn].operations_per_s for name in _MIXTURE)
    return sum(ACTS[name].size for name in _MIXTURE) / alone_s


def slowdown(found: Mapping[str, Sequence["LedgerRound"]], kind: str, turn: int) -> float:
    """How much longer the slowest of a kind waited among all kinds than among its own."""
    return found[MIXED][turn].kinds_p99_ms[kind] / found[kind][turn].p99_ms


async def ledger_rounds(
    workdir: Path, rounds: int, round_s: float, progress: Callable[[str], None]
) -> dict[str, list[LedgerRound]]:
    """Rounds of each kind of request, taking turns, on one file that is verified at the end."""
    mixtures = {**{name: (name,) for name in ACTS}, MIXED: _MIXTURE}
    found: dict[str, list[LedgerRound]] = {name: [] for name in mixtures}
    numbers = count()
    with TemporaryDirectory(prefix="bench-", dir=workdir) as folder:
        path = Path(folder) / "books.db"
        async with _ledger(path) as ledger:
            for number in sorted(range(_USERS), key=lambda each: _user(each).name):
                _check(await commit(ledger, _credit(number, _PURSE_Z)))
            for turn in range(rounds):
                for name, mixture in mixtures.items():
                    progress(f"ledger, round {turn + 1} of {rounds}: {name}")
                    found[name].append(await _round(ledger, mixture, numbers, round_s))
        report = verify(path)
        assert report.ok, report
    return found


def _hear_nothing(_told: object) -> None:
    """There is no channel to hear what has changed."""


@asynccontextmanager
async def _ledger(path: Path) -> AsyncIterator[Ref[LedgerMessage]]:
    async with open_system() as system:
        yield await system.spawn_root(
            "ledger",
            lambda: Ledger(lambda: books_at(path), Metrics(), _hear_nothing, _hear_nothing),
            capacity=LEDGER_MAILBOX,
        )
        await system.stop(10.0)


async def _round(
    ledger: Ref[LedgerMessage],
    mixture: Sequence[str],
    numbers: "count[int]",
    seconds: float,
) -> LedgerRound:
    waits_s: dict[str, list[float]] = defaultdict(list)
    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(_ASKERS):
            tasks.start_soon(_ask_on, ledger, mixture, numbers, began + seconds, waits_s)
    took_s = time.perf_counter() - began
    all_s = sorted(wait_s for each in waits_s.values() for wait_s in each)
    return LedgerRound(
        operations=len(all_s),
        operations_per_s=len(all_s) / took_s,
        p50_ms=percentile(all_s, 0.50) * 1000,
        p99_ms=percentile(all_s, 0.99) * 1000,
        kinds_p99_ms={
            name: percentile(sorted(each), 0.99) * 1000 for name, each in waits_s.items()
        },
    )


async def _ask_on(
    ledger: Ref[LedgerMessage],
    mixture: Sequence[str],
    numbers: "count[int]",
    until: float,
    waits_s: Mapping[str, list[float]],
) -> None:
    while time.perf_counter() < until:
        number = next(numbers)
        name = mixture[number % len(mixture)]
        await _carry_out(ledger, ACTS[name].steps(number), waits_s[name])


async def _carry_out(ledger: Ref[LedgerMessage], steps: Steps, waits_s: list[float]) -> None:
    answer = None
    with suppress(StopIteration):
        while True:
            request = steps.send(answer)
            asked_at = time.perf_counter()
            answer = await commit(ledger, request)
            waits_s.append(time.perf_counter() - asked_at)
            _check(answer)


def _check(answer: object) -> None:
    assert isinstance(answer, _DONE), answer
    assert not getattr(answer, "replayed", False), answer
