"""A past made by hand: members, and transfers one after the other."""

import json
from collections.abc import Mapping
from typing import Any

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.ledger.channels import SystemKind
from kryten_economy.whatif.outcome import Outcome
from kryten_economy.whatif.past import Activity, Hold, Job, Member, Move, Past, Purchase, Stake
from kryten_economy.whatif.replay import replay

__all__ = ("DAY", "HOUR_MS", "MINUTE_MS", "NOON_MS", "Made", "settings")

NOON_MS = 1_772_625_600_000
"""2026-03-04 12:00 UTC, a Wednesday."""
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
DAY = "2026-03-04"
_SYSTEM: dict[SystemKind, int] = {"mint": 1, "sink": 2, "house": 3, "escrow": 4}
_QUIET: dict[str, Any] = {
    "nats": {"servers": ["nats://127.0.0.1:4222"]},
    "channels": [{"domain": "cytube.test", "channel": "Lounge"}],
    "balance_maintenance": {"mode": "none"},
    "rain": {"enabled": False},
}


def settings(**sections: Any) -> Settings:
    """Settings of one channel with some sections given."""
    return Settings(**(_QUIET | sections))


class Made:
    """Takes transfers as they come; each wallet begins with what it is opened with."""

    def __init__(self) -> None:
        self._members: dict[int, Member] = {}
        self._moves: list[Move] = []
        self._operation = 0
        self.at_ms = NOON_MS
        self.activity: dict[str, tuple[Activity, ...]] = {}
        self.jobs: list[Job] = []
        self.holds: list[Hold] = []
        self.stakes: list[Stake] = []
        self.purchases: dict[str, Purchase] = {}
        self.fractions: dict[tuple[int, str], float] = {}
        self.awarded: dict[int, frozenset[str]] = {}

    def open(self, name: str, balance_z: int = 0, *, seen_ms: int = NOON_MS, **more: Any) -> int:
        """A wallet; answers its id."""
        account = 10 + len(self._members)
        self._members[account] = Member(
            account, name, name, False, seen_ms, "", None, balance_z, more.get("earned_z", 0)
        )
        return account

    def earn(
        self,
        account: int,
        amount_z: int,
        trigger: str,
        type_: str = "earn",
        *,
        told: Mapping[str, Any] | None = None,
        after_ms: int = MINUTE_MS,
    ) -> None:
        """A credit from the mint."""
        self._add(_SYSTEM["mint"], account, amount_z, None, (type_, trigger), told, after_ms)

    def give(
        self, account: int, amount_z: int, trigger: str, type_: str = "spend", to: str = "sink"
    ) -> None:
        """A debit to the sink, the house or the escrow."""
        other = _SYSTEM[to]  # type: ignore[index]
        self._add(account, other, amount_z, (type_, trigger), None)

    def win(self, account: int, amount_z: int, trigger: str, *, same: bool = True) -> None:
        """A payout of the house, in the act of its stake."""
        payout = ("gamble_win", trigger)
        self._add(_SYSTEM["house"], account, amount_z, None, payout, None, 0, same)

    def back(self, account: int, amount_z: int, trigger: str, *, after_ms: int) -> None:
        """What lay in the escrow is given back."""
        self._add(_SYSTEM["escrow"], account, amount_z, None, ("refund", trigger), None, after_ms)

    def set(self, account: int, delta_z: int, target_z: int) -> None:
        """An operator has set a balance, which was more than it had."""
        entry = ("admin_set_balance", "admin.set_balance")
        self._add(_SYSTEM["mint"], account, delta_z, None, entry)
        self._moves[-1] = self._moves[-1]._replace(credit_after_z=target_z)

    def _add(
        self,
        debit: int,
        credit: int,
        amount_z: int,
        paid: tuple[str, str] | None,
        got: tuple[str, str] | None,
        told: Mapping[str, Any] | None = None,
        after_ms: int = MINUTE_MS,
        same: bool = False,
    ) -> None:
        if not same:
            self.at_ms += after_ms
            self._operation += 1
        debit_type, debit_trigger = paid or (None, None)
        credit_type, credit_trigger = got or (None, None)
        self._moves.append(
            Move(
                id=len(self._moves) + 1,
                operation=self._operation,
                debit=debit,
                credit=credit,
                amount_z=amount_z,
                debit_type=debit_type,
                debit_trigger=debit_trigger,
                credit_type=credit_type,
                credit_trigger=credit_trigger,
                related_user=None,
                metadata=None if told is None else json.dumps(told),
                at_ms=self.at_ms,
                debit_after_z=None,
                credit_after_z=None,
            )
        )

    def past(self) -> Past:
        """Everything so far."""
        calendar = Calendar("UTC")
        days = sorted({calendar.day(move.at_ms) for move in self._moves} | {DAY})
        return Past(
            channel="Lounge",
            from_ms=calendar.day_start_ms(DAY),
            until_ms=self.at_ms,
            days=tuple(days),
            members=self._members,
            system={
                kind: (account, -sum(each.balance_z for each in self._members.values()))
                if kind == "mint"
                else (account, 0)
                for kind, account in _SYSTEM.items()
            },
            moves=lambda: iter(self._moves),
            activity=self.activity,
            jobs=tuple(self.jobs),
            fractions=self.fractions,
            holds=tuple(self.holds),
            stakes=tuple(self.stakes),
            purchases=self.purchases,
            tiers={},
            adhoc=(),
            awarded=self.awarded,
        )

    def under(self, before: Settings, after: Settings, seed: int = 1) -> Outcome:
        """The replay; whatever it answers, the accounts of each world add up to 0."""
        outcome = replay(self.past(), before, after, seed)
        for world in (0, 1):
            wallets = sum(pair[world] for pair in outcome.wallets.values())
            assert wallets + sum(pair[world] for pair in outcome.system.values()) == 0
        return outcome
