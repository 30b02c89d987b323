"""Bans. A name needs no account to be banned; the bot and oneself can't be."""

from dataclasses import replace

from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Code, Done, PmAnswer, Refused
from economy_actors.handlers.fields import Text
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from economy_actors.messages.tables import PlayerGone
from kryten_economy.commands.table import Section
from kryten_economy.features import bans
from kryten_economy.features.bans import Ban, BanState, Unban
from kryten_economy.text.markup import user_text

__all__ = ()

REASON = Text("reason", most=500)


@command(
    "ban",
    syntax="ban @user [reason]",
    summary="suspend a user from the economy",
    section=Section.ADMIN,
)
async def ban_by_pm(call: PmCall) -> PmAnswer:
    """Says so where the ban stood already, and where nobody of this name was ever seen."""
    name = call.name_at(0)
    if isinstance(name, Refused):
        return name
    state = await _ban(call, name, user_text(call.parsed.text(1)))
    if isinstance(state, Refused):
        return state
    if not state.changed:
        return Refused(Code.REJECTED, bans.already_banned(state.display_name))
    seen = await kit.was_ever_here(call, state.user)
    return bans.banned_user(state.display_name, seen=seen)


@command("unban", syntax="unban @user", summary="lift a ban", section=Section.ADMIN)
async def unban_by_pm(call: PmCall) -> PmAnswer:
    """Says so where there was nothing to lift."""
    name = call.name_at(0)
    if isinstance(name, Refused):
        return name
    state = await _unban(call, name)
    if not state.changed:
        return Refused(Code.REJECTED, bans.not_banned(state.display_name))
    return bans.unbanned_user(state.display_name)


@request("user.ban", REASON, user=True, mutating=True)
async def user_ban(call: ApiCall) -> ApiAnswer:
    """Ban a name; the reason is that of the ban in force."""
    state = await _ban(call, call.name, call.field(REASON))
    if isinstance(state, Refused):
        return state
    return Done(
        {
            "username": state.display_name,
            "channel": call.channel,
            "banned": True,
            "new_ban": state.changed,
            "reason": state.reason,
        },
        acted=state.changed,
    )


@request("user.unban", user=True, mutating=True)
async def user_unban(call: ApiCall) -> ApiAnswer:
    """Lift a ban."""
    state = await _unban(call, call.name)
    return Done(
        {
            "username": state.display_name,
            "channel": call.channel,
            "banned": False,
            "was_banned": state.changed,
        },
        acted=state.changed,
    )


async def _ban(call: Call, name: str, reason: str) -> BanState | Refused:
    """Ban a name; an existing ban stays as it is and is answered (``changed`` is False).

    This and `_unban` raise AskExpired or AskFailed when it stays unknown whether it was done.
    """
    never = bans.never_banned(name, bot=call.settings.bot.username, by=call.by)
    if never is not None:
        return Refused(Code.REJECTED, never)
    shown = await kit.spelling(call, name)
    answer = await call.commit(Ban(call.named(name), shown, call.by, reason, call.now_ms))
    assert isinstance(answer, BanState), answer
    if answer.changed:
        kit.tell_user(call, answer.display_name, bans.ban_notice(reason))
        call.context.floors[call.channel].offer(PlayerGone(answer.user))
    return answer


async def _unban(call: Call, name: str) -> BanState:
    """Lift a ban; the answer tells which it was, or that there was none."""
    answer = await call.commit(Unban(call.named(name)))
    assert isinstance(answer, BanState), answer
    if not answer.changed:
        return replace(answer, display_name=await kit.spelling(call, name))
    kit.tell_user(call, answer.display_name, bans.unban_notice())
    return answer
