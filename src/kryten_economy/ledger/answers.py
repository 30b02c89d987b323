"""What the books answer: the facts as they are after the commit, or a refusal.

``replayed`` is True where the id had been done before: the money facts are those of the
first time and nothing was moved; profile facts (name, rank, quiet, last seen) are of now.
"""

from dataclasses import dataclass
from typing import NamedTuple

from kryten_economy.features.streaks.rules import Reward
from kryten_economy.ledger.chat_answers import ChatRecorded, TriggersPaid
from kryten_economy.ledger.occasion_answers import OccasionAnswer
from kryten_economy.refusals import Refusal
from kryten_economy.users import UserKey

__all__ = (
    "Answer",
    "Arrived",
    "Audited",
    "Awarded",
    "BalanceSet",
    "BanState",
    "Captured",
    "ChannelState",
    "DayQualified",
    "Departed",
    "Expired",
    "Failed",
    "Held",
    "JobRun",
    "Listed",
    "MilestoneClaimed",
    "Posted",
    "PresenceFact",
    "PresencePaid",
    "Pruned",
    "RankStored",
    "Released",
    "ReleasedHold",
    "Saved",
    "Transferred",
    "Wallet",
)


class Wallet(NamedTuple):
    """Everything a decision about one user needs to know after the commit.

    ``minutes_today`` and ``streak_days`` are of the day the request named; times are UTC
    epoch milliseconds. ``rank_name`` is "" until a rank has been stored; ``rank_held_from_z``
    are the lifetime earnings at which an admin set it, None where nobody has
    (`rules.ranks`). ``biggest_win_z`` is the most a single game has brought beyond its stake;
    ``tip_recipients`` and ``tip_senders`` are how many users were tipped and have tipped.
    """

    user: UserKey
    display_name: str
    balance_z: int
    lifetime_earned_z: int
    lifetime_spent_z: int
    lifetime_gambled_in_z: int
    lifetime_gambled_out_z: int
    biggest_win_z: int
    rank_name: str
    cytube_level: int
    quiet: bool
    banned: bool
    welcome_wallet_claimed: bool
    first_seen_ms: int
    last_seen_ms: int
    last_departure_ms: int | None
    last_active_ms: int | None
    lifetime_messages: int
    streak_days: int
    minutes_today: int
    rank_held_from_z: int | None = None
    tip_recipients: int = 0
    tip_senders: int = 0


@dataclass(frozen=True, slots=True)
class Arrived:
    """``absent_since_ms`` is the later of last departure and last sight before this arrival.

    None for a new account. ``welcomed_z`` is what the welcome wallet held, ``welcomed_back_z``
    what a return after days of absence brought; else 0.
    """

    wallet: Wallet
    welcomed_z: int
    created: bool
    absent_since_ms: int | None
    replayed: bool = False
    welcomed_back_z: int = 0


@dataclass(frozen=True, slots=True)
class Departed:
    """How many of the names had an account."""

    count: int


class PresenceFact(NamedTuple):
    """One user's state after a presence tick, as in Wallet; 0 is credited to the banned."""

    name: str
    credited_z: int
    balance_z: int
    lifetime_earned_z: int
    minutes_today: int
    rank_name: str = ""
    rank_held_from_z: int | None = None
    lifetime_spent_z: int = 0
    lifetime_gambled_in_z: int = 0
    biggest_win_z: int = 0
    tip_recipients: int = 0
    tip_senders: int = 0


@dataclass(frozen=True, slots=True)
class PresencePaid:
    """One fact per entry, in the order of the request."""

    op_id: str
    paid: tuple[PresenceFact, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Awarded:
    """An achievement; not ``new`` where the user had it already. ``reward_z`` may be 0."""

    achievement_id: str
    reward_z: int
    new: bool
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class RankStored:
    """Whether this request stored the rank, and the wallet as it is now."""

    changed: bool
    wallet: Wallet


@dataclass(frozen=True, slots=True)
class MilestoneClaimed:
    """What a number of hours brought; 0 where it was withheld or claimed before."""

    hours: int
    paid_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class DayQualified:
    """What a day brought. ``streak_days`` is None where the streak had counted it or is off.

    ``remind``: this weekend visitor is to be asked back for a weekday, told once a week.
    """

    streak_days: int | None
    rewards: tuple[Reward, ...]
    bridge_z: int
    remind: bool
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """A credit or debit; ``transaction_id`` is the id of its row in ``transactions``."""

    transaction_id: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BalanceSet:
    """The balance before and after."""

    old_z: int
    new_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Transferred:
    """Both wallets after the transfer."""

    giver: Wallet
    taker: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """The wallet after the money was set aside."""

    hold_id: str
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Captured:
    """What was taken and what went back; ``taker`` only if a user was paid.

    A user who captures their own hold stands in ``owner`` and ``taker`` alike.
    """

    hold_id: str
    captured_z: int
    released_z: int
    owner: Wallet
    taker: Wallet | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Released:
    """The owner's wallet after the money came back."""

    hold_id: str
    released_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ReleasedHold:
    """A hold that was given back by the clock or at start, for the notice to its owner."""

    hold_id: str
    user: UserKey
    display_name: str
    purpose: str
    amount_z: int
    balance_z: int
    data: str | None


@dataclass(frozen=True, slots=True)
class Expired:
    """The holds given back by ExpireHolds or ReleaseOrphans."""

    released: tuple[ReleasedHold, ...]


@dataclass(frozen=True, slots=True)
class BanState:
    """Who banned whom, when and why; for Unban the ban that was lifted, if any."""

    user: UserKey
    banned: bool
    changed: bool
    display_name: str = ""
    by: str = ""
    reason: str = ""
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Saved:
    """How many counters were given."""

    count: int


@dataclass(frozen=True, slots=True)
class ChannelState:
    """Whether a channel takes money requests."""

    channel: str
    read_only: bool
    reason: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Audited:
    """The number of the line in the audit log."""

    audit_id: int


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job's period; ``fresh`` is True for the first claim. Not finished: do it (again)."""

    fresh: bool
    started_at_ms: int
    finished_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """Whether leaderboards name the user now; ``changed`` if they did not agree before."""

    listed: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went."""

    count: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The request met a defect; nothing of it stands. The others of its batch do."""

    error: str
    exception: Exception


Answer = (
    Wallet
    | ChatRecorded
    | TriggersPaid
    | Arrived
    | Departed
    | PresencePaid
    | MilestoneClaimed
    | DayQualified
    | RankStored
    | Awarded
    | Posted
    | BalanceSet
    | Transferred
    | Held
    | Captured
    | Released
    | Expired
    | BanState
    | Listed
    | Saved
    | ChannelState
    | Audited
    | JobRun
    | Pruned
    | OccasionAnswer
    | Refusal
)
