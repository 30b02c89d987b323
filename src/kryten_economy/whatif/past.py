"""What the books tell of a channel's last days: every transfer, and what stood around it.

Plain values; times are UTC epoch milliseconds, amounts are in Z. A window begins with a day, so
what is counted by the day is whole in it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kryten_economy.features.events.rules import AdHoc
from kryten_economy.ledger.channels import SystemKind

__all__ = ("Activity", "Hold", "Job", "Member", "Move", "Past", "Purchase", "Stake")


class Move(NamedTuple):
    """One transfer; type and trigger stand on the side of a wallet."""

    id: int
    operation: int
    debit: int
    credit: int
    amount_z: int
    debit_type: str | None
    debit_trigger: str | None
    credit_type: str | None
    credit_trigger: str | None
    related_user: str | None
    metadata: str | None
    at_ms: int
    debit_after_z: int | None
    credit_after_z: int | None

    @property
    def earned(self) -> bool:
        """Whether a wallet was paid and none has paid it."""
        return self.credit_type is not None and self.debit_type is None


class Member(NamedTuple):
    """A wallet as it was when the window began; ``won`` are its achievements of before.

    ``rank_held_from_z`` is None unless an admin has set the rank that it has now.
    """

    id: int
    name: str
    display_name: str
    banned: bool
    first_seen_ms: int
    rank_name: str
    rank_held_from_z: int | None
    balance_z: int
    earned_z: int
    won: frozenset[str] = frozenset()


class Activity(NamedTuple):
    """What somebody did on a day; ``values`` are by the fields of daily competitions."""

    account: int
    values: Mapping[str, int]


class Job(NamedTuple):
    """A daily job that was done: for which day, when, and whether it has left a row."""

    job: str
    day: str
    at_ms: int
    has_rows: bool = False


class Hold(NamedTuple):
    """Money that was set aside; ``settled_at_ms`` is None while it is."""

    id: str
    account: int
    amount_z: int
    type: str
    trigger_id: str
    placed_at_ms: int
    settled_at_ms: int | None
    captured_z: int
    state: str


class Stake(NamedTuple):
    """What a player put into a round that is over, and what it brought."""

    round: int
    game: str
    account: int
    stake_z: int
    payout_z: int
    settled_at_ms: int
    terms: Mapping[str, Any]
    outcome: Mapping[str, Any]


class Purchase(NamedTuple):
    """Something for the playlist that was paid from a hold."""

    action: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Past:
    """A channel's window; ``moves`` reads the transfers anew, in the order they were made.

    ``system`` are the ids and balances of mint, sink, house and escrow at its begin;
    ``fractions`` what is left below one coin at its end, by account and trigger.
    ``tiers`` says whether a request of another service was to `queue` or to `playnext`.
    """

    channel: str
    from_ms: int
    until_ms: int
    days: tuple[str, ...]
    members: Mapping[int, Member]
    system: Mapping[SystemKind, tuple[int, int]]
    moves: Callable[[], Iterator[Move]]
    activity: Mapping[str, tuple[Activity, ...]]
    jobs: tuple[Job, ...]
    fractions: Mapping[tuple[int, str], float]
    holds: tuple[Hold, ...]
    stakes: tuple[Stake, ...]
    purchases: Mapping[str, Purchase]
    tiers: Mapping[str, str]
    adhoc: tuple[AdHoc, ...]
    awarded: Mapping[int, frozenset[str]]
    """Which achievements each has won within the window."""
