"""Reports of a channel for those who run it: how much there is, who moves it, and who is who.

Every figure comes from `kryten_economy.features.reports.figures`, which snapshots, digests and
metrics read too.
"""

from economy_actors.context import present_users
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Done, PmAnswer, Refused
from economy_actors.handlers.games import gambling_data
from economy_actors.handlers.registry import ApiCall, Call, PmCall, command, request
from kryten_economy.commands.table import Section
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.bans import BanState
from kryten_economy.features.chat.triggers import dead_triggers
from kryten_economy.features.reports import texts
from kryten_economy.features.reports.figures import (
    Figures,
    TippedWith,
    UserFigures,
    figures_of,
    user_figures,
    with_games,
)
from kryten_economy.features.reports.rows import DayTotals, TriggerRow
from kryten_economy.features.reports.rules import days_back
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import NoAccount
from kryten_economy.text.templates import minute_of, money

__all__ = ("as_day", "as_hits")

_WEEK = "week"
_PARTNERS = 3


def as_day(totals: DayTotals) -> texts.Day:
    """The sums of a day or of several, for their texts."""
    return texts.Day(totals.earned_z, totals.spent_z, totals.gambled_in_z, totals.gambled_out_z)


def as_hits(row: TriggerRow) -> texts.Hits:
    """What a trigger has paid, for its text."""
    return texts.Hits(row.trigger_id, row.hit_count, row.unique_users, row.total_z_awarded)


async def _figures(call: Call) -> Figures:
    channel, day = call.channel, call.day
    return await call.read(lambda reports: figures_of(reports, channel, day))


# By private message


@command(
    "econ:stats",
    summary="accounts, circulation and what today has moved",
    section=Section.ADMIN,
    reads=True,
)
async def econ_stats(call: PmCall) -> PmAnswer:
    """The size of the economy and its day."""
    found = await _figures(call)
    return texts.econ_stats(
        found.day,
        as_day(found.today),
        accounts=found.circulation.accounts,
        present=len(present_users(call.context, call.channel)),
        active=found.today.active,
        circulation_z=found.circulation.float_z,
        held_z=found.circulation.escrow_z,
        symbol=call.symbol,
    )


@command(
    "econ:health",
    summary="whether coins become more or fewer, and who takes part",
    section=Section.ADMIN,
    reads=True,
)
async def econ_health(call: PmCall) -> PmAnswer:
    """Where the economy is going."""
    found = await _figures(call)
    since = ""
    if found.snapshot is not None:
        since = minute_of(found.snapshot.taken_at_ms, call.context.live.calendar.zone)
    factor = ""
    if call.settings.inflation.enabled:
        factor = f"{float(kit.price_factor(call.context, call.channel)):.3f}"
    health = texts.Health(
        circulation_z=found.circulation.float_z,
        change_z=found.change_z,
        since=since,
        median_z=found.median_balance_z,
        users=found.participation.economy_users,
        present=found.participation.present,
        rate=found.participation.rate,
        net_flow_z=found.net_flow_z,
        factor=factor,
    )
    return texts.econ_health(health, as_day(found.today), call.symbol)


@command(
    "econ:triggers",
    syntax="econ:triggers [week]",
    summary="what has paid how often, and what never has",
    section=Section.ADMIN,
    reads=True,
)
async def econ_triggers(call: PmCall) -> PmAnswer:
    """Of today, or of the last seven days."""
    if len(call.args) > 1 or (call.args and call.args[0].lower() != _WEEK):
        return call.usage()
    channel, last_day = call.channel, call.day
    first_day = days_back(last_day, 6) if call.args else last_day
    rows = await call.read(lambda reports: reports.triggers(channel, first_day, last_day))
    often = sorted(rows, key=lambda row: (-row.hit_count, row.trigger_id))
    dead = dead_triggers(call.settings, {row.trigger_id for row in rows})
    when = f"{first_day} to {last_day}" if call.args else f"today ({last_day})"
    return texts.econ_triggers(when, [as_hits(row) for row in often], dead, call.symbol)


@command(
    "econ:user",
    syntax="econ:user @user",
    summary="everything about a user",
    section=Section.ADMIN,
    reads=True,
)
async def econ_user(call: PmCall) -> PmAnswer:
    """One user, with what second accounts would show by."""
    name = call.name_at(0)
    if isinstance(name, Refused):
        return name
    if len(call.args) > 1:
        return call.usage()
    user, day, now_ms = call.named(name), call.day, call.now_ms
    found = await call.read(lambda reports: user_figures(reports, user, day, now_ms))
    ban = "" if found.ban is None else _banned(call, found.ban)
    if found.wallet is None:
        return texts.only_banned(name, ban) if ban else call.refused(NoAccount(user), name)
    return texts.econ_user(_account(call, found, found.wallet, ban), call.symbol)


def _banned(call: PmCall, ban: BanState) -> str:
    return texts.banned(ban.by, _minute(call, ban.at_ms), ban.reason)


def _minute(call: PmCall, at_ms: int) -> str:
    return minute_of(at_ms, call.context.live.calendar.zone)


def _account(call: PmCall, found: UserFigures, wallet: Wallet, ban: str) -> texts.Account:
    ladder, held_from_z = call.context.live.ladder, wallet.rank_held_from_z
    computed = ladder.computed(wallet.lifetime_earned_z)
    return texts.Account(
        name=wallet.display_name,
        balance_z=wallet.balance_z,
        earned_z=wallet.lifetime_earned_z,
        spent_z=wallet.lifetime_spent_z,
        rank=kit.rank_name(call.context, wallet),
        set_by_hand=held_from_z is not None and computed <= ladder.computed(held_from_z),
        achievements=[row.achievement_id for row in found.awards],
        ban=ban,
        first_seen=_minute(call, wallet.first_seen_ms),
        last_seen=_minute(call, wallet.last_seen_ms),
        quiet=wallet.quiet,
        games=found.games,
        gambled_net_z=found.gambled_net_z,
        waiting=[
            f"#{each.id} {each.type} ({money(each.paid_z, call.symbol)})" for each in found.waiting
        ],
        sent=_tips(found.tips, sent=True),
        received=_tips(found.tips, sent=False),
    )


def _tips(tips: tuple[TippedWith, ...], *, sent: bool) -> texts.Tips:
    those = [each for each in tips if each.sent is sent]
    return texts.Tips(
        sum(each.tips for each in those),
        sum(each.amount_z for each in those),
        [(each.name, each.amount_z) for each in those[:_PARTNERS]],
    )


# By request


def _totals(totals: DayTotals) -> dict[str, int]:
    return {
        "z_earned": totals.earned_z,
        "z_spent": totals.spent_z,
        "z_gambled_in": totals.gambled_in_z,
        "z_gambled_out": totals.gambled_out_z,
    }


@request("stats.summary", scope=Scope.OPERATE)
async def stats_summary(call: ApiCall) -> ApiAnswer:
    """The channel today, and its games ever."""
    channel, day = call.channel, call.day
    found, games = await call.read(lambda reports: with_games(reports, channel, day))
    return Done(
        {
            "channel": channel,
            "date": day,
            "float": found.circulation.float_z,
            "accounts": found.circulation.accounts,
            "totals": _totals(found.today),
            "gambling": gambling_data(*games),
            "net_flow_today": found.today.earned_z - found.today.spent_z,
        }
    )


@request("stats.health", scope=Scope.OPERATE)
async def stats_health(call: ApiCall) -> ApiAnswer:
    """Circulation, who takes part, and the day and the week in sums."""
    found = await _figures(call)
    return Done(
        {
            "channel": call.channel,
            "date": found.day,
            "circulation": found.circulation.float_z,
            "median_balance": found.median_balance_z,
            "accounts": found.circulation.accounts,
            "active_today": found.today.active,
            "daily": _totals(found.today),
            "weekly": _totals(found.week),
            "daily_net": found.today.earned_z - found.today.spent_z,
            "participation_rate": found.participation.rate,
        }
    )
