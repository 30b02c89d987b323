"""`profile` and `achievements`: what somebody has become here (`commands.md` 6)."""

from collections.abc import Awaitable, Callable

from economy_actors.context import World
from economy_actors.ledger.client import query
from economy_actors.session.user_request import UserRequest
from kryten_economy.commands import refusals
from kryten_economy.commands import texts as commands_texts
from kryten_economy.commands.table import find
from kryten_economy.features.achievements import texts as achievements_texts
from kryten_economy.features.achievements.progress import facts_of
from kryten_economy.features.achievements.rules import Facts, progress_of
from kryten_economy.features.achievements.texts import Goal
from kryten_economy.features.ranks import texts as ranks_texts
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.text.numbers import minute_of
from kryten_economy.users import UserKey, name_from_text

__all__ = ("HANDLERS",)


async def _achievements(world: World, request: UserRequest) -> str:
    user = request.user

    awards = await query(world.reader, lambda reports: reports.awards(user))
    ids = {row.achievement_id for row in awards}
    known = {each.id: each.description for each in world.live.settings.achievements}
    zone = world.live.calendar.zone
    won = [
        (known.get(row.achievement_id, row.achievement_id), minute_of(row.awarded_at_ms, zone)[:10])
        for row in awards
    ]
    hidden = sum(
        1 for each in world.live.settings.achievements if each.hidden and each.id not in ids
    )
    goals = _goals(world, facts_of(request.wallet, world.live.ladder), ids)
    return achievements_texts.achievements(won, goals, hidden)


def _goals(world: World, facts: Facts, won: set[str]) -> list[Goal]:
    goals = []
    for each in world.live.settings.achievements:
        value = progress_of(each.condition.type, facts)
        if value is not None and not each.hidden and each.id not in won:
            threshold = each.condition.threshold
            goals.append(Goal(each.description, min(value, threshold), threshold))
    return goals


async def _profile(world: World, request: UserRequest) -> str:
    """Reading another's profile never creates a row."""
    args = request.parsed.args
    if not args:
        return await _shown(world, request.wallet)
    spec = find("profile")
    assert spec is not None
    name = name_from_text(args[0])
    if name is None or len(args) > 1:
        return commands_texts.usage(spec.syntax)
    user = UserKey.of(request.user.channel, name)
    day = world.live.calendar.day(world.clock.now_ms())
    wallet = await query(world.reader, lambda reports: reports.wallet(user, day))
    return refusals.unknown_user(name) if wallet is None else await _shown(world, wallet)


async def _shown(world: World, wallet: Wallet) -> str:
    awards = await query(world.reader, lambda reports: reports.awards(wallet.user))
    gambled_in_z, gambled_out_z = wallet.lifetime_gambled_in_z, wallet.lifetime_gambled_out_z
    played = gambled_in_z or gambled_out_z
    settings = world.live.settings
    return ranks_texts.profile(
        wallet.display_name,
        world.live.ladder.shown(
            wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
        ),
        wallet.balance_z,
        wallet.lifetime_earned_z,
        wallet.streak_days,
        len(awards),
        gambled_out_z - gambled_in_z if played else None,
        settings.currency.symbol,
    )


HANDLERS: dict[str, Callable[[World, UserRequest], Awaitable[str]]] = {
    "achievements": _achievements,
    "profile": _profile,
}
