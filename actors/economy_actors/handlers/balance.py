"""Balances: one's own, another's, and what operators change on them.

Each change is one operation on the books. Taking never opens an account. Giving opens one also for
a name that was never seen, since winners may have left before they ever earned; an operator who
gives by private message is told so, as it may be a slip. The user is told after the commit, once,
and whoever was given something looks at what they have reached, here or not.
"""

import json
import re

from economy_actors.context import Context, adorned
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.fields import Amount, Count, Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from kryten_economy.calendar import day_after
from kryten_economy.commands.table import Section
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.history.texts import balance_on, no_such_day
from kryten_economy.features.money import texts
from kryten_economy.features.money.operations import BalanceSet, Credit, Debit, Posted, SetBalance
from kryten_economy.features.reports.statements import balance_before
from kryten_economy.features.vanity.rules import CURRENCY_NAME
from kryten_economy.refusals import AMOUNT_MAX_Z, Ignored, NoAccount, Refusal
from kryten_economy.text.markup import user_text

__all__ = ("DELTA", "adjust", "never_given", "set_balance")

DELTA = Amount("amount", low=-AMOUNT_MAX_Z, high=AMOUNT_MAX_Z, zero=False)
BALANCE = Amount("amount", low=0, high=AMOUNT_MAX_Z)
REASON = Text("reason", most=500)
PATTERN = Text("pattern", most=100)
SEARCH_ROWS = Count("limit", default=50, low=1, high=200)

_LIKE_A_DAY = re.compile(r"[-+]?[0-9]|(?:yesterday|today)$", re.ASCII | re.IGNORECASE)
_REPLAY = {"idempotent_replay": True}


@command(
    "balance",
    summary="your balance, rank and streak; with a date what you had on that day",
    section=Section.BASICS,
    aliases=("bal",),
    reads=True,
)
async def balance(call: PmCall) -> PmAnswer:
    """One's own balance, now or at the end of a day."""
    if call.args and _LIKE_A_DAY.match(call.args[0]):
        return await _balance_on(call, call.args[0])
    currency, wallet = call.settings.currency, call.wallet
    rank = kit.rank_name(call.context, wallet)
    name = adorned(call.context, call.user, CURRENCY_NAME) or currency.name
    return texts.balance(wallet.balance_z, currency.symbol, name, rank, wallet.streak_days)


async def _balance_on(call: PmCall, typed: str) -> PmAnswer:
    day, calendar = kit.past_day(call, typed), call.context.live.calendar
    if day is None or len(call.args) > 1:
        return call.usage(no_such_day(" ".join(call.args)))
    end_ms = calendar.day_start_ms(day_after(day))
    balance_z = await call.read(lambda reports: balance_before(reports, call.user, end_ms))
    is_over = day < call.day
    return balance_on(day, balance_z or 0, call.symbol, calendar.zone, is_over=is_over)


@request("balance.get", user=True)
async def balance_get(call: ApiCall) -> ApiAnswer:
    """One user's balance; asking never creates an account."""
    user, day = call.user, call.day
    wallet = await call.read(lambda reports: reports.wallet(user, day))
    if wallet is None:
        return Done({"found": False})
    return Done(
        {
            "found": True,
            "username": wallet.display_name,
            "channel": call.channel,
            "balance": wallet.balance_z,
            "lifetime_earned": wallet.lifetime_earned_z,
            "rank_name": kit.rank_name(call.context, wallet),
        }
    )


@request("balance.search", PATTERN, SEARCH_ROWS, known_fields_only=True, scope=Scope.OPERATE)
async def balance_search(call: ApiCall) -> ApiAnswer:
    """Accounts whose name contains a text as it is (P-OPS-11), the richest first."""
    pattern, limit = call.field(PATTERN), call.field(SEARCH_ROWS)
    rows = await call.read(lambda reports: reports.search(call.channel, pattern, limit))
    ladder = call.context.live.ladder
    results = [
        {
            "username": row.username,
            "balance": row.balance_z,
            "lifetime_earned": row.lifetime_earned_z,
            "rank_name": ladder.shown(row.rank_name, row.lifetime_earned_z, row.rank_held_from_z),
        }
        for row in rows
    ]
    return Done(
        {"channel": call.channel, "pattern": pattern, "count": len(results), "results": results}
    )


@request("stats.float")
async def stats_float(call: ApiCall) -> ApiAnswer:
    """How much money there is, held stakes included, and in how many accounts."""
    found = await call.read(lambda reports: reports.float_of(call.channel))
    return Done({"channel": call.channel, "float": found.float_z, "accounts": found.accounts})


@command(
    "grant",
    syntax="grant @user <amount> [reason]",
    summary="give money to a user",
    section=Section.ADMIN,
)
async def grant(call: PmCall) -> PmAnswer:
    """Give; where that has opened the account of somebody who is not here, the reply says so."""
    return await _move_by_pm(call, 1, "admin_grant")


@command(
    "deduct",
    syntax="deduct @user <amount> [reason]",
    summary="take money from a user",
    section=Section.ADMIN,
)
async def deduct(call: PmCall) -> PmAnswer:
    """Take all of it or nothing."""
    return await _move_by_pm(call, -1, "admin_deduct")


async def _move_by_pm(call: PmCall, sign: int, kind: str) -> PmAnswer:
    name, amount_z = call.name_at(0), call.amount_at(1)
    if isinstance(name, Refused):
        return name
    if isinstance(amount_z, Refused):
        return amount_z
    reason = user_text(call.parsed.text(2))
    answer = await adjust(call, name, sign * amount_z, reason, kind)
    if not isinstance(answer, Posted):
        return answer
    wallet = answer.wallet
    done = texts.granted if sign > 0 else texts.deducted
    text = done(wallet.display_name, amount_z, wallet.balance_z, call.symbol)
    is_stranger = answer.opened and kit.connected(call.context, wallet.user) is None
    return f"{text} {texts.account_opened()}" if is_stranger else text


@request("balance.adjust", DELTA, REASON, user=True, mutating=True, repeatable=True)
async def balance_adjust(call: ApiCall) -> ApiAnswer:
    """Give or take by the sign of the amount."""
    delta_z = call.field(DELTA)
    answer = await adjust(call, call.name, delta_z, call.field(REASON), "admin_adjust")
    if not isinstance(answer, Posted):
        return answer
    wallet = answer.wallet
    data = {
        "username": wallet.display_name,
        "channel": call.channel,
        "amount": delta_z,
        "balance": wallet.balance_z,
    }
    return Done(data | _REPLAY if answer.replayed else data)


_UNSTATED = {
    "admin_grant": "Admin grant",
    "admin_deduct": "Admin deduction",
    "admin_adjust": "Admin credit",
}


def never_given(context: Context, name: str, delta_z: int) -> Ignored | None:
    """Why nobody can give to this name, if so; what they have can be taken."""
    return Ignored(name) if delta_z > 0 and context.live.ignores(name) else None


async def adjust(
    call: Call, name: str, delta_z: int, reason: str, kind: str
) -> Posted | Refused | Failed:
    """Give or take, as the sign of ``delta_z`` (not 0) says; ``reason`` may be empty.

    Raises AskExpired or AskFailed when it stays unknown whether the money was moved.
    """
    unstated = "Admin debit" if kind == "admin_adjust" and delta_z < 0 else _UNSTATED[kind]
    if (never := never_given(call.context, name, delta_z)) is not None:
        return call.refused(never, name)
    user, at_ms = call.named(name), call.now_ms
    # The trigger of the type admin_grant is admin.grant.
    trigger_id = kind.replace("_", ".")
    words = (kind, trigger_id, reason or f"{unstated} by {call.by}")
    when = (at_ms, call.context.live.calendar.day(at_ms))
    by = json.dumps({"by": call.by})
    if delta_z > 0:
        here = kit.connected(call.context, user)
        shown = name if here is None else here.display_name
        answer: Posted | Refusal = await call.commit(
            Credit(
                call.op_id,
                user,
                delta_z,
                *words,
                *when,
                metadata=by,
                create=True,
                display_name=shown,
            )
        )
    else:
        answer = await call.commit(Debit(call.op_id, user, -delta_z, *words, *when, metadata=by))
    if not isinstance(answer, Posted):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer, name)
    return _posted(call, answer, delta_z, reason)


def _posted(call: Call, answer: Posted, delta_z: int, reason: str) -> Posted:
    wallet = answer.wallet
    if not answer.replayed:
        notice = texts.grant_notice if delta_z > 0 else texts.deduct_notice
        text = notice(abs(delta_z), wallet.balance_z, reason, call.symbol)
        kit.tell_user(call, wallet.display_name, text)
    return answer


@command(
    "set_balance",
    syntax="set_balance @user <amount>",
    summary="set a balance, 0 or more",
    section=Section.ADMIN,
)
async def set_balance_by_pm(call: PmCall) -> PmAnswer:
    """Old and new balance to the operator."""
    name, amount_z = call.name_at(0), call.amount_at(1, or_nothing=True)
    if isinstance(name, Refused):
        return name
    if isinstance(amount_z, Refused):
        return amount_z
    if len(call.args) > 2:
        return call.usage()
    answer = await set_balance(call, name, amount_z, create=False)
    if not isinstance(answer, BalanceSet):
        return answer
    shown = answer.wallet.display_name
    return texts.set_balance_done(shown, answer.old_z, answer.new_z, call.symbol)


@request("balance.set", BALANCE, user=True, mutating=True, repeatable=True)
async def balance_set(call: ApiCall) -> ApiAnswer:
    """Make a balance what the request says."""
    answer = await set_balance(call, call.name, call.field(BALANCE), create=True)
    if not isinstance(answer, BalanceSet):
        return answer
    data = {
        "username": answer.wallet.display_name,
        "channel": call.channel,
        "old_balance": answer.old_z,
        "new_balance": answer.new_z,
        "delta": answer.new_z - answer.old_z,
    }
    return Done(data | _REPLAY if answer.replayed else data)


async def set_balance(
    call: Call, name: str, amount_z: int, *, create: bool
) -> BalanceSet | Refused | Failed:
    """Make a balance ``amount_z`` ≥ 0; the difference is one row (P-MON-15).

    Raises as `adjust`. With ``create`` a name that was never seen gets an account first.
    """
    at_ms = call.now_ms
    order = SetBalance(
        op_id=call.op_id,
        user=call.named(name),
        amount_z=amount_z,
        reason=f"Set by {call.by}",
        by=call.by,
        at_ms=at_ms,
        day=call.context.live.calendar.day(at_ms),
    )
    answer = await call.commit(order)
    if isinstance(answer, NoAccount) and create:
        if call.context.live.ignores(name):
            return call.refused(Ignored(name), name)
        await kit.open_account(call, name)
        answer = await call.commit(order)
    if not isinstance(answer, BalanceSet):
        assert isinstance(answer, Refusal), answer
        return call.refused(answer, name)
    if not answer.replayed and answer.old_z != answer.new_z:
        text = texts.set_balance_notice(answer.old_z, answer.new_z, call.symbol)
        kit.tell_user(call, answer.wallet.display_name, text)
    return answer
