"""The economy in figures for those who run it: size and course, what pays, what games return."""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup
from starlette.responses import Response

from economy_actors.context import present_users
from economy_actors.handlers.inflation import float_now, price_samples
from economy_actors.pages.charts import bars, lines
from economy_actors.pages.registry import PAGES, Who, page
from economy_actors.pages.view import View
from kryten_economy.features.chat.triggers import dead_triggers
from kryten_economy.features.games.returns import GameReturn, all_games, house_of, returns
from kryten_economy.features.games.rules import title_of
from kryten_economy.features.prices import (
    Outlook,
    inflated_price,
    inflation_multiplier,
    outlook,
)
from kryten_economy.features.reports.flows import APPROVALS_MAX, Course, Flow, course_of
from kryten_economy.features.reports.rules import days_back

__all__ = ("OPERATOR_PAGES",)

OPERATOR_PAGES: Final = (
    ("/op/", "Overview"),
    ("/op/triggers", "Triggers"),
    ("/op/games", "Games"),
    ("/op/health", "Health"),
    ("/op/config", "Configuration"),
    ("/op/what-if", "What if"),
)
"""The pages that tell how the economy does, in the order in which each leads to the others."""

PERIODS: Final = {7: "7 days", 30: "30 days", 90: "90 days", 365: "A year"}
FORECAST_DAYS: Final = 30
_BARS_MAX = 12


@page("/op/", who=Who.OPERATOR, nav="Economy", at=60, group="Numbers")
async def overview(view: View) -> Response:
    """How much there is, where it comes from and goes to, and where prices are heading."""
    days = _period(view, 30)
    channel, calendar, now_ms = view.channel, view.context.live.calendar, view.now_ms
    course = await view.read(lambda reports: course_of(reports, channel, calendar, days, now_ms))
    return view.show(
        "op/overview.html",
        days=days,
        periods=PERIODS,
        course=course,
        present=len(present_users(view.context, view.channel)),
        charts=_charts(view, course),
        prices=_prices(view, course),
        waiting=_waiting(course),
        approvals_path="/op/approvals" if PAGES.find("/op/approvals") else "",
    )


def _period(view: View, default: int) -> int:
    days = view.number("days", low=1, high=365, default=default)
    return days if days in PERIODS else default


def _waiting(course: Course) -> str:
    count = len(course.approvals)
    return f"{count} or more" if count == APPROVALS_MAX else f"{count:,}"


def _charts(view: View, course: Course) -> list[Markup]:
    """What can be drawn: a line takes two days at least."""
    drawn: list[Markup] = []
    if len(course.snapshots) > 1:
        drawn += _of_snapshots(view, course)
    labels = [each.day[5:] for each in course.days]
    come_z, gone_z = view.money(course.come_z), view.money(course.gone_z)
    if course.sources:
        drawn.append(
            lines(
                "flows",
                "Into wallets and out of them, by day",
                f"{come_z} came in and {gone_z} went out in {len(course.days)} days.",
                labels,
                {
                    "in": [each.come_z for each in course.days],
                    "out": [each.gone_z for each in course.days],
                },
            )
        )
    for name, title, found in (
        ("in", "Into wallets, by source", [(each.source, each.come_z) for each in course.sources]),
        ("out", "Out of wallets, by source", _gone(course.sources)),
    ):
        largest = sorted(((s, z) for s, z in found if z), key=lambda each: -each[1])[:_BARS_MAX]
        if largest:
            about = f"The largest is {largest[0][0]} with {view.money(largest[0][1])}."
            figures = {"Z": [z for _, z in largest]}
            drawn.append(bars(f"{name}-sources", title, about, [s for s, _ in largest], figures))
    return drawn


def _gone(sources: tuple[Flow, ...]) -> list[tuple[str, int]]:
    return [(each.source, each.gone_z) for each in sources]


def _of_snapshots(view: View, course: Course) -> list[Markup]:
    labels = [day[5:] for day, _ in course.snapshots]
    found = [each for _, each in course.snapshots]
    first, last = found[0], found[-1]
    active = [each.active_economy_users_today for each in found]

    def told(was: int, now: int) -> str:
        return f"From {view.money(was)} to {view.money(now)}."

    drawn = [
        lines(
            "supply",
            "Supply at the end of each day",
            told(first.total_z_circulation, last.total_z_circulation),
            labels,
            {"supply": [each.total_z_circulation for each in found]},
        ),
        lines(
            "median",
            "Median wallet at the end of each day",
            told(first.median_balance, last.median_balance),
            labels,
            {"median": [each.median_balance for each in found]},
        ),
        lines(
            "active",
            "Active users by day",
            f"Between {min(active):,} and {max(active):,} earned or spent on a day.",
            labels,
            {"active": active},
        ),
    ]
    if view.settings.inflation.enabled:
        drawn.append(
            lines(
                "inflation",
                "What prices were multiplied by",
                f"From {first.inflation_multiplier:.3f} to {last.inflation_multiplier:.3f}.",
                labels,
                {"factor": [each.inflation_multiplier for each in found]},
                shown=lambda value: f"{value:.3f}",
            )
        )
    return drawn


# Prices


@dataclass(frozen=True, slots=True)
class _Priced:
    """Something people know, as it is listed, as it costs now, and as it may cost then."""

    name: str
    base_z: int
    now_z: int
    then_z: int | None


@dataclass(frozen=True, slots=True)
class _Prices:
    """What prices follow; ``factor`` and all prices are before the discount of a rank."""

    is_on: bool
    factor: float
    outlook: Outlook | None
    rows: list[_Priced]
    days: int = FORECAST_DAYS


def _prices(view: View, course: Course) -> _Prices:
    terms, float_z = view.settings.inflation, float_now(view.context, view.channel)
    if float_z is None:
        float_z = course.figures.circulation.float_z
    past = [(each.taken_at_ms, each.total_z_circulation) for _, each in course.snapshots]
    past.append((view.now_ms, course.figures.circulation.float_z))
    found = outlook(terms, past, float_z, FORECAST_DAYS)
    factor = inflation_multiplier(terms, float_z)
    rows = [
        _Priced(
            name,
            base_z,
            inflated_price(base_z, factor),
            None if found is None else inflated_price(base_z, found.factor),
        )
        for name, base_z in price_samples(view.settings).items()
    ]
    return _Prices(terms.enabled, float(factor), found, rows)


# Triggers

_TRIGGER_DAYS: Final = {1: "Today", 7: "7 days", 30: "30 days"}


@page("/op/triggers", who=Who.OPERATOR, nav="Triggers", at=61, group="Numbers")
async def triggers(view: View) -> Response:
    """What has paid how often and to how many, and what never has."""
    days = view.number("days", low=1, high=30, default=7)
    days = days if days in _TRIGGER_DAYS else 7
    channel, last_day = view.channel, view.day
    first_day = days_back(last_day, days - 1)
    rows = await view.read(lambda reports: reports.triggers(channel, first_day, last_day))
    largest = rows[:_BARS_MAX]
    chart = None
    if largest:
        top = largest[0]
        about = f"{top.trigger_id} has paid most: {view.money(top.total_z_awarded)}."
        figures = {"Z": [each.total_z_awarded for each in largest]}
        labels = [each.trigger_id for each in largest]
        chart = bars("triggers", "Paid by trigger", about, labels, figures)
    return view.show(
        "op/triggers.html",
        days=days,
        periods=_TRIGGER_DAYS,
        first_day=first_day,
        last_day=last_day,
        rows=rows,
        chart=chart,
        hits=sum(each.hit_count for each in rows),
        paid_z=sum(each.total_z_awarded for each in rows),
        dead=dead_triggers(view.settings, {each.trigger_id for each in rows}),
    )


# Games


@page("/op/games", who=Who.OPERATOR, nav="Returns of games", at=62, group="Numbers")
async def games(view: View) -> Response:
    """What each game has returned of its stakes, what it should have, and if that is chance."""
    channel = view.channel
    house, played, found = await view.read(
        lambda reports: (
            house_of(reports, channel),
            all_games(reports, channel),
            returns(reports, channel),
        )
    )
    by_game = {each.game: each for each in found}
    rows = [(title_of(each.game), each, by_game.get(each.game)) for each in played]
    return view.show("op/games.html", house=house, rows=rows, chart=_returned(found))


def _returned(found: list[GameReturn]) -> Markup | None:
    if not found:
        return None
    outside = [title_of(each.game) for each in found if each.is_outside]
    about = f"Outside of what chance explains: {', '.join(outside) or 'none'}."
    return bars(
        "returns",
        "Returned of all stakes, in percent",
        about,
        [title_of(each.game) for each in found],
        {
            "observed": [100 * each.observed for each in found],
            "expected": [100 * each.expected for each in found],
        },
        shown=lambda value: f"{value:.1f} %",
    )
