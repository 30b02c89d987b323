"""The rank somebody has once an act is undone, or stands again.

It is worked out anew from the earnings that are left and from the rank set by hand that stands,
and never is below what is otherwise earned. A rank set by hand holds from the earnings of its
time, so where earnings of before are undone, it holds from so much less.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kryten_economy.config.ranks import Tier
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.audit import RANK_STATE, Change
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.tx import Tx
from kryten_economy.users import UserKey

__all__ = ("EARNED_TYPE", "PLAIN_TYPE", "Ranks")

PLAIN_TYPE: Final = "admin_undo"
EARNED_TYPE: Final = "admin_undo_earned"
"""The types of what an undo moves: of money that counts as earned, and of other."""

_SETTINGS = """
    SELECT s.audit_id, s.before, s.after, l.undone_by IS NULL
    FROM audit_state AS s JOIN audit_log AS l ON l.id = s.audit_id
    WHERE s.channel_id = ? AND s.kind = 'rank' AND s.subject = ? ORDER BY s.audit_id DESC
"""
_PUT = """
    UPDATE audit_state SET before = ?3, after = ?4
    WHERE audit_id = ?1 AND kind = 'rank' AND subject = ?2
"""


class Ranks:
    """The ranks of a channel by the tiers of now."""

    def __init__(self, tx: Tx, channel: Channel, tiers: Sequence[tuple[str, int]]) -> None:
        self._tx = tx
        self._channel = channel
        self._ladder = Ladder(
            [Tier(name=name, min_lifetime_earned=threshold) for name, threshold in tiers]
        )

    def settle(
        self,
        root: int,
        shifts: Mapping[Account, int],
        earned_before: Mapping[Account, int],
        set_by_hand: Sequence[str],
    ) -> list[Change]:
        """Store what counts now.

        ``shifts`` is by how much the undo of the act ``root`` has changed whose earnings, which
        were ``earned_before``; ``set_by_hand`` are those whose rank it had set.
        """
        accounts = dict.fromkeys(shifts)
        for name in set_by_hand:
            account = self._tx.find(UserKey(self._channel.name, name), "")
            assert account is not None, name
            accounts[account] = None
        for account, shift_z in shifts.items():
            self._shift(account, root, shift_z)
        changes = [
            self._store(each, earned_before.get(each, each.lifetime_earned_z)) for each in accounts
        ]
        return [each for each in changes if each.before != each.after]

    def _shift(self, account: Account, root: int, shift_z: int) -> None:
        """Ranks that were set after the act were set beside other earnings."""
        for audit_id, before, after, _ in self._settings(account):
            if audit_id <= root:
                break
            was, became = json.loads(before), json.loads(after)
            if self._was_reached(was):
                was["rank"] = self._ladder.names[self._computed(was["earned"] + shift_z)]
            was["earned"] += shift_z
            became["earned"] += shift_z
            if became["held_from"] is not None:
                became["held_from"] += shift_z
            self._tx.run(_PUT, audit_id, account.name, json.dumps(was), json.dumps(became))

    def _was_reached(self, state: dict[str, Any]) -> bool:
        """Whether earnings have made the rank of a state, so that it goes and comes with them."""
        by_hand = state["held_from"] is not None
        return 0 <= self._place(state["rank"]) <= self._computed(state["earned"]) and not by_hand

    def _computed(self, earned_z: int) -> int:
        return self._ladder.computed(max(0, earned_z))

    def _settings(self, account: Account) -> list[Any]:
        return self._tx.query(_SETTINGS, self._channel.id, account.name)

    def _store(self, account: Account, earned_before_z: int) -> Change:
        read = RANK_STATE.read
        before = read(self._tx, self._channel, account.name, 0)
        name, held_from_z = self._now(account, earned_before_z)
        if (name, held_from_z) != (account.rank_name, account.rank_held_from_z):
            account.rank_name, account.rank_held_from_z = name, held_from_z
            self._tx.accounts.touch(account, profile=True)
        after = read(self._tx, self._channel, account.name, 0)
        return Change(RANK_STATE, account.name, before, after)

    def _now(self, account: Account, earned_before_z: int) -> tuple[str, int | None]:
        """The rank and from what earnings it holds, by the settings that stand."""
        settings = self._settings(account)
        for _, _, after, stands in settings:
            if stands:
                return self._by_setting(account, json.loads(after))
        if settings:
            return self._by_setting(account, json.loads(settings[-1][1]), first=True)
        if account.rank_held_from_z is not None:
            return account.rank_name, account.rank_held_from_z
        return self._reached(account, account.rank_name, earned_before_z)

    def _by_setting(
        self, account: Account, setting: dict[str, Any], *, first: bool = False
    ) -> tuple[str, int | None]:
        """By a setting, or (``first``) by what was there before there was any."""
        ladder, name, held_from_z = self._ladder, setting["rank"], setting["held_from"]
        if held_from_z is not None:
            computed = ladder.computed(account.lifetime_earned_z)
            if computed <= self._computed(held_from_z):
                return name, held_from_z
            return ladder.names[max(computed, self._place(name))], None
        if first:
            return self._reached(account, name, setting["earned"])
        return self._reached(account, "", 0)

    def _reached(self, account: Account, name: str, earned_z: int) -> tuple[str, None]:
        """What the earnings make; a rank that was above them already is not lost."""
        ladder = self._ladder
        computed = ladder.computed(account.lifetime_earned_z)
        place = self._place(name)
        if place > self._computed(earned_z) and place > computed:
            return name, None
        if not computed and not account.rank_name:
            return "", None
        return ladder.names[computed], None

    def _place(self, name: str) -> int:
        return self._ladder.names.index(name) if name in self._ladder.names else -1
