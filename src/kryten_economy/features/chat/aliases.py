"""Laughs and kudos for oneself under another name (`earning.md` 1, 8.2, 8.3).

What a line sets off names its receivers; which of them are the speaker is known to others. Equal
names never come this far. Where ``self_excluded`` is off, anybody may thank
themselves that way.
"""

from collections.abc import Collection

from kryten_economy.config import Settings
from kryten_economy.features.chat.triggers import TRIGGERS, Effect, Tally, TriggerAward

__all__ = ("parted", "suspects", "without")


def suspects(effect: Effect, settings: Settings) -> tuple[str, ...]:
    """Who gets a laugh or kudos and must not be the one who gives it; each name once."""
    everything: tuple[TriggerAward | Tally, ...] = (*effect.awards, *effect.tallies)
    thanked = (_thanked(each, settings) for each in everything)
    return tuple(dict.fromkeys(name for name in thanked if name is not None))


def without(effect: Effect, names: Collection[str], settings: Settings) -> Effect:
    """The effect without the laughs and kudos of these names; whatever else they get stays."""
    return effect._replace(
        awards=tuple(each for each in effect.awards if _thanked(each, settings) not in names),
        tallies=tuple(each for each in effect.tallies if _thanked(each, settings) not in names),
    )


def parted(effect: Effect, settings: Settings) -> tuple[Effect, Effect | None]:
    """The effect without any laughs and kudos, and these alone; None where there are none."""
    thanks = Effect(
        awards=tuple(each for each in effect.awards if _thanked(each, settings) is not None),
        tallies=tuple(each for each in effect.tallies if _thanked(each, settings) is not None),
    )
    rest = effect._replace(
        awards=tuple(each for each in effect.awards if _thanked(each, settings) is None),
        tallies=tuple(each for each in effect.tallies if _thanked(each, settings) is None),
    )
    return rest, thanks if thanks.awards or thanks.tallies else None


def _thanked(each: TriggerAward | Tally, settings: Settings) -> str | None:
    """Who gets it, of a trigger that nobody may set off for themselves."""
    paying = TRIGGERS.find(each.trigger_id)
    if paying is None or not paying.excludes_self(settings):
        return None
    return (each.others or each.name) if isinstance(each, Tally) else each.name
