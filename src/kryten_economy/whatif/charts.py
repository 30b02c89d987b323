"""The outcome of a replay as a plot for the terminal and as a page of its own.

The page needs nothing beside itself: no script, no font, no request. Both libraries are in the
extra ``what-if``; `ModuleNotFoundError` where they are not installed.
"""

import sys
from collections.abc import Mapping, Sequence
from html import escape
from types import ModuleType
from typing import Any
from xml.etree.ElementTree import tostring

from kryten_economy.whatif.outcome import Outcome
from kryten_economy.whatif.report import Report, Table

__all__ = ("page", "plot")

_BARS_MAX = 12
_COLOURS = ("#4c6ef5", "#f08c00")
_NAMES = ("before", "after")


def plot(outcome: Outcome, *, width: int = 76, height: int = 18) -> str:
    """The supply at the end of each day in both worlds, drawn with characters alone."""
    import plotext  # noqa: PLC0415  # an extra may be missing

    figure, days = plotext.figure, outcome.days
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, height)
    figure.title("Supply at the end of each day")
    places = list(range(1, len(days) + 1))
    worlds = ([each.before_z for each in days], [each.after_z for each in days])
    for name, marker, supply in zip(_NAMES, "+o", worlds, strict=True):
        line = figure.signal(places, supply, marker=marker)
        line.label(name)
        line.lines()
        figure.draw(line)
    top_z = max(1, *map(max, worlds))
    levels = [top_z * step // 4 for step in range(5)]
    figure.ruler("y").ticks(levels, [f"{level:,}" for level in levels])
    figure.ruler("y").lim(0, top_z)
    shown = places[:: max(1, len(places) // 6)]
    figure.ruler("x").ticks(shown, [days[place - 1].day[5:] for place in shown])
    drawn: str = plotext.uncolorize(str(figure.build()))
    return drawn.rstrip()


def page(reports: Sequence[Report], seed: int) -> str:
    """One self-contained HTML page with the charts and tables of all channels."""
    parts = [_HEAD]
    for number, report in enumerate(reports):
        parts += [f"<h1>What if: {escape(report.title)}</h1>", _notes(report, seed)]
        parts += [f"<figure>{chart}</figure>" for chart in _charts(report, number)]
        parts += [_table(table) for table in report.tables]
    return "\n".join([*parts, "</main></body></html>", ""])


_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>What if</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font: 16px/1.5 sans-serif; margin: 2rem; color: #212529; background: #fff; }
main { max-width: 60rem; margin: auto; }
figure { margin: 1.5rem 0; }
figure svg { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; }
caption { text-align: left; font-weight: bold; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #dee2e6; text-align: right; }
th:first-child, td:first-child { text-align: left; }
</style></head><body><main>"""


def _notes(report: Report, seed: int) -> str:
    lines = [f"{each.text} ({each.treatment.value})" for each in report.differences]
    listed = "".join(f"<li>{escape(line)}</li>" for line in [*lines, *report.warnings])
    return f"<p>Seed {seed}. Changed:</p><ul>{listed}</ul>"


def _table(table: Table) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("", "before", "after", "change"))
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows
    )
    return f"<table><caption>{escape(table.title)}</caption><tr>{head}</tr>{rows}</table>"


def _charts(report: Report, number: int) -> list[str]:
    outcome = report.outcome
    flows = {
        "Into wallets, by source": outcome.inflow,
        "Out of wallets, by source": outcome.outflow,
        "Prices for the lowest rank": outcome.prices,
    }
    drawn = [_lines(outcome), *(_bars(title, flow) for title, flow in flows.items() if flow)]
    return [_svg(chart, f"{number}-{place}") for place, chart in enumerate(drawn)]


def _lines(outcome: Outcome) -> Any:  # noqa: ANN401 - the library has no types
    chart = _pygal().Line(**_look("Supply at the end of each day"), x_label_rotation=45)
    chart.x_labels = [each.day for each in outcome.days]
    chart.add(_NAMES[0], [each.before_z for each in outcome.days])
    chart.add(_NAMES[1], [each.after_z for each in outcome.days])
    return chart


def _bars(title: str, flow: Mapping[str, tuple[int, int]]) -> Any:  # noqa: ANN401 - likewise

    most = sorted(flow.items(), key=lambda item: -max(item[1]))[:_BARS_MAX]
    largest = dict(reversed(most))  # drawn from below
    chart = _pygal().HorizontalBar(**_look(title), height=180 + 44 * len(largest))
    chart.x_labels = list(largest)
    for place, name in enumerate(_NAMES):
        chart.add(name, [pair[place] for pair in largest.values()])
    return chart


def _pygal() -> ModuleType:
    """The library, without what it leaves behind: a finder of imports that no Python knows now.

    Each later import of anything would warn of it.
    """
    import pygal  # noqa: PLC0415  # an extra may be missing

    sys.meta_path[:] = [each for each in sys.meta_path if hasattr(each, "find_spec")]
    return pygal  # type: ignore[no-any-return]


def _look(title: str) -> dict[str, Any]:
    style = _pygal().style.Style(colors=_COLOURS, font_family="sans-serif", background="#fff")
    return {
        "title": title,
        "style": style,
        "js": (),
        "show_dots": False,
        "value_formatter": lambda value: f"{value:,.0f}",
    }


def _svg(chart: Any, name: str) -> str:  # noqa: ANN401 - likewise
    """The chart as an element; what would run or be fetched is left out."""
    chart.uuid = name  # the library would take another one each time
    tree = chart.render_tree()
    for parent in list(tree.iter()):
        for child in list(parent):
            is_comment = not isinstance(child.tag, str)
            if is_comment or child.tag.rpartition("}")[2] == "script":
                parent.remove(child)
    return tostring(tree, encoding="unicode")
