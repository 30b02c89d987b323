"""``gambling``: every game, its limits and odds.

``gambling.heist``: a crew, one roll, and a story.
"""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from kryten_economy.config.race import NarrativeLlm, Race, TextMode
from kryten_economy.config.section import (
    CLAMP,
    DEFAULT,
    OFF,
    Amount,
    Count,
    Factor,
    Label,
    Percent,
    PositiveCount,
    Remedy,
    Section,
    Share,
    at_least,
    refuse,
)
from kryten_economy.config.social_games import Auction, Prediction, Raffle

__all__ = (
    "Blackjack",
    "Challenge",
    "DailyFreeSpin",
    "Flip",
    "Gambling",
    "Heist",
    "Narrative",
    "Payout",
    "PayoutMultipliers",
    "PlayLimits",
    "Spin",
    "Trivia",
)


def _with_success_at_most_one(push: float, info: ValidationInfo) -> float:
    success = info.data.get("success_chance")
    # Nine digits forgive what binary fractions add to 0.85 + 0.15.
    if success is not None and round(success + push, 9) > 1:
        raise refuse(f"success_chance ({success:g}) + push_chance must be <= 1")
    return push


class Narrative(Section):
    """``gambling.heist.narrative``; own lines are added to the built-in pools."""

    mode: TextMode = "static"
    custom_scenarios: tuple[str, ...] = ()
    custom_win_lines: tuple[str, ...] = ()
    custom_lose_lines: tuple[str, ...] = ()
    custom_push_lines: tuple[str, ...] = ()
    custom_join_lines: tuple[str, ...] = ()
    llm: NarrativeLlm = NarrativeLlm()


class Heist(Section):
    """``gambling.heist``; ``max_payout_factor`` caps multiplier + crew bonus (none: no cap)."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = False
    min_participants: PositiveCount = 3
    join_window_seconds: PositiveCount = 120
    success_chance: Share = 0.40
    push_chance: Annotated[Share, AfterValidator(_with_success_at_most_one)] = 0.15
    push_fee_pct: Share = 0.05
    payout_multiplier: Factor = 1.5
    crew_bonus_per_player: Factor = 0.25
    max_payout_factor: Factor | None = None
    cooldown_seconds: Count = 180
    min_wager: Amount = 20
    max_wager: Annotated[Amount, at_least("min_wager")] = 5000
    announce_public: bool = True
    narrative: Narrative = Narrative()


class Payout(Section):
    """One row of the slot table: what is shown, the factor it pays, and how likely it is."""

    symbols: Label
    multiplier: Factor
    probability: Share


def _row(symbols: str, multiplier: float, probability: float) -> Payout:
    return Payout(symbols=symbols, multiplier=multiplier, probability=probability)


def _possible(rows: tuple[Payout, ...]) -> tuple[Payout, ...]:
    total = sum(row.probability for row in rows)
    if total > 1.0001:
        raise refuse(f"the probabilities must add up to 1 at most, and they make {total:.6g}")
    return rows


class Spin(Section):
    """``gambling.spin``. What the probabilities leave open below 1 is a loss."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    min_wager: Amount = 10
    max_wager: Annotated[Amount, at_least("min_wager")] = 500
    cooldown_seconds: Count = 30
    daily_limit: Count = 50
    payouts: Annotated[tuple[Payout, ...], AfterValidator(_possible)] = (
        _row("🍒🍒🍒", 3, 0.10),
        _row("🍋🍋🍋", 5, 0.05),
        _row("💎💎💎", 10, 0.02),
        _row("7️⃣7️⃣7️⃣", 50, 0.002),
        _row("partial", 0.5, 0.15),
        _row("loss", 0, 0.678),
    )
    announce_jackpots_public: bool = True
    jackpot_announce_threshold: Amount = 500


class Flip(Section):
    """``gambling.flip``."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    min_wager: Amount = 10
    max_wager: Annotated[Amount, at_least("min_wager")] = 1000
    win_chance: Share = 0.45
    cooldown_seconds: Count = 15
    daily_limit: Count = 100


class Challenge(Section):
    """``gambling.challenge``; the rake is a percentage of the pot."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    min_wager: Amount = 50
    max_wager: Annotated[Amount, at_least("min_wager")] = 5000
    accept_timeout_seconds: PositiveCount = 120
    rake_percent: Percent = 5
    announce_public: bool = True


class DailyFreeSpin(Section):
    """``gambling.daily_free_spin``."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    equivalent_wager: Amount = 50


class PayoutMultipliers(Section):
    """``gambling.trivia.payout_multipliers``: the factor by difficulty of the question."""

    easy: Factor = 1.5
    medium: Factor = 2.0
    hard: Factor = 3.0


def _web_address(url: str) -> str:
    if not url.strip() or re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url.strip()):
        return url.strip().rstrip("/")
    raise refuse("must be a web address that begins with http:// or https://, or empty")


class Trivia(Section):
    """``gambling.trivia``; ``category`` is an Open Trivia DB id.

    ``api_url`` is where Open Trivia DB is; empty: only the built-in questions are asked.
    """

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    min_wager: Amount = 10
    max_wager: Annotated[Amount, at_least("min_wager")] = 1000
    answer_window_seconds: PositiveCount = 30
    betting_window_seconds: PositiveCount = 15
    difficulty: Annotated[Literal["easy", "medium", "hard", "random"], DEFAULT] = "random"
    payout_multipliers: PayoutMultipliers = PayoutMultipliers()
    category: Annotated[Count | None, DEFAULT] = None
    question_cache_size: Annotated[int, Field(ge=1, le=50), CLAMP] = 20
    api_url: Annotated[str, AfterValidator(_web_address), DEFAULT] = "https://opentdb.com"
    announce_public: bool = True


def _before_timeout(warning_s: int, info: ValidationInfo) -> int:
    timeout_s = info.data.get("timeout_seconds")
    if timeout_s is not None and warning_s >= timeout_s:
        raise refuse(f"must be < timeout_seconds ({timeout_s})", nearest=timeout_s - 1)
    return warning_s


class Blackjack(Section):
    """``gambling.blackjack``; a daily limit of 0 is none."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    min_wager: Amount = 20
    max_wager: Annotated[Amount, at_least("min_wager")] = 2000
    cooldown_seconds: Count = 10
    daily_limit: Count = 50
    timeout_seconds: PositiveCount = 120
    timeout_warning_seconds: Annotated[Count, AfterValidator(_before_timeout), CLAMP] = 90
    dealer_hits_soft_17: bool = True
    blackjack_payout: Factor = 1.5


class PlayLimits(Section):
    """``gambling.limits``: what one player may stake and lose a day in all games; 0 is no limit."""

    daily_stakes: Count = 0
    daily_losses: Count = 0


class Gambling(Section):
    """``gambling``; not ``enabled`` switches every game off.

    A spectacle frees the stage after ``spectacle_max_duration_seconds`` (0: it may last for ever).
    """

    enabled: bool = True
    min_account_age_minutes: Count = 60
    spectacle_cooldown_seconds: Count = 60
    spectacle_max_duration_seconds: Count = 1800
    limits: PlayLimits = PlayLimits()
    spin: Spin = Spin()
    flip: Flip = Flip()
    challenge: Challenge = Challenge()
    daily_free_spin: DailyFreeSpin = DailyFreeSpin()
    heist: Heist = Heist()
    race: Race = Race()
    trivia: Trivia = Trivia()
    blackjack: Blackjack = Blackjack()
    prediction: Prediction = Prediction()
    raffle: Raffle = Raffle()
    auction: Auction = Auction()
