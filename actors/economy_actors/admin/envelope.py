"""The envelope of every answer (`admin-api.md` 1 and 7). Values in, JSON-able mapping out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from economy_actors.metrics.families import CommandResult

__all__ = ("Code", "Done", "Outcome", "Refused", "envelope", "result_of")

_ECHO_MAX = 100


class Code(StrEnum):
    """Why a request failed; these are an interface."""

    UNKNOWN_COMMAND = "unknown_command"
    INVALID_REQUEST = "invalid_request"
    UNKNOWN_CHANNEL = "unknown_channel"
    NOT_FOUND = "not_found"
    BANNED = "banned"
    IGNORED_USER = "ignored_user"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    REQUEST_ID_CONFLICT = "request_id_conflict"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Done:
    """The command was processed."""

    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not; ``error`` is fit for end users (`admin-api.md` 8)."""

    code: Code
    error: str


Outcome: TypeAlias = Done | Refused


def envelope(command: str, outcome: Outcome) -> dict[str, object]:
    """The answer to send; ``command`` is what the request said, "" if it said nothing."""
    head: dict[str, object] = {"service": "economy", "command": command[:_ECHO_MAX]}
    match outcome:
        case Done(data):
            return head | {"success": True, "data": dict(data)}
        case Refused(code, error):
            return head | {"success": False, "error": error, "error_code": code.value}


def result_of(outcome: Outcome) -> CommandResult:
    """The label of ``economy_api_requests_total``."""
    match outcome:
        case Done():
            return "ok"
        case Refused(Code.INTERNAL | Code.UNAVAILABLE, _):
            return "error"
        case Refused():
            return "refused"
