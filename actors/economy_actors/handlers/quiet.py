"""Quiet mode, and whether leaderboards name a user."""

from economy_actors.handlers.answers import PmAnswer
from economy_actors.handlers.call import PmCall
from economy_actors.handlers.registry import COMMANDS, command
from kryten_economy.commands.table import Section
from kryten_economy.features.leaderboards import texts as board_texts
from kryten_economy.features.leaderboards.operations import Listed, SetListed
from kryten_economy.features.notices import texts
from kryten_economy.features.notices.operations import SetQuiet

__all__ = ()


@command(
    "quiet",
    syntax="quiet [top]",
    summary="mute automatic notices; with 'top', be on no leaderboard",
    section=Section.NOTIFICATIONS,
    aliases=("mute",),
    for_banned=True,
)
async def quiet(call: PmCall) -> PmAnswer:
    """No notices nobody asked for, or no line on the leaderboards."""
    if _is_about_boards(call):
        return board_texts.unlisted(changed=await _set_listed(call, listed=False))
    await _set_quiet(call, on=True)
    usable = COMMANDS.usable(call.settings)
    return texts.quiet_on(call.settings, usable, was_on=call.wallet.quiet)


@command(
    "unquiet",
    syntax="unquiet [top]",
    summary="the other way round",
    section=Section.NOTIFICATIONS,
    aliases=("unmute",),
    for_banned=True,
)
async def unquiet(call: PmCall) -> PmAnswer:
    """All notices again, or a line on the leaderboards again."""
    if _is_about_boards(call):
        return board_texts.listed_again(changed=await _set_listed(call, listed=True))
    await _set_quiet(call, on=False)
    return texts.quiet_off(was_off=not call.wallet.quiet)


def _is_about_boards(call: PmCall) -> bool:
    """Whether ``top`` stands behind the command; other words have never meant anything."""
    return [each.lower() for each in call.args] == ["top"]


async def _set_quiet(call: PmCall, *, on: bool) -> None:
    await call.commit(SetQuiet(call.user, call.by, on, call.now_ms, call.day))


async def _set_listed(call: PmCall, *, listed: bool) -> bool:
    """Whether that was news to the books."""
    answer = await call.commit(SetListed(call.user, call.by, listed, call.now_ms, call.day))
    assert isinstance(answer, Listed), answer
    return answer.changed
