"""The front page of a channel: what this is, what goes on, who stands on top, what was told last.

Whoever asks may see it, so nothing is here that a PM would not tell everybody: no hidden
multiplier, nobody who wants to be on no leaderboard, only news that the channel has heard.
"""

from fractions import Fraction
from typing import Any, Final, NamedTuple

from starlette.responses import Response

from economy_actors.context import Context, multipliers_now
from economy_actors.handlers.leaderboards import placed_rows
from economy_actors.pages.live import Render, fragment
from economy_actors.pages.registry import page
from economy_actors.pages.view import View
from economy_actors.playlist.listing import key_of
from kryten_economy.config import Settings
from kryten_economy.features.events.rules import Combined, coming
from kryten_economy.features.leaderboards import BoardRow, listed_among
from kryten_economy.features.media.rules import Medium
from kryten_economy.features.queue.purchases import Purchase, purchase_of_item
from kryten_economy.features.reports.queries import Board, Reports
from kryten_economy.features.reports.rows import Float
from kryten_economy.text.templates import duration, exact, factor, plural

__all__ = ()

TOP: Final = 5
HIGHLIGHTS: Final = 8
COMING_DAYS: Final = 30
COMING_MAX: Final = 8

_TOPS: Final[dict[Board, str]] = {
    "rich": "Richest",
    "earners": "Earning most today",
    "lifetime": "Most earned ever",
}
_DAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


class Running(NamedTuple):
    """What multiplies earning now; ``ends_at_ms`` where that is known."""

    name: str
    times: str
    ends_at_ms: int | None


class Regular(NamedTuple):
    """What multiplies earning again and again, and when."""

    name: str
    times: str
    when: str


class _Front(NamedTuple):
    """What the books say of a channel; ``told`` are texts and when, ``bought`` buyer and price."""

    tops: dict[Board, list[BoardRow]]
    supply: Float
    told: list[tuple[str, int]]
    bought: tuple[str, str] | None


@page("/", nav="Overview", at=10, shared_s=1)
async def front(view: View) -> Response:
    """All that is of interest at a glance, by one look into the books."""
    context, channel, day = view.context, view.channel, view.day
    medium = context.playing.get(channel)

    def query(reports: Reports) -> _Front:
        return _Front(
            {board: placed_rows(context, channel, reports, board, day, TOP) for board in _TOPS},
            reports.float_of(channel),
            _told(context, channel, reports),
            _bought(reports, channel, medium),
        )

    found = await view.read(query)
    return view.show(
        "public/front.html",
        bot=view.settings.bot.username,
        tops=[(board, title, found.tops[board]) for board, title in _TOPS.items()],
        number=1,
        supply=found.supply,
        present=context.population.get(channel, 0),
        told=found.told,
        medium=medium,
        bought=found.bought,
        **_events(view),
    )


# The boards


def _live_top(board: Board) -> Render:
    async def render(view: View) -> str:
        context, channel, day = view.context, view.channel, view.day
        rows = await view.read(
            lambda reports: placed_rows(context, channel, reports, board, day, TOP)
        )
        return view.part("public/rows.html", rows=rows, number=1)

    return render


for _board in _TOPS:
    fragment(_board)(_live_top(_board))


# Events


def _events(view: View) -> dict[str, Any]:
    """What multiplies earning: now, soon, and as a rule."""
    settings, calendar = view.settings, view.context.live.calendar
    combined = multipliers_now(view.context, view.channel)
    ahead = coming(settings, calendar, view.now_ms, COMING_DAYS, COMING_MAX)
    return {
        "running": _running(combined),
        "together": factor(combined.visible_product) if len(combined.visible) > 1 else None,
        "coming": [
            (
                each.name,
                factor(each.mult),
                each.starts_at_ms,
                duration((each.ends_at_ms - each.starts_at_ms) // 1000),
            )
            for each in ahead
        ],
        "regular": regular(settings),
        "zone": settings.timezone,
    }


def _running(combined: Combined) -> list[Running]:
    return [
        Running(each.label[:1].upper() + each.label[1:], factor(each.mult), each.ends_at_ms)
        for each in combined.visible
    ]


def regular(settings: Settings) -> list[Regular]:
    """The hours and the crowd that count more, where that is no secret."""
    off_peak, crowd = settings.multipliers.off_peak, settings.multipliers.high_population
    found = []
    if off_peak.enabled and off_peak.days and off_peak.hours and _counts(off_peak.multiplier):
        days = ", ".join(_DAYS[day] for day in sorted({*off_peak.days}))
        when = f"{days}: {_hours(off_peak.hours)}"
        found.append(Regular("Off-peak bonus", factor(exact(off_peak.multiplier)), when))
    if crowd.enabled and not crowd.hidden and _counts(crowd.multiplier):
        when = f"while {plural(crowd.min_users, 'user')} or more are here"
        found.append(Regular("Crowd bonus", factor(exact(crowd.multiplier)), when))
    return found


def _counts(multiplier: float) -> bool:
    return exact(multiplier) != Fraction(1)


def _hours(hours: tuple[int, ...]) -> str:
    """``06:00 to 16:00``, in as many parts as there are."""
    wanted, parts = {*hours}, []
    for start in sorted(hour for hour in wanted if (hour - 1) not in wanted):
        end = start
        while end in wanted:
            end += 1
        parts.append(f"{start:02}:00 to {end:02}:00")
    return ", ".join(parts)


def _seen_events(context: Context, channel: str) -> object:
    minute = context.clock.now_ms() // 60_000
    return minute, multipliers_now(context, channel).visible


@fragment("events", watch=_seen_events)
async def events(view: View) -> str:
    """What multiplies earning, as it is now."""
    return view.part("public/events.html", **_events(view))


# What plays


def _bought(reports: Reports, channel: str, medium: Medium | None) -> tuple[str, str] | None:
    """Who has bought what plays (or "" if nobody may be named) and what they paid."""
    found = _purchase(reports, channel, medium)
    if found is None:
        return None
    is_listed = found.name in listed_among(reports, channel, [found.name])
    return (found.display_name if is_listed else ""), f"{found.price_z:,}"


def _purchase(reports: Reports, channel: str, medium: Medium | None) -> Purchase | None:
    if medium is None or medium.uid is None:
        return None
    found = purchase_of_item(reports, channel, medium.uid)
    # A shuffled list has new uids, of which the books may hear a moment later.
    return found if found is not None and key_of(found) == medium.key else None


@fragment("playing", watch=lambda context, channel: context.playing.get(channel))
async def playing(view: View) -> str:
    """What plays, and who has bought it."""
    channel, medium = view.channel, view.context.playing.get(view.channel)
    bought = await view.read(lambda reports: _bought(reports, channel, medium))
    return view.part("public/playing.html", medium=medium, bought=bought)


# What was told


def _told(context: Context, channel: str, reports: Reports) -> list[tuple[str, int]]:
    """The last wins and achievements the channel has heard of, of those who may be named."""
    known = context.highlights.get(channel, ())
    named = listed_among(reports, channel, {each.user.name for each in known})
    return [(each.text, each.at_ms) for each in known if each.user.name in named][:HIGHLIGHTS]


@fragment("told", watch=lambda context, channel: context.highlights.get(channel))
async def told(view: View) -> str:
    """The same, as it is now."""
    context, channel = view.context, view.channel
    found = await view.read(lambda reports: _told(context, channel, reports))
    return view.part("public/told.html", told=found)
