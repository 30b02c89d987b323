"""Who somebody is here: profile, achievements, streaks, quiet mode, the account for web pages.

Field names of requests are an interface. Asking never creates an account.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from economy_actors.context import Context
from economy_actors.handlers import kit
from economy_actors.handlers.answers import ApiAnswer, Done, PmAnswer, Refused
from economy_actors.handlers.registry import COMMANDS, ApiCall, PmCall, command, request
from kryten_economy.commands.table import Section
from kryten_economy.config import Settings
from kryten_economy.features import achievements as achievement_texts
from kryten_economy.features import leaderboards as board_texts
from kryten_economy.features import notices
from kryten_economy.features.achievements import Facts, Goal, facts_of, progress_of
from kryten_economy.features.api_keys import Scope
from kryten_economy.features.games.returns import games_of
from kryten_economy.features.leaderboards import Listed, SetListed
from kryten_economy.features.notices import SetQuiet
from kryten_economy.features.possessions import owned_by_user
from kryten_economy.features.ranks import texts as rank_texts
from kryten_economy.features.ranks.rules import discount_percent, perks_shown
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import AwardRow
from kryten_economy.features.streaks import texts
from kryten_economy.features.streaks.rules import bridge_step, next_day, next_milestone, terms
from kryten_economy.features.vanity.rules import CURRENCY_NAME, GIF, GREETING, TITLE, with_title
from kryten_economy.features.vanity.texts import label
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import NoAccount
from kryten_economy.text.templates import minute_of
from kryten_economy.users import UserKey


@command(
    "profile",
    syntax="profile [@user]",
    summary="who somebody is here",
    section=Section.PROGRESS,
    reads=True,
)
async def profile(call: PmCall) -> PmAnswer:
    """One's own profile, or that of somebody named."""
    if not call.args:
        return await _profile(call, call.wallet)
    name = call.name_at(0)
    if isinstance(name, Refused):
        return name
    if len(call.args) > 1:
        return call.usage()
    user, day = call.named(name), call.day
    wallet = await call.read(lambda reports: reports.wallet(user, day))
    return call.refused(NoAccount(user), name) if wallet is None else await _profile(call, wallet)


async def _profile(call: PmCall, wallet: Wallet) -> str:
    awards, owned, games = await call.read(
        lambda reports: (
            reports.awards(wallet.user),
            _owned(reports, wallet.user),
            _rounds(reports, wallet.user),
        )
    )
    staked_z, paid_z = wallet.lifetime_gambled_in_z, wallet.lifetime_gambled_out_z
    currency = call.settings.currency
    return rank_texts.profile(
        with_title(owned.get(TITLE), wallet.display_name),
        kit.rank_name(call.context, wallet),
        wallet.balance_z,
        wallet.lifetime_earned_z,
        wallet.streak_days,
        len(awards),
        paid_z - staked_z if staked_z or paid_z else None,
        currency.symbol,
        owned.get(CURRENCY_NAME, currency.name),
        [label(type_) for type_ in owned],
        games=games,
    )


@command(
    "achievements",
    summary="what you've won and can win",
    section=Section.PROGRESS,
    reads=True,
)
async def achievements(call: PmCall) -> PmAnswer:
    """Won ones with their date, how far the others are, and how many are hidden."""
    user = call.user
    awards = await call.read(lambda reports: reports.awards(user))
    return achievement_texts.achievements(*trophies(call.context, call.wallet, awards))


class Trophies(NamedTuple):
    """What somebody has won, on which date, what they still can, and how many are hidden."""

    won: list[tuple[str, str]]
    goals: list[Goal]
    hidden: int


def trophies(context: Context, wallet: Wallet, awards: Sequence[AwardRow]) -> Trophies:
    """All achievements as their owner may see them: of hidden ones, how many are left."""
    ids = {row.achievement_id for row in awards}
    settings, zone = context.live.settings, context.live.calendar.zone
    listed = settings.achievements
    known = {each.id: each.description for each in listed}
    won = [
        (known.get(row.achievement_id, row.achievement_id), minute_of(row.awarded_at_ms, zone)[:10])
        for row in awards
    ]
    hidden = sum(1 for each in listed if each.hidden and each.id not in ids)
    facts = facts_of(wallet, context.live.ladder)
    return Trophies(won, _goals(settings, facts, ids), hidden)


def _goals(settings: Settings, facts: Facts, won: set[str]) -> list[Goal]:
    goals = []
    for each in settings.achievements:
        value = progress_of(each.condition.type, facts)
        if value is not None and not each.hidden and each.id not in won:
            threshold = each.condition.threshold
            goals.append(Goal(each.description, min(value, threshold), threshold))
    return goals


@request("account.summary", user=True)
async def account_summary(call: ApiCall) -> ApiAnswer:
    """One user's standing for a web page."""
    user, day = call.user, call.day
    wallet, owned = await call.read(
        lambda reports: (reports.wallet(user, day), _owned(reports, user))
    )
    if wallet is None:
        return Done({"found": False, "username": call.name, "channel": call.channel})
    settings, index = call.settings, kit.rank_index(call.context, wallet)
    return Done(
        {
            "found": True,
            "username": wallet.display_name,
            "channel": call.channel,
            "balance": wallet.balance_z,
            "lifetime_earned": wallet.lifetime_earned_z,
            "lifetime_spent": wallet.lifetime_spent_z,
            "currency_name": owned.get(CURRENCY_NAME, settings.currency.name),
            "currency_symbol": settings.currency.symbol,
            "rank": _rank(settings, index),
            "next_rank": next_rank(settings, index, wallet.lifetime_earned_z),
            "perks": list(perks_shown(settings.ranks, index)),
            "spend_discount_percent": discount_percent(settings.ranks, index),
            **_vanity(call, wallet, owned),
            "quiet_mode": wallet.quiet,
            "banned": wallet.banned,
            "streak": wallet.streak_days,
        }
    )


def _rank(settings: Settings, index: int) -> dict[str, object]:
    tiers = settings.ranks.tiers
    return {
        "name": tiers[index].name,
        "index": index,
        "level": index + 1,
        "tier_count": len(tiers),
        "min_lifetime_earned": tiers[index].min_lifetime_earned,
    }


def next_rank(settings: Settings, index: int, lifetime_z: int) -> dict[str, object] | None:
    """The rank above, and how far it is; None for who has the highest."""
    tiers = settings.ranks.tiers
    if index + 1 == len(tiers):
        return None
    target_z = tiers[index + 1].min_lifetime_earned
    percent = min(100.0, lifetime_z / target_z * 100.0) if target_z else 100.0
    return {
        "name": tiers[index + 1].name,
        "min_lifetime_earned": target_z,
        "remaining": max(0, target_z - lifetime_z),
        "progress_percent": round(percent, 1),
    }


def _vanity(call: ApiCall, wallet: Wallet, owned: Mapping[str, str]) -> dict[str, object]:
    """What the three items of the web page cost, with inflation and for this user.

    The prices are those of a purchase at this moment (P-SHOP-1).
    """
    shop = call.settings.vanity_shop
    items = {
        "custom_greeting": shop.custom_greeting,
        "custom_color": shop.chat_color,
        "shoutout": shop.shoutout,
    }
    prices = {key: kit.price_for(call, item.cost, wallet) for key, item in items.items()}
    return {
        "vanity": {
            "custom_greeting": owned.get(GREETING),
            "custom_color": owned.get("chat_color"),
        },
        "vanity_costs": {key: price.inflated_z for key, price in prices.items()},
        "vanity_final_costs": {key: price.final_z for key, price in prices.items()},
        "vanity_enabled": {key: item.enabled for key, item in items.items()},
    }


@request("user.detail", user=True, scope=Scope.OPERATE)
async def user_detail(call: ApiCall) -> ApiAnswer:
    """Everything the books know about one user."""
    user, day = call.user, call.day
    wallet, awards, owned, games = await call.read(
        lambda reports: (
            reports.wallet(user, day),
            reports.awards(user),
            _owned(reports, user),
            _rounds(reports, user),
        )
    )
    if wallet is None:
        return Done({"found": False, "username": call.name, "channel": call.channel})
    net_z = wallet.lifetime_gambled_out_z - wallet.lifetime_gambled_in_z
    return Done(
        {
            "found": True,
            "username": wallet.display_name,
            "channel": call.channel,
            "account": _account(call, wallet, owned),
            "achievements": [
                {"achievement_id": row.achievement_id, "awarded_at": kit.time_of(row.awarded_at_ms)}
                for row in awards
            ],
            "banned": wallet.banned,
            "gambling": {"total_games": games, "net_profit": net_z},
        }
    )


def _rounds(reports: Reports, user: UserKey) -> int:
    """How many rounds of all games somebody has played."""
    return sum(each.rounds for each in games_of(reports, user).values())


def _owned(reports: Reports, user: UserKey) -> dict[str, str]:
    return {each.type: each.value for each in owned_by_user(reports, user)}


def _account(call: ApiCall, wallet: Wallet, owned: Mapping[str, str]) -> dict[str, object]:
    return {
        "username": wallet.display_name,
        "channel": call.channel,
        "balance": wallet.balance_z,
        "lifetime_earned": wallet.lifetime_earned_z,
        "lifetime_spent": wallet.lifetime_spent_z,
        "lifetime_gambled_in": wallet.lifetime_gambled_in_z,
        "lifetime_gambled_out": wallet.lifetime_gambled_out_z,
        "rank_name": kit.rank_name(call.context, wallet),
        "cytube_level": wallet.cytube_level,
        "chat_color": owned.get("chat_color"),
        "custom_greeting": owned.get(GREETING),
        "custom_title": owned.get(TITLE),
        "channel_gif_url": owned.get(GIF),
        "channel_gif_approved": GIF in owned,
        "personal_currency_name": owned.get(CURRENCY_NAME),
        "welcome_wallet_claimed": wallet.welcome_wallet_claimed,
        "economy_banned": wallet.banned,
        "quiet_mode": wallet.quiet,
        "first_seen": kit.time_of(wallet.first_seen_ms),
        "last_seen": kit.time_of(wallet.last_seen_ms),
        "last_active": None
        if wallet.last_active_ms is None
        else kit.time_of(wallet.last_active_ms),
    }


@command(
    "streak", summary="your days in a row and the bridge", section=Section.PROGRESS, reads=True
)
async def streak(call: PmCall) -> PmAnswer:
    """How far one's days have come."""
    daily, bridge = call.settings.streaks.daily, call.settings.streaks.weekend_weekday_bridge
    symbol, wallet, day = call.symbol, call.wallet, call.day
    run, week = await call.read(lambda reports: reports.streak_of(call.user))
    lines = []
    if daily.enabled:
        pay = terms(daily)
        lines.append(
            texts.streak_report(
                wallet.streak_days,
                run.longest,
                wallet.minutes_today,
                daily.min_presence_minutes,
                next_day(run, day, pay),
                next_milestone(wallet.streak_days, pay),
                symbol,
            )
        )
    if bridge.enabled:
        lines.append(texts.bridge_state(bridge_step(week, day), bridge.bonus, symbol))
    return "\n".join(lines) or texts.no_streaks()


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
    return notices.quiet_on(call.settings, usable, was_on=call.wallet.quiet)


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
    return notices.quiet_off(was_off=not call.wallet.quiet)


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
