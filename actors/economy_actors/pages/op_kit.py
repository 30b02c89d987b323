"""What the pages of operators share: the step before an act, times, and what a form lacks.

An act is shown before it is done: the form that asks for it leads to what would happen, and from
there the same form is sent again with ``sure``. What is done then is the PM command, and its
answer tells what has really happened, whatever was shown before.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from markupsafe import Markup
from starlette.responses import Response

from economy_actors.messages.session import PageAnswer
from economy_actors.pages.view import View
from kryten_economy.text.templates import minute_of, on_page
from kryten_economy.users import name_from_text

__all__ = (
    "BAD_NAME",
    "REASON_MAX",
    "field",
    "is_sure",
    "name_in",
    "problem",
    "show",
    "shown_first",
    "told_time",
    "when",
)

REASON_MAX: Final = 200


def show(view: View, template: str, *, status: int = 200, **values: object) -> Response:
    """A page of operators; its templates tell times by ``when``."""
    return view.show(template, status=status, when=partial(when, view), **values)


def when(view: View, at_ms: int | None) -> Markup:
    """An instant, to the minute, in the zone of the channel."""
    if at_ms is None:
        return Markup("-")
    return view.time(at_ms)


def told_time(view: View, at_ms: int) -> str:
    """The same within a sentence."""
    return minute_of(at_ms, view.context.live.calendar.zone)


def field(view: View, name: str) -> str:
    """What a field of the form holds, without white space around it; "" if it is not there."""
    return view.form.get(name, "").strip()


BAD_NAME: Final = "A name has 1 to 20 letters, digits, '-' and '_'."


def name_in(text: str) -> str | None:
    """A CyTube name as people type it; None if it can't be one."""
    return name_from_text(text.strip())


def problem(view: View, text: str, back: str) -> Response:
    """Why nothing was done, before anybody was asked to do it."""
    return view.answered(PageAnswer(on_page(text), "refused", "invalid_request"), back)


def is_sure(view: View) -> bool:
    """Whether the operator has seen what will happen."""
    return view.form.get("sure") == "yes"


def shown_first(
    view: View,
    path: str,
    *,
    title: str,
    lines: Sequence[str],
    button: str,
    fields: Mapping[str, str],
    back: str,
    is_dangerous: bool = False,
) -> Response:
    """What a form would do; ``fields`` are sent again when the operator agrees."""
    return view.shown_next(
        "op/sure.html",
        title,
        path=path,
        heading=title,
        lines=lines,
        button=button,
        fields=dict(fields) | {"sure": "yes"},
        back=back,
        is_dangerous=is_dangerous,
    )
