"""What may be asked of the books about rain, events, interest and competitions."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from kryten_economy.features.presence.onboarding import EarningGate
from kryten_economy.ledger.occasion_answers import EventKind

__all__ = (
    "AdminRain",
    "EndEvent",
    "MaintainBalances",
    "OccasionMoney",
    "OccasionRequest",
    "OpenEvent",
    "PayCompetitions",
    "Present",
    "Prize",
    "RainDrop",
    "RainShare",
    "StartAdHoc",
)


class Present(NamedTuple):
    """Somebody connected; ``name`` is lower case."""

    name: str
    display_name: str


class RainShare(NamedTuple):
    """What one user gets of a drop; ``metadata`` is JSON."""

    name: str
    display_name: str
    amount_z: int
    metadata: str | None = None


class Prize(NamedTuple):
    """What somebody won; ``name`` is lower case, ``metadata`` is JSON."""

    competition_id: str
    description: str
    name: str
    amount_z: int
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class RainDrop:
    """Ambient rain, all users in one operation; the banned get nothing. Answer: Distributed.

    Accounts too young or too silent to earn (`rules.onboarding`) get nothing either.
    """

    op_id: str
    channel: str
    shares: tuple[RainShare, ...]
    gate: EarningGate
    at_ms: int
    day: str


@dataclass(frozen=True, slots=True)
class AdminRain:
    """Exactly ``total_z`` among those present and not banned. Answer: Distributed, TooFewCoins."""

    op_id: str
    channel: str
    present: tuple[Present, ...]
    total_z: int
    by: str
    at_ms: int
    day: str


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """A scheduled event is noticed to run; the first time it pays its bonus. Answer: EventOpened.

    ``bonus_each_z`` 0 pays nothing. ``announced`` says whether its begin is told.
    """

    op_id: str
    channel: str
    name: str
    multiplier: Fraction
    fired_at_ms: int
    ends_at_ms: int
    announced: bool
    bonus_each_z: int
    present: tuple[Present, ...]
    at_ms: int
    day: str


@dataclass(frozen=True, slots=True)
class StartAdHoc:
    """Start an event of an operator; one that runs ends with it. Answer: EventStarted."""

    channel: str
    name: str
    multiplier: Fraction
    ends_at_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class EndEvent:
    """An event is over. Answer: EventEnded, whose ``changed`` is True once."""

    channel: str
    kind: EventKind
    name: str
    fired_at_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class MaintainBalances:
    """A day's interest or decay of a channel, with the marker of the job. Answer: Maintained.

    Each wallet of at least ``from_z`` gets or loses ``rate`` of it, rounded down, at most
    ``most_z`` (0: no limit). Interest passes over the banned.
    """

    op_id: str
    channel: str
    mode: Literal["interest", "decay"]
    rate: Fraction
    from_z: int
    most_z: int
    reason: str
    at_ms: int
    day: str


@dataclass(frozen=True, slots=True)
class PayCompetitions:
    """Pay the winners of ``for_day``, with the marker of the job. Answer: CompetitionsPaid.

    Who is banned or was paid for that day and competition before is passed over.
    """

    op_id: str
    channel: str
    for_day: str
    prizes: tuple[Prize, ...]
    at_ms: int
    day: str


OccasionMoney = RainDrop | AdminRain | OpenEvent | MaintainBalances | PayCompetitions
OccasionRequest = OccasionMoney | StartAdHoc | EndEvent
