"""What a commit has changed, told once: postings, wallets, paid triggers, counters.

From these, and only from these, follow metrics, decisions about ranks and achievements, and
notices. They are frozen values and may go anywhere.

Which triggers have paid: the hit, the distinct user of the day, the amount. And what has come into
the wallets of a channel and gone from them on a day, by source; what users give each other doesn't.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kryten_economy.ledger.account import Account
from kryten_economy.ledger.accounts import Accounts
from kryten_economy.ledger.statements import Sql
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.transaction_types import source_of
from kryten_economy.users import UserKey

__all__ = (
    "Analytics",
    "Committed",
    "Facts",
    "Posting",
    "TriggerHits",
)


class Posting(NamedTuple):
    """One wallet's side of a transfer, in Z; ``earned_z`` is the part that counts as earned."""

    transfer_id: int
    user: UserKey
    delta_z: int
    type: str
    trigger_id: str
    earned_z: int


class TriggerHits(NamedTuple):
    """How often a trigger has paid, and how much in all."""

    hits: int
    amount_z: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What one batch has changed in one channel.

    ``wallets`` are those whose account has changed, as they are after the commit, by name.
    """

    channel: str
    postings: tuple[Posting, ...] = ()
    wallets: Mapping[str, Wallet] = field(default_factory=dict)
    hits: Mapping[str, TriggerHits] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Committed:
    """The answers in the order of the requests, the facts by channel, and lifetime counters.

    ``counts`` says by how much the batch has raised each of the service's lifetime counters.
    """

    answers: tuple[object, ...]
    facts: tuple[Facts, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


_HIT_USERS = """
    INSERT OR IGNORE INTO trigger_user (channel_id, day, trigger_id, account_id)
    SELECT ?1, ?2, ?3, each.value FROM json_each(?4) AS each
"""
_HIT = """
    INSERT INTO trigger_analytics (
        channel_id, day, trigger_id, hit_count, unique_users, total_z_awarded
    ) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET
        hit_count = hit_count + ?4,
        unique_users = unique_users + ?5,
        total_z_awarded = min(total_z_awarded + ?6, 4611686018427387904)
"""
_SUM_MAX_Z = 4_611_686_018_427_387_904
_FLOW = """
    INSERT INTO daily_flow (channel_id, day, source, come_z, gone_z) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO UPDATE SET
        come_z = min(come_z + ?4, 4611686018427387904),
        gone_z = min(gone_z + ?5, 4611686018427387904)
"""


class _Pending:
    """One trigger on one day of one channel."""

    __slots__ = ("amount_z", "count", "fresh")

    def __init__(self) -> None:
        self.count = 0
        self.amount_z = 0
        self.fresh: list[int] = []


class Analytics:
    """The pending hits of a batch on the writing connection."""

    def __init__(self, sql: Sql, accounts: Accounts) -> None:
        self._sql = sql
        self._accounts = accounts
        self.forget()

    def forget(self) -> None:
        """Drop what is pending."""
        self._pending: dict[tuple[int, str, str, str], _Pending] = {}
        self._flows: dict[tuple[int, str, str], list[int]] = {}

    def flow(self, channel_id: int, trigger_id: str, delta_z: int, day: str) -> None:
        """So much has come into wallets from anything else, or gone from them where below 0."""
        key = (channel_id, day, source_of(trigger_id))
        sums = self._flows.get(key)
        if sums is None:
            sums = self._flows[key] = [0, 0]
        if delta_z > 0:
            sums[0] += delta_z
        else:
            sums[1] -= delta_z

    def hit(self, account: Account, trigger_id: str, amount_z: int, day: str) -> None:
        """A trigger has paid an account."""
        self.hit_each([account], trigger_id, amount_z, day)

    def hit_each(
        self, accounts: Sequence[Account], trigger_id: str, total_z: int, day: str
    ) -> None:
        """A trigger has paid these accounts of one channel, each once, so much in all."""
        if not accounts:
            return
        channel = accounts[0].channel
        key = (channel.id, channel.name, day, trigger_id)
        pending = self._pending.get(key)
        if pending is None:
            pending = self._pending[key] = _Pending()
        pending.count += len(accounts)
        pending.amount_z += total_z
        fresh, day_of = pending.fresh, self._accounts.day
        for account in accounts:
            paid_by = day_of(account, day).paid_by
            if trigger_id not in paid_by:
                paid_by.add(trigger_id)
                fresh.append(account.id)

    def write(self) -> dict[str, dict[str, TriggerHits]]:
        """Put the hits into their tables; answers them by channel and trigger."""
        told: dict[str, dict[str, TriggerHits]] = {}
        for (channel_id, channel, day, trigger_id), pending in self._pending.items():
            fresh = 0
            if pending.fresh:
                accounts = json.dumps(pending.fresh)
                self._sql.run(_HIT_USERS, channel_id, day, trigger_id, accounts)
                fresh = self._sql.changed()
            count, amount_z = pending.count, pending.amount_z
            self._sql.run(_HIT, channel_id, day, trigger_id, count, fresh, amount_z)
            hits = told.setdefault(channel, {})
            before = hits.get(trigger_id, TriggerHits(0, 0))
            hits[trigger_id] = TriggerHits(before.hits + count, before.amount_z + amount_z)
        self._pending = {}
        if self._flows:
            rows = (
                (*key, min(come_z, _SUM_MAX_Z), min(gone_z, _SUM_MAX_Z))
                for key, (come_z, gone_z) in self._flows.items()
            )
            self._sql.each(_FLOW, list(rows))
            self._flows = {}
        return told
