"""The books alone: 100 askers at once, each waiting for the commit before it asks again.

Each kind of operation by itself, and all kinds that move money mixed: no kind may slow another.

In this process, without a bus: the ledger actor with its own thread, on a real file, with
``synchronous=FULL``. Askers are tasks beside the actors, so each ask pays for its task switches.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from tests.benchmarks.spread import percentile

from economy_actors.ledger import LEDGER_MAILBOX, Ledger, books_at
from economy_actors.messages.ledger import LedgerMessage, commit
from economy_actors.metrics.metrics import Metrics
from economy_actors.runtime import Ref, open_system
from kryten_economy.features.money.operations import Credit, Posted
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.features.tips import Tip, Tipped
from kryten_economy.ledger.holds import Captured, CaptureHold, Held, PlaceHold
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("ACTS", "MIXED", "LedgerRound", "expected_per_s", "ledger_rounds")

_ASKERS = 100
_USERS = 1_000
_CHANNEL = "bench00"
_AT_MS = 1_795_168_800_000
_DAY = "2026-11-20"
_PURSE_Z = 1_000_000
_DONE = (Posted, Tipped, Wallet, Held, Captured)
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class LedgerRound:
    """One round of one kind of request."""

    operations: int
    operations_per_s: float
    p50_ms: float
    p99_ms: float


def _user(number: int) -> UserKey:
    return UserKey(_CHANNEL, f"user_{number % _USERS:05d}")


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
        taker=_user(number + 1),
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


Acts = Callable[[int], Sequence[Request[Any]]]

ACTS: Mapping[str, Acts] = {
    "credit": lambda number: (_credit(number),),
    "transfer": lambda number: (_transfer(number),),
    "hold, placed and captured": lambda number: (_place(number), _capture(number)),
    "activity": lambda number: (_activity(number),),
}
"""What is asked for in a row, by its name in the report; the number makes ids unique."""

MIXED = "credits, transfers and holds mixed"
_MIXTURE = tuple(act for name, act in ACTS.items() if name != "activity")


def _mixed(number: int) -> Sequence[Request[Any]]:
    return _MIXTURE[number % len(_MIXTURE)](number)


def expected_per_s(found: Mapping[str, Sequence["LedgerRound"]], turn: int) -> float:
    """Operations per second of the mixture if each took as long as among its own kind."""
    sizes = {name: len(act(0)) for name, act in ACTS.items() if name != "activity"}
    alone_s = sum(size / found[name][turn].operations_per_s for name, size in sizes.items())
    return sum(sizes.values()) / alone_s


async def ledger_rounds(
    workdir: Path, rounds: int, round_s: float, progress: Callable[[str], None]
) -> dict[str, list[LedgerRound]]:
    """Rounds of each kind of request, taking turns, on one file that is verified at the end."""
    acts: dict[str, Acts] = {**ACTS, MIXED: _mixed}
    found: dict[str, list[LedgerRound]] = {name: [] for name in acts}
    numbers = count()
    with TemporaryDirectory(prefix="bench-", dir=workdir) as name:
        path = Path(name) / "books.db"
        async with _ledger(path) as ledger:
            for number in range(_USERS):
                _check(await commit(ledger, _credit(number, _PURSE_Z)))
            for turn in range(rounds):
                for act, make in acts.items():
                    progress(f"ledger, round {turn + 1} of {rounds}: {act}")
                    found[act].append(await _round(ledger, make, numbers, round_s))
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
    make: Acts,
    numbers: "count[int]",
    seconds: float,
) -> LedgerRound:
    waits_s: list[float] = []
    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(_ASKERS):
            tasks.start_soon(_ask_on, ledger, make, numbers, began + seconds, waits_s)
    took_s = time.perf_counter() - began
    waits_ms = sorted(wait_s * 1000 for wait_s in waits_s)
    return LedgerRound(
        operations=len(waits_ms),
        operations_per_s=len(waits_ms) / took_s,
        p50_ms=percentile(waits_ms, 0.50),
        p99_ms=percentile(waits_ms, 0.99),
    )


async def _ask_on(
    ledger: Ref[LedgerMessage],
    make: Acts,
    numbers: "count[int]",
    until: float,
    waits_s: list[float],
) -> None:
    asked_at = time.perf_counter()
    while asked_at < until:
        for request in make(next(numbers)):
            _check(await commit(ledger, request))
            answered_at = time.perf_counter()
            waits_s.append(answered_at - asked_at)
            asked_at = answered_at


def _check(answer: object) -> None:
    assert isinstance(answer, _DONE), answer
    assert not getattr(answer, "replayed", False), answer
