"""What multiplies earning now and next, and the event of an operator: `event start` and `stop`."""

from fractions import Fraction
from typing import Final

from starlette.responses import Response

from economy_actors.context import multipliers_now
from economy_actors.handlers.events import event_asked_for
from economy_actors.pages.op_kit import field, is_sure, problem, show, shown_first, told_time
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.features.events.rules import (
    ADHOC_MINUTES_MAX,
    ADHOC_MULTIPLIER_MAX,
    ADHOC_NAME_MAX,
    Factor,
    coming,
)
from kryten_economy.text.markup import user_text
from kryten_economy.text.templates import duration, factor, plural

__all__ = ()

_PATH: Final = "/op/events"
_ADHOC: Final = "adhoc"
_COMING_DAYS: Final = 366
_COMING_MAX: Final = 50


@page(_PATH, who=Who.OPERATOR, nav="Events", at=80, group="Settings")
async def events(view: View) -> Response:
    """Those that run, hidden ones too, and what comes in its order, surprises too."""
    combined = multipliers_now(view.context, view.channel)
    ahead = coming(
        view.settings,
        view.context.live.calendar,
        view.now_ms,
        _COMING_DAYS,
        _COMING_MAX,
        surprises=True,
    )
    return show(
        view,
        "op/events.html",
        factors=[(each, factor(each.mult), _is_adhoc(each)) for each in combined.factors],
        product=factor(combined.product),
        running=_running(view),
        coming=[
            (each, duration((each.ends_at_ms - each.starts_at_ms) // 1000), factor(each.mult))
            for each in ahead
        ],
        limits={
            "multiplier": ADHOC_MULTIPLIER_MAX,
            "minutes": ADHOC_MINUTES_MAX,
            "name": ADHOC_NAME_MAX,
        },
    )


def _is_adhoc(each: Factor) -> bool:
    return each.source.partition(":")[0] == _ADHOC


def _running(view: View) -> Factor | None:
    """The event of an operator that runs, or one that somebody has bought."""
    factors = multipliers_now(view.context, view.channel).factors
    return next(filter(_is_adhoc, factors), None)


@form("/op/events/start", who=Who.OPERATOR)
async def start(view: View) -> Response:
    """Multiply earning for a while."""
    typed, minutes = field(view, "multiplier"), field(view, "minutes")
    name = field(view, "name")
    if is_sure(view):
        answer = await view.act("event start", typed, minutes, text=name)
        return view.answered(answer, _PATH)
    asked = event_asked_for(typed, minutes, user_text(name))
    if isinstance(asked, str):
        return problem(view, asked, _PATH)
    multiplier, length = asked
    running = _running(view)
    others = Fraction(1)
    for each in multipliers_now(view.context, view.channel).factors:
        others *= 1 if _is_adhoc(each) else each.mult
    span, end = plural(length, "minute"), told_time(view, view.now_ms + length * 60_000)
    lines = [
        f"Earning counts {factor(multiplier)} for {span}, until {end}.",
        f"With what is in force beside it, that is {factor(multiplier * others)} in all.",
        "The channel is told.",
    ]
    if running is not None:
        ends = running.source.partition(":")[2]
        lines.append(f"'{ends}' ends with it: one event at a time runs.")
    return shown_first(
        view,
        "/op/events/start",
        title=f"Start '{name}'",
        lines=lines,
        button="Start",
        fields={"multiplier": typed, "minutes": minutes, "name": name},
        back=_PATH,
    )


@form("/op/events/stop", who=Who.OPERATOR)
async def stop(view: View) -> Response:
    """End it before its time."""
    return view.answered(await view.act("event stop"), _PATH)
