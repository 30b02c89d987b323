"""The configuration for those who run the service: what holds, what was changed, and back."""

from difflib import unified_diff
from itertools import islice
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.handlers.answers import Refused
from economy_actors.handlers.config import needs_restart, shown_setting, where_from
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.config.origins import Source, kept_values
from kryten_economy.features import config_versions as kept
from kryten_economy.text.markup import clip

__all__ = ()

ROWS: Final = 60
PAGES_MAX: Final = 100
VERSIONS: Final = 10
_CHANGES_MAX = 200
_DIFF_LINES_MAX = 600
_TEXT_MAX = 200_000
_FILTER_MAX = 100
_NUMBER_MAX = 2**53


@page("/op/config", who=Who.OPERATOR, nav="Configuration", at=83, group="Settings")
async def settings(view: View) -> Response:
    """All settings in force, those with the asked text in their key, page by page."""
    wanted = view.request.query_params.get("key", "").strip()[:_FILTER_MAX]
    number = view.number("page", low=1, high=PAGES_MAX, default=1)
    live = view.context.live
    source = live.source or Source()
    all_ = kept_values(live.settings, source)
    found = [each for each in all_ if wanted.lower() in each.lower()]
    shown = [
        (
            key,
            kept.shown_value(all_[key]),
            _written(source, key),
            needs_restart(key),
        )
        for key in found[(number - 1) * ROWS : number * ROWS]
    ]
    return view.show(
        "op/config.html",
        wanted=wanted,
        rows=shown,
        count=len(found),
        number=number,
        has_more=len(found) > number * ROWS and number < PAGES_MAX,
        one=_one(view, wanted),
        has_file=live.path is not None,
    )


def _written(source: Source, key: str) -> str:
    """Where a setting comes from, in a word where nobody has written it."""
    origin, names = source.origin(key), source.variables(key)
    return "the default" if origin is None and not names else where_from(origin, names)


def _one(view: View, wanted: str) -> str:
    """The setting that is named in full, as the PM tells it."""
    told = shown_setting(view.context.live, wanted) if wanted else ""
    return "" if isinstance(told, Refused) else told


@page("/op/config/history", who=Who.OPERATOR)
async def history(view: View) -> Response:
    """Every reading of the file that has changed anything, the newest first."""
    number = view.number("page", low=1, high=10_000, default=1)
    rows, count = await view.read(
        lambda reports: kept.versions(reports, VERSIONS, (number - 1) * VERSIONS)
    )
    told = [
        (
            each,
            [kept.shown_change(change) for change in each.changes[:5]],
            max(0, len(each.changes) - 5),
        )
        for each in rows
    ]
    return view.show(
        "op/config_history.html",
        rows=told,
        number=number,
        has_more=count > number * VERSIONS,
        count=count,
    )


@page("/op/config/version/{number:int}", who=Who.OPERATOR)
async def version(view: View) -> Response:
    """What a version has changed, how its text differs from the one before, and a way back."""
    number: int = view.place("number")
    if number > _NUMBER_MAX:
        raise HTTPException(404)
    text, before, now = await view.read(
        lambda reports: (
            kept.version_of(reports, number),
            kept.version_of(reports, number - 1),
            kept.versions(reports, 1)[0],
        )
    )
    if text is None or not now:
        raise HTTPException(404, "There is no such version of the configuration.")
    changes = [] if before is None else kept.differences(before[1], text[1])
    return view.show(
        "op/config_version.html",
        number=number,
        is_last=now[0].id == number,
        changes=[
            (each.key_path, kept.shown_value(each.before), kept.shown_value(each.after))
            for each in changes[:_CHANGES_MAX]
        ],
        more=max(0, len(changes) - _CHANGES_MAX),
        diff=None if before is None else _diff(before[0], text[0]),
        diff_max=_DIFF_LINES_MAX,
    )


def _diff(before: str, after: str) -> list[str] | None:
    """The lines that differ, with some around them; None where the texts are too long for that."""
    if len(before) + len(after) > _TEXT_MAX:
        return None
    lines = unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="")
    return [clip(each, 300) for each in islice(lines, _DIFF_LINES_MAX)]


@form("/op/config/reload", who=Who.OPERATOR)
async def reload(view: View) -> Response:
    """Read the file again."""
    return view.answered(await view.act("reload"), back="/op/config")


@form("/op/config/revert", who=Who.OPERATOR)
async def revert(view: View) -> Response:
    """Ask whether to go back to a version."""
    answer = await view.act("config revert", view.form.get("version", ""))
    return view.answered(answer, back="/op/config/history")
