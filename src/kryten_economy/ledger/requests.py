"""What may be asked of the books: one frozen value per business act.

``op_id`` names the cause of a money request (a message id, a request id, "minute 123 of
channel x") and exists before the first try. ``at_ms`` is UTC epoch milliseconds; ``day``
is the date ``YYYY-MM-DD`` on which the act counts, as the Calendar says. Both belong to
the attempt and not to the content: a repetition may carry others.
"""

from dataclasses import dataclass
from typing import Literal

from kryten_economy.ledger.chat_requests import PayTriggers, RecordChat
from kryten_economy.ledger.occasion_requests import EndEvent, OccasionMoney, StartAdHoc
from kryten_economy.ledger.presence_requests import (
    Arrive,
    ClaimMilestone,
    Depart,
    PresenceEntry,
    PresenceMinute,
    QualifyDay,
)
from kryten_economy.ledger.progress_requests import (
    Award,
    SetListed,
    SetRank,
    StoreLevel,
    StoreRank,
)
from kryten_economy.users import UserKey

__all__ = (
    "Arrive",
    "Audit",
    "Ban",
    "CaptureHold",
    "ClaimJob",
    "ClaimMilestone",
    "Credit",
    "Debit",
    "Depart",
    "ExpireHolds",
    "FinishJob",
    "MoneyRequest",
    "PayTriggers",
    "PlaceHold",
    "PresenceEntry",
    "PresenceMinute",
    "PruneHelpers",
    "QualifyDay",
    "RecordActivity",
    "RecordChat",
    "ReleaseHold",
    "ReleaseOrphans",
    "Reopen",
    "Request",
    "SaveCounters",
    "SetBalance",
    "SetQuiet",
    "SetReadOnly",
    "Transfer",
    "Unban",
)


@dataclass(frozen=True, slots=True)
class RecordActivity:
    """Somebody did something; makes sure of the account and counts. Answer: Wallet.

    With every counter 0 on a known account of the same display name nothing is written.
    ``chatted`` marks the last chat (`storage.md` 3, last_active).
    """

    user: UserKey
    display_name: str
    at_ms: int
    day: str
    messages: int = 0
    long_messages: int = 0
    gifs_posted: int = 0
    commands: int = 0
    chatted: bool = False


@dataclass(frozen=True, slots=True)
class Credit:
    """Pay ``amount_z`` > 0 to a wallet. Answer: Posted, NoAccount, Banned.

    ``create`` opens the account under ``display_name`` if there is none. ``spent_day`` is
    the day of the spend a refund takes back (default: ``day``). ``net_z`` is the part of a
    house game's win that counts as earned (`storage.md` 2.1 note 1).
    """

    op_id: str
    user: UserKey
    amount_z: int
    type: str
    trigger_id: str
    reason: str
    at_ms: int
    day: str
    related_user: str | None = None
    metadata: str | None = None
    create: bool = False
    display_name: str | None = None
    spent_day: str | None = None
    net_z: int = 0


@dataclass(frozen=True, slots=True)
class Debit:
    """Take ``amount_z`` > 0 from a wallet. Answer: Posted, Insufficient, NoAccount, Banned."""

    op_id: str
    user: UserKey
    amount_z: int
    type: str
    trigger_id: str
    reason: str
    at_ms: int
    day: str
    related_user: str | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class SetBalance:
    """Make a balance ``amount_z`` ≥ 0 by one ledger row. Answer: BalanceSet, NoAccount."""

    op_id: str
    user: UserKey
    amount_z: int
    reason: str
    by: str
    at_ms: int
    day: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money from one user to another of the same channel. Answer: Transferred or a refusal."""

    op_id: str
    giver: UserKey
    taker: UserKey
    amount_z: int
    debit_type: str
    debit_trigger: str
    credit_type: str
    credit_trigger: str
    reason: str
    at_ms: int
    day: str


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """Set money of a wallet aside until it is captured, released or expired. Answer: Held.

    ``data`` is JSON for whoever placed it. ``refund_type`` and ``refund_trigger`` name the
    row that gives the money back when nobody else says so (default: what belongs to
    ``type``, and ``trigger_id`` + ``.refund``).
    """

    op_id: str
    hold_id: str
    user: UserKey
    amount_z: int
    purpose: str
    type: str
    trigger_id: str
    reason: str
    expires_at_ms: int
    at_ms: int
    day: str
    data: str | None = None
    refund_type: str | None = None
    refund_trigger: str | None = None


@dataclass(frozen=True, slots=True)
class CaptureHold:
    """Use ``amount_z`` of a hold (capped at it) and release the rest. Answer: Captured.

    Paid to the channel's sink or house, or to a user, whose row is then ``credit_type``,
    ``credit_trigger``, with ``net_z`` of it counted as earned by a house game.
    """

    op_id: str
    hold_id: str
    amount_z: int
    to: Literal["sink", "house"] | UserKey
    reason: str
    at_ms: int
    day: str
    credit_type: str = ""
    credit_trigger: str = ""
    net_z: int = 0
    refund_type: str | None = None
    refund_trigger: str | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """Give all of a hold back to its owner. Answer: Released, AlreadySettled, NoHold."""

    op_id: str
    hold_id: str
    refund_type: str | None
    refund_trigger: str | None
    reason: str
    at_ms: int
    day: str


@dataclass(frozen=True, slots=True)
class ExpireHolds:
    """Give back up to ``limit`` open holds whose time is over, of all channels. Answer: Expired.

    Holds of a read-only channel wait. Needs no id: each hold expires once.
    """

    now_ms: int
    day: str
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ReleaseOrphans:
    """Give back up to ``limit`` open holds of these purposes at start. Answer: Expired.

    Nobody is left who could settle them (`storage.md` 5). Repeat until nothing comes.
    """

    purposes: tuple[str, ...]
    reason: str
    at_ms: int
    day: str
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Ban:
    """Ban a name, with or without account. Answer: BanState."""

    user: UserKey
    display_name: str
    by: str
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Unban:
    """Lift a ban. Answer: BanState."""

    user: UserKey


@dataclass(frozen=True, slots=True)
class SetQuiet:
    """Turn automatic notices off or on; opens the account if missing. Answer: Wallet."""

    user: UserKey
    display_name: str
    on: bool
    at_ms: int
    day: str = ""


@dataclass(frozen=True, slots=True)
class SaveCounters:
    """Keep lifetime counters over a restart; a kept value never falls. Answer: Saved."""

    values: tuple[tuple[str, int], ...]
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class SetReadOnly:
    """Refuse every money request of a channel until it is reopened. Answer: ChannelState."""

    channel: str
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Reopen:
    """Let a read-only channel take money requests again. Answer: ChannelState."""

    channel: str


@dataclass(frozen=True, slots=True)
class Audit:
    """A line of the audit log (`commands.md` 4). Answer: Audited."""

    at_ms: int
    admin: str
    channel: str
    command: str
    arguments: str
    result: str


@dataclass(frozen=True, slots=True)
class ClaimJob:
    """Start a job that runs once per channel and period. Answer: JobRun."""

    job: str
    channel: str
    period: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class FinishJob:
    """Mark a claimed job as done. Answer: JobRun."""

    job: str
    channel: str
    period: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class PruneHelpers:
    """Forget who hit which trigger before a day, ``limit`` rows at a time. Answer: Pruned.

    The counts stay (`storage.md` 3, trigger_analytics).
    """

    before_day: str
    limit: int = 10_000


MoneyRequest = (
    Arrive
    | PayTriggers
    | RecordChat
    | OccasionMoney
    | Award
    | PresenceMinute
    | ClaimMilestone
    | QualifyDay
    | Credit
    | Debit
    | SetBalance
    | Transfer
    | PlaceHold
    | CaptureHold
    | ReleaseHold
)

Request = (
    RecordActivity
    | Depart
    | MoneyRequest
    | ExpireHolds
    | ReleaseOrphans
    | Ban
    | Unban
    | SetQuiet
    | SetListed
    | SetRank
    | StoreLevel
    | StoreRank
    | SaveCounters
    | SetReadOnly
    | Reopen
    | Audit
    | ClaimJob
    | FinishJob
    | PruneHelpers
    | StartAdHoc
    | EndEvent
)
