"""What operators stop at once: `pause`, `readonly`, `freeze` and `resume`."""

from typing import Final

from starlette.responses import Response

from economy_actors.handlers.panic import duration_ms
from economy_actors.pages.op_kit import (
    BAD_NAME,
    REASON_MAX,
    field,
    is_sure,
    name_in,
    problem,
    show,
    shown_first,
    told_time,
)
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.features import panic
from kryten_economy.features.panic import LEVELS, MEANS, HaltKind, halts_of

__all__ = ()

_PATH: Final = "/op/panic"
_COMMANDS: Final[dict[str, str]] = {
    **{each: f"pause {each}" for each in LEVELS if each != "read-only"},
    "read-only": "readonly",
}
_TITLES: Final[dict[str, str]] = {
    "earning": "Pause earning",
    "games": "Pause games",
    "spending": "Pause spending",
    "read-only": "Make the economy read-only",
}
_ALL: Final = "all"


@page(_PATH, who=Who.OPERATOR, nav="Panic", at=82, group="Settings")
async def state(view: View) -> Response:
    """What is stopped now, by whom and until when, and what can be."""
    channel = view.channel
    halts = await view.read(lambda reports: halts_of(reports, channel))
    return show(
        view,
        "op/panic.html",
        halts=[(each, _named(each.what, each.display_name), MEANS[each.what]) for each in halts],
        levels=[(each, _TITLES[each], MEANS[each]) for each in LEVELS],
    )


def _named(what: HaltKind, name: str) -> str:
    return f"{name} is frozen" if what == "freeze" else panic.level_in_words(what)


@form("/op/panic/stop", who=Who.OPERATOR)
async def stop(view: View) -> Response:
    """Stop one kind of movement, or all of them."""
    what = field(view, "what")
    command = _COMMANDS.get(what)
    if command is None:
        text = f"Choose what is to stop: {', '.join(_COMMANDS)}. Nothing was changed."
        return problem(view, text, _PATH)
    level = next(each for each in LEVELS if each == what)
    return await _stop(
        view, command, (), _TITLES[what], MEANS[level], {"what": what}, "/op/panic/stop", _PATH
    )


@form("/op/freeze", who=Who.OPERATOR)
async def freeze(view: View) -> Response:
    """Stop one account."""
    name = name_in(field(view, "name"))
    if name is None:
        return problem(view, f"{BAD_NAME} Nothing was changed.", _PATH)
    never = panic.never_frozen(name, bot=view.settings.bot.username, by=view.user.name)
    if never is not None:
        return problem(view, never, f"/op/user/{name}")
    return await _stop(
        view,
        "freeze",
        (f"@{name}",),
        f"Freeze {name}",
        f"{MEANS['freeze']} They are told.",
        {"name": name},
        "/op/freeze",
        f"/op/user/{name}",
    )


async def _stop(
    view: View,
    command: str,
    words: tuple[str, ...],
    title: str,
    means: str,
    fields: dict[str, str],
    path: str,
    back: str,
) -> Response:
    time, reason = field(view, "for"), field(view, "reason")[:REASON_MAX]
    for_ms = duration_ms(time) if time else None
    if time and for_ms is None:
        return problem(view, panic.unclear("That is no time."), back)
    if not time and reason[:1].isdigit():
        # As the command reads it, a time comes first.
        text = "Say for how long, or begin the reason with a word. Nothing was changed."
        return problem(view, text, back)
    if is_sure(view):
        timed = (*words, time) if time else words
        return view.answered(await view.act(command, *timed, text=reason), back)
    until = (
        "It holds until an admin resumes it."
        if for_ms is None
        else f"It ends by itself at {told_time(view, view.now_ms + for_ms)}."
    )
    return shown_first(
        view,
        path,
        title=title,
        lines=[means, until, f"Reason: {reason}" if reason else "No reason is told."],
        button=title,
        fields=fields | {"for": time, "reason": reason},
        back=back if command != "freeze" else "/op/users",
        is_dangerous=True,
    )


@form("/op/resume", who=Who.OPERATOR)
async def resume(view: View) -> Response:
    """Let one thing go on, or all of them."""
    what, name = field(view, "what"), name_in(field(view, "name"))
    if what not in {*LEVELS, _ALL}:
        if name is None:
            text = f"Choose what is to go on: {', '.join(LEVELS)}, {_ALL} or a user."
            return problem(view, f"{text} Nothing was changed.", _PATH)
        return view.answered(await view.act("resume", f"@{name}"), f"/op/user/{name}")
    if what == _ALL and not is_sure(view):
        channel = view.channel
        halts = await view.read(lambda reports: halts_of(reports, channel))
        return shown_first(
            view,
            "/op/resume",
            title="Resume all",
            lines=[f"This ends: {panic.in_words(each)}" for each in halts]
            or ["Nothing is stopped here."],
            button="Resume all",
            fields={"what": _ALL},
            back=_PATH,
        )
    return view.answered(await view.act("resume", what), _PATH)
