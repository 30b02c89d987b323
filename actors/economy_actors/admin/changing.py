"""Commands that change something (`admin-api.md` 6): the deeds, asked for by request."""

from typing import assert_never

from economy_actors import deeds
from economy_actors.admin.call import REPLAY, Call
from economy_actors.admin.envelope import Code, Done, Outcome, Refused
from economy_actors.admin.fields import Amount, Text
from economy_actors.context import World
from economy_actors.deeds import Busy, Ignored
from kryten_economy.commands import refusals
from kryten_economy.commands import texts as commands_texts
from kryten_economy.features.money import texts as money_texts
from kryten_economy.features.money.operations import BalanceSet, Posted
from kryten_economy.features.ranks import texts as ranks_texts
from kryten_economy.refusals import (
    AMOUNT_MAX_Z,
    AlreadySettled,
    Banned,
    Conflict,
    Insufficient,
    InvalidAmount,
    NoAccount,
    NoHold,
    ReadOnly,
    Refusal,
    SameAccount,
    TooFewCoins,
)

__all__ = (
    "BALANCE",
    "DELTA",
    "MESSAGE",
    "RANK",
    "REASON",
    "announce",
    "balance_adjust",
    "balance_set",
    "config_reload",
    "rank_set",
    "user_ban",
    "user_unban",
)

DELTA = Amount("amount", low=-AMOUNT_MAX_Z, high=AMOUNT_MAX_Z, zero=False)
BALANCE = Amount("amount", low=0, high=AMOUNT_MAX_Z)
RANK = Text("rank_name", most=100, required=True)
REASON = Text("reason", most=500)
MESSAGE = Text("message", most=2_000, required=True, cleaned=False)


async def balance_adjust(world: World, call: Call) -> Outcome:
    """Give or take by the sign of the amount."""
    delta_z = call.values[DELTA]
    answer = await deeds.adjust(world, call.cause, call.name, delta_z, call.values[REASON])
    if not isinstance(answer, Posted):
        return _refused(world, call, abs(delta_z), answer)
    data = {
        "username": answer.wallet.display_name,
        "channel": call.channel,
        "amount": delta_z,
        "balance": answer.wallet.balance_z,
    }
    return Done(data | REPLAY if answer.replayed else data)


async def balance_set(world: World, call: Call) -> Outcome:
    """Make a balance what the request says."""
    amount_z = call.values[BALANCE]
    answer = await deeds.set_balance(world, call.cause, call.name, amount_z)
    if not isinstance(answer, BalanceSet):
        return _refused(world, call, amount_z, answer)
    data = {
        "username": answer.wallet.display_name,
        "channel": call.channel,
        "old_balance": answer.old_z,
        "new_balance": answer.new_z,
        "delta": answer.new_z - answer.old_z,
    }
    return Done(data | REPLAY if answer.replayed else data)


async def rank_set(world: World, call: Call) -> Outcome:
    """Set a rank by hand, or ``auto``."""
    match await deeds.set_rank(world, call.cause, call.name, call.values[RANK]):
        case deeds.RankSet(shown, rank):
            return Done({"username": shown, "channel": call.channel, "rank_name": rank})
        case deeds.UnknownRank(tiers):
            return Refused(Code.INVALID_REQUEST, ranks_texts.unknown_rank(tiers))
        case NoAccount():
            return Refused(Code.NOT_FOUND, refusals.unknown_user(call.name))


async def user_ban(world: World, call: Call) -> Outcome:
    """Ban a name; the reason is that of the ban in force."""
    state = await deeds.ban(world, call.cause, call.name, call.values[REASON])
    return Done(
        {
            "username": state.display_name,
            "channel": call.channel,
            "banned": True,
            "new_ban": state.changed,
            "reason": state.reason,
        }
    )


async def user_unban(world: World, call: Call) -> Outcome:
    """Lift a ban."""
    state = await deeds.unban(world, call.cause, call.name)
    return Done(
        {
            "username": state.display_name,
            "channel": call.channel,
            "banned": False,
            "was_banned": state.changed,
        }
    )


async def config_reload(world: World, call: Call) -> Outcome:  # noqa: ARG001  # as all handlers
    """Read the configuration again."""
    match await deeds.reload(world):
        case deeds.Reloaded(restart_required=restart_required):
            channels = [each.channel for each in world.live.settings.channels]
            return Done(
                {
                    "reloaded": True,
                    "channels": channels,
                    "restart_required": list(restart_required),
                }
            )
        case deeds.ReloadFailed(error):
            return Refused(Code.REJECTED, f"The configuration was not reloaded. {error}")


async def announce(world: World, call: Call) -> Outcome:  # as all handlers
    """Post a text in the channel."""
    match deeds.announce(world, call.cause, call.values[MESSAGE]):
        case deeds.Announced():
            return Done({"channel": call.channel, "sent": True})
        case deeds.NothingToSay():
            return Refused(Code.INVALID_REQUEST, "message is required")
        case Busy():
            return Refused(Code.UNAVAILABLE, refusals.busy())


def _refused(  # noqa: PLR0911  # one answer for each refusal
    world: World, call: Call, amount_z: int, refusal: Refusal | Ignored | Busy
) -> Refused:
    symbol = world.live.settings.currency.symbol
    match refusal:
        case NoAccount():
            return Refused(Code.NOT_FOUND, refusals.unknown_user(call.name))
        case Ignored(name):
            return Refused(
                Code.IGNORED_USER, f"{name} is on the list of ignored users, who are paid nothing."
            )
        case Insufficient(balance_z=balance_z):
            text = money_texts.deduct_refused(call.name, amount_z, balance_z, symbol)
            return Refused(Code.INSUFFICIENT_BALANCE, text)
        case InvalidAmount():
            text = f"amount must leave a balance of at most {AMOUNT_MAX_Z}"
            return Refused(Code.INVALID_REQUEST, text)
        case ReadOnly():
            return Refused(Code.UNAVAILABLE, refusals.books_closed())
        case Busy():
            return Refused(Code.UNAVAILABLE, refusals.busy())
        case Conflict():
            return Refused(Code.REQUEST_ID_CONFLICT, commands_texts.request_id_used())
        case Banned():
            return Refused(Code.BANNED, refusals.target_banned(call.name))
        case SameAccount() | NoHold() | AlreadySettled() | TooFewCoins():
            raise AssertionError(f"an admin's movement is never refused so: {refusal!r}")
        case _:
            assert_never(refusal)
