"""A desk answers one request after the other; the admin actor keeps several.

The edge of the API: whatever happens inside, the caller gets an envelope within the time limit
and never the text of an exception (P-OPS-12).
"""

import json
from dataclasses import dataclass
from typing import Final, Protocol

import anyio
import structlog

from economy_actors import deeds
from economy_actors.admin.body import read_body
from economy_actors.admin.call import ADMIN, ApiCommand, Call
from economy_actors.admin.envelope import Code, Done, Outcome, Refused, envelope, result_of
from economy_actors.admin.pool import Pool, Ticket
from economy_actors.admin.table import Rejected, understand
from economy_actors.context import World
from economy_actors.ledger.messages import Defect
from economy_actors.runtime import Actor, RuntimeFault
from kryten_economy.commands import refusals
from kryten_economy.commands import texts as commands_texts

__all__ = ("REPLY_TIMEOUT_S", "Desk", "Replies", "Work")

REPLY_TIMEOUT_S: Final = 0.9
"""With the 4 s for the answer it stays below the 5 s that callers wait."""

_log = structlog.get_logger("admin")


class Replies(Protocol):
    """The way back to callers."""

    async def reply(self, reply_to: str, body: dict[str, object]) -> None:
        """Publish an answer. May raise whatever the bus raises."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """Something waits in the pool."""


class Desk(Actor[Work]):
    """Number ``number`` of the desks that share a pool."""

    def __init__(self, number: int, world: World, bus: Replies, pool: Pool) -> None:
        self._number = number
        self._world = world
        self._bus = bus
        self._pool = pool

    async def started(self) -> None:
        """Take up what was left waiting by a desk that failed."""
        self.after(0.0, Work())

    async def receive(self, message: Work) -> None:  # noqa: ARG002  # it says only that there is work
        """Serve until nothing waits."""
        try:
            while (ticket := self._pool.take()) is not None:
                await self._serve(ticket)
        finally:
            self._pool.rest(self._number)

    async def _serve(self, ticket: Ticket) -> None:
        call = understand(read_body(ticket.request.body), self._world.channel_named)
        reply_to = ticket.request.reply_to
        if isinstance(call, Rejected):
            self._audit_rejected(call)
            await self._answer(call.echo, call.refusal, reply_to)
            return
        if not reply_to and not call.command.mutating:
            name = call.command.name
            _log.info("request without reply address dropped", command=name, once_a_minute=name)
            return
        outcome = await self._decide(call, ticket.answer_by_s)
        if call.command.mutating:
            self._audit(call.command, call.channel, call.values[ADMIN], _arguments(call), outcome)
        await self._answer(call.command.name, outcome, reply_to)

    async def _decide(self, call: Call, answer_by_s: float) -> Outcome:
        """The outcome of a call, whatever happens, by the time it must be there."""
        if anyio.current_time() >= answer_by_s:
            return Refused(Code.UNAVAILABLE, refusals.busy())
        try:
            with anyio.CancelScope(deadline=answer_by_s):
                return await call.command.run(self._world, call)
        except RuntimeFault as fault:
            return self._failed(call, fault)
        except Exception as error:  # noqa: BLE001  # the edge: no exception reaches a caller
            return self._broken(call, error)
        name = call.command.name
        _log.warning("request took too long", command=name, once_a_minute=name)
        return _unanswered(call)

    def _failed(self, call: Call, fault: RuntimeFault) -> Outcome:
        if isinstance(fault, Defect):
            return self._broken(call, fault)
        name = call.command.name
        _log.warning("request not answered", command=name, error=repr(fault), once_a_minute=name)
        return _unanswered(call)

    def _broken(self, call: Call, error: Exception) -> Outcome:
        self._world.metrics.error("admin")
        _log.error("request failed", command=call.command.name, exc_info=error)
        # A defect in the books undoes itself; of one behind a commit nobody knows how far it came.
        unchanged = isinstance(error, Defect) or not call.command.mutating
        text = commands_texts.internal_error() if unchanged else _unanswered(call).error
        return Refused(Code.INTERNAL, text)

    async def _answer(self, echo: str, outcome: Outcome, reply_to: str) -> None:
        self._world.metrics.api_request(echo, result_of(outcome))
        if not reply_to:
            result = result_of(outcome)
            _log.info(
                "request without reply address",
                command=echo,
                result=result,
                once_a_minute=f"{echo if result == 'ok' else 'refused'}: {result}",
            )
            return
        try:
            with anyio.fail_after(REPLY_TIMEOUT_S):
                await self._bus.reply(reply_to, envelope(echo, outcome))
        except Exception as error:  # noqa: BLE001  # the edge: a broken bus must not stop the desk
            _log.warning("answer not sent", command=echo, error=repr(error), once_a_minute="")

    def _audit_rejected(self, rejected: Rejected) -> None:
        if rejected.command is not None and rejected.command.mutating:
            self._audit(rejected.command, "", rejected.admin, "", rejected.refusal)

    def _audit(
        self, command: ApiCommand, channel: str, admin: str, arguments: str, outcome: Outcome
    ) -> None:
        deeds.audit(
            self._world,
            channel=channel,
            admin=admin,
            command=command.name,
            arguments=arguments,
            result=_told(outcome),
        )


def _unanswered(call: Call) -> Refused:
    """Nothing is known about the outcome."""
    if call.command.repeatable:
        return Refused(
            Code.UNAVAILABLE,
            "It is not known whether this was done."
            " Send it again with the same request_id, or look at the balance first.",
        )
    if call.command.mutating:
        return Refused(Code.UNAVAILABLE, "It is not known whether this was done. Please check.")
    return Refused(Code.UNAVAILABLE, refusals.busy())


def _arguments(call: Call) -> str:
    """All fields but who asks, which has its own column."""
    fields = {key: value for key, value in call.values.as_dict().items() if key != ADMIN.name}
    return json.dumps(fields, ensure_ascii=False)


def _told(outcome: Outcome) -> str:
    match outcome:
        case Done(data):
            return f"ok {json.dumps(dict(data), ensure_ascii=False)}"
        case Refused(code, error):
            return f"{code.value}: {error}"
