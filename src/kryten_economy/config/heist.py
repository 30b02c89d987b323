"""``gambling.heist``: a crew, one roll, and a story."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, ValidationInfo

from kryten_economy.config.llm import NarrativeLlm, TextMode
from kryten_economy.config.remedies import OFF, Remedy
from kryten_economy.config.section import (
    Amount,
    Count,
    Factor,
    PositiveCount,
    Section,
    Share,
    at_least,
    refuse,
)

__all__ = ("Heist", "Narrative")


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
