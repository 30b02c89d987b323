"""From what was measured to the rows of the table, the notes below it, and JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TypeVar

from tests.benchmarks.balance import BalanceRound
from tests.benchmarks.big import BigResult
from tests.benchmarks.burst import BurstResult
from tests.benchmarks.chat import ChatRound
from tests.benchmarks.ledger import ACTS, MIXED, LedgerRound, expected_per_s, slowdown
from tests.benchmarks.pages import PAGE_MS_MAX, RATE, SLOWDOWN_MAX, STREAMS, PagesResult
from tests.benchmarks.presence import PresenceResult
from tests.benchmarks.prompt import QUEUE_TO_BALANCE_MAX, PromptResult
from tests.benchmarks.run import Findings
from tests.benchmarks.spread import Spread, spread
from tests.benchmarks.subjects import BASELINE, COUNTING, FLOOR, LIVING, OURS, PAYING
from tests.benchmarks.table import Cells, Row

__all__ = ("as_json", "notes", "rows")

_Round = TypeVar("_Round")


def rows(found: Findings) -> list[Row]:
    """The rows of what was measured; parts that were not run give none."""
    return [row for row in _all_rows(found) if row.cells]


def _all_rows(found: Findings) -> list[Row]:
    return [
        *_chat_rows(found),
        *_talk_rows(found.chat),
        *_burst_rows(found.burst),
        *_balance_rows(found),
        *_prompt_rows(found.prompt),
        *_presence_rows(found),
        *_ledger_rows(found),
        *_big_rows(found.big),
        *_pages_rows(found.pages),
    ]


def _chat_rows(found: Findings) -> list[Row]:
    return [
        Row(
            "chat events handled per second, durable",
            _cells(found.chat, lambda one: one.events_per_s),
            "≥ 0.35 of the floor, then ≥ 0.5",
            lambda cells: cells[OURS].median >= 0.35 * cells[FLOOR].median,
        ),
        Row("CPU per chat event, µs", _cells(found.chat, lambda one: one.cpu_us_per_event)),
    ]


def _talk_rows(chats: Mapping[str, list[ChatRound]]) -> list[Row]:
    """Our service twice: both stand in its column, one row each, and their ratio in a third."""
    pair = [(COUNTING, "no trigger", 2.5), (PAYING, "all triggers", 4.0)]
    speeds = [
        Row(
            f"chat line with {what}: lines per second, durable",
            _cells({OURS: chats.get(name, [])}, lambda one: one.events_per_s),
        )
        for name, what, _ in pair
    ]
    costs = [_cost_row(chats, name, what, most) for name, what, most in pair]
    rounds = zip(chats.get(PAYING, []), chats.get(COUNTING, []), strict=False)
    ratios = [paying.cpu_us_per_event / counting.cpu_us_per_event for paying, counting in rounds]
    ratio = Row(
        "chat line: CPU with all triggers ÷ with none",
        _present({OURS: spread(ratios)}),
        digits=2,
    )
    return [*speeds, *costs, ratio]


def _cost_row(chats: Mapping[str, list[ChatRound]], name: str, what: str, most: float) -> Row:
    services = {OURS: chats.get(name, []), FLOOR: chats.get(FLOOR, [])}
    return Row(
        f"chat line with {what}: CPU, µs",
        _cells(services, lambda one: one.cpu_us_per_event),
        f"≤ {most:g} × the floor",
        lambda cells: cells[OURS].median <= most * cells[FLOOR].median,
    )


def _burst_rows(found: BurstResult | None) -> list[Row]:
    if found is None:
        return []
    return [
        Row(
            f"burst of {found.lines:,} lines: not counted or not paid",
            _present({OURS: _single(float(found.uncounted + found.unpaid))}),
            "0",
            lambda cells: cells[OURS].median == 0,
        ),
        Row(
            "burst: slowest `help` meanwhile, s",
            _present({OURS: _single(max(found.helps_s, default=None))}),
            "< 1 s",
            lambda cells: cells[OURS].median < 1.0,
            digits=2,
        ),
    ]


def _balance_rows(found: Findings) -> list[Row]:
    return [
        Row(
            "`balance`, 64 users at once: replies per second",
            _cells(found.balance, lambda one: one.replies_per_s),
            "≥ 0.85 of the floor",
            lambda cells: cells[OURS].median >= 0.85 * cells[FLOOR].median,
        ),
        Row(
            "`balance`: p99, ms",
            _cells(found.balance, lambda one: one.p99_ms),
            "≤ 1.3 × the floor",
            lambda cells: cells[OURS].median <= 1.3 * cells[FLOOR].median,
            digits=1,
        ),
        Row("`balance`: p50, ms", _cells(found.balance, lambda one: one.p50_ms), digits=1),
        Row(
            "CPU per reply, µs",
            _cells(found.balance, lambda one: one.cpu_us_per_reply),
            "≤ 1.6 × the floor",
            lambda cells: cells[OURS].median <= 1.6 * cells[FLOOR].median,
        ),
    ]


def _prompt_rows(found: PromptResult | None) -> list[Row]:
    """The offer of a film beside a balance of the same service, round by round."""
    if found is None:
        return []
    pairs = list(zip(found.offers, found.balances, strict=True))
    return [
        Row(
            "`queue`, 64 users at once: offers per second",
            _cells({OURS: found.offers}, lambda one: one.replies_per_s),
        ),
        Row("`queue`: p99, ms", _cells({OURS: found.offers}, lambda one: one.p99_ms), digits=1),
        Row(
            "`queue`: p50 ÷ p50 of `balance` there",
            _present({OURS: spread([offer.p50_ms / known.p50_ms for offer, known in pairs])}),
            f"≤ {QUEUE_TO_BALANCE_MAX:g}",
            lambda cells: cells[OURS].median <= QUEUE_TO_BALANCE_MAX,
            digits=2,
        ),
        Row(
            "`queue`, one user alone: p50 ÷ p50 of `balance` alone",
            _present({OURS: spread(found.alone)}),
            f"≤ {QUEUE_TO_BALANCE_MAX:g}",
            lambda cells: cells[OURS].median <= QUEUE_TO_BALANCE_MAX,
            digits=2,
        ),
    ]


def _presence_rows(found: Findings) -> list[Row]:
    plain = dict(found.presence)
    everything = plain.pop(LIVING, None)
    living = {} if everything is None else plain | {OURS: everything}
    memory = {name: _single(one.usage.rss_peak_mb) for name, one in plain.items()}
    return [
        *_minute_rows("presence minute", plain),
        *_minute_rows("presence minute, everything on here", living),
        Row(
            "peak memory with the crowd, MB",
            _present(memory),
            "< 400 MB",
            lambda cells: cells[OURS].median < 400,
        ),
    ]


def _minute_rows(what: str, found: Mapping[str, PresenceResult]) -> list[Row]:
    return [
        Row(
            f"{what}: wall until committed, s (crowds below)",
            _present({name: spread(one.wall_s) for name, one in found.items()}),
            "< 0.5 s",
            lambda cells: cells[OURS].median < 0.5,
            digits=2,
        ),
        Row(
            f"{what}: CPU per user, µs",
            _present({name: _single(one.cpu_us_per_user) for name, one in found.items()}),
            "< 25 µs",
            lambda cells: cells[OURS].median < 25,
        ),
    ]


def _ledger_rows(found: Findings) -> list[Row]:
    kinds = [row for act, rounds in found.ledger.items() for row in _act_rows(act, rounds)]
    mixed = found.ledger.get(MIXED, [])
    shares = [
        one.operations_per_s / expected_per_s(found.ledger, turn) for turn, one in enumerate(mixed)
    ]
    share = Row(
        "ledger: operations mixed ÷ each among its own kind",
        _present({OURS: spread(shares)}),
        "≥ 0.8",
        lambda cells: cells[OURS].median >= 0.8,
        digits=2,
    )
    waits = [
        Row(
            f"ledger: p99 of {act} mixed ÷ among its own kind",
            _present(
                {OURS: spread(slowdown(found.ledger, act, turn) for turn in range(len(mixed)))}
            ),
            digits=2,
        )
        for act in ACTS
    ]
    return [*kinds, share, *waits]


def _act_rows(act: str, rounds: Sequence[LedgerRound]) -> list[Row]:
    ours = {OURS: list(rounds)}
    speed = _cells(ours, lambda one: one.operations_per_s)
    p99 = _cells(ours, lambda one: one.p99_ms)
    per_s = f"ledger, 100 askers: {act}, operations per second"
    waiting = f"ledger, 100 askers: {act}, p99, ms"
    if act not in {"credit", "transfer"}:
        return [Row(per_s, speed), Row(waiting, p99, digits=1)]
    return [
        Row(per_s, speed, "≥ 25,000", lambda cells: cells[OURS].median >= 25_000),
        Row(waiting, p99, "< 10 ms", lambda cells: cells[OURS].median < 10.0, digits=1),
    ]


def _big_rows(found: BigResult | None) -> list[Row]:
    if found is None:
        return []
    empty = _cells({OURS: found.empty}, lambda one: one.p99_ms)
    filled = _cells({OURS: found.filled}, lambda one: one.p99_ms)
    return [
        Row("`balance` p99 with an empty ledger, ms", empty, digits=1),
        Row(
            f"`balance` p99 with {found.transfers:,} transfers, ms",
            filled,
            "within 20 % of the empty ledger",
            lambda cells: cells[OURS].median <= 1.2 * empty[OURS].median,
            digits=1,
        ),
    ]


def _pages_rows(found: PagesResult | None) -> list[Row]:
    """What visitors cost in pairs of rounds, and what each page costs."""
    if found is None:
        return []
    pairs = zip(found.visited, found.alone, strict=True)
    visited = f"{STREAMS} streams and {RATE} pages a second"
    return [
        Row("`balance` p99 without visitors, ms", _ours(found.alone), digits=1),
        Row(f"`balance` p99 with {visited}, ms", _ours(found.visited), digits=1),
        Row(
            "`balance`: p99 with visitors ÷ without",
            _present({OURS: spread([with_.p99_ms / without.p99_ms for with_, without in pairs])}),
            f"≤ {SLOWDOWN_MAX:g}",
            lambda cells: cells[OURS].median <= SLOWDOWN_MAX,
            digits=2,
        ),
        *(
            Row(
                f"page `{name}` of {found.transfers:,} transfers: CPU, ms",
                _present({OURS: _single(cpu_ms)}),
                f"< {PAGE_MS_MAX:g}",
                lambda cells: cells[OURS].median < PAGE_MS_MAX,
                digits=1,
            )
            for name, cpu_ms in found.page_ms.items()
        ),
    ]


def _ours(rounds: list[BalanceRound]) -> Cells:
    return _cells({OURS: rounds}, lambda one: one.p99_ms)


def notes(found: Findings) -> list[str]:
    """What a reader must know beside the numbers: crowds, losses, failures."""
    lines = [
        f"{name}: {one.users:,} users present, {one.active:,} of them active; "
        f"{one.usage.rss_mb:.0f} MB at the end; {_counted(one.minutes)}"
        for name, one in sorted(found.presence.items())
    ]
    for name, chats in found.chat.items():
        lines += _chat_notes(name, chats)
    for name, balances in found.balance.items():
        if unanswered := sum(one.unanswered for one in balances):
            lines.append(f"{name}: {unanswered} users waited for `balance` in vain")
    return [
        *lines,
        *_burst_notes(found.burst),
        *_big_notes(found.big),
        *_pages_notes(found.pages),
        *found.notes,
    ]


def _burst_notes(found: BurstResult | None) -> list[str]:
    if found is None:
        return []
    sent = f"{found.lines:,} lines sent in {found.sent_s:.1f} s"
    booked = f"in the books {found.durable_s:.1f} s after the first"
    asked = f"`help` asked {len(found.helps_s)} times"
    return [f"burst: {sent}, {booked}; {asked}; {found.rss_peak_mb:.0f} MB at its peak"]


def _big_notes(found: BigResult | None) -> list[str]:
    if found is None:
        return []
    started = f"first answer {found.started_in_s:.1f} s after the start"
    checked = f"all sums checked after {found.checked_in_s:.0f} s"
    meanwhile = f"`balance` p99 meanwhile {found.while_checking.p99_ms:.1f} ms"
    size = f"{found.transfers:,} transfers ({found.file_mb:,.0f} MB)"
    memory = f"{found.usage.rss_peak_mb:.0f} MB at its peak"
    return [f"{OURS} with {size}: {started}, {checked}, {meanwhile}; {memory}"]


def _pages_notes(found: PagesResult | None) -> list[str]:
    if found is None:
        return []
    return [f"pages: {found.answered} asked for by visitors, {found.refused} refused"]


def _chat_notes(name: str, chats: Sequence[ChatRound]) -> list[str]:
    lines = []
    if lost := sum(one.lost for one in chats):
        lines.append(f"{name}: {lost} chat lines were never counted in the books")
    unpaid = sum(one.unpaid for one in chats)
    if unpaid and any(one.rewards for one in chats):
        lines.append(f"{name}: {unpaid} long chat lines were never paid")
    elif unpaid:
        lines.append(f"{name}: counts chat lines and pays nothing for them")
    return lines


def as_json(found: Findings, machine: str, remarks: Sequence[str]) -> dict[str, object]:
    """Everything: the machine, the notes, the rows with their ratios, and the single rounds."""
    return {
        "machine": machine,
        "notes": [*remarks, *notes(found)],
        "rows": [
            {
                "work": row.work,
                "cells": {name: asdict(cell) for name, cell in row.cells.items()},
                "ours_to_floor": row.ratio(OURS, FLOOR),
                "ours_to_baseline": row.ratio(OURS, BASELINE),
                "baseline_to_floor": row.ratio(BASELINE, FLOOR),
                "target": row.target,
                "is_met": row.verdict(),
            }
            for row in rows(found)
        ],
        "rounds": asdict(found),
    }


def _cells(rounds: Mapping[str, list[_Round]], number: Callable[[_Round], float]) -> Cells:
    return _present({name: spread(map(number, each)) for name, each in rounds.items()})


def _present(cells: Mapping[str, Spread | None]) -> Cells:
    return {name: cell for name, cell in cells.items() if cell is not None}


def _single(value: float | None) -> Spread | None:
    return None if value is None else spread([value])


def _counted(minutes: float | None) -> str:
    return "no minute watched" if minutes is None else f"{minutes:.2f} minutes counted for each"
