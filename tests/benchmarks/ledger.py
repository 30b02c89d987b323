"""The books alone: 100 askers at once, each waiting for the commit before it asks again.

In this process, without a bus: the ledger actor with its own thread, on a real file, with
``synchronous=FULL``. Askers are tasks beside the actors, so each ask pays for its task switches.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping
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
from kryten_economy.features.money.operations import Credit, Posted, Transfer, Transferred
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("ACTS", "LedgerRound", "ledger_rounds")

_ASKERS = 100
_USERS = 1_000
_CHANNEL = "bench00"
_AT_MS = 1_795_168_800_000
_DAY = "2026-11-20"
_PURSE_Z = 1_000_000
_DONE = (Posted, Transferred, Wallet)


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


def _transfer(number: int) -> Transfer:
    return Transfer(
        op_id=f"transfer:{number}",
        giver=_user(number),
        taker=_user(number + 1),
        amount_z=1,
        debit_type="tip_send",
        debit_trigger="tip.send",
        credit_type="tip_receive",
        credit_trigger="tip.receive",
        reason="Benchmark",
        at_ms=_AT_MS + number,
        day=_DAY,
    )


def _activity(number: int) -> RecordActivity:
    user = _user(number)
    return RecordActivity(user, user.name, _AT_MS + number, _DAY, messages=1, chatted=True)


ACTS: Mapping[str, Callable[[int], Request[Any]]] = {
    "credit": _credit,
    "transfer": _transfer,
    "activity": _activity,
}
"""What is asked for, by its name in the report; the number makes ids unique."""


async def ledger_rounds(
    workdir: Path, rounds: int, round_s: float, progress: Callable[[str], None]
) -> dict[str, list[LedgerRound]]:
    """Rounds of each kind of request, taking turns, on one file that is verified at the end."""
    found: dict[str, list[LedgerRound]] = {name: [] for name in ACTS}
    numbers = count()
    with TemporaryDirectory(prefix="bench-", dir=workdir) as name:
        path = Path(name) / "books.db"
        async with _ledger(path) as ledger:
            for number in range(_USERS):
                _check(await commit(ledger, _credit(number, _PURSE_Z)))
            for turn in range(rounds):
                for act, make in ACTS.items():
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
    make: Callable[[int], Request[Any]],
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
    make: Callable[[int], Request[Any]],
    numbers: "count[int]",
    until: float,
    waits_s: list[float],
) -> None:
    asked_at = time.perf_counter()
    while asked_at < until:
        _check(await commit(ledger, make(next(numbers))))
        answered_at = time.perf_counter()
        waits_s.append(answered_at - asked_at)
        asked_at = answered_at


def _check(answer: object) -> None:
    assert isinstance(answer, _DONE), answer
    assert not getattr(answer, "replayed", False), answer
