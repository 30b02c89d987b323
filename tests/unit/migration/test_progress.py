"""How far an import has come, at a terminal and in a log."""

from io import StringIO

from kryten_economy.migration.progress import Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar() -> None:
    """Part, whole and the time that is left, on one line that is cleared at the end."""
    out, seconds = Terminal(), iter(range(1000))
    rows = Progress(out, lambda: float(next(seconds))).over("transactions", range(8000), 8000)
    assert sum(1 for _ in rows) == 8000
    shown = [line for line in out.getvalue().split("\r\x1b[K") if line]
    assert shown[0].endswith("25 % of transactions: 2,000 of 8,000, 0:03 left")
    assert shown[0].startswith("██████░")
    assert shown[-1].endswith("8,000 of 8,000, 0:00 left")
    assert out.getvalue().endswith("\r\x1b[K")


def test_a_log_gets_a_line_for_each_part() -> None:
    """No control characters, and nothing about what is empty."""
    out = StringIO()
    progress = Progress(out, lambda: 1.0)
    assert list(progress.over("bounties", [], 0)) == []
    assert list(progress.over("streaks", "abc", 3)) == ["a", "b", "c"]
    assert out.getvalue() == "streaks: 3 in 0.0 s\n"
