"""What operators have done, and taking it back.

What changes many at once is shown first: how many, how much, the largest parts. It is done when
its code comes back, which nobody types by accident. Requests are programs and are not asked.
"""

import json
from dataclasses import dataclass
from fractions import Fraction

import structlog

from economy_actors.context import notify, present_users
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Body, Count, Flag, Invalid, NumberText, Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, Question, command, request
from economy_actors.messages.ledger import commit
from economy_actors.messages.tables import PlayerGone
from economy_actors.messages.workers import AdHocBegun, AdHocEnded, EventsMessage
from kryten_economy.commands.grammar import BadAmount, amount
from kryten_economy.commands.table import Section
from kryten_economy.features import bans
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.audit import texts
from kryten_economy.features.audit.operations import Undo, Undone
from kryten_economy.features.audit.queries import entries, entry_of, preview
from kryten_economy.features.audit.rules import Entry, One, Outcome, Restored
from kryten_economy.features.events.adhoc import RunningEvent
from kryten_economy.features.money.resetting import BalancesReset, ResetBalances, reset_preview
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.posting import Paid
from kryten_economy.refusals import AMOUNT_MAX_Z, NotUndoable, Refusal
from kryten_economy.users import UserKey, name_from_text

__all__ = ("ActNumber", "entry_row")

_LISTED = 10
_FEW = 5
_MINUTE_MS = 60_000
_LAST = "last"
_START = "start"

_log = structlog.get_logger("audit")


@dataclass(frozen=True, slots=True)
class ActNumber:
    """The number of an act, or ``last``."""

    name: str

    @property
    def required(self) -> bool:
        """Always."""
        return True

    @property
    def schema(self) -> Body:
        """A number, or the word."""
        return {"anyOf": [{"type": "integer", "minimum": 1}, {"const": _LAST}]}

    def read(self, value: object) -> int | str | Invalid:
        """A whole number from 1, or the word; required."""
        if isinstance(value, str) and value.strip().lower() == _LAST:
            return _LAST
        number = value
        if isinstance(value, str) and not isinstance(value, NumberText):
            read = amount(value.strip())
            number = None if isinstance(read, BadAmount) else read
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            return Invalid(f"{self.name} must be the number of an act, or '{_LAST}'")
        return number


UNDO_ID = ActNumber("undo_id")
PARTIAL = Flag("partial", default=False)
LIMIT = Count("limit", default=50, low=1, high=500)
OFFSET = Count("offset", default=0, low=0, high=1_000_000)
USER = Text("user", most=64)
BY = Text("admin", most=64)


# The log


@command(
    "audit",
    syntax="audit [@user|number]",
    summary="what admins have done",
    section=Section.ADMIN,
    reads=True,
)
async def audit(call: PmCall) -> PmAnswer:
    """The last acts, those to or by somebody, or all about one."""
    if len(call.args) > 1:
        return call.usage()
    typed, channel = (call.args[0] if call.args else None), call.channel
    zone = call.context.live.calendar.zone
    if typed is not None and typed.lstrip("#").isdecimal():
        number = amount(typed.lstrip("#"))
        if isinstance(number, BadAmount):
            return call.usage()
        entry = await call.read(lambda reports: entry_of(reports, channel, number))
        if entry is None:
            return Refused(Code.NOT_FOUND, texts.no_such_entry(number))
        return texts.audit_detail(entry, zone)
    name = None if typed is None else call.name_at(0)
    if isinstance(name, Refused):
        return name
    about: str | None = name
    found = await call.read(lambda reports: _about(reports, channel, about))
    return texts.audit_list(found, zone) if found else texts.nothing_logged(name)


def _about(reports: Reports, channel: str, name: str | None) -> list[Entry]:
    """What was done to somebody or by them, the newest first."""
    to = entries(reports, channel, limit=_LISTED, user=name, acts_only=True)
    if name is None:
        return list(to)
    by = entries(reports, channel, limit=_LISTED, admin=name, acts_only=True)
    both = {each.id: each for each in (*to, *by)}
    return [both[number] for number in sorted(both, reverse=True)][:_LISTED]


@request("audit.list", LIMIT, OFFSET, USER, BY, known_fields_only=True, scope=Scope.OPERATE)
async def audit_list(call: ApiCall) -> ApiAnswer:
    """All rows of the channel, what was only tried too, the newest first."""
    limit, offset = call.field(LIMIT), call.field(OFFSET)
    user, by = call.field(USER), call.field(BY)
    name = name_from_text(user) if user else None
    if user and name is None:
        return Refused(Code.INVALID_REQUEST, "user must be a CyTube name")
    found = await call.read(
        lambda reports: entries(
            reports, call.channel, limit=limit, offset=offset, user=name, admin=by or None
        )
    )
    data = {
        "channel": call.channel,
        "limit": limit,
        "offset": offset,
        "entries": [entry_row(each) for each in found],
    }
    return Done(data, rows="entries", offset=offset)


def entry_row(entry: Entry) -> dict[str, object]:
    """A row as requests and downloads get it."""
    return {
        "id": entry.id,
        "created_at": kit.time_of(entry.at_ms),
        "admin": entry.admin,
        "origin": entry.origin,
        "command": entry.command,
        "arguments": entry.arguments,
        "result": entry.result,
        "done": bool(entry.done),
        "user": entry.about,
        "reason": entry.reason,
        "before": entry.was,
        "after": entry.became,
        "undoable": entry.can_be_undone,
        "undoes": entry.undoes,
        "undone_by": entry.undone_by,
    }


# Undoing


@command(
    "undo",
    syntax="undo <number|last> [partial]",
    summary="take back what an admin did",
    section=Section.ADMIN,
)
async def undo_by_pm(call: PmCall) -> PmAnswer | Question:
    """At once where it concerns one user; of what concerned several only with a code."""
    words = [each.lower() for each in call.args]
    if not words or words[1:] not in ([], ["partial"]):
        return call.usage()
    number = None if words[0] == _LAST else amount(words[0].lstrip("#"))
    if isinstance(number, BadAmount):
        return call.usage()
    partial, channel, by = len(words) > 1, call.channel, call.by
    shown = await call.read(lambda reports: preview(reports, channel, number, by))
    if isinstance(shown, NotUndoable):
        return call.refused(shown)
    if shown.accounts <= 1 or (shown.short and not partial):
        return await _undo_and_tell(call, shown.id, partial=partial)
    code = kit.confirmation_code(call)
    return Question(
        texts.undo_question(shown, call.symbol, code, partial=partial),
        yes=lambda said: _undo_and_tell(kit.confirmed(said, call), shown.id, partial=partial),
        code=code,
    )


async def _undo_and_tell(call: PmCall, number: int, *, partial: bool) -> PmAnswer:
    done = await _undo(call, number, partial=partial)
    return texts.undone(_outcome(done), call.symbol) if isinstance(done, Undone) else done


def _outcome(done: Undone) -> Outcome:
    one = None
    if done.accounts == 1:
        [(wallet, delta_z)] = [(each.wallet, each.amount_z) for each in done.moved]
        one = One(wallet.display_name, delta_z, wallet.balance_z)
    return Outcome(
        done.undo_id,
        done.audit_id,
        done.command,
        done.stands,
        done.accounts,
        done.total_z,
        done.missing_z,
        one,
        done.restored,
    )


@request("admin.undo", UNDO_ID, PARTIAL, mutating=True, repeatable=True)
async def admin_undo(call: ApiCall) -> ApiAnswer:
    """Undo an act by its number; ``last`` is the last act of ``admin``."""
    wanted = call.field(UNDO_ID)
    number = wanted if isinstance(wanted, int) else None
    done = await _undo(call, number, partial=call.field(PARTIAL))
    if not isinstance(done, Undone):
        return done
    data: dict[str, object] = {
        "channel": call.channel,
        "undo_id": done.undo_id,
        "audit_id": done.audit_id,
        "command": done.command,
        "accounts": done.accounts,
        "total": done.total_z,
        "missing": done.missing_z,
        "stands_again": done.stands,
        "restored": [
            {"kind": each.kind, "subject": each.subject, "changed": each.before != each.after}
            for each in done.restored
        ],
    }
    return Done(data | {"idempotent_replay": True} if done.replayed else data)


async def _undo(call: Call, number: int | None, *, partial: bool) -> Undone | Refused | Failed:
    """Undo it, and tell those whom it concerns; raises as `Call.commit`."""
    at_ms = call.now_ms
    # It writes its own row of the audit log, as the one whose parts can be undone in turn.
    answer = await commit(
        call.context.ledger,
        Undo(
            op_id=call.op_id,
            channel=call.channel,
            undo_id=number,
            partial=partial,
            by=call.by,
            tiers=tuple(
                (tier.name, tier.min_lifetime_earned) for tier in call.settings.ranks.tiers
            ),
            present=present_users(call.context, call.channel),
            line=call.line,
            at_ms=at_ms,
            day=call.context.live.calendar.day(at_ms),
        ),
    )
    if not isinstance(answer, Undone):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    assert call.record is not None, call
    call.record.audit_id, call.record.is_fresh = answer.audit_id, not answer.replayed
    if not answer.replayed:
        _tell(call, answer, at_ms)
    return answer


def _tell(call: Call, done: Undone, at_ms: int) -> None:
    for paid in done.moved:
        wallet = paid.wallet
        text = texts.undone_notice(paid.amount_z, wallet.balance_z, done.command, call.symbol)
        _tell_one(call, paid, text, is_few=done.accounts <= _FEW)
    for each in done.restored:
        if each.before == each.after:
            continue
        match each.kind:
            case "ban":
                _tell_of_ban(call, each)
            case "rank" if done.accounts <= _FEW and each.after is not None:
                rank = json.loads(each.after)["rank"] or call.context.live.ladder.names[0]
                kit.tell_user(call, each.subject, texts.rank_notice(rank))
            case "event":
                _tell_of_event(call, each, at_ms)


def _tell_one(call: Call, paid: Paid, text: str, *, is_few: bool) -> None:
    """What happens to many at once gives way to what is more urgent."""
    if is_few:
        kit.tell_user(call, paid.wallet.display_name, text)
    else:
        notify(call.context, paid.wallet, text, trace=call.trace)


def _tell_of_ban(call: Call, restored: Restored) -> None:
    told = restored.after or restored.before
    assert told is not None, restored
    state = json.loads(told)
    if restored.after is None:
        kit.tell_user(call, state["name"], bans.unban_notice())
        return
    kit.tell_user(call, state["name"], bans.ban_notice(state["reason"]))
    gone = PlayerGone(UserKey.of(call.channel, restored.subject))
    call.context.floors[call.channel].offer(gone)


def _tell_of_event(call: Call, restored: Restored, at_ms: int) -> None:
    change: EventsMessage
    if restored.after is None:
        assert restored.before is not None, restored
        was = json.loads(restored.before)
        change = AdHocEnded(was["name"], was["fired_at_ms"], call.by)
    else:
        now = json.loads(restored.after)
        ends_at_ms, multiplier = now["ends_at_ms"], Fraction(now["multiplier"])
        event = RunningEvent("adhoc", now["name"], at_ms, ends_at_ms, multiplier, True)
        change = AdHocBegun(event, -(-(ends_at_ms - at_ms) // _MINUTE_MS), call.by)
    if not call.context.channel_events[call.channel].offer(change, trace=call.trace):
        _log.warning("a change of the event takes effect after a restart", channel=call.channel)


# A new beginning


@command(
    "econ_reset",
    syntax="econ_reset [amount|start]",
    summary="set all balances of the channel",
    section=Section.ADMIN,
)
async def econ_reset(call: PmCall) -> PmAnswer | Question:
    """Everybody's balance becomes 0, an amount, or what newcomers get (``start``)."""
    if len(call.args) > 1:
        return call.usage()
    amount_z: int | Refused = 0
    if call.args:
        is_start = call.args[0].lower() == _START
        gift_z = call.settings.onboarding.welcome_wallet
        amount_z = gift_z if is_start else call.amount_at(0, or_nothing=True)
    if isinstance(amount_z, Refused):
        return amount_z
    if amount_z > AMOUNT_MAX_Z:
        return call.usage()
    channel, wanted_z = call.channel, amount_z
    shown = await call.read(lambda reports: reset_preview(reports, channel, wanted_z))
    if not shown.accounts:
        return Refused(Code.REJECTED, "All balances are so already. Nothing was changed.")
    code = kit.confirmation_code(call)
    text = texts.reset_question(
        shown.accounts, shown.given_z, shown.taken_z, shown.top, wanted_z, call.symbol, code
    )
    return Question(text, yes=lambda said: _reset(kit.confirmed(said, call), wanted_z), code=code)


async def _reset(call: PmCall, amount_z: int) -> PmAnswer:
    answer = await call.commit(
        ResetBalances(
            op_id=call.op_id,
            channel=call.channel,
            amount_z=amount_z,
            reason=f"Reset by {call.by}",
            by=call.by,
            present=present_users(call.context, call.channel),
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if not isinstance(answer, BalancesReset):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer)
    if not answer.replayed:
        for paid in answer.moved:
            balance_z = paid.wallet.balance_z
            text = texts.reset_notice(paid.amount_z, balance_z, call.symbol)
            notify(call.context, paid.wallet, text, trace=call.trace)
    return texts.reset_done(answer.accounts, amount_z, call.symbol)
