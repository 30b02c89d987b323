"""Why a ledger row has its amount: what went into it, and which settings stand behind it.

A function of the row and the settings. What the row kept of its moment is told as ``then``; the
settings only know what holds now. A hidden multiplier is for operators and requests: what users
get goes through `Explanation.for_users` (P-EARN-15).
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeGuard

from kryten_economy.config import Settings
from kryten_economy.features.events.rules import NIGHT_WATCH, OFF_PEAK, POPULATION, RAIN_PERK, RANK
from kryten_economy.features.history.settings_behind import Value, path_of, places_of, value_now
from kryten_economy.transaction_types import is_multiplied

__all__ = (
    "Behind",
    "Explanation",
    "Movement",
    "Source",
    "explain",
    "minutes_of",
    "public_metadata",
)


_LABELS = {
    OFF_PEAK: "off-peak bonus",
    POPULATION: "crowd bonus",
    NIGHT_WATCH: "night watch",
    RANK: "rank bonus",
    RAIN_PERK: "rain perk of the rank",
}


_PLACES = {
    OFF_PEAK: ("multipliers", "off_peak", "multiplier"),
    POPULATION: ("multipliers", "high_population", "multiplier"),
    NIGHT_WATCH: ("presence", "night_watch", "multiplier"),
    RANK: ("ranks", "earn_multiplier_per_rank"),
    RAIN_PERK: ("ranks", "tiers"),
}


_NAMED_PLACES = {
    "holiday": ("multipliers", "holidays", "dates"),
    "scheduled": ("multipliers", "scheduled_events"),
    "adhoc": (),
}


_STEPS = frozenset({RANK, RAIN_PERK})
"""Sources whose factor is worked out from the setting and not the setting itself."""


class Movement(NamedTuple):
    """A ledger row as far as it explains itself; ``metadata`` may be anybody's text."""

    amount_z: int
    balance_after_z: int
    type: str
    trigger_id: str
    reason: str
    related_user: str | None = None
    metadata: str | None = None

    @property
    def balance_before_z(self) -> int:
        """What a part of the balance was taken of."""
        return self.balance_after_z - self.amount_z


class Source(NamedTuple):
    """A factor of the amount."""

    source: str
    label: str
    mult: float
    hidden: bool = False


class Behind(NamedTuple):
    """A setting that the amount comes from; None where the value is not known."""

    key: str
    then: Value | None
    now: Value | None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of how an amount came about; None and nothing where it is not.

    ``multiplier`` is the combined factor; ``carried_in`` and ``carried`` are the parts of a coin
    held before and after. ``fractional``: what may be seen makes no whole coin.
    """

    base: float | None = None
    sources: tuple[Source, ...] = ()
    multiplier: float | None = None
    carried_in: float | None = None
    carried: float | None = None
    fractional: bool = False
    minutes: int = 1
    active_bonus: float = 0
    night_bonus: float = 0
    by: str | None = None
    total_z: int | None = None
    users: int | None = None
    percent: float | None = None
    percent_of_z: int | None = None
    settings: tuple[Behind, ...] = ()

    def for_users(self) -> "Explanation":
        """Without hidden factors, and without any number that they went into."""
        sources = tuple(each for each in self.sources if not each.hidden)
        return replace(
            self,
            sources=sources,
            multiplier=None,
            carried_in=None,
            carried=None,
            fractional=_is_fractional(self.base, sources),
            settings=tuple(each for each in self.settings if not each.hidden),
        )


def explain(movement: Movement, settings: Settings) -> Explanation:
    """Everything that row and settings tell; whatever stands in the metadata, it never fails."""
    found = _read(movement.metadata)
    base = _base(movement, found, settings)
    sources = tuple(_sources(found, settings))
    facts = Explanation(
        base=base,
        sources=sources,
        multiplier=_number(found, "multiplier"),
        carried_in=_number(found, "carried_in"),
        carried=_number(found, "carried"),
        fractional=_is_fractional(base, sources),
        minutes=max(1, _whole(found, "minutes") or 1),
        active_bonus=_number(found, "active_bonus") or 0,
        night_bonus=_number(found, "night_bonus") or 0,
        by=by if isinstance(by := found.get("by"), str) else None,
        total_z=_whole(found, "total"),
        users=_whole(found, "users"),
        percent=_number(found, "percent"),
        percent_of_z=_whole(found, "of"),
    )
    return replace(facts, settings=tuple(_behind(movement, facts, settings)))


def minutes_of(metadata: str | None) -> int:
    """How many minutes a row of presence is for."""
    return 1 if metadata is None else max(1, _whole(_read(metadata), "minutes") or 1)


_OF_GAMES = "gamble_"
_FROM_HIDDEN = ("multiplier", "carried_in", "carried")
"""Numbers that hidden factors may have gone into, perhaps those of earlier rows."""


def public_metadata(type_: str, text: str | None, settings: Settings) -> str | None:
    """What a row tells of itself to everybody: no hidden factor, and nothing to work one out.

    A row without such things keeps its text, as does one of a game, whose multiplier is that of
    the reels; what can't be read is kept back.
    """
    if text is None or type_.startswith(_OF_GAMES):
        return text
    found = dict(_read(text))
    if not found:
        return None if text.strip() not in {"", "{}"} else text
    listed = found.get("sources")
    shown = [each for each in listed if not _hides(each, settings)] if _is_list(listed) else []
    hiding = _is_list(listed) and len(shown) < len(listed)
    gone = [key for key in (*_FROM_HIDDEN, *(("base",) if hiding else ())) if key in found]
    if not hiding and not gone:
        return text
    kept = {key: value for key, value in found.items() if key not in gone}
    if "sources" in kept:
        kept["sources"] = shown
    return json.dumps(kept)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _hides(source: object, settings: Settings) -> bool:
    if not isinstance(source, dict) or not isinstance(source.get("source"), str):
        return True
    return source.get("hidden") is True or _is_hidden(source["source"], settings)


def _base(movement: Movement, found: Mapping[str, object], settings: Settings) -> float | None:
    base = _number(found, "base")
    if base is not None or not is_multiplied(movement.type, movement.trigger_id):
        return base
    # Without words the row is its base, unless parts of coins may have come together in it.
    places = places_of(movement.type, movement.trigger_id, settings)
    values = [value_now(settings, place) for place in places]
    return None if _has_parts(values) else movement.amount_z


def _has_parts(values: list[Value | None]) -> bool:
    return any(isinstance(value, float) and not value.is_integer() for value in values)


def _sources(found: Mapping[str, object], settings: Settings) -> Iterator[Source]:
    listed = found.get("sources")
    for each in listed if isinstance(listed, list) else ():
        if not isinstance(each, dict):
            continue
        name, mult = each.get("source"), _number(each, "mult")
        if isinstance(name, str) and mult is not None:
            hidden = each.get("hidden") is True or _is_hidden(name, settings)
            yield Source(name, _LABELS.get(name) or name.partition(":")[2] or name, mult, hidden)


def _is_hidden(name: str, settings: Settings) -> bool:
    """Hidden now; of what nobody knows, nothing is told."""
    if name == POPULATION:
        return settings.multipliers.high_population.hidden
    return name not in _LABELS and name.partition(":")[0] not in _NAMED_PLACES


def _behind(movement: Movement, facts: Explanation, settings: Settings) -> Iterator[Behind]:
    for place in places_of(movement.type, movement.trigger_id, settings):
        then = _then(movement, facts, place[-1])
        yield Behind(path_of(place), then, value_now(settings, place))
    for each in facts.sources:
        kind, _, name = each.source.partition(":")
        if name and _NAMED_PLACES.get(kind):
            place = (*_NAMED_PLACES[kind], f"[{name}]", "multiplier")
        else:
            place = _PLACES.get(each.source, ())
        if place:
            then = None if each.source in _STEPS else each.mult
            yield Behind(path_of(place), then, value_now(settings, place), each.hidden)


def _then(movement: Movement, facts: Explanation, last: str) -> Value | None:
    """The value that the row shows the setting to have had."""
    if movement.trigger_id == "presence.base":
        return _minute_then(facts, last)
    if last == "reward_percent_of_earnings":
        return facts.percent
    if movement.type in _PAID_AS_SET or last == "bonus":
        return movement.amount_z
    if is_multiplied(movement.type, movement.trigger_id):
        return facts.base
    return None


_PAID_AS_SET = frozenset(
    {"milestone", "streak_bonus", "welcome_wallet", "achievement", "competition"}
)


def _minute_then(facts: Explanation, last: str) -> Value | None:
    if last == "base_rate_per_minute" and facts.base is not None:
        return _shortest((facts.base - facts.active_bonus) / facts.minutes)
    if last == "bonus_per_minute" and facts.night_bonus:
        return _shortest(facts.night_bonus / facts.minutes)
    if last == "active_bonus_per_minute" and facts.active_bonus and facts.minutes == 1:
        return _shortest(facts.active_bonus)
    return None


def _shortest(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def _is_fractional(base: float | None, sources: tuple[Source, ...]) -> bool:
    if base is None:
        return False
    product = math.prod((each.mult for each in sources), start=base)
    return math.isfinite(product) and abs(product - round(product)) > 1e-9


def _read(text: str | None) -> Mapping[str, object]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _number(found: Mapping[str, object], key: str) -> float | None:
    value = found.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= 10**18 else None


def _whole(found: Mapping[str, object], key: str) -> int | None:
    value = _number(found, key)
    return int(value) if value is not None and float(value).is_integer() else None
