"""An account and its days, as rows of the tables that are held in memory.

Attributes of `Account` and `Day` are named as their columns.
"""

import json
from functools import lru_cache

from kryten_economy.calendar import day_before
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.statements import Row
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import BALANCE_MAX_Z, Banned, barred
from kryten_economy.users import UserKey

__all__ = (
    "COUNTERS",
    "DAY_SUMS",
    "MONEY",
    "OF_MINUTES",
    "PROFILE",
    "READ",
    "TALLIES",
    "Account",
    "Day",
)

COUNTERS = (
    "minutes_present",
    "minutes_active",
    "messages_sent",
    "long_messages",
    "gifs_posted",
    "unique_emotes_used",
    "kudos_given",
    "kudos_received",
    "laughs_received",
    "bot_interactions",
    "z_earned",
    "z_spent",
    "z_gambled_in",
    "z_gambled_out",
    "tips_sent_z",
    "commands_used",
    "first_message_claimed",
    "free_spin_used",
    "fortunes_used",
    "queues_used",
)
DAY_SUMS = ("z_earned", "z_spent", "z_gambled_in", "z_gambled_out", "tips_sent_z")
"""The counters that money alone changes."""
OF_MINUTES = ("minutes_present", "minutes_active", "z_earned")
"""The counters that a minute changes."""
MONEY = (
    "balance_z",
    "lifetime_earned_z",
    "last_transfer",
    "last_seen_ms",
    "last_active_ms",
    "lifetime_messages",
    "lifetime_minutes",
)
"""What nearly every minute and line changes."""
TALLIES = (
    "lifetime_spent_z",
    "lifetime_gambled_in_z",
    "lifetime_gambled_out_z",
    "biggest_win_z",
    "tip_recipients",
    "tip_senders",
)
"""What spending, games and tips change as well."""
PROFILE = (
    "display_name",
    "rank_name",
    "rank_held_from_z",
    "cytube_level",
    "quiet",
    "unlisted",
    "welcome_wallet_claimed",
    "last_departure_ms",
    "emotes_used",
)
"""What changes seldom and is written apart."""
READ = ("id", "kind", "name", "first_seen_ms", *MONEY, *TALLIES, *PROFILE)


class Day:
    """What an account did on one day of its channel: a row of ``daily_activity``.

    ``paid_by`` are the triggers known to have paid on this day. ``is_stored`` says that there is
    a row; of its columns those of minutes have to be written (``is_counted``), those of money
    (``is_moved``), or all (``is_active``).
    """

    __slots__ = (
        "account",
        "day",
        "is_active",
        "is_changed",
        "is_counted",
        "is_moved",
        "is_stored",
        "paid_by",
        *COUNTERS,
    )

    minutes_present: int
    minutes_active: int
    messages_sent: int
    long_messages: int
    gifs_posted: int
    unique_emotes_used: int
    kudos_given: int
    kudos_received: int
    laughs_received: int
    bot_interactions: int
    z_earned: int
    z_spent: int
    z_gambled_in: int
    z_gambled_out: int
    tips_sent_z: int
    commands_used: int
    first_message_claimed: int
    free_spin_used: int
    fortunes_used: int
    queues_used: int

    def __init__(self, account: "Account", day: str, row: Row | None) -> None:
        self.account = account
        self.day = day
        self.is_changed = self.is_active = self.is_counted = self.is_moved = False
        self.is_stored = row is not None
        self.paid_by: set[str] = set()
        if row is None:
            for counter in COUNTERS:
                setattr(self, counter, 0)
        else:
            for counter, value in zip(COUNTERS, row, strict=True):
                setattr(self, counter, value)


class Account:
    """A row of ``account`` as it is now, with what belongs to it; changed only by `Accounts`.

    Amounts are in Z, times in UTC epoch milliseconds.
    """

    __slots__ = (
        "_snapshot",
        "balance_written_z",
        "banned",
        "channel",
        "days",
        "frozen_until_ms",
        "is_changed",
        "is_profile_changed",
        "is_tallied",
        "streak",
        "streak_date",
        "today",
        "user",
        "won",
        *READ,
    )

    id: int
    kind: str
    name: str
    first_seen_ms: int
    balance_z: int
    lifetime_earned_z: int
    last_transfer: int | None
    last_seen_ms: int
    last_active_ms: int | None
    lifetime_messages: int
    lifetime_minutes: int
    display_name: str
    lifetime_spent_z: int
    lifetime_gambled_in_z: int
    lifetime_gambled_out_z: int
    biggest_win_z: int
    rank_name: str
    rank_held_from_z: int | None
    cytube_level: int
    quiet: int
    unlisted: int
    welcome_wallet_claimed: int
    last_departure_ms: int | None
    tip_recipients: int
    tip_senders: int
    emotes_used: int
    today: Day

    def __init__(self, channel: Channel, row: Row) -> None:
        _, *columns, streak, streak_date, banned, frozen_until_ms, won = row
        for column, value in zip(READ, columns, strict=True):
            setattr(self, column, value)
        self.channel = channel
        self.user = UserKey(channel.name, self.name)
        self.streak: int = streak or 0
        self.streak_date: str | None = streak_date
        self.banned = bool(banned)
        self.frozen_until_ms: int | None = frozen_until_ms
        self.won = frozenset[str](json.loads(won))
        self.balance_written_z = self.balance_z
        self.days: dict[str, Day] = {}
        self.is_changed = self.is_profile_changed = self.is_tallied = False
        self._snapshot: Wallet | None = None

    @property
    def is_wallet(self) -> bool:
        """Whether it is a user's."""
        return self.kind == "wallet"

    @property
    def wallet(self) -> Wallet:
        """A frozen copy as of now, with the day it was last asked for."""
        known = self._snapshot
        if known is None:
            known = self._snapshot = Wallet(
                self.user,
                self.display_name,
                self.balance_z,
                self.lifetime_earned_z,
                self.lifetime_spent_z,
                self.lifetime_gambled_in_z,
                self.lifetime_gambled_out_z,
                self.biggest_win_z,
                self.rank_name,
                self.cytube_level,
                bool(self.quiet),
                self.banned,
                bool(self.welcome_wallet_claimed),
                self.first_seen_ms,
                self.last_seen_ms,
                self.last_departure_ms,
                self.last_active_ms,
                self.lifetime_messages,
                self.streak_days,
                self.today.minutes_present,
                self.rank_held_from_z,
                self.tip_recipients,
                self.tip_senders,
                self.lifetime_minutes,
                self.emotes_used,
                self.won,
                self.today.day,
                self.frozen_until_ms,
            )
        return known

    @property
    def barred(self) -> Banned | None:
        """Why it takes no part in the economy, if so: it is banned or frozen."""
        return barred(self.user, self.frozen_until_ms, is_banned=self.banned)

    @property
    def streak_days(self) -> int:
        """Days in a row up to yesterday or today; 0 where the last one is longer ago."""
        last = self.streak_date
        if last is None or last >= self.today.day:
            return self.streak if last is not None else 0
        return self.streak if last == _day_before(self.today.day) else 0

    def has_room(self, amount_z: int) -> bool:
        """Whether the balance can take this much more (or less, for a system account)."""
        return abs(self.balance_z + amount_z) <= BALANCE_MAX_Z


@lru_cache(maxsize=8)
def _day_before(day: str) -> str:
    return day_before(day)
