"""What each game returns to the players for one staked coin, exactly.

Chances are read as the decimal numbers of the file, not as binary fractions. Payouts are
rounded down in play, so the true return is never above these numbers.
"""

from fractions import Fraction
from typing import Final, NamedTuple

from kryten_economy.config.heist import Heist
from kryten_economy.config.race import OddsProfile, Race
from kryten_economy.config.settings import Settings

__all__ = ("CREW_SIZES", "GameReturn", "heist_return", "return_to_player", "return_warnings")

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
