import math

from tests.benchmarks.chat import ChatRound
from tests.benchmarks.report import rows
from tests.benchmarks.run import Findings
from tests.benchmarks.spread import Spread, percentile, spread
from tests.benchmarks.subjects import COUNTING, FLOOR, OURS, PAYING
from tests.benchmarks.table import Row, markdown


def _row(ours: float) -> Row:
    cells = {FLOOR: Spread(90.0, 100.0, 110.0, 5), OURS: Spread(ours, ours, ours, 5)}
    return Row("events", cells, "≥ 50 %", lambda seen: seen[OURS].median >= 50.0)


def test_percentile_is_a_measured_value() -> None:
    """A percentile is the smallest measured value that the share of all values does not exceed."""
    ordered = [float(number) for number in range(1, 101)]
    assert percentile(ordered, 0.50) == 50.0
    assert percentile(ordered, 0.99) == 99.0
    assert percentile([7.0], 0.99) == 7.0
    assert math.isnan(percentile([], 0.99))


def test_spread_of_rounds() -> None:
    """Rounds are told by least, median and greatest; no rounds give no spread."""
    assert spread([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0, 3)
    assert spread([]) is None


def test_target_is_judged_only_with_all_numbers() -> None:
    """A target is met or missed only where every service it speaks of was measured."""
    assert _row(50.0).verdict() is True
    assert _row(49.0).verdict() is False
    assert Row("events", {}, "≥ 50 %", lambda seen: seen[OURS].median >= 50.0).verdict() is None


def test_table_shows_what_was_not_measured() -> None:
    """A service that was not measured has a dash, never a number."""
    line = markdown([_row(49.0)]).splitlines()[-1]
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "events",
        "100 (90 to 110)",
        "–",
        "49 (49 to 49)",
        "–",
        "0.49",
        "–",
        "≥ 50 %: **missed**",
    ]


def _chat(cpu_us: float) -> ChatRound:
    return ChatRound(1000, 4000.0, cpu_us, 0, 500, 0)


def test_a_paying_line_is_compared_round_by_round() -> None:
    """The two services took turns, so each round is a pair, and the ratio has its own spread."""
    chats = {COUNTING: [_chat(100), _chat(200)], PAYING: [_chat(140), _chat(320)]}
    by_work = {row.work: row for row in rows(Findings(chat=chats))}
    ratio = by_work["chat line: CPU with all triggers ÷ with none"]
    assert ratio.cells[OURS] == Spread(1.4, 1.5, 1.6, 2)
    assert by_work["chat line with all triggers: CPU, µs"].cells[OURS].greatest == 320
