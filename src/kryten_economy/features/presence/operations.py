"""Coming, going, doing something, and the minutes in between: what makes and feeds an account.

Hourly milestones: the claim and its reward in one operation (P-PRES-7).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kryten_economy.features.events.rules import with_carry
from kryten_economy.features.possessions import cooldown_left_ms, note_use, owned
from kryten_economy.features.presence.minutes import EarningTerms, MinuteRate, whole_part
from kryten_economy.features.presence.rules import OPEN, EarningGate, is_past, is_welcome_back
from kryten_economy.features.vanity.rules import GREETING
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.folding import ClosedDay, Folded, fold_presence
from kryten_economy.ledger.operation import ALWAYS, Act, Request, operation
from kryten_economy.ledger.posting import (
    Entry,
    Fractions,
    earn_each,
    is_amount,
    may_earn,
    post,
)
from kryten_economy.ledger.records import OwedNotice, owe
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AMOUNT_MAX_Z, BALANCE_MAX_Z, InvalidAmount, NoAccount, ReadOnly
from kryten_economy.users import UserKey

__all__ = (
    "WELCOME",
    "Arrive",
    "Arrived",
    "ClaimMilestone",
    "Depart",
    "Departed",
    "FoldMinutes",
    "MilestoneClaimed",
    "PresenceEntry",
    "PresenceMinute",
    "PresencePaid",
    "RecordActivity",
    "arrive",
    "claim_milestone",
    "depart",
    "fold_minutes",
    "presence_minute",
    "record_activity",
)

# Doing something


@dataclass(frozen=True, slots=True)
class RecordActivity(Request[Wallet]):
    """Somebody did something; makes sure of the account and counts.

    With every counter 0 on a known account of the same display name nothing is written.
    ``chatted`` marks the last chat.
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


@operation
def record_activity(tx: Tx, ask: RecordActivity) -> Wallet:
    """Count what somebody did; a mere question on a known account writes nothing."""
    account = tx.find_or_open(ask.user, ask.display_name, ask.day, ask.at_ms)
    tx.accounts.rename(account, ask.display_name)
    counts = (
        ("messages_sent", ask.messages),
        ("long_messages", ask.long_messages),
        ("gifs_posted", ask.gifs_posted),
        ("commands_used", ask.commands),
    )
    raised = [(counter, by) for counter, by in counts if by]
    if raised or ask.chatted:
        see(tx, account, ask.at_ms, chatted=ask.chatted)
        account.lifetime_messages += ask.messages
    for counter, by in raised:
        tx.accounts.count(account.today, counter, by)
    return account.wallet


def see(tx: Tx, account: Account, at_ms: int, *, chatted: bool = False) -> None:
    """Seen at a time; ``chatted`` makes it the last activity as well."""
    account.last_seen_ms = max(account.last_seen_ms, at_ms)
    if chatted:
        account.last_active_ms = max(account.last_active_ms or 0, at_ms)
    tx.accounts.touch(account)


# Coming and going

WELCOME = "welcome"
"""The kind of notice that greets somebody who got the welcome wallet; due after a while."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """``absent_since_ms`` is the later of last departure and last sight before this arrival.

    None for a new account. ``welcomed_z`` is what the welcome wallet held, ``welcomed_back_z``
    what a return after days of absence brought; else 0. ``notice`` is the welcome that is owed
    with the wallet, ``greeting`` a bought text that is to be posted.
    """

    wallet: Wallet
    welcomed_z: int
    created: bool
    absent_since_ms: int | None
    genuine: bool = True
    replayed: bool = False
    welcomed_back_z: int = 0
    notice: OwedNotice | None = None
    greeting: str | None = None


@dataclass(frozen=True, slots=True)
class Arrive(Act[Arrived | InvalidAmount]):
    """Somebody came in.

    It is genuine unless the absence is known to be shorter than ``window_ms``. A genuine arrival
    claims the welcome wallet or, with the wallet claimed before and after ``days_absent`` whole
    days, gets ``welcome_back_z``; never both. After ``greeting_absence_ms`` (None: never) a bought
    greeting is due.
    """

    HALTED_BY = ALWAYS
    ATTEMPT = Act.ATTEMPT | {"greeting_absence_ms"}

    op_id: str
    user: UserKey
    display_name: str
    at_ms: int
    day: str
    welcome_wallet_z: int
    welcome_back_z: int = 0
    days_absent: int = 0
    window_ms: int = 0
    welcome_delay_ms: int = 0
    greeting_absence_ms: int | None = None


@operation
def arrive(tx: Tx, ask: Arrive) -> Arrived | InvalidAmount:
    """Make sure of the account; a genuine arrival may bring a gift."""
    for amount_z in (ask.welcome_wallet_z, ask.welcome_back_z):
        if amount_z and not is_amount(amount_z):
            return InvalidAmount(amount_z)
    account = tx.find(ask.user, ask.day)
    created = account is None
    absent_since_ms = None
    if account is None:
        account = tx.find_or_open(ask.user, ask.display_name, ask.day, ask.at_ms)
    else:
        absent_since_ms = max(account.last_seen_ms, account.last_departure_ms or 0)
        tx.accounts.rename(account, ask.display_name)
        see(tx, account, ask.at_ms)
    genuine = absent_since_ms is None or ask.at_ms - absent_since_ms >= ask.window_ms
    wallet_z, back_z = _gifts(tx, ask, account, absent_since_ms) if genuine else (0, 0)
    mint = tx.system(account.channel, "mint")
    notice = None
    if wallet_z:
        account.welcome_wallet_claimed = 1
        tx.accounts.touch(account, profile=True)
        entry = Entry("welcome_wallet", "onboarding.wallet", "Welcome wallet", ask.at_ms, ask.day)
        post(tx, account, wallet_z, mint, entry)
        due_at_ms = ask.at_ms + ask.welcome_delay_ms
        notice = owe(tx, account, WELCOME, due_at_ms, {"amount_z": wallet_z})
    elif back_z:
        entry = Entry("welcome_back", "retention.welcome_back", "Welcome back", ask.at_ms, ask.day)
        post(tx, account, back_z, mint, entry)
    return Arrived(
        account.wallet,
        wallet_z,
        created,
        absent_since_ms,
        genuine,
        welcomed_back_z=back_z,
        notice=notice,
        greeting=_greeting(tx, ask, account, absent_since_ms) if genuine else None,
    )


_GREETED_MS = 30 * 60_000


def _greeting(tx: Tx, ask: Arrive, account: Account, absent_since_ms: int | None) -> str | None:
    """The greeting to be posted: after a long absence, and once in half an hour at most."""
    if ask.greeting_absence_ms is None or absent_since_ms is None or account.barred:
        return None
    if ask.at_ms - absent_since_ms < ask.greeting_absence_ms:
        return None
    text = owned(tx, account, GREETING)
    if text is None or cooldown_left_ms(tx, account, GREETING, _GREETED_MS, ask.at_ms):
        return None
    note_use(tx, account, GREETING, ask.at_ms)
    return text


def _gifts(tx: Tx, ask: Arrive, account: Account, absent_since_ms: int | None) -> tuple[int, int]:
    """What an arrival brings: the wallet, or a welcome back, or nothing; in Z."""
    wallet_z, back_z = ask.welcome_wallet_z, ask.welcome_back_z
    if not account.welcome_wallet_claimed:
        return (wallet_z if may_earn(tx, account, wallet_z) else 0), 0
    back = is_welcome_back(absent_since_ms, ask.at_ms, ask.days_absent)
    return 0, (back_z if back and may_earn(tx, account, back_z) else 0)


@dataclass(frozen=True, slots=True)
class Departed:
    """How many of the names had an account."""

    count: int


@dataclass(frozen=True, slots=True)
class Depart(Request[Departed]):
    """These lower-case names left at ``at_ms``; unknown ones are passed over."""

    channel: str
    names: tuple[str, ...]
    at_ms: int
    day: str = ""


@operation
def depart(tx: Tx, ask: Depart) -> Departed:
    """Store the moment of leaving, which is what an absence is counted from."""
    channel = tx.channels.find(ask.channel)
    if channel is None:
        return Departed(0)
    count = 0
    for name in ask.names:
        account = tx.accounts.find(channel, name, ask.day)
        if account is not None:
            account.last_departure_ms = max(account.last_departure_ms or 0, ask.at_ms)
            account.last_seen_ms = max(account.last_seen_ms, ask.at_ms)
            tx.accounts.touch(account, profile=True)
            count += 1
    return Departed(count)


# Minutes

BASE, NIGHT_WATCH = "presence.base", "presence.night_watch"


class PresenceEntry(NamedTuple):
    """One user's share of a presence tick; ``name`` is lower case.

    Not ``is_here`` is somebody who has left since: the minutes count, and nobody was seen.
    """

    name: str
    display_name: str
    minutes: int
    active_minutes: int
    is_here: bool = True


@dataclass(frozen=True, slots=True)
class PresencePaid:
    """How many users were counted, and what all of them were paid."""

    users: int
    paid_z: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PresenceMinute(Act[PresencePaid]):
    """A channel's presence tick, all users in one transaction.

    Minutes always count; credits (`earn`, `presence.base`) skip the banned and those whom
    the ``gate`` keeps from earning. ``terms`` None multiplies nothing. Parts of a coin are kept
    in the same act.
    """

    HALTED_BY = ALWAYS
    ATTEMPT = Act.ATTEMPT | {"terms", "rate", "entries"}

    op_id: str
    channel: str
    at_ms: int
    day: str
    entries: tuple[PresenceEntry, ...]
    rate: MinuteRate
    terms: EarningTerms
    gate: EarningGate = OPEN


@operation
def presence_minute(tx: Tx, ask: PresenceMinute) -> PresencePaid:
    """Count minutes and pay everybody of a channel; the banned and the gated are counted only."""
    crowd = _crowd(tx, ask)
    accounts, at_ms = tx.accounts, ask.at_ms
    for account, (_, display_name, minutes, active, is_here) in zip(
        crowd, ask.entries, strict=True
    ):
        if account.display_name != display_name:
            accounts.rename(account, display_name)
        if is_here and account.last_seen_ms < at_ms:
            account.last_seen_ms = at_ms
        account.lifetime_minutes += minutes
        today = account.today
        today.minutes_present += minutes
        today.minutes_active += active
        accounts.touch_day(today, minutes_only=True)
    return PresencePaid(len(crowd), _pay(tx, ask, crowd))


def _crowd(tx: Tx, ask: PresenceMinute) -> list[Account]:
    """Read the accounts of all who are here at once, and open those of newcomers."""
    channel = tx.channel(ask.channel)
    names = [entry.name for entry in ask.entries]
    assert len(set(names)) == len(names), "a name stands twice in one tick"
    known = tx.accounts.find_many(channel, names, ask.day)
    return [
        account or tx.accounts.open(channel, entry.name, entry.display_name, ask.day, ask.at_ms)
        for account, entry in zip(known, ask.entries, strict=True)
    ]


class _Case(NamedTuple):
    """What all get who have been here as long, as actively, with the same rank and held part."""

    amount_z: int
    rest: float
    metadata: str | None
    night: float


class _Cases(dict[tuple[int, int, int, float], _Case]):
    """The cases of one minute, which are few however large the crowd is."""

    def __init__(self, ask: PresenceMinute) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, key: tuple[int, int, int, float]) -> _Case:
        (minutes, active, tier, held), ask = key, self._ask
        worth = ask.terms.minutes(ask.rate, minutes, active, tier)
        amount_z, rest = whole_part(held, worth.amount)
        if amount_z > AMOUNT_MAX_Z:
            amount_z = 0
        why = with_carry(worth.metadata, ask.rate.plain(minutes, active), held, rest)
        case = self[key] = _Case(amount_z, rest, why, worth.night)
        return case


def _pay(tx: Tx, ask: PresenceMinute, crowd: Sequence[Account]) -> int:
    """Pay whole coins, and keep what is left of each; answers the sum."""
    terms, gate, at_ms = ask.terms, ask.gate, ask.at_ms
    mint = tx.system(tx.channel(ask.channel), "mint")
    fractions, cases = Fractions(tx, BASE), _Cases(ask)
    room_z, is_gated, is_night = BALANCE_MAX_Z + mint.balance_z, gate != OPEN, ask.rate.is_night
    if tx.is_earning_paused(mint.channel):
        return 0
    shares: list[tuple[Account, int, str | None]] = []
    nights: list[tuple[Account, float, bool]] = []
    for account, (_, _, minutes, active, _) in zip(crowd, ask.entries, strict=True):
        if (account.banned or account.frozen_until_ms is not None) or (
            is_gated and not gate.is_open(account.first_seen_ms, account.lifetime_messages, at_ms)
        ):
            continue
        earned_z, held = account.lifetime_earned_z, fractions.held(account)
        tier = terms.tier(account.rank_name, earned_z, account.rank_held_from_z)
        amount_z, rest, why, night = cases[minutes, active, tier, held]
        if amount_z > room_z or account.balance_z + amount_z > BALANCE_MAX_Z:
            amount_z = 0
        if rest != held:
            fractions.hold(account, rest)
        if amount_z > 0:
            room_z -= amount_z
            shares.append((account, amount_z, why))
        if is_night:
            nights.append((account, night, amount_z > 0))
    _count_nights(tx, nights, ask.day)
    entry = Entry("earn", BASE, "Presence", at_ms, ask.day)
    return earn_each(tx, mint, shares, entry)


def _count_nights(tx: Tx, nights: Iterable[tuple[Account, float, bool]], day: str) -> None:
    """The part that the night watch has added is counted as a trigger of its own."""
    fractions, total_z, counted = Fractions(tx, NIGHT_WATCH), 0, []
    for account, amount, is_paid in nights:
        held = fractions.held(account)
        night_z, rest = whole_part(held, amount)
        if rest != held:
            fractions.hold(account, rest)
        if is_paid:
            total_z += night_z
            counted.append(account)
    tx.analytics.hit_each(counted, NIGHT_WATCH, total_z, day)


# Minutes that are long over


@dataclass(frozen=True, slots=True)
class FoldMinutes(Request[Folded | ReadOnly]):
    """Make few rows of the next minutes of a closed day; it moves no money.

    ``rows`` bounds what one request reads, and so for how long no money moves.
    """

    channel: str
    closed: ClosedDay
    now_ms: int
    rows: int


@operation
def fold_minutes(tx: Tx, ask: FoldMinutes) -> Folded | ReadOnly:
    """Fold a piece; of books that do not balance nothing is touched, it may be needed."""
    if (closed := tx.closed(ask.channel)) is not None:
        return closed
    channel = tx.channel(ask.channel)
    tx.finish()  # what the batch has done before has its place in the chain
    return fold_presence(tx.sql, channel.id, ask.closed, ask.now_ms, ask.rows)


_CLAIM = """
    INSERT INTO milestone_claims (account_id, day, hours, reward_z, claimed_at_ms)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class MilestoneClaimed:
    """What a number of hours brought; 0 where it was withheld or claimed before."""

    hours: int
    paid_z: int
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ClaimMilestone(Act[MilestoneClaimed | NoAccount | InvalidAmount]):
    """So many hours of ``day`` are reached; claim and credit are one.

    ``amount_z`` ≥ 0; who is banned or kept by the ``gate`` claims for nothing.
    """

    HALTED_BY = ALWAYS

    op_id: str
    user: UserKey
    at_ms: int
    day: str
    hours: int
    amount_z: int
    gate: EarningGate = OPEN


@operation
def claim_milestone(tx: Tx, ask: ClaimMilestone) -> MilestoneClaimed | NoAccount | InvalidAmount:
    """Claim so many hours of a day once; the banned and the gated claim them for nothing."""
    if not 0 <= ask.amount_z <= AMOUNT_MAX_Z:
        return InvalidAmount(ask.amount_z)
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    earns = is_past(ask.gate, account, ask.at_ms) and may_earn(tx, account, ask.amount_z)
    paid_z = ask.amount_z if earns else 0
    if not tx.run(_CLAIM, account.id, ask.day, ask.hours, paid_z, ask.at_ms):
        return MilestoneClaimed(ask.hours, 0, account.wallet)
    if paid_z:
        reason = f"{ask.hours} {'hour' if ask.hours == 1 else 'hours'} present"
        entry = Entry("milestone", f"dwell.{ask.hours}h", reason, ask.at_ms, ask.day)
        post(tx, account, paid_z, tx.system(account.channel, "mint"), entry)
    return MilestoneClaimed(ask.hours, paid_z, account.wallet)
