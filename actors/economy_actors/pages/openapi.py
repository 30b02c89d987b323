"""The document of the API over HTTP (OpenAPI 3.1), made from the registered requests.

Nothing in it is written twice: fields say what they may be, handlers say what they do, and the
codes of refusals say with which status they come.
"""

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from economy_actors.handlers.answers import Code
from economy_actors.handlers.registry import ADMIN, REQUESTS, USERNAME, RequestSpec

__all__ = ("BODY_BYTES_MAX", "STATUS", "Operation", "document", "operations")

BODY_BYTES_MAX: Final = 16 * 1024

_CODES: Final = {
    400: (Code.INVALID_REQUEST,),
    401: (Code.UNAUTHORIZED,),
    403: (Code.FORBIDDEN, Code.BANNED, Code.IGNORED_USER, Code.DISABLED),
    404: (Code.NOT_FOUND, Code.UNKNOWN_CHANNEL, Code.UNKNOWN_COMMAND),
    409: (
        Code.INSUFFICIENT_BALANCE,
        Code.COOLDOWN_ACTIVE,
        Code.DAILY_LIMIT_REACHED,
        Code.BLACKOUT_ACTIVE,
        Code.LIMIT_REACHED,
        Code.SOLD_OUT,
        Code.REJECTED,
        Code.CONFLICT,
        Code.REQUEST_ID_CONFLICT,
    ),
    429: (Code.RATE_LIMITED,),
    500: (Code.INTERNAL,),
    503: (Code.UNAVAILABLE,),
}
STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {"": 200} | {code.value: status for status, codes in _CODES.items() for code in codes}
)
"""With which status each code is answered; "" is no refusal."""

_WHEN: Final = {
    400: "The request can't be read, or a field is wrong; the text says what is allowed.",
    401: "No key, a wrong or a revoked one, or a token that is not good.",
    403: "The key or its user may not do this, or it is switched off.",
    404: "There is no such user, thing or channel.",
    405: "Another method is needed.",
    408: "The request did not arrive in time.",
    409: "The rules of the economy refuse it as things stand.",
    413: f"The request has more than {BODY_BYTES_MAX // 1024} KB.",
    415: "The request is not application/json.",
    429: "Too many requests; Retry-After says for how many seconds.",
    500: "Something went wrong, and was written down.",
    503: "The service is busy, or can't say whether it was done.",
}
_OF_BODIES = frozenset({408, 413, 415})
_HEADERS: Final = {
    401: {"WWW-Authenticate": {"schema": {"const": "Bearer"}}},
    405: {"Allow": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}},
}
_ABOUT: Final = """\
Every request of the economy, over HTTP. Send `Authorization: Bearer` with a key of your channel, \
which operators make, or with a signed token where the service takes them. A key is of one user \
in one channel: `channel` may be left out, `username` is the key's own user where it is left out, \
and only keys with the scope `operate` ask about others. Money moves once per `request_id`: send \
the same again if no answer came."""


class Operation(NamedTuple):
    """A request as the page of the API shows it; ``fields`` are name, schema, and if required."""

    name: str
    methods: str
    summary: str
    scope: str
    fields: tuple[tuple[str, str, bool], ...]


def operations() -> list[Operation]:
    """All requests, by name."""
    return [
        Operation(
            spec.name,
            "POST" if spec.changes else "GET, POST",
            _summary(spec),
            spec.needs.value,
            tuple((name, _in_words(each), must) for name, (each, must) in _fields(spec).items()),
        )
        for spec in sorted(REQUESTS, key=lambda each: each.name)
    ]


def document(version: str) -> dict[str, Any]:
    """The whole document."""
    specs = sorted(REQUESTS, key=lambda each: each.name)
    return {
        "openapi": "3.1.0",
        "info": {"title": "kryten-economy", "version": version, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {"token": []}],
        "paths": {f"/api/v1/{spec.name}": _path(spec) for spec in specs},
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "ke_live_<prefix>_<secret>",
                    "description": "A key of a channel: operators make it with `key add`.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT (ES256)",
                    "description": "A signed token; only where api_auth is on.",
                },
            },
            "schemas": {"Refusal": _refusal([code.value for code in Code])},
            "responses": {str(status): _failure(status) for status in _WHEN},
        },
    }


def _path(spec: RequestSpec) -> dict[str, Any]:
    posted = {"post": _operation(spec, by_query=False)}
    return posted if spec.changes else {"get": _operation(spec, by_query=True), **posted}


def _operation(spec: RequestSpec, *, by_query: bool) -> dict[str, Any]:
    fields = _fields(spec)
    what: dict[str, Any] = {
        "operationId": f"{'get' if by_query else 'post'}:{spec.name}",
        "summary": _summary(spec),
        "description": f"{_doc(spec)}\n\nNeeds a key with the scope `{spec.needs}`.",
        "tags": [spec.name.partition(".")[0]],
        "x-scope": spec.needs.value,
    }
    if by_query:
        what["parameters"] = [
            {"name": name, "in": "query", "required": must, "schema": schema}
            for name, (schema, must) in fields.items()
        ]
    else:
        required = [name for name, (_, must) in fields.items() if must]
        schema = {
            "type": "object",
            "properties": {name: each for name, (each, _) in fields.items()},
            **({"required": required} if required else {}),
        }
        content = {"application/json": {"schema": schema}}
        what["requestBody"] = {"required": True, "content": content}
    statuses = [each for each in _WHEN if not (by_query and each in _OF_BODIES)]
    what["responses"] = {
        "200": _success(spec),
        **{str(each): {"$ref": f"#/components/responses/{each}"} for each in statuses},
    }
    return what


def _fields(spec: RequestSpec) -> dict[str, tuple[dict[str, Any], bool]]:
    """Schema of each field, and whether it must be there; who asks is not asked."""
    found: dict[str, tuple[dict[str, Any], bool]] = {}
    if spec.channel:
        schema = {"type": "string", "maxLength": 100, "description": "The key's own if left out."}
        found["channel"] = (schema, False)
    for field in spec.fields:
        if field is ADMIN:
            continue
        _, before = found.get(field.name, (None, False))
        schema = dict(field.schema)
        if field == USERNAME:
            schema["description"] = "The key's own user if left out."
        # A field may be there twice, of which one is the stricter.
        found[field.name] = (schema, before or (field.required and field != USERNAME))
    return found


def _summary(spec: RequestSpec) -> str:
    return _doc(spec).partition("\n")[0].rstrip(".")


def _doc(spec: RequestSpec) -> str:
    return (inspect.getdoc(spec.handler) or spec.name).replace("``", "`")


def _success(spec: RequestSpec) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["service", "command", "success", "data"],
        "properties": {
            "service": {"const": "economy"},
            "command": {"const": spec.name},
            "success": {"const": True},
            "data": {"type": "object"},
        },
    }
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _refusal(codes: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["service", "command", "success", "error", "error_code"],
        "properties": {
            "service": {"const": "economy"},
            "command": {"type": "string"},
            "success": {"const": False},
            "error": {"type": "string", "description": "A sentence fit for users."},
            "error_code": {"enum": codes},
            "data": {"type": "object"},
        },
    }


def _failure(status: int) -> dict[str, Any]:
    codes = _CODES.get(status, (Code.INVALID_REQUEST,))
    told: dict[str, Any] = {
        "description": _WHEN[status],
        "content": {"application/json": {"schema": _refusal([code.value for code in codes])}},
    }
    if status in _HEADERS:
        told["headers"] = _HEADERS[status]
    return told


def _in_words(schema: Mapping[str, Any]) -> str:
    """A field's schema as people read it."""
    kind = schema.get("type")
    if kind is None and "anyOf" in schema:
        return " or ".join(_in_words(each) for each in schema["anyOf"])
    if "const" in schema:
        return f"“{schema['const']}”"
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "format" in schema:
        words = str(schema["format"])
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        words += f", {low} to {high}"
    if "maxLength" in schema:
        words += f", at most {schema['maxLength']} characters"
    if "default" in schema:
        shown = schema["default"]
        words += f", else {str(shown).lower() if isinstance(shown, bool) else shown}"
    if "description" in schema:
        words += f". {schema['description']}"
    return words
