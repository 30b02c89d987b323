"""What may be asked of the books about standing: ranks, achievements, leaderboards."""

from dataclasses import dataclass

from kryten_economy.users import UserKey

__all__ = ("Award", "SetListed", "SetRank", "StoreLevel", "StoreRank")


@dataclass(frozen=True, slots=True)
class StoreRank:
    """Store a rank that was reached, if the stored one is still the one that was looked at.

    An admin's setting ends with it. Answer: RankStored, NoAccount.
    """

    user: UserKey
    rank_name: str
    was_name: str
    was_held_from_z: int | None
    promoted: bool
    at_ms: int
    day: str


@dataclass(frozen=True, slots=True)
class SetRank:
    """Set a rank by hand; ``held`` until the earnings cross a threshold above those of now.

    Answer: RankStored, NoAccount.
    """

    user: UserKey
    rank_name: str
    held: bool
    day: str


@dataclass(frozen=True, slots=True)
class SetListed:
    """Let leaderboards name a user or not; opens the account if missing. Answer: Listed."""

    user: UserKey
    display_name: str
    listed: bool
    at_ms: int
    day: str


@dataclass(frozen=True, slots=True)
class StoreLevel:
    """Store a CyTube level that was given; never a lower one. Answer: RankStored, NoAccount."""

    user: UserKey
    level: int
    day: str


@dataclass(frozen=True, slots=True)
class Award:
    """Award an achievement, once per user, with its reward. Answer: Awarded or a refusal.

    With ``reward_percent`` above 0 the reward is that part of the lifetime earnings, rounded
    down, at least 1; otherwise it is ``reward_z``, where 0 pays nothing.
    """

    op_id: str
    user: UserKey
    achievement_id: str
    description: str
    reward_z: int
    reward_percent: float
    at_ms: int
    day: str
