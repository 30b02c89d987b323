"""One account on the slate: its facts, what has been added to them, and what is known beside."""

from kryten_economy.ledger.answers import Wallet
from kryten_economy.ledger.sqlite import Value
from kryten_economy.ledger.wallets import Holder
from kryten_economy.refusals import BALANCE_MAX_Z
from kryten_economy.transaction_types import Counters

__all__ = ("Page",)

_COUNTERS = (
    "messages_sent",
    "long_messages",
    "gifs_posted",
    "commands_used",
    "unique_emotes_used",
    "kudos_given",
    "kudos_received",
    "laughs_received",
    "bot_interactions",
    "z_earned",
)
"""The counters of a day that talk and earning change, in the order of `Slate`'s statement."""


class Page:
    """Written to by `Slate` only; amounts in Z, times in UTC epoch milliseconds."""

    __slots__ = (
        "_facts",
        "_known",
        "_written",
        "account_id",
        "active_ms",
        "balance_z",
        "banned",
        "channel_id",
        "counts",
        "display_name",
        "earned_z",
        "emotes",
        "held",
        "held_anew",
        "last_transfer",
        "messages",
        "paid_by",
        "seen_ms",
        "spent_today",
        "windows",
        "windows_hit",
    )

    def __init__(self, holder: Holder) -> None:
        facts = holder.facts
        self.account_id = holder.account_id
        self.channel_id = holder.channel_id
        self.last_transfer = holder.last_transfer
        self.banned = facts.banned
        self.display_name = facts.display_name
        self.balance_z = facts.balance_z
        self.earned_z = facts.lifetime_earned_z
        self.seen_ms = facts.last_seen_ms
        self.active_ms = facts.last_active_ms
        self.messages = facts.lifetime_messages
        self.counts: dict[str, int] = {}
        self.emotes: set[str] = set()
        self.windows: dict[str, tuple[int, int]] = {}
        self.windows_hit: dict[str, None] = {}
        self.held: dict[str, float] = {}
        self.held_anew: dict[str, None] = {}
        self.paid_by: set[str] = set()
        self.spent_today: tuple[int, ...] = ()
        self._known = facts
        self._facts: Wallet | None = facts
        self._written = self._state()

    @property
    def facts(self) -> Wallet:
        """The wallet as it is now."""
        facts = self._facts
        if facts is None:
            known = self._known
            facts = self._facts = Wallet._make(
                (
                    known[0],
                    self.display_name,
                    self.balance_z,
                    self.earned_z,
                    *known[4:14],
                    self.seen_ms,
                    known[15],
                    self.active_ms,
                    self.messages,
                    *known[18:],
                )
            )
        return facts

    def touch(self, display_name: str, at_ms: int, *, chatted: bool, messages: int) -> None:
        """Seen at a time, under a name; ``chatted`` makes it the last activity as well."""
        self.display_name = display_name
        self.seen_ms = max(self.seen_ms, at_ms)
        if chatted:
            self.active_ms = at_ms if self.active_ms is None else max(self.active_ms, at_ms)
        self.messages += messages
        self._facts = None

    def move(self, delta_z: int, counters: Counters, transfer_id: int) -> None:
        """A credit or debit, and what it counts toward; nothing of it falls."""
        self.balance_z += delta_z
        self.last_transfer = transfer_id
        self.earned_z = min(self.earned_z + counters.lifetime_earned_z, BALANCE_MAX_Z)
        self._facts = None
        if any(counters[5:]) or any(counters[1:4]):
            self._spend(counters)

    def _spend(self, counters: Counters) -> None:
        known = self._known
        self._known = known._replace(
            lifetime_spent_z=min(known.lifetime_spent_z + counters.lifetime_spent_z, BALANCE_MAX_Z),
            lifetime_gambled_in_z=min(
                known.lifetime_gambled_in_z + counters.lifetime_gambled_in_z, BALANCE_MAX_Z
            ),
            lifetime_gambled_out_z=min(
                known.lifetime_gambled_out_z + counters.lifetime_gambled_out_z, BALANCE_MAX_Z
            ),
            biggest_win_z=max(known.biggest_win_z, counters.biggest_win_z),
        )
        today = self.spent_today or (0, 0, 0, 0)
        more = counters.of_day[1:]
        self.spent_today = tuple(held + by for held, by in zip(today, more, strict=True))

    def met(self, *, recipients: int = 0, senders: int = 0) -> None:
        """So many more have been tipped, or have tipped; the account's row knows already."""
        known = self._known
        self._known = known._replace(
            tip_recipients=known.tip_recipients + recipients,
            tip_senders=known.tip_senders + senders,
        )
        self._facts = None

    @property
    def is_touched(self) -> bool:
        """Whether the row of the account is behind."""
        return self._state() != self._written

    @property
    def is_renamed(self) -> bool:
        """Whether the name is spelled in another way than in the row."""
        return self.display_name != self._known.display_name

    def row(self) -> tuple[Value, ...]:
        """By how much the account's row is behind, for `Slate`'s statement."""
        balance_z, earned_z, _, _, messages, _ = self._written
        return (
            self.account_id,
            self.balance_z - balance_z,
            self.earned_z - earned_z,
            self.last_transfer,
            self.seen_ms,
            self.active_ms,
            self.messages - messages,
        )

    def spending_row(self) -> tuple[Value, ...]:
        """What the account has spent, staked and won by now, in the order of Wallet's fields."""
        return (self.account_id, *self._known[4:8])

    def spending_day_row(self, day: str) -> tuple[Value, ...]:
        """What the day's counters of spending gain."""
        return (self.channel_id, day, self.account_id, 0, *self.spent_today)

    def day_row(self, day: str) -> tuple[Value, ...]:
        """What the day's counters gain."""
        counts = self.counts.get
        return (self.channel_id, day, self.account_id, *(counts(each, 0) for each in _COUNTERS))

    def written(self) -> None:
        """The tables know everything."""
        self.counts.clear()
        self.windows_hit.clear()
        self.held_anew.clear()
        self.spent_today = ()
        self._written = self._state()
        if self.is_renamed:
            self._known = self.facts

    def _state(self) -> tuple[int, int, int, int | None, int, int | None]:
        return (
            self.balance_z,
            self.earned_z,
            self.seen_ms,
            self.active_ms,
            self.messages,
            self.last_transfer,
        )
