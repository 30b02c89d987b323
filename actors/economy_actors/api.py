"""The actor behind ``kryten.economy.command``: it hands requests to workers side by side.

Nothing in a request can stop it. When more wait than can be answered in time, callers are told
at once.

A worker answers one request after the other; the API actor keeps several at one queue.

The edge of the API: whatever happens inside, the caller gets an envelope within the time limit
and never the text of an exception (P-OPS-12).
"""

import json
from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Final, Protocol

import anyio
import structlog

from economy_actors.context import Context
from economy_actors.handlers.answers import (
    ApiAnswer,
    Code,
    Done,
    Failed,
    Refused,
    refused,
    result_of,
)
from economy_actors.handlers.fields import Body, NotJson, NotObject, read_body
from economy_actors.handlers.kit import audit, on_record, recorded
from economy_actors.handlers.reading import TOKEN, Rejected, Understood, envelope, understand
from economy_actors.handlers.registry import ADMIN, ApiCall, RequestSpec
from economy_actors.keys import may_change
from economy_actors.messages.ledger import Defect
from economy_actors.messages.workers import ApiRequest, Inside
from economy_actors.runtime import Actor, Ref, RuntimeFault, Supervision
from economy_actors.tokens import Admitted, TokenFault
from kryten_economy.commands import refusals
from kryten_economy.refusals import Busy

__all__ = (
    "ANSWER_BYTES_MAX",
    "ANSWER_TIMEOUT_S",
    "MAILBOX",
    "REPLY_TIMEOUT_S",
    "WAITING_MAX",
    "WORKERS",
    "Api",
    "Queue",
    "Replies",
    "Waiting",
    "Work",
    "Worker",
    "unanswered",
)

REPLY_TIMEOUT_S: Final = 0.9
"""With the 4 s for the answer it stays below the 5 s that callers wait."""

WAITING_MAX: Final = 1_000
"""Far more than can be answered before the callers give up at 5 s only in a broken context."""

ANSWER_BYTES_MAX: Final = 768 * 1024
"""Three quarters of what a NATS server takes by default; a longer list is cut."""

_log = structlog.get_logger("api")


class Replies(Protocol):
    """The way back to callers."""

    async def reply(self, reply_to: str, body: dict[str, object]) -> None:
        """Publish an answer. May raise whatever the bus raises."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request and the loop time by which it must be answered, in seconds."""

    request: ApiRequest
    answer_by_s: float


class Queue:
    """One queue for all workers, so that a slow request holds up nobody while one is free.

    Used from one event loop without waiting in between, by the API actor and its workers.
    """

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self._waiting: deque[Waiting] = deque()
        self._waiting_max = waiting_max
        self._idle: set[int] = set()

    def offer(self, waiting: Waiting) -> bool:
        """Take a request; False if too many wait."""
        if len(self._waiting) >= self._waiting_max:
            return False
        self._waiting.append(waiting)
        return True

    def take(self) -> Waiting | None:
        """The request that has waited longest."""
        return self._waiting.popleft() if self._waiting else None

    def rest(self, worker: int) -> None:
        """A worker has nothing to do."""
        self._idle.add(worker)

    def rouse(self) -> int | None:
        """A worker that had nothing to do and has now; None if all are at work."""
        return self._idle.pop() if self._idle else None


@dataclass(frozen=True, slots=True)
class Work:
    """Something waits in the queue."""


class Worker(Actor[Work]):
    """Number ``number`` of the workers that share a queue."""

    def __init__(self, number: int, context: Context, bus: Replies, queue: Queue) -> None:
        self._number = number
        self._context = context
        self._bus = bus
        self._queue = queue

    async def started(self) -> None:
        """Take up what was left waiting by a worker that failed."""
        self.after(0.0, Work())

    async def receive(self, message: Work) -> None:  # noqa: ARG002  # it says only that there is work
        """Serve until nothing waits."""
        try:
            while (waiting := self._queue.take()) is not None:
                await self._serve(waiting)
        finally:
            self._queue.rest(self._number)

    async def _serve(self, waiting: Waiting) -> None:
        request = waiting.request
        body, inside = read_body(request.body), request.inside
        if inside is not None and not isinstance(body, NotJson | NotObject):
            body = {**body, **inside.fixed}
        found = understand(body, self._context.channel_named)
        subject = await self._subject(found, body, inside)
        if isinstance(subject, Refused | Failed):
            echo = found.echo if isinstance(found, Rejected) else found.spec.name
            await self._reply(echo, subject, request)
            return
        if isinstance(found, Rejected):
            if found.spec is not None and found.spec.mutating:
                self._audit(found, found.spec, _admin(found, subject, inside), body, inside)
            await self._reply(found.echo, found.refusal, request)
            return
        spec = found.spec
        if not request.reply_to and inside is None and not spec.mutating:
            name = spec.name
            _log.info("request without reply address dropped", command=name, once_a_minute=name)
            return
        call = ApiCall.of(self._context, found.channel, found.values, spec.fields, subject)
        if inside is not None:
            call = _asked_inside(call, inside)
        if spec.mutating:
            call = on_record(call, _origin(inside), spec.name, _arguments(found, subject))
        answer = await self._decide(spec, call, waiting.answer_by_s)
        if spec.mutating:
            recorded(call, _told(answer), done=isinstance(answer, Done) and answer.acted)
            answer = _with_undo_id(answer, call)
        await self._reply(spec.name, _fitting(spec.name, answer), request)

    async def _subject(
        self,
        found: Understood | Rejected,
        body: Body | NotJson | NotObject,
        inside: Inside | None,
    ) -> str | Refused | Failed:
        """Whom the token of a request was given to; "" where none is needed.

        Nothing is told about a change, and no row written, for those who may not make it.
        """
        if inside is not None:
            return inside.subject
        spec = found.spec
        if spec is None or not spec.changes or not self._context.live.settings.api_auth.enabled:
            return ""
        assert not isinstance(body, NotJson | NotObject)
        caller = await may_change(self._context, body.get(TOKEN))
        if isinstance(caller, Admitted):
            return caller.subject
        if caller.fault is TokenFault.NO_KEYS:
            return Failed(Code.UNAVAILABLE, caller.text)
        return Refused(Code.UNAUTHORIZED, caller.text)

    async def _decide(self, spec: RequestSpec, call: ApiCall, answer_by_s: float) -> ApiAnswer:
        """The answer to a call, whatever happens, by the time it must be there."""
        if anyio.current_time() >= answer_by_s:
            return refused(Busy(), call.symbol)
        try:
            with anyio.CancelScope(deadline=answer_by_s):
                return await spec.handler(call)
        except RuntimeFault as fault:
            if isinstance(fault, Defect):
                return self._broken(spec, fault)
            name = spec.name
            _log.warning(
                "request not answered", command=name, error=repr(fault), once_a_minute=name
            )
            return unanswered(spec)
        except Exception as error:  # noqa: BLE001  # the edge: no exception reaches a caller
            return self._broken(spec, error)
        _log.warning("request took too long", command=spec.name, once_a_minute=spec.name)
        return unanswered(spec)

    def _broken(self, spec: RequestSpec, error: Exception) -> Failed:
        self._context.metrics.error("admin")
        _log.error("request failed", command=spec.name, exc_info=error)
        # A defect in the books undoes itself; of one behind a commit nobody knows how far it came.
        unchanged = isinstance(error, Defect) or not spec.mutating
        return Failed(
            Code.INTERNAL, refusals.internal_error() if unchanged else unanswered(spec).text
        )

    async def _reply(self, echo: str, answer: ApiAnswer, request: ApiRequest) -> None:
        self._context.metrics.api_request(echo, result_of(answer))
        reply_to = request.reply_to
        if request.inside is not None:
            request.inside.reply.send(envelope(echo, answer))
            return
        if not reply_to:
            result = result_of(answer)
            kind = f"{echo if result == 'ok' else 'refused'}: {result}"
            _log.info(
                "request without reply address", command=echo, result=result, once_a_minute=kind
            )
            return
        try:
            with anyio.fail_after(REPLY_TIMEOUT_S):
                await self._bus.reply(reply_to, envelope(echo, answer))
        except Exception as error:  # noqa: BLE001  # the edge: a broken bus must not stop the worker
            _log.warning("answer not sent", command=echo, error=repr(error), once_a_minute="")

    def _audit(
        self,
        found: Rejected,
        spec: RequestSpec,
        admin: str,
        body: Body | NotJson | NotObject,
        inside: Inside | None,
    ) -> None:
        """A request that can't be read was tried at least, in the channel that it names."""
        named = body.get("channel") if spec.channel and isinstance(body, dict) else None
        channel = self._context.channel_named(named) if isinstance(named, str) else None
        audit(
            self._context,
            channel=channel or "",
            admin=admin,
            command=spec.name,
            arguments="",
            result=_told(found.refusal),
            origin=_origin(inside),
        )


def _origin(inside: Inside | None) -> str:
    return "api" if inside is None else inside.origin


def _admin(found: Rejected, subject: str, inside: Inside | None) -> str:
    """Who has sent what can't be read."""
    if inside is not None and inside.by:
        return inside.by
    return subject if found.admin == ADMIN.default and subject else found.admin


def _asked_inside(call: ApiCall, inside: Inside) -> ApiCall:
    """The call of a caller who is known, under ids of their own."""
    call = replace(call, by=inside.by or call.by, of_channel=inside.of_channel)
    if call.trace is None or not inside.ids:
        return call
    return replace(call, op_id=f"{inside.ids}:{call.trace}")


def _with_undo_id(answer: ApiAnswer, call: ApiCall) -> ApiAnswer:
    """The answer with the number that takes the act back, if it can be taken back.

    Where a command has a field of that name (`admin.undo`), it stays what it is there.
    """
    record = call.record
    if not isinstance(answer, Done) or record is None or not record.is_undoable:
        return answer
    return replace(answer, data={"undo_id": record.audit_id, **answer.data})


def _fitting(command: str, answer: ApiAnswer) -> ApiAnswer:
    """The answer with as many rows as the bus takes, and where to go on if that is not all."""
    if not isinstance(answer, Done) or answer.rows is None:
        return answer
    rows = answer.data[answer.rows]
    assert isinstance(rows, list), answer.rows
    room = ANSWER_BYTES_MAX - _size(envelope(command, Done({**answer.data, answer.rows: []})))
    kept = 0
    for row in rows:
        room -= _size(row) + 2
        if room < 0:
            break
        kept += 1
    if kept == len(rows):
        return answer
    more: dict[str, object] = {answer.rows: rows[:kept], "truncated": True}
    if answer.offset is not None:
        more["next_offset"] = answer.offset + kept
    return Done({**answer.data, **more})


def _size(value: object) -> int:
    return len(json.dumps(value))


def unanswered(spec: RequestSpec) -> Failed:
    """Nothing is known about the outcome."""
    if spec.repeatable:
        return Failed(
            Code.UNAVAILABLE,
            "It is not known whether this was done."
            " Send it again with the same request_id, or look at the balance first.",
        )
    if spec.mutating:
        return Failed(Code.UNAVAILABLE, "It is not known whether this was done. Please check.")
    return Failed(Code.UNAVAILABLE, refusals.busy())


def _arguments(found: Understood, subject: str) -> str:
    """All fields but who asks, which has its own column, and whose token it was."""
    fields = {key: value for key, value in found.values.as_dict().items() if key != ADMIN.name}
    if subject:
        fields["token_subject"] = subject
    return json.dumps(fields, ensure_ascii=False)


def _told(answer: ApiAnswer) -> str:
    match answer:
        case Done(data):
            return f"ok {json.dumps(dict(data), ensure_ascii=False)}"
        case Refused(code, text) | Failed(code, text):
            return f"{code.value}: {text}"


WORKERS: Final = 16
MAILBOX: Final = 1_024
ANSWER_TIMEOUT_S: Final = 4.0
"""Callers wait 5 s."""


class Api(Actor[ApiRequest]):
    """Owns the workers."""

    supervision: ClassVar[Supervision] = Supervision(drain_s=5.0)

    def __init__(self, context: Context, bus: Replies) -> None:
        self._context = context
        self._bus = bus
        self._queue = Queue()
        self._workers: list[Ref[Work]] = []

    async def started(self) -> None:
        """Set up the workers."""
        for number in range(WORKERS):
            worker = partial(Worker, number, self._context, self._bus, self._queue)
            self._workers.append(self.spawn(f"worker-{number}", worker, kind="worker"))

    async def receive(self, message: ApiRequest) -> None:
        """Put a request where the next free worker finds it."""
        if not self._queue.offer(Waiting(message, self.now_s() + ANSWER_TIMEOUT_S)):
            await self._turn_away(message)
            return
        worker = self._queue.rouse()
        if worker is not None:
            self._workers[worker].offer(Work())

    async def _turn_away(self, message: ApiRequest) -> None:
        self._context.metrics.api_request("unknown", "error")
        _log.warning("too many requests are waiting, one was turned away", once_a_minute="")
        answer = envelope("", refused(Busy(), self._context.live.settings.currency.symbol))
        if message.inside is not None:
            message.inside.reply.send(answer)
        if not message.reply_to:
            return
        try:
            with anyio.fail_after(REPLY_TIMEOUT_S):
                await self._bus.reply(message.reply_to, answer)
        except Exception as error:  # noqa: BLE001  # the edge: a broken bus must not stop the API
            _log.warning("answer not sent", error=repr(error), once_a_minute="")
