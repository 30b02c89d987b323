"""Who runs, who wins, and what a bet brings (`gambling.md` 7).

Pure. Everything a race follows from beside the dice is fixed when it is opened, so a change of
the configuration changes no race under way.
"""

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import chain, repeat
from typing import Any, NamedTuple

from kryten_economy.config import Settings
from kryten_economy.config.race import OddsProfile
from kryten_economy.config.race import Race as RaceSettings
from kryten_economy.dice import Chance
from kryten_economy.features.games.fairness import public_id
from kryten_economy.features.games.rules import (
    Edge,
    Game,
    Payout,
    Prospect,
    Stake,
    Terms,
    exact,
    game,
)
from kryten_economy.refusals import AMOUNT_MAX_Z
from kryten_economy.text.markup import clip, user_text

__all__ = (
    "DRIVERS",
    "FIXED",
    "POOL",
    "RACE",
    "TRAITS",
    "Course",
    "Runner",
    "lineup",
    "payouts",
    "race_id",
    "terms_of",
)

POOL, FIXED = "pool", "fixed"
TRAITS = ("sprinter", "steady", "closer", "wildcard", "resilient")
DRIVERS = (
    *("Turbo Tortoise", "Captain Crumb", "Lady Lugnut", "Sir Skids-a-Lot", "Nitro Nana"),
    *("Professor Pothole", "Waffle Wheels", "Doctor Donut", "Madame Muffler", "Pickle Pete"),
    *("Granny Gearshift", "Baron von Bumper", "Noodle Ned", "Wobbly Wanda", "Rusty Bolts"),
    *("Slick Rick Shaw", "Pancake Pat", "Count Carburettor", "Miss Fire", "Toast Malone"),
    *("Zigzag Ziggy", "Biscuit Bandit", "Major Mayhem", "Duchess Drift", "Gravy Dave"),
    *("Hiccup Harry", "Butter Fingers", "Sergeant Spoke", "Flat Tyre Fred", "Moped Marge"),
    *("Jelly Axle", "Bingo Bango", "Salty Pretzel", "Comet Carl", "Lord Leadfoot"),
    *("Pitstop Polly", "Sneaky Snail", "Marzipan Max", "Oily Olga", "Banana Brakes"),
    *("Tumbleweed Tim", "Queen Quickstop", "Fuzzy Dice Frank", "Sprocket Sue", "Old Exhaust"),
    *("Cheddar Shredder", "Thunder Bun", "Polka Dot Dot", "Hubcap Hank", "Vinnie Vroom"),
    *("Soggy Sandwich", "Lucky Horseshoe", "Yodelling Yvonne", "Brisk Biscotti"),
)
"""Nobody who lives; names of the configuration join them."""

_STEADY = "steady"
_NAME_UNITS_MAX = 40
_PACE_BITS = 52


class Runner(NamedTuple):
    """One racer; ``chance`` is the configured one, ``name`` that of the driver ("" for none)."""

    color: str
    emoji: str
    name: str
    trait: str
    chance: str

    @property
    def odds(self) -> str:
        """1 / chance as it is shown."""
        return f"{float(1 / Fraction(self.chance)):.1f}x"

    @property
    def shown(self) -> str:
        """Emoji and colour."""
        return f"{self.emoji} {self.color}"


class Course(NamedTuple):
    """The terms of a race; ``rake`` is a share as it is configured, times are in seconds.

    ``live``: bets are taken while it runs, until the leader has come as far as ``cutoff`` of it.
    ``events`` is how likely something happens at each tick of the story.
    """

    runners: tuple[Runner, ...]
    mode: str
    rake: str
    window_s: int
    duration_s: float
    frame_s: float
    tick_s: float
    closeness: float
    distance: float
    live: bool
    cutoff: float
    events: float
    lowest_z: int

    @classmethod
    def of(cls, terms: Mapping[str, Any]) -> "Course":
        """The terms as they are stored."""
        runners = tuple(Runner(**each) for each in terms["runners"])
        return cls(**{**terms, "runners": runners})

    def as_terms(self) -> dict[str, Any]:
        """The terms to be stored."""
        return {**self._asdict(), "runners": [each._asdict() for each in self.runners]}

    def runner(self, typed: str) -> Runner | None:
        """The racer of a colour or an emoji, in any casing."""
        wanted = _plain(typed)
        return next(
            (each for each in self.runners if wanted in (_plain(each.color), _plain(each.emoji))),
            None,
        )


def _plain(text: str) -> str:
    # Some keyboards add a sign that asks for the coloured shape of an emoji.
    return " ".join(text.replace("\ufe0f", "").casefold().split())


def lineup(race: RaceSettings, dice: Chance) -> Course:
    """A new race: one of the profiles, its racers with drivers and traits dealt to them."""
    racers = dice.pick(race.odds_profiles).racers
    names = dice.shuffled(_drivers(race)) if race.racer_names.enabled else []
    traits = _traits(len(racers), dice) if race.traits.enabled else [_STEADY] * len(racers)
    runners = tuple(
        Runner(racer.color, racer.emoji, name, trait, str(racer.win_chance))
        for racer, name, trait in zip(racers, chain(names, repeat("")), traits, strict=False)
    )
    return Course(
        runners,
        mode=race.odds_mode,
        rake=str(race.house_rake_pct),
        window_s=race.betting_window_seconds,
        duration_s=race.target_duration_seconds,
        frame_s=race.frame_interval_seconds,
        tick_s=race.tick_interval_seconds,
        closeness=race.closeness,
        distance=race.finish_distance,
        # Late bets at odds from before the race would be bets on who is in front already.
        live=race.odds_mode == POOL
        and race.live_betting.enabled
        and race.live_betting.cutoff_pct > 0,
        cutoff=race.live_betting.cutoff_pct,
        events=race.random_events.chance_per_tick if race.random_events.enabled else 0.0,
        lowest_z=race.min_bet,
    )


def _traits(count: int, dice: Chance) -> list[str]:
    decks = -(-count // len(TRAITS))
    return [each for _ in range(decks) for each in dice.shuffled(TRAITS)][:count]


def _drivers(race: RaceSettings) -> list[str]:
    extra = (clip(user_text(name), _NAME_UNITS_MAX) for name in race.racer_names.extra_names)
    return list(dict.fromkeys((*DRIVERS, *filter(None, extra))))


def race_id(channel: str, number: int, opened_at_ms: int) -> str:
    """What the web calls a race: 12 hex digits."""
    text = f"{public_id(channel, number)}/{opened_at_ms}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def terms_of(settings: Settings) -> Terms:
    """What a bet has to keep to."""
    gambling = settings.gambling
    return Terms(
        "race",
        gambling.race.min_bet,
        gambling.race.max_bet,
        gambling.min_account_age_minutes * 60_000,
        stakes_z=gambling.limits.daily_stakes,
        losses_z=gambling.limits.daily_losses,
    )


# The outcome


def _draw(
    dice: Chance, terms: Mapping[str, Any], _stakes: Sequence[Stake] = (), _said: str = ""
) -> Mapping[str, Any]:
    """The winner by the first number, and by the second one how the race is run."""
    chances = [(each.color, float(each.chance)) for each in Course.of(terms).runners]
    winner = dice.weighted(chances)
    return {"winner": winner, "pace": int(dice.roll() * (1 << _PACE_BITS))}


def payouts(course: Course, winner: str, bets: Sequence[tuple[str, int]]) -> list[int]:
    """What each bet (colour and Z) brings if ``winner`` wins, the stake included."""
    kept = 1 - Fraction(course.rake)
    if course.mode == FIXED:
        chance = {each.color: Fraction(each.chance) for each in course.runners}[winner]
        paid = [int(bet_z / chance * kept) if color == winner else 0 for color, bet_z in bets]
    else:
        pool_z = sum(bet_z for _, bet_z in bets)
        backed_z = sum(bet_z for color, bet_z in bets if color == winner)
        # The house takes no more than what others have lost: no winning bet pays less than itself.
        rake_z = min(int(pool_z * Fraction(course.rake)), pool_z - backed_z)
        paid = [
            (pool_z - rake_z) * bet_z // backed_z if color == winner else 0 for color, bet_z in bets
        ]
    return [min(each, AMOUNT_MAX_Z) for each in paid]


def _pay(
    terms: Mapping[str, Any], outcome: Mapping[str, Any], stakes: Sequence[Stake]
) -> Sequence[Payout]:
    course = Course.of(terms)
    bets = [(str(each.data["color"]), each.stake_z) for each in stakes]
    paid = payouts(course, outcome["winner"], bets)
    among = course.mode == POOL
    return [
        Payout(payout_z, prospect, among_players=among)
        for payout_z, prospect in zip(paid, _prospects(course, bets), strict=True)
    ]


def _prospects(course: Course, bets: Sequence[tuple[str, int]]) -> Sequence[Prospect | None]:
    """What each bet was worth.

    The bets of a race win and lose together, so each bears its part of how far all spread. Who
    bets while it runs knows something of who wins: such races say nothing about the dice.
    """
    if course.live or not bets:
        return [None] * len(bets)
    total = sum((Fraction(each.chance) for each in course.runners), Fraction())
    means, mean, square = [Fraction()] * len(bets), Fraction(), Fraction()
    for each in course.runners:
        chance = Fraction(each.chance) / total
        paid = payouts(course, each.color, bets)
        means = [known + chance * one for known, one in zip(means, paid, strict=True)]
        mean += chance * sum(paid)
        square += chance * sum(paid) ** 2
    part = (square - mean * mean) / len(bets)
    return [
        Prospect(one / bet_z, part / bet_z**2) for one, (_, bet_z) in zip(means, bets, strict=True)
    ]


def _edges(settings: Settings) -> tuple[Edge, ...]:
    """What a bet pays on average.

    In the pool the players play for each other's stakes, less the rake. At fixed odds each racer
    pays 1 / chance and wins by chance / total, so all bets of a profile are worth the same.
    """
    race = settings.gambling.race
    kept = 1 - exact(race.house_rake_pct)
    if race.odds_mode == POOL:
        return (Edge("pool", kept),)
    return tuple(
        Edge(f"fixed, profile {number}", kept / _total(profile))
        for number, profile in enumerate(race.odds_profiles, start=1)
    )


def _total(profile: OddsProfile) -> Fraction:
    return sum((exact(racer.win_chance) for racer in profile.racers), Fraction())


RACE = game(
    Game(
        "race",
        "Race",
        "races",
        lambda settings: settings.gambling.race.enabled,
        _edges,
        _draw,
        _pay,
        spectacle=True,
    )
)
