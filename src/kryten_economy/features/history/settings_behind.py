"""Which settings a kind of ledger row comes from, by the paths of the configuration file.

A place is a path in parts; a part in brackets is the entry of a list with that name or id.
"""

import re
from collections.abc import Mapping
from typing import TypeAlias

from kryten_economy.config import Settings

__all__ = ("Place", "Value", "path_of", "places_of", "value_now")


Place: TypeAlias = tuple[str, ...]


Value: TypeAlias = int | float | str


_REWARDS = ("reward", "reward_per_laugher", "reward_per_message", "default_reward")


_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


_STREAK_DAY = re.compile(r"streak\.day([0-9]{1,9})", re.ASCII)


_BY_TRIGGER: dict[str, tuple[Place, ...]] = {
    "presence.base": (("presence", "base_rate_per_minute"),),
    "bridge.weekly": (("streaks", "weekend_weekday_bridge", "bonus"),),
    "streak.milestone.7": (("streaks", "daily", "milestone_7_bonus"),),
    "streak.milestone.30": (("streaks", "daily", "milestone_30_bonus"),),
    "onboarding.wallet": (("onboarding", "welcome_wallet"),),
    "retention.welcome_back": (
        ("retention", "welcome_back", "bonus"),
        ("retention", "welcome_back", "days_absent"),
    ),
    "rain.ambient": (("rain", "min_amount"), ("rain", "max_amount")),
    "maintenance.interest": (
        ("balance_maintenance", "interest", "daily_rate"),
        ("balance_maintenance", "interest", "max_daily_interest"),
    ),
    "maintenance.decay": (
        ("balance_maintenance", "decay", "daily_rate"),
        ("balance_maintenance", "decay", "exempt_below"),
    ),
    "spend.cytube_promotion": (("cytube_promotion", "cost"),),
}


_NO_PLACES: tuple[Place, ...] = ()


def places_of(type_name: str, trigger_id: str, settings: Settings) -> tuple[Place, ...]:
    """The settings that say how much such a row is; none where a person says it."""
    if type_name == "earn" and trigger_id == "presence.base":
        return _minutes(settings)
    return _BY_TRIGGER.get(trigger_id) or _by_name(type_name, trigger_id, settings)


def _minutes(settings: Settings) -> tuple[Place, ...]:
    presence = settings.presence
    places: list[Place] = [*_BY_TRIGGER["presence.base"]]
    if presence.active_bonus_per_minute:
        places.append(("presence", "active_bonus_per_minute"))
    if presence.night_watch.bonus_per_minute:
        places.append(("presence", "night_watch", "bonus_per_minute"))
    return tuple(places)


def _by_name(  # noqa: PLR0911  # one place for each kind
    type_name: str, trigger_id: str, settings: Settings
) -> tuple[Place, ...]:
    group, _, name = trigger_id.partition(".")
    match type_name, group:
        case "earn", "chat" | "content" | "social":
            return _trigger(f"{group}_triggers", name, settings)
        case "milestone", "dwell":
            return (("presence", "hourly_milestones", name.removesuffix("h")),)
        case "streak_bonus", "streak":
            return _streak_day(trigger_id, settings)
        case "bounty_expired_refund", "bounty" if name.startswith("expired."):
            return (("bounties", "expiry_refund_percent"),)
        case "event_bonus", "event":
            return _event(name.removesuffix(".presence"), settings)
        case "achievement", "achievement":
            return _prize("achievements", name, settings)
        case "competition", "competition":
            return _prize("daily_competitions", name, settings)
        case "spend", "spend":
            return _bought(name, settings)
        case _, "gambling":
            game = name.partition(".")[0]
            return (("gambling", "daily_free_spin" if game == "free_spin" else game),)
        case _:
            return _NO_PLACES


def _trigger(section: str, name: str, settings: Settings) -> tuple[Place, ...]:
    for reward in _REWARDS:
        if value_now(settings, (section, name, reward)) is not None:
            return ((section, name, reward),)
    return _NO_PLACES


def _streak_day(trigger_id: str, settings: Settings) -> tuple[Place, ...]:
    """The entry with the highest day that is not above the day of the row."""
    found = _STREAK_DAY.fullmatch(trigger_id)
    days = [day for day in settings.streaks.daily.rewards if found and day <= int(found[1])]
    return (("streaks", "daily", "rewards", str(max(days))),) if days else _NO_PLACES


def _event(name: str, settings: Settings) -> tuple[Place, ...]:
    own = ("multipliers", "scheduled_events", f"[{name}]", "presence_bonus")
    if value_now(settings, own) is not None:
        return (own,)
    return (("content_triggers", "present_at_event_start", "default_reward"),)


def _prize(section: str, name: str, settings: Settings) -> tuple[Place, ...]:
    share = (section, f"[{name}]", "reward_percent_of_earnings")
    return (share,) if value_now(settings, share) else ((section, f"[{name}]", "reward"),)


def _bought(name: str, settings: Settings) -> tuple[Place, ...]:
    """What is sold has a price, which inflation and the discount of the rank change.

    What another service takes is said by the service.
    """
    if name.startswith("wallet."):
        return _NO_PLACES
    price: Place = ("spending", "queue_tiers")
    if name.startswith("shop."):
        item = f"[{name.removeprefix('shop.')}]"
        price = ("shop", "items", item, "price")
        if value_now(settings, price) is None:
            price = ("shop", "items")
    elif name == "forcenow":
        price = ("spending", "force_play_now")
    elif name == "playnext" and settings.spending.playnext_premium:
        price = ("spending", "interrupt_play_next")
    elif name.startswith("vanity."):
        price = ("vanity_shop", name.removeprefix("vanity."), "cost")
        if value_now(settings, price) is None:
            price = ("vanity_shop",)
    return (price, ("ranks", "spend_discount_per_rank"))


def path_of(place: Place) -> str:
    """As in the configuration file: ``multipliers.scheduled_events[Movie Night].multiplier``."""
    return "".join(part if part.startswith("[") else f".{part}" for part in place).lstrip(".")


def value_now(settings: Settings, place: Place) -> Value | None:
    """The number or text that stands there now; None where there is none."""
    found: object = settings
    for part in place:
        if isinstance(found, tuple):
            named = part[1:-1]
            found = next((each for each in found if named in _names_of(each)), None)
        elif isinstance(found, Mapping):
            found = found.get(int(part)) if _NUMBER.fullmatch(part) else None
        else:
            found = getattr(found, part, None)
    return found if isinstance(found, int | float | str) else None


def _names_of(entry: object) -> tuple[object, object]:
    return getattr(entry, "name", None), getattr(entry, "id", None)
