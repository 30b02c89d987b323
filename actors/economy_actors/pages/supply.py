"""How much money there is in a channel, now and over time: figures that name nobody."""

from itertools import pairwise
from typing import Final, NamedTuple

from starlette.responses import Response

from economy_actors.pages.charts import lines
from economy_actors.pages.registry import page
from economy_actors.pages.view import View
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import Float
from kryten_economy.features.reports.snapshots import Snapshot, snapshots_between
from kryten_economy.text.templates import minute_of

__all__ = ()

_DAY_MS: Final = 86_400_000


class Span(NamedTuple):
    """So many days, of which one figure is shown each so often (0: every one there is)."""

    title: str
    days: int
    every_days: int


_SPANS: Final = {
    "7": Span("7 days", 7, 0),
    "30": Span("30 days", 30, 1),
    "90": Span("90 days", 90, 2),
    "365": Span("a year", 365, 7),
}


class Moment(NamedTuple):
    """The figures of one moment."""

    at_ms: int
    total_z: int
    accounts: int
    median_z: int


@page("/supply", nav="Money supply", at=18, shared_s=30)
async def supply(view: View) -> Response:
    """Supply, accounts and median over time, as a drawing and as a table."""
    asked = view.request.query_params.get("days", "30")
    key = asked if asked in _SPANS else "30"
    span, channel, now_ms = _SPANS[key], view.channel, view.now_ms

    def query(reports: Reports) -> tuple[tuple[Snapshot, ...], Float, int]:
        kept = snapshots_between(reports, channel, now_ms - span.days * _DAY_MS, now_ms)
        return kept, reports.float_of(channel), reports.median_balance(channel)

    kept, now, median_z = await view.read(query)
    moments = [*_thinned(view, kept, span), Moment(now_ms, now.float_z, now.accounts, median_z)]
    return view.show(
        "public/supply.html",
        span=key,
        spans=_SPANS,
        title=span.title,
        moments=moments[::-1],
        now=moments[-1],
        zone=view.settings.timezone,
        charts=_charts(view, moments) if len(moments) > 1 else (),
    )


def _thinned(view: View, kept: tuple[Snapshot, ...], span: Span) -> list[Moment]:
    """The last figures of each period, as many as can be looked at."""
    found = [
        Moment(each.taken_at_ms, each.total_z_circulation, each.total_accounts, each.median_balance)
        for each in kept
    ]
    if not span.every_days:
        return found
    start_ms = view.context.live.calendar.day_start_ms(view.day)

    def period(at_ms: int) -> int:
        return (at_ms - start_ms) // (span.every_days * _DAY_MS)

    last = found[-1:]
    return [
        each for each, after in pairwise(found) if period(each.at_ms) != period(after.at_ms)
    ] + last


def _charts(view: View, moments: list[Moment]) -> list[object]:
    zone = view.context.live.calendar.zone
    labels = [minute_of(each.at_ms, zone)[5:] for each in moments]
    first, last = moments[0], moments[-1]

    def drawn(name: str, title: str, figures: list[int]) -> object:
        about = (
            f"From {figures[0]:,} on {minute_of(first.at_ms, zone)}"
            f" to {figures[-1]:,} on {minute_of(last.at_ms, zone)};"
            f" lowest {min(figures):,}, highest {max(figures):,}."
        )
        return lines(name, title, about, labels, {title: figures})

    symbol = view.symbol
    return [
        drawn("total", f"Money in circulation ({symbol})", [each.total_z for each in moments]),
        drawn("median", f"Median balance ({symbol})", [each.median_z for each in moments]),
        drawn("accounts", "Accounts", [each.accounts for each in moments]),
    ]
