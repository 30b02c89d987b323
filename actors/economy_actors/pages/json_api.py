"""The API over HTTP: one path per registered request, answered by the workers of the API.

A request is read, its caller let in, and it goes the way of the requests on the bus: same
handlers, same refusals, same envelope. What is refused has the status of its code; the list of
what may be answered is `openapi`'s.
"""

import json
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import parse_qsl

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from economy_actors.api import unanswered
from economy_actors.handlers.answers import Code, Refused
from economy_actors.handlers.fields import NotJson, NotObject, read_body
from economy_actors.handlers.reading import envelope
from economy_actors.handlers.registry import ADMIN, REQUESTS, USERNAME, RequestSpec
from economy_actors.messages.workers import ApiRequest, Inside
from economy_actors.pages.gate import Bearer, Gate, Shut
from economy_actors.pages.openapi import BODY_BYTES_MAX, STATUS, document, operations
from economy_actors.pages.view import Site, View
from economy_actors.runtime import Reply, RuntimeFault
from kryten_economy.features.api_keys import ApiKey
from kryten_economy.features.api_keys import Scope as KeyScope
from kryten_economy.users import name_from_text

__all__ = ("PREFIX", "READ_WITHIN_S", "JsonApi", "problem")

PREFIX: Final = "/api/v1/"
READ_WITHIN_S: Final = 10.0

_ASKED_FOR_S = 6.0
"""More than the workers take; a sooner answer is theirs."""
_FIELDS_MAX = 60

_CODES: Final = {
    404: Code.UNKNOWN_COMMAND,
    429: Code.RATE_LIMITED,
    500: Code.INTERNAL,
    503: Code.UNAVAILABLE,
}


def _told(
    command: str, code: Code, text: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A refusal as an answer."""
    return _json(envelope(command, Refused(code, text)), STATUS[code.value], headers)


def _json(
    body: Mapping[str, object], status: int, headers: Mapping[str, str] | None = None
) -> Response:
    # All in ASCII, since half an emoji that a caller sent can't be written in UTF-8.
    return Response(json.dumps(body), status, headers, "application/json")


def problem(status: int, text: str) -> Response:
    """What went wrong before anybody knew which request it is."""
    refusal = Refused(_CODES.get(status, Code.INVALID_REQUEST), text)
    headers = {"connection": "close"} | ({"retry-after": "5"} if status in {429, 503} else {})
    return _json(envelope("", refusal), status, headers)


class JsonApi:
    """Everything below ``/api/v1/``."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._gate = Gate(site)
        self._document = json.dumps(document(site.context.version), ensure_ascii=False).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        name = request.scope["path"].removeprefix(PREFIX)
        spec = REQUESTS.find(name)
        if spec is not None:
            return await self._asked(spec, request)
        if name not in {"", "openapi.json"}:
            return _told("", Code.UNKNOWN_COMMAND, f"There is no such request; see {PREFIX}")
        if request.method != "GET":
            return _wrong_method("", "GET")
        if not name:
            return self._page(request)
        return Response(self._document, media_type="application/json")

    async def _asked(self, spec: RequestSpec, request: Request) -> Response:
        methods = ("POST",) if spec.changes else ("GET", "POST")
        if request.method not in methods:
            return _wrong_method(spec.name, ", ".join(methods))
        bearer = await self._gate.let_in(request, changes=spec.changes)
        if isinstance(bearer, Shut):
            return _shut(spec.name, bearer)
        is_query = request.method == "GET"
        body = _query(request, spec.name) if is_query else await _body(request, spec.name)
        return body if isinstance(body, Response) else await self._ask(spec, bearer, body)

    def _page(self, request: Request) -> Response:
        view = View(self._site, request, "", None)
        return view.show("api.html", operations=operations(), prefix=PREFIX)

    async def _ask(self, spec: RequestSpec, bearer: Bearer, body: bytes) -> Response:
        given = read_body(body)
        fields = {} if isinstance(given, NotJson | NotObject) else given
        fixed: dict[str, object] = {"command": spec.name}
        ids, by, of_channel = "", "", ""
        if bearer.key is not None:
            of_key = _fixed(spec, bearer.key, fields)
            if isinstance(of_key, Refused):
                return _told(spec.name, of_key.code, of_key.text)
            user = bearer.key.user
            ids, by = f"key:{user.channel}:{user.name}", bearer.key.display_name
            of_channel = user.channel
            fixed |= of_key
        origin: Any = "api" if bearer.key is None else "key"

        def ask(reply: Reply[dict[str, object]]) -> ApiRequest:
            inside = Inside(origin, fixed, by, bearer.subject, ids, reply, of_channel)
            return ApiRequest(body, "", inside)

        try:
            answer = await self._site.context.api.ask(ask, timeout_s=_ASKED_FOR_S)
        except RuntimeFault:
            answer = envelope(spec.name, unanswered(spec))
        # Some refusals come before anybody knows which request it is.
        answer["command"] = spec.name
        return _json(answer, STATUS[str(answer.get("error_code", ""))])


def _fixed(
    spec: RequestSpec, key: ApiKey, given: Mapping[str, object]
) -> dict[str, object] | Refused:
    """What a key puts into a request, or what it may not."""
    if (shut := _closed(spec, key)) is not None:
        return shut
    fixed: dict[str, object] = {ADMIN.name: key.display_name} if spec.mutating else {}
    if not spec.channel:
        return fixed
    channel = given.get("channel")
    if isinstance(channel, str) and channel and channel.lower() != key.user.channel.lower():
        return _forbidden(f"This key is one of the channel {key.user.channel}.")
    if channel is None or isinstance(channel, str):
        fixed["channel"] = key.user.channel
    name = given.get(USERNAME.name)
    if spec.user and (name is None or name == ""):
        return fixed | {USERNAME.name: key.display_name}
    if isinstance(name, str) and name and not _may_ask_about(spec, key, name):
        return _forbidden(f"This key asks about {key.display_name} only.")
    return fixed


def _closed(spec: RequestSpec, key: ApiKey) -> Refused | None:
    """Why a key can't ask this at all."""
    if not key.opens(spec.needs):
        return _forbidden(f"This takes a key with the scope '{spec.needs}'.")
    if key.is_test and not spec.channel and spec.needs is KeyScope.OPERATE:
        return _forbidden("This concerns the whole service, which keys for tests don't touch.")
    return None


def _may_ask_about(spec: RequestSpec, key: ApiKey, name: str) -> bool:
    """Whether a name is the key's own user, or one that it may ask about."""
    if KeyScope.OPERATE in key.scopes or all(each.name != USERNAME.name for each in spec.fields):
        return True
    read = name_from_text(name.strip())
    return read is not None and read.lower() == key.user.name


def _forbidden(text: str) -> Refused:
    return Refused(Code.FORBIDDEN, text)


def _shut(name: str, shut: Shut) -> Response:
    headers = {"connection": "close"}
    if shut.code is Code.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if shut.wait_s is not None:
        headers["retry-after"] = str(max(1, round(shut.wait_s + 0.5)))
    return _told(name, shut.code, shut.text, headers)


def _wrong_method(name: str, allowed: str) -> Response:
    body = envelope(name, Refused(Code.INVALID_REQUEST, f"This takes {allowed}."))
    return _json(body, 405, {"allow": allowed, "connection": "close"})


def _unread(name: str, status: int, text: str) -> Response:
    """The rest of what was being sent is not read."""
    body = envelope(name, Refused(Code.INVALID_REQUEST, text))
    return _json(body, status, {"connection": "close"})


def _query(request: Request, name: str) -> bytes | Response:
    """The query string as a body; all its values are texts."""
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError:
        return _unread(name, 400, "The query can't be read.")
    fields = dict(pairs)
    if len(fields) != len(pairs):
        return _unread(name, 400, "The query says one thing twice.")
    return json.dumps(fields).encode()


async def _body(request: Request, name: str) -> bytes | Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return _unread(name, 415, "Send a JSON object, as application/json.")
    too_long = f"That is more than a request can hold ({BODY_BYTES_MAX // 1024} KB)."
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:12]) > BODY_BYTES_MAX:
        return _unread(name, 413, too_long)
    body = bytearray()
    try:
        with anyio.fail_after(READ_WITHIN_S):
            async with aclosing(request.stream()) as stream:
                async for piece in stream:
                    body += piece
                    if len(body) > BODY_BYTES_MAX:
                        return _unread(name, 413, too_long)
    except TimeoutError:
        return _unread(name, 408, "The request did not arrive in time. Send it again.")
    except ClientDisconnect:
        return _unread(name, 400, "The connection ended before the request had arrived.")
    return bytes(body)
