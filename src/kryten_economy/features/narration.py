"""Lines of stories: picked from pools, or written by a text model that nobody trusts.

Pure. What a model answers is read here: one JSON object, with or without code fences around it,
whose values are cut to one clean line each. Templates are rendered so that nothing in them can
break a story: an unknown placeholder is empty, and another line stands in for a broken one.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kryten_economy.config.race import Llm
from kryten_economy.dice import Chance
from kryten_economy.text.markup import clip, user_text
from kryten_economy.text.templates import render_tolerant

__all__ = ("LINE_UNITS_MAX", "MalformedAnswerError", "Wanted", "ask_body", "read_answer", "told")

LINE_UNITS_MAX = 240
"""A public line is never longer, whoever has written it."""

_FENCED = re.compile(r"```[A-Za-z]*\s*(.*?)```", re.DOTALL)


class Wanted(NamedTuple):
    """A line that a model is to write: its key, its greatest length, and whether it must."""

    key: str
    units_max: int
    required: bool = True


class MalformedAnswerError(ValueError):
    """A text model has answered something else than was asked for; is it the right endpoint?"""


def ask_body(settings: Llm, prompt: str) -> dict[str, Any]:
    """What a chat-completions endpoint is sent."""
    return {
        "model": settings.model,
        "messages": [
            {"role": "system", "content": settings.system_prompt},
            {"role": "user", "content": prompt},
        ],
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
    }


def read_answer(body: bytes, wanted: Sequence[Wanted]) -> dict[str, str]:
    """The lines of an answer that can be used; raises MalformedAnswerError."""
    written = _document(_content(_document(body)))
    if not isinstance(written, dict):
        raise MalformedAnswerError("no JSON object in the answer")
    lines = {each.key: _line(written.get(each.key), each.units_max) for each in wanted}
    for each in wanted:
        if each.required and not lines[each.key]:
            raise MalformedAnswerError(f"no text for {each.key!r}")
    return {key: line for key, line in lines.items() if line}


def _document(text: str | bytes) -> object:
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswerError("not JSON") from error
    return document


def _content(answer: object) -> str:
    """What the model says, without what it has put around the object."""
    try:
        content = answer["choices"][0]["message"]["content"]  # type: ignore[index]
    except (LookupError, TypeError) as error:
        raise MalformedAnswerError("not a chat completion") from error
    if not isinstance(content, str):
        raise MalformedAnswerError("no text in the answer")
    fenced = _FENCED.search(content)
    text = content if fenced is None else fenced.group(1)
    return text[text.find("{") : text.rfind("}") + 1]


def _line(value: object, units_max: int) -> str:
    """One line that is no command of the server or of another bot; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    return clip(user_text(value).lstrip("/! "), units_max)


def told(
    chance: Chance,
    values: Mapping[str, object],
    *pools: Sequence[str],
    units_max: int = LINE_UNITS_MAX,
) -> str:
    """A line of the first pool that has one which can be told; the last pool must have one.

    Values go in last and are cleaned by the caller. A template that would put one of them first
    gets a sign in front, so that no user's words begin a line of ours (P-TXT-8).
    """
    for pool in pools:
        for template in chance.shuffled(pool):
            line = user_text(render_tolerant(template, values) or "")
            if line:
                sign = "» " if template.lstrip().startswith("{") else ""
                return clip(sign + line, units_max)
    raise AssertionError(pools)
