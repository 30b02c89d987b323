"""Stored ranks and CyTube levels: what was reached is stored once.

What is told of it later is owed with the act: a rank-up to the channel, a level to its user.
"""

import json
from dataclasses import dataclass

from kryten_economy.ledger.operation import Request, operation
from kryten_economy.ledger.records import (
    NoticesSettled,
    OwedNotice,
    SettleNotices,
    owe,
    settle_kind,
    settle_notices,
)
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import NoAccount
from kryten_economy.users import UserKey

__all__ = (
    "LEVEL_ASKED",
    "LEVEL_GIVEN",
    "RANK_UP",
    "IntendLevel",
    "LevelIntended",
    "RankStored",
    "RankUpsTold",
    "SetRank",
    "StoreLevel",
    "StoreRank",
    "intend_level",
    "rank_ups_told",
    "set_rank",
    "store_level",
    "store_rank",
)

RANK_UP, LEVEL_ASKED, LEVEL_GIVEN = "rank_up", "level_asked", "level_given"
"""The kinds of notices. A level that was asked for is told once CyTube has confirmed it."""

_TOLD = """
    INSERT INTO line_told (channel_id, kind, told_at_ms, data) VALUES (?, ?, ?, ?)
    ON CONFLICT (channel_id, kind) DO UPDATE
    SET told_at_ms = excluded.told_at_ms, data = excluded.data
"""
_PROMOTED = """
    INSERT INTO rank_promotions (channel_id, day, promotions) VALUES (?, ?, 1)
    ON CONFLICT DO UPDATE SET promotions = promotions + 1
"""


@dataclass(frozen=True, slots=True)
class RankStored:
    """Whether this request stored the rank, the wallet as it is now, and what is to be told."""

    changed: bool
    wallet: Wallet
    notice: OwedNotice | None = None


@dataclass(frozen=True, slots=True)
class StoreRank(Request[RankStored | NoAccount]):
    """Store a rank that was reached, if the stored one is still the one that was looked at.

    An admin's setting ends with it. The channel is owed the news of a promotion to the tier
    ``announced_tier``; None for none.
    """

    user: UserKey
    rank_name: str
    was_name: str
    was_held_from_z: int | None
    promoted: bool
    at_ms: int
    day: str
    announced_tier: int | None = None


@operation
def store_rank(tx: Tx, ask: StoreRank) -> RankStored | NoAccount:
    """Store a rank unless somebody else has stored one since; so a promotion is told once."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    stored = (account.rank_name, account.rank_held_from_z)
    if stored != (ask.was_name, ask.was_held_from_z):
        return RankStored(False, account.wallet)
    account.rank_name, account.rank_held_from_z = ask.rank_name, None
    tx.accounts.touch(account, profile=True)
    notice = None
    if ask.promoted:
        tx.journal.count("rank_promotions_total")
        tx.run(_PROMOTED, account.channel.id, ask.day)
        if ask.announced_tier is not None:
            news: dict[str, int | str] = {"tier": ask.announced_tier, "rank": ask.rank_name}
            notice = owe(tx, account, RANK_UP, ask.at_ms, news)
    return RankStored(True, account.wallet, notice)


@dataclass(frozen=True, slots=True)
class RankUpsTold(Request[NoticesSettled]):
    """These rank-ups were told together; ``highest`` is the highest tier told on that day."""

    channel: str
    notices: tuple[int, ...]
    at_ms: int
    highest: int


@operation
def rank_ups_told(tx: Tx, ask: RankUpsTold) -> NoticesSettled:
    """Take them out, and remember when it was for the next ones."""
    data = json.dumps({"highest": ask.highest})
    tx.run(_TOLD, tx.channel(ask.channel).id, RANK_UP, ask.at_ms, data)
    return settle_notices(tx, SettleNotices(ask.notices))


@dataclass(frozen=True, slots=True)
class SetRank(Request[RankStored | NoAccount]):
    """Set a rank by hand; ``held`` until the earnings cross a threshold above those of now."""

    user: UserKey
    rank_name: str
    held: bool
    day: str


@operation
def set_rank(tx: Tx, ask: SetRank) -> RankStored | NoAccount:
    """An admin's setting, or the end of one."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    account.rank_name = ask.rank_name
    account.rank_held_from_z = account.lifetime_earned_z if ask.held else None
    tx.accounts.touch(account, profile=True)
    return RankStored(True, account.wallet)


@dataclass(frozen=True, slots=True)
class LevelIntended:
    """Whether the level is still to be given."""

    needed: bool


@dataclass(frozen=True, slots=True)
class IntendLevel(Request[LevelIntended | NoAccount]):
    """A CyTube level is going to be asked for.

    It is stored first, so that whoever starts after a kill knows whose level CyTube may have
    given meanwhile.
    """

    user: UserKey
    level: int
    at_ms: int
    day: str


@operation
def intend_level(tx: Tx, ask: IntendLevel) -> LevelIntended | NoAccount:
    """Remember what is asked for; the last one of a user counts."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    settle_kind(tx, account, LEVEL_ASKED)
    if account.cytube_level >= ask.level:
        return LevelIntended(False)
    owe(tx, account, LEVEL_ASKED, ask.at_ms, {"level": ask.level})
    return LevelIntended(True)


@dataclass(frozen=True, slots=True)
class StoreLevel(Request[RankStored | NoAccount]):
    """Store a CyTube level that was given, never a lower one; its user is owed the news."""

    user: UserKey
    level: int
    at_ms: int
    day: str


@operation
def store_level(tx: Tx, ask: StoreLevel) -> RankStored | NoAccount:
    """The level CyTube has confirmed."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    settle_kind(tx, account, LEVEL_ASKED)
    if account.cytube_level >= ask.level:
        return RankStored(False, account.wallet)
    account.cytube_level = ask.level
    tx.accounts.touch(account, profile=True)
    tx.journal.count("cytube_promotions_total")
    notice = owe(tx, account, LEVEL_GIVEN, ask.at_ms, {"level": ask.level})
    return RankStored(True, account.wallet, notice)
