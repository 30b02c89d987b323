"""Where users stand, by request (`admin-api.md` 3). Field names are an interface."""

from datetime import UTC, datetime
from fractions import Fraction

from economy_actors.admin.call import Call
from economy_actors.admin.envelope import Code, Done, Outcome, Refused
from economy_actors.admin.fields import Count, Text
from economy_actors.context import World
from economy_actors.ledger.client import query
from kryten_economy.config import Settings
from kryten_economy.features.leaderboards.rules import CATEGORIES, category_of, distribution
from kryten_economy.features.leaderboards.texts import unknown_category
from kryten_economy.features.queue.rules import final_price, inflated_price, inflation_multiplier
from kryten_economy.features.ranks.rules import Ladder, discount_percent, perks_of, perks_shown
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.wallet import Wallet

__all__ = ("CATEGORY", "TOP_ROWS", "account_summary", "leaderboard", "user_detail")

CATEGORY = Text("category", most=40, default="earners")
TOP_ROWS = Count("limit", default=10, low=1, high=100)


async def leaderboard(world: World, call: Call) -> Outcome:
    """The first of a leaderboard, or how many stand on each rank."""
    category, limit = call.values[CATEGORY], call.values[TOP_ROWS]
    board = category_of(category)
    ignored = tuple(world.live.settings.ignored_names)
    head = {"channel": call.channel, "category": category}
    match board:
        case None:
            return Refused(Code.INVALID_REQUEST, unknown_category(CATEGORIES))
        case "ranks":
            tiers = world.live.settings.ranks.tiers
            found = await query(world.reader, lambda r: r.standings(call.channel, ignored))
            return Done(head | {"distribution": distribution(tiers, found)})
        case "earners":
            day = world.live.calendar.day(world.clock.now_ms())
            earners = await query(
                world.reader, lambda r: r.earners(call.channel, day, limit, ignored)
            )
            rows = [{"username": row.username, "earned_today": row.earned_z} for row in earners]
            return Done(head | {"rows": rows})
        case "rich":
            return Done(head | {"rows": await _accounts(world, call, "balance", limit, ignored)})
        case "lifetime":
            key = "lifetime_earned"
            return Done(head | {"rows": await _accounts(world, call, key, limit, ignored)})


async def _accounts(
    world: World, call: Call, key: str, limit: int, ignored: tuple[str, ...]
) -> list[dict[str, object]]:
    def read(reports: Reports) -> list[dict[str, object]]:
        of = reports.richest if key == "balance" else reports.top_lifetime
        return [
            {
                "username": row.username,
                key: row.balance_z if key == "balance" else row.lifetime_earned_z,
                "rank_name": ladder.shown(
                    row.rank_name, row.lifetime_earned_z, row.rank_held_from_z
                ),
            }
            for row in of(call.channel, limit, ignored)
        ]

    ladder = world.live.ladder
    return await query(world.reader, read)


async def account_summary(world: World, call: Call) -> Outcome:
    """One user's standing for a web page; asking never creates an account."""
    user, day = call.user, world.live.calendar.day(world.clock.now_ms())
    wallet, circulation = await query(
        world.reader,
        lambda reports: (reports.wallet(user, day), reports.float_of(call.channel)),
    )
    if wallet is None:
        return Done({"found": False, "username": call.name, "channel": call.channel})
    settings = world.live.settings
    index = world.live.ladder.effective(
        wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
    )
    multiplier = inflation_multiplier(settings.inflation, circulation.float_z)
    return Done(
        {
            "found": True,
            "username": wallet.display_name,
            "channel": call.channel,
            "balance": wallet.balance_z,
            "lifetime_earned": wallet.lifetime_earned_z,
            "lifetime_spent": wallet.lifetime_spent_z,
            "currency_name": settings.currency.name,
            "currency_symbol": settings.currency.symbol,
            "rank": _rank(settings, index),
            "next_rank": _next_rank(settings, index, wallet.lifetime_earned_z),
            "perks": list(perks_shown(settings.ranks, index)),
            "spend_discount_percent": discount_percent(settings.ranks, index),
            **_vanity(settings, index, multiplier),
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


def _next_rank(settings: Settings, index: int, lifetime_z: int) -> dict[str, object] | None:
    tiers = settings.ranks.tiers
    if index + 1 == len(tiers):
        return None
    target_z = tiers[index + 1].min_lifetime_earned
    share = min(Fraction(1), Fraction(lifetime_z, target_z)) if target_z else Fraction(1)
    return {
        "name": tiers[index + 1].name,
        "min_lifetime_earned": target_z,
        "remaining": max(0, target_z - lifetime_z),
        "progress_percent": int(share * 1000) / 10,
    }


def _vanity(settings: Settings, index: int, multiplier: Fraction) -> dict[str, object]:
    """What the three items of the web page cost, with inflation and for this user."""
    shop, discount = settings.vanity_shop, perks_of(settings.ranks, index).discount
    items = {
        "custom_greeting": shop.custom_greeting,
        "custom_color": shop.chat_color,
        "shoutout": shop.shoutout,
    }
    costs = {key: inflated_price(item.cost, multiplier) for key, item in items.items()}
    return {
        "vanity": {"custom_greeting": None, "custom_color": None},
        "vanity_costs": costs,
        "vanity_final_costs": {key: final_price(cost, discount) for key, cost in costs.items()},
        "vanity_enabled": {key: item.enabled for key, item in items.items()},
    }


async def user_detail(world: World, call: Call) -> Outcome:
    """Everything the books know about one user."""
    user, day = call.user, world.live.calendar.day(world.clock.now_ms())
    wallet, awards = await query(
        world.reader, lambda reports: (reports.wallet(user, day), reports.awards(user))
    )
    if wallet is None:
        return Done({"found": False, "username": call.name, "channel": call.channel})
    net_z = wallet.lifetime_gambled_out_z - wallet.lifetime_gambled_in_z
    return Done(
        {
            "found": True,
            "username": wallet.display_name,
            "channel": call.channel,
            "account": _account(world.live.ladder, call.channel, wallet),
            "achievements": [
                {"achievement_id": row.achievement_id, "awarded_at": _time(row.awarded_at_ms)}
                for row in awards
            ],
            "banned": wallet.banned,
            "gambling": {"total_games": 0, "net_profit": net_z},
        }
    )


def _account(ladder: Ladder, channel: str, wallet: Wallet) -> dict[str, object]:
    return {
        "username": wallet.display_name,
        "channel": channel,
        "balance": wallet.balance_z,
        "lifetime_earned": wallet.lifetime_earned_z,
        "lifetime_spent": wallet.lifetime_spent_z,
        "lifetime_gambled_in": wallet.lifetime_gambled_in_z,
        "lifetime_gambled_out": wallet.lifetime_gambled_out_z,
        "rank_name": ladder.shown(
            wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z
        ),
        "cytube_level": wallet.cytube_level,
        "chat_color": None,
        "custom_greeting": None,
        "custom_title": None,
        "channel_gif_url": None,
        "channel_gif_approved": False,
        "personal_currency_name": None,
        "welcome_wallet_claimed": wallet.welcome_wallet_claimed,
        "economy_banned": wallet.banned,
        "quiet_mode": wallet.quiet,
        "first_seen": _time(wallet.first_seen_ms),
        "last_seen": _time(wallet.last_seen_ms),
        "last_active": None if wallet.last_active_ms is None else _time(wallet.last_active_ms),
    }


def _time(at_ms: int) -> str:
    """``YYYY-MM-DD HH:MM:SS`` in UTC, which existing clients parse."""
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"
