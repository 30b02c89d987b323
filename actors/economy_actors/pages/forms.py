"""Forms as they come in: url-encoded, small, and in time.

What is not is answered by a page that says what is allowed; the rest of the body is never read.
"""

from contextlib import aclosing
from typing import Final
from urllib.parse import parse_qsl

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from kryten_economy.commands.grammar import unquoted
from kryten_economy.text.markup import clip, user_text

__all__ = (
    "BODY_BYTES_MAX",
    "FIELDS_MAX",
    "READ_WITHIN_S",
    "command_line",
    "read_form",
    "unsendable",
)

BODY_BYTES_MAX: Final = 16 * 1024
FIELDS_MAX: Final = 60
READ_WITHIN_S: Final = 10.0
LINE_UNITS_MAX: Final = 2_000
_QUOTES = ('"', "'")
_TOLD_MAX = 40


async def read_form(request: Request, bytes_max: int = BODY_BYTES_MAX) -> dict[str, str]:
    """The fields of a form; raises HTTPException for what is too much, too slow or none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "Only forms of these pages are taken here.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:12]) > bytes_max:
        raise HTTPException(413, _too_long(bytes_max))
    try:
        with anyio.fail_after(READ_WITHIN_S):
            body = await _body(request, bytes_max)
    except TimeoutError:
        raise HTTPException(408, "The form did not arrive in time. Send it again.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The connection ended before the form had arrived.") from None
    return _fields(body)


async def _body(request: Request, bytes_max: int) -> bytes:
    body = bytearray()
    async with aclosing(request.stream()) as pieces:
        async for piece in pieces:
            body += piece
            if len(body) > bytes_max:
                raise HTTPException(413, _too_long(bytes_max))
    return bytes(body)


def _too_long(bytes_max: int) -> str:
    return f"That is more than a form can hold ({bytes_max // 1024} KB)."


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:
        raise HTTPException(400, "That form can't be read. Go back and send it again.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise HTTPException(400, "That form says one thing twice. Go back and send it again.")
    return fields


def command_line(command: str, *words: str, text: str | None = None) -> str | None:
    """The command as a PM would hold it; None where a field can't be an argument.

    A word is one argument whatever it holds, so it has no white space and is not empty; ``text``
    is the free text at the end. Neither may hold control characters. ``command`` is the page's own.
    """
    if any(not word or word.split() != [word] or not word.isprintable() for word in words):
        return None
    parts = [command, *words]
    if text is not None and text.strip():
        free = text.strip()
        # Joiners and marks of emoji count as not printable, but end no line.
        if any(ord(each) < 32 or each in "\x7f\x85\u2028\u2029" for each in free):
            return None
        parts.append(_quoted(free))
    line = " ".join(parts)
    return line if len(line) <= LINE_UNITS_MAX else None


def unsendable(*words: str) -> str:
    """What is wrong with fields of which no command line can be made, in a sentence."""
    if not all(word.strip() for word in words):
        problem = "A field is empty: fill in all of them."
    elif (spaced := next((each for each in words if each.split() != [each]), None)) is not None:
        problem = f"'{clip(user_text(spaced), _TOLD_MAX)}' has a space in it: write it as one word."
    else:
        problem = "One of the fields is too long, or holds something that can't be sent."
    return f"{problem} Nothing was done."


def _quoted(text: str) -> str:
    """The text so that it is read as it stands: one pair of quotes around it is taken off."""
    if unquoted(text) == text:
        return text
    around = next((each for each in _QUOTES if each not in text), None)
    return text if around is None else f"{around}{text}{around}"
