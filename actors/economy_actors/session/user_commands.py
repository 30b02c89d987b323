"""What everybody may ask by private message (`commands.md` 6)."""

from collections.abc import Awaitable, Callable

from economy_actors.context import SERVICE_NAME, World
from economy_actors.ledger.client import commit, query
from economy_actors.session import (
    chat_commands,
    explain_commands,
    occasion_commands,
    profile_commands,
    progress_commands,
    status_commands,
)
from economy_actors.session.user_request import UserRequest
from kryten_economy.commands import grammar
from kryten_economy.commands import texts as commands_texts
from kryten_economy.commands.helping import help_text
from kryten_economy.features.history.texts import HistoryRow, history
from kryten_economy.features.leaderboards import texts as leaderboards_texts
from kryten_economy.features.leaderboards.operations import Listed, SetListed
from kryten_economy.features.money import texts as money_texts
from kryten_economy.features.notices import texts as notices_texts
from kryten_economy.features.notices.operations import SetQuiet

__all__ = ("UserRequest", "run")

_HISTORY_DEFAULT = 10
_HISTORY_MAX = 25
_ROWS_PER_LINE = 60
"""An hour's presence minutes share one line, so this many rows may stand behind each."""


async def run(world: World, command: str, request: UserRequest) -> str:
    """The reply to a command of the table that needs no admin rights."""
    return await _HANDLERS[command](world, request)


async def _help(world: World, request: UserRequest) -> str:
    topic = " ".join(request.parsed.args).lower() or None
    return help_text(topic, is_admin=request.is_admin, settings=world.live.settings)


async def _about(world: World, _request: UserRequest) -> str:
    return commands_texts.about(f"kryten-{SERVICE_NAME}", world.version, world.metrics.uptime_s())


async def _balance(world: World, request: UserRequest) -> str:
    settings, wallet = world.live.settings, request.wallet
    return money_texts.balance(
        wallet.balance_z,
        settings.currency.symbol,
        settings.currency.name,
        world.live.ladder.shown(
            wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
        ),
        wallet.streak_days,
    )


async def _history(world: World, request: UserRequest) -> str:
    args = request.parsed.args
    count = grammar.count(
        args[0] if args else None, default=_HISTORY_DEFAULT, low=1, high=_HISTORY_MAX
    )
    rows = await query(
        world.reader,
        lambda reports: reports.transactions(request.user, count * _ROWS_PER_LINE, 0),
    )
    shown = [
        HistoryRow(
            row.id,
            row.created_at_ms,
            row.amount_z,
            row.balance_after_z,
            row.trigger_id,
            row.reason,
        )
        for row in rows
    ]
    live = world.live
    return history(shown, count, live.settings.currency.symbol, live.calendar.zone)


async def _quiet(world: World, request: UserRequest) -> str:
    if _is_about_boards(request):
        return leaderboards_texts.unlisted(changed=await _set_listed(world, request, listed=False))
    await _set_quiet(world, request, on=True)
    return notices_texts.quiet_on(was_on=request.wallet.quiet)


async def _unquiet(world: World, request: UserRequest) -> str:
    if _is_about_boards(request):
        return leaderboards_texts.listed_again(
            changed=await _set_listed(world, request, listed=True)
        )
    await _set_quiet(world, request, on=False)
    return notices_texts.quiet_off(was_off=not request.wallet.quiet)


async def _set_quiet(world: World, request: UserRequest, *, on: bool) -> None:
    at_ms = world.clock.now_ms()
    day = world.live.calendar.day(at_ms)
    await commit(world.ledger, SetQuiet(request.user, request.display_name, on, at_ms, day))


def _is_about_boards(request: UserRequest) -> bool:
    """Whether ``top`` stands behind the command; other words have never meant anything."""
    return [each.lower() for each in request.parsed.args] == ["top"]


async def _set_listed(world: World, request: UserRequest, *, listed: bool) -> bool:
    """Whether that was news to the books."""
    at_ms = world.clock.now_ms()
    day = world.live.calendar.day(at_ms)
    answer = await commit(
        world.ledger, SetListed(request.user, request.display_name, listed, at_ms, day)
    )
    assert isinstance(answer, Listed), answer
    return answer.changed


_HANDLERS: dict[str, Callable[[World, UserRequest], Awaitable[str]]] = {
    "help": _help,
    "about": _about,
    "balance": _balance,
    "history": _history,
    "quiet": _quiet,
    "unquiet": _unquiet,
    **chat_commands.HANDLERS,
    **explain_commands.HANDLERS,
    **occasion_commands.HANDLERS,
    **progress_commands.HANDLERS,
    **profile_commands.HANDLERS,
    **status_commands.HANDLERS,
}
