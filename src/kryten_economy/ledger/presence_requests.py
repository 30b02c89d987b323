"""What may be asked of the books about being there: coming, going, minutes and what they bring.

As in `ledger.requests`, ``at_ms`` is UTC epoch milliseconds and ``day`` a date.
"""

from dataclasses import dataclass
from typing import NamedTuple

from kryten_economy.features.presence.onboarding import OPEN, EarningGate
from kryten_economy.features.streaks.rules import StreakTerms
from kryten_economy.users import UserKey

__all__ = (
    "Arrive",
    "ClaimMilestone",
    "Depart",
    "PresenceEntry",
    "PresenceMinute",
    "QualifyDay",
)


@dataclass(frozen=True, slots=True)
class Arrive:
    """Somebody came in. Answer: Arrived.

    A genuine arrival claims the welcome wallet or, with the wallet claimed before and after
    ``days_absent`` whole days, gets ``welcome_back_z``; never both.
    """

    op_id: str
    user: UserKey
    display_name: str
    at_ms: int
    day: str
    genuine: bool
    welcome_wallet_z: int
    welcome_back_z: int = 0
    days_absent: int = 0


@dataclass(frozen=True, slots=True)
class Depart:
    """These lower-case names left at ``at_ms``; unknown ones are passed over. Answer: Departed."""

    channel: str
    names: tuple[str, ...]
    at_ms: int


class PresenceEntry(NamedTuple):
    """One user's share of a presence tick; ``name`` is lower case, ``metadata`` is JSON.

    ``night_z`` is the part of the credit that the night watch added, None outside of it.
    """

    name: str
    display_name: str
    minutes: int
    active_minutes: int
    credit_z: int
    metadata: str | None = None
    night_z: int | None = None


@dataclass(frozen=True, slots=True)
class PresenceMinute:
    """A channel's presence tick, all users in one transaction. Answer: PresencePaid.

    Minutes always count; credits (`earn`, `presence.base`) skip the banned and those whom
    the ``gate`` keeps from earning.
    """

    op_id: str
    channel: str
    at_ms: int
    day: str
    entries: tuple[PresenceEntry, ...]
    gate: EarningGate = OPEN


@dataclass(frozen=True, slots=True)
class ClaimMilestone:
    """So many hours of ``day`` are reached; claim and credit are one. Answer: MilestoneClaimed.

    ``amount_z`` ≥ 0; who is banned or kept by the ``gate`` claims for nothing.
    """

    op_id: str
    user: UserKey
    at_ms: int
    day: str
    hours: int
    amount_z: int
    gate: EarningGate = OPEN


@dataclass(frozen=True, slots=True)
class QualifyDay:
    """The user was there long enough for ``day`` to count. Answer: DayQualified.

    ``streak`` None and ``bridge_z`` None mean that the feature is off. ``remind`` asks
    weekend visitors once per ISO week to come back on a weekday.
    """

    op_id: str
    user: UserKey
    at_ms: int
    day: str
    streak: StreakTerms | None
    bridge_z: int | None
    remind: bool = False
    gate: EarningGate = OPEN
