"""``gambling.race``: racers, odds, pace and commentary.

Settings of a text model that writes game lines.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from kryten_economy.config.section import (
    CLAMP,
    DEFAULT,
    OFF,
    SKIP,
    Amount,
    Count,
    Label,
    PositiveCount,
    PositiveFactor,
    Remedy,
    Section,
    Share,
    at_least,
    read_as,
    refuse,
    unique,
)

__all__ = (
    "Commentary",
    "CommentaryLlm",
    "LiveBetting",
    "Llm",
    "NarrativeLlm",
    "OddsProfile",
    "Race",
    "Racer",
    "RacerNames",
    "RandomEvents",
    "TextMode",
    "Traits",
)

TextMode = Annotated[Literal["static", "llm", "hybrid"], DEFAULT]

_HEIST_PROMPT = (
    "You write short, funny, harmless heist stories for the chat of a film channel. Answer with "
    "one JSON object and nothing else. Keys: scenario, win, lose, push; each value is one line "
    "of at most 280 characters. scenario may use {user}; win may use {payout}, {symbol} and "
    "{user}; lose and push may use {user} and {symbol}. Use no other placeholders, no markdown "
    "and no line breaks, and name no real people."
)
_RACE_PROMPT = (
    "You are the excited commentator of a toy-car race in the chat of a film channel. Answer "
    "with one JSON object and nothing else. Keys: start, lead_change, event, finish; each value "
    "is one line of at most 200 characters. lead_change, event and finish may use {racer} and "
    "{emoji}. Use no other placeholders, no markdown and no line breaks."
)


class Llm(Section):
    """A chat-completions endpoint. Times in seconds; an empty key sends no authorisation."""

    endpoint: str = "http://localhost:11434/v1/chat/completions"
    api_key: Annotated[str, Field(repr=False)] = ""
    model: str = "llama3"
    system_prompt: str = ""
    temperature: Annotated[float, Field(ge=0, le=10), CLAMP] = 1.0
    max_tokens: PositiveCount = 600
    timeout_seconds: PositiveCount = 10
    max_retries: Count = 1


class NarrativeLlm(Llm):
    """``gambling.heist.narrative.llm``."""

    system_prompt: str = _HEIST_PROMPT


class CommentaryLlm(Llm):
    """``gambling.race.commentary.llm``."""

    system_prompt: str = _RACE_PROMPT
    max_tokens: PositiveCount = 400


_EMOJI = {
    "Blue": "🔵",
    "Red": "🔴",
    "Green": "🟢",
    "Yellow": "🟡",
    "Purple": "🟣",
    "Orange": "🟠",
    "Brown": "🟤",
    "White": "⚪",
}


def _emoji_of(racer: Mapping[object, object]) -> str:
    return _EMOJI.get(str(racer.get("color")).title(), "🏁")


class Racer(Section):
    """One racer of a profile: its chance to win and its base speed."""

    color: Label
    emoji: Annotated[Label, read_as(_emoji_of)]
    win_chance: Annotated[float, Field(gt=0, le=1)]
    speed_base: PositiveFactor


def _chances_make_one(racers: tuple[Racer, ...]) -> tuple[Racer, ...]:
    total = sum(racer.win_chance for racer in racers)
    if round(abs(total - 1), 9) > 0.01:
        raise refuse(f"the win chances must add up to 1 (± 0.01), and they make {total:.6g}")
    return racers


class OddsProfile(Section):
    """One of ``gambling.race.odds_profiles``."""

    racers: Annotated[
        tuple[Racer, ...],
        Field(min_length=2),
        unique("colour", lambda racer: racer.color),
        AfterValidator(_chances_make_one),
    ]


def _profile(*racers: tuple[str, float, float]) -> OddsProfile:
    return OddsProfile(
        racers=tuple(
            Racer(color=color, emoji=_EMOJI[color], win_chance=chance, speed_base=speed)
            for color, chance, speed in racers
        )
    )


_PROFILES = (
    _profile(
        ("Blue", 0.26, 1.4),
        ("Red", 0.19, 1.25),
        ("Green", 0.15, 1.1),
        ("Yellow", 0.11, 0.98),
        ("Purple", 0.09, 0.88),
        ("Orange", 0.08, 0.78),
        ("Brown", 0.07, 0.7),
        ("White", 0.05, 0.62),
    ),
    _profile(
        ("Red", 0.24, 1.35),
        ("Green", 0.19, 1.2),
        ("Blue", 0.15, 1.1),
        ("Purple", 0.12, 1.0),
        ("Orange", 0.10, 0.9),
        ("Yellow", 0.08, 0.82),
        ("Brown", 0.07, 0.72),
        ("White", 0.05, 0.64),
    ),
    _profile(
        ("Green", 0.22, 1.3),
        ("Yellow", 0.18, 1.2),
        ("Purple", 0.15, 1.1),
        ("Red", 0.12, 1.0),
        ("Orange", 0.11, 0.9),
        ("Blue", 0.09, 0.8),
        ("Brown", 0.08, 0.72),
        ("White", 0.05, 0.62),
    ),
)


class LiveBetting(Section):
    """``gambling.race.live_betting``; the cutoff is the leader's share of the distance."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    cutoff_pct: Share = 0.75


class RandomEvents(Section):
    """``gambling.race.random_events``: flavour only, never the winner."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    chance_per_tick: Share = 0.08


class Traits(Section):
    """``gambling.race.traits``."""

    enabled: bool = True


class RacerNames(Section):
    """``gambling.race.racer_names``; extra names join the built-in pool."""

    enabled: bool = True
    extra_names: tuple[str, ...] = ()


class Commentary(Section):
    """``gambling.race.commentary``; own lines are added to the built-in pools."""

    mode: TextMode = "static"
    max_lines_per_race: Count = 3
    custom_start_lines: tuple[str, ...] = ()
    custom_finish_lines: tuple[str, ...] = ()
    custom_event_lines: tuple[str, ...] = ()
    llm: CommentaryLlm = CommentaryLlm()


class Race(Section):
    """``gambling.race``; the rake is a fraction of the pool. Times in seconds."""

    if_broken: ClassVar[Remedy | None] = OFF

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"racer_count"})

    enabled: bool = True
    betting_window_seconds: PositiveCount = 20
    tick_interval_seconds: PositiveFactor = 1.5
    finish_distance: PositiveFactor = 20.0
    target_duration_seconds: Annotated[float, Field(gt=0, le=3600)] = 32.0
    frame_interval_seconds: Annotated[float, Field(ge=0.01, le=3600)] = 0.3
    closeness: Annotated[Share, CLAMP] = 0.7
    min_bet: Amount = 10
    max_bet: Annotated[Amount, at_least("min_bet")] = 5000
    house_rake_pct: Share = 0.05
    odds_mode: Annotated[Literal["pool", "fixed"], DEFAULT] = "pool"
    announce_public: bool = True
    live_betting: LiveBetting = LiveBetting()
    random_events: RandomEvents = RandomEvents()
    traits: Traits = Traits()
    racer_names: RacerNames = RacerNames()
    commentary: Commentary = Commentary()
    odds_profiles: Annotated[tuple[OddsProfile, ...], Field(min_length=1), SKIP] = _PROFILES
