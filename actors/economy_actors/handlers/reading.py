"""How a body becomes an understood request, and how an answer becomes an envelope.

Whatever is wrong with a request is said here, before anything is done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, Refused
from economy_actors.handlers.fields import (
    Body,
    Invalid,
    NotJson,
    NotObject,
    Text,
    Values,
    read_fields,
)
from economy_actors.handlers.registry import ADMIN, REQUEST_ID, REQUESTS, RequestSpec
from kryten_economy.text.markup import clip, user_text

__all__ = (
    "TOKEN",
    "Rejected",
    "Understood",
    "envelope",
    "understand",
)

_CHANNEL = Text("channel", most=100, required=True)
_SHOWN_UNITS_MAX = 60
_ECHO_MAX = 100
TOKEN: Final = "token"  # noqa: S105 - the name of the field
"""The field of who may change something; no command has it, so that no log or row does."""

_ALWAYS_KNOWN: Final = frozenset(
    {"command", "channel", "service", TOKEN, ADMIN.name, REQUEST_ID.name}
)
"""What client libraries may add to any request."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A request in the types of its fields; ``channel`` is spelled as configured."""

    spec: RequestSpec
    channel: str
    values: Values


@dataclass(frozen=True, slots=True)
class Rejected:
    """A body that is no call: what to echo, what to answer, and the command it meant, if any."""

    echo: str
    refusal: Refused
    spec: RequestSpec | None = None
    admin: str = ADMIN.default


def understand(
    body: Body | NotJson | NotObject, channel_named: Callable[[str], str | None]
) -> Understood | Rejected:
    """The request that a body makes; ``channel_named`` finds a configured channel in any casing."""
    match body:
        case NotJson():
            return Rejected("", _invalid("The request must be JSON in UTF-8"))
        case NotObject():
            return Rejected("", _invalid("The request must be a JSON object"))
        case _:
            return _understand_object(body, channel_named)


def _understand_object(
    body: Body, channel_named: Callable[[str], str | None]
) -> Understood | Rejected:
    name = body.get("command")
    if not isinstance(name, str) or not name:
        return Rejected("", _invalid("command is required and must be a text"))
    spec = REQUESTS.find(name)
    if spec is None:
        shown = clip(user_text(name[:200]), _SHOWN_UNITS_MAX)
        return Rejected(name, Refused(Code.UNKNOWN_COMMAND, f"Unknown command: {shown}"))
    channel = _channel(spec, body, channel_named)
    if isinstance(channel, Refused):
        return Rejected(name, channel, spec, _admin(body))
    values = read_fields(spec.fields, body)
    if isinstance(values, Invalid):
        return Rejected(name, Refused(values.code, values.text), spec, _admin(body))
    unknown = _unknown_field(spec, body)
    if unknown is not None:
        return Rejected(name, _invalid(unknown), spec, _admin(body))
    return Understood(spec, channel, values)


def _unknown_field(spec: RequestSpec, body: Body) -> str | None:
    """What to say about a field that the request does not know, where that matters."""
    if not spec.known_fields_only:
        return None
    known = [field.name for field in spec.fields]
    for key in body:
        if key not in known and key not in _ALWAYS_KNOWN:
            shown = clip(user_text(key), _SHOWN_UNITS_MAX)
            return f"{spec.name} has no field '{shown}'; it takes {', '.join(known)}"
    return None


def _channel(
    spec: RequestSpec, body: Body, channel_named: Callable[[str], str | None]
) -> str | Refused:
    if not spec.channel:
        return ""
    if spec.only_channel and not body.get("channel") and (only := channel_named("")):
        return only
    typed = _CHANNEL.read(body.get("channel"))
    if isinstance(typed, Invalid):
        return _invalid(typed.text)
    channel = channel_named(typed)
    if channel is None:
        shown = clip(typed, _SHOWN_UNITS_MAX)
        return Refused(Code.UNKNOWN_CHANNEL, f"This service does not know the channel '{shown}'")
    return channel


def _admin(body: Body) -> str:
    admin = ADMIN.read(body.get(ADMIN.name))
    return ADMIN.default if isinstance(admin, Invalid) else admin


def _invalid(text: str) -> Refused:
    return Refused(Code.INVALID_REQUEST, text)


def envelope(command: str, answer: ApiAnswer) -> dict[str, object]:
    """The answer to send; ``command`` is what the request said, "" if it said nothing."""
    head: dict[str, object] = {"service": "economy", "command": command[:_ECHO_MAX]}
    match answer:
        case Done(data):
            return head | {"success": True, "data": dict(data)}
        case Refused(code, text, data) | Failed(code, text, data):
            failed = head | {"success": False, "error": text, "error_code": code.value}
            return failed if data is None else failed | {"data": dict(data)}
