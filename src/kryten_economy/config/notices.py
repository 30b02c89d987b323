"""What good settings still make the operator want to know.

What each game returns to the players for one staked coin, exactly.

Chances are read as the decimal numbers of the file, not as binary fractions. Payouts are
rounded down in play, so the true return is never above these numbers.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NamedTuple

from kryten_economy.config.document import Document
from kryten_economy.config.gambling import Heist
from kryten_economy.config.multipliers import Multipliers
from kryten_economy.config.race import OddsProfile, Race
from kryten_economy.config.settings import Settings
from kryten_economy.config.shop import SOLD_BY_SERVICE

__all__ = (
    "CREW_SIZES",
    "GameReturn",
    "enabled_multipliers_line",
    "heist_return",
    "presence_hour_line",
    "return_to_player",
    "return_warnings",
    "setting_warnings",
)

CREW_SIZES: Final = range(3, 9)


class GameReturn(NamedTuple):
    """The share of stakes that comes back; None where it depends on how people play."""

    game: str
    variant: str
    rtp: Fraction | None

    @property
    def percent(self) -> str:
        """The return in words, such as ``92.5 %``."""
        return "depends on play" if self.rtp is None else _percent(self.rtp)

    @property
    def name(self) -> str:
        """Game and variant."""
        return f"{self.game} ({self.variant})" if self.variant else self.game


def return_to_player(settings: Settings) -> tuple[GameReturn, ...]:
    """The return of every game, whether it is switched on or not."""
    games = settings.gambling
    spin = sum(
        (_exact(row.multiplier) * _exact(row.probability) for row in games.spin.payouts),
        start=Fraction(0),
    )
    return (
        GameReturn("spin", "", spin),
        GameReturn("flip", "", 2 * _exact(games.flip.win_chance)),
        GameReturn("challenge", "", 1 - _exact(games.challenge.rake_percent) / 100),
        *(
            GameReturn("heist", f"crew of {crew}", heist_return(games.heist, crew))
            for crew in CREW_SIZES
        ),
        *_race_returns(games.race),
        GameReturn("trivia", "", None),
        GameReturn("blackjack", "", None),
    )


def heist_return(heist: Heist, crew: int) -> Fraction:
    """Chance to win times the factor for the crew, and what a push leaves of the stakes."""
    factor = _exact(heist.payout_multiplier) + (crew - 1) * _exact(heist.crew_bonus_per_player)
    if heist.max_payout_factor is not None:
        factor = min(factor, _exact(heist.max_payout_factor))
    pushed = _exact(heist.push_chance) * (1 - _exact(heist.push_fee_pct))
    return _exact(heist.success_chance) * factor + pushed


def _race_returns(race: Race) -> tuple[GameReturn, ...]:
    kept = 1 - _exact(race.house_rake_pct)
    if race.odds_mode == "pool":
        return (GameReturn("race", "pool", kept),)
    return tuple(
        GameReturn("race", f"fixed, profile {number}", kept / _total(profile))
        for number, profile in enumerate(race.odds_profiles, start=1)
    )


def _total(profile: OddsProfile) -> Fraction:
    """What the win chances add up to.

    The odds are 1 / chance and the draw is by chance / total, so every bet of a profile
    returns the same: (1 - rake) / total.
    """
    return sum((_exact(racer.win_chance) for racer in profile.racers), start=Fraction(0))


def _exact(number: float) -> Fraction:
    return Fraction(repr(number))


def return_warnings(settings: Settings) -> list[str]:
    """A loud line for every game in play that gives the players as much as they stake."""
    games = settings.gambling
    if not games.enabled:
        return []
    # Challenges are left out: without a rake players only pass coins to each other.
    in_play = {"spin": games.spin.enabled, "flip": games.flip.enabled, "race": games.race.enabled}
    entries = [entry for entry in return_to_player(settings) if in_play.get(entry.game)]
    texts = [_warning(entry.name, entry.rtp) for entry in entries if entry.variant != "pool"]
    if games.heist.enabled:
        texts.append(_heist_warning(games.heist))
    return [text for text in texts if text is not None]


def _warning(name: str, rtp: Fraction | None) -> str | None:
    if rtp is None or rtp < 1:
        return None
    who = "THE PLAYERS WIN AGAINST THE HOUSE" if rtp > 1 else "THE HOUSE HAS NO EDGE"
    return f"{who}: {name} returns {_percent(rtp)} of every stake"


def _heist_warning(heist: Heist) -> str | None:
    """One line for all crew sizes, naming the smallest crew that beats the house."""
    sizes = range(heist.min_participants, max(CREW_SIZES.stop, heist.min_participants + 1))
    for crew in sizes:
        rtp = heist_return(heist, crew)
        if rtp >= 1:
            return _warning(f"heist from a crew of {crew} on", rtp)
    return None


def _percent(rtp: Fraction) -> str:
    return f"{float(rtp * 100):.6g} %"


# The rank of who founded a CyTube channel; only the site's own staff stand above it.
_CREATOR = 5


def setting_warnings(settings: Settings, document: Document) -> list[str]:
    """Settings that load and are still not what anybody wants."""
    warnings = return_warnings(settings)
    if settings.retention.inactivity_nudge.enabled:
        place = document.place(("retention", "inactivity_nudge", "enabled"))
        warnings.append(
            f"{place}: the nudge is enabled and does nothing, since absent users can't receive a"
            " private message"
        )
    for item in settings.shop.items:
        if item.id in SOLD_BY_SERVICE:
            place = document.place(("shop", "items"))
            warnings.append(
                f"{place}: 'buy {item.id}' never buys the item '{item.id}', but what the service"
                " itself sells by that word; give the item another id"
            )
    level = settings.admin.owner_level
    reach = _reach(level)
    if reach is not None:
        place = document.place(("admin", "owner_level"))
        warnings.append(f"{place}: found {level}, {reach}")
    return warnings


def _reach(owner_level: int) -> str | None:
    """Whom an unusual level makes an owner; None if it is a usual one."""
    if owner_level == 0:
        return "everybody may use the admin commands, guests too"
    if owner_level == 1:
        return "every registered user may use the admin commands"
    if owner_level > _CREATOR:
        return "nobody in the channel may use the admin commands, since no rank is so high"
    return None


def enabled_multipliers_line(settings: Settings) -> str:
    """The line for the log at start that lists the multipliers in force."""
    factors = [f"{when} x{factor:g}" for when, factor in _factors(settings.multipliers)]
    return f"enabled multipliers: {', '.join(factors) or 'none'}"


def presence_hour_line(settings: Settings) -> str | None:
    """What an hour of presence pays with each multiplier; None if nothing multiplies.

    Older versions multiplied rain only, so an unchanged file pays more than it did there.
    """
    plain = 60 * settings.presence.base_rate_per_minute
    symbol = settings.currency.symbol
    factors = list(_factors(settings.multipliers))
    if not factors or not plain:
        return None
    paid = ", ".join(f"{plain * factor:g} {symbol} ({when})" for when, factor in factors)
    return (
        f"an hour of presence pays {plain} {symbol} without multipliers, which is what versions"
        f" before 1.0 always paid, since theirs applied to rain only; now {paid}"
    )


def _factors(multipliers: Multipliers) -> Iterator[tuple[str, float]]:
    """Each multiplier in force at some time: when it is, and its factor."""
    if multipliers.off_peak.enabled:
        yield "off-peak", multipliers.off_peak.multiplier
    if multipliers.high_population.enabled:
        high = multipliers.high_population
        yield f"{high.min_users} or more users", high.multiplier
    if multipliers.holidays.enabled:
        yield from ((day.name, day.multiplier) for day in multipliers.holidays.dates)
    yield from ((event.name, event.multiplier) for event in multipliers.scheduled_events)
