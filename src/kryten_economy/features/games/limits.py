"""What players allow themselves: limits of a day on stakes and losses, and pauses from all games.

A limit is lowered at once and raised from the next day on; a pause ends by the clock alone. Whoever
sets one in a cool moment is held to it in a hot one.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from kryten_economy.ledger.account import Account
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import ALWAYS, Act, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import NoAccount
from kryten_economy.users import UserKey

__all__ = (
    "UNLIMITED",
    "Limit",
    "LimitKind",
    "LimitSet",
    "OwnLimits",
    "PausePlay",
    "SetPlayLimit",
    "limits_of",
    "own_limits",
    "pause_play",
    "set_play_limit",
)

LimitKind = Literal["stakes", "losses"]


class Limit(NamedTuple):
    """A limit of a day in Z, None for none, and the higher one that is to replace it."""

    now_z: int | None = None
    next_z: int | None = None
    next_from: str | None = None

    def on(self, day: str) -> int | None:
        """The limit of a day."""
        is_due = self.next_from is not None and day >= self.next_from
        return self.next_z if is_due else self.now_z

    def as_of(self, day: str) -> "Limit":
        """The same, without what has become true by that day."""
        return Limit(self.on(day)) if self.next_from and day >= self.next_from else self

    def changed(self, limit_z: int | None, day: str, next_day: str) -> "Limit":
        """A lower limit holds at once, a higher one or none from the next day on."""
        current_z = self.on(day)
        if current_z is None or (limit_z is not None and limit_z <= current_z):
            return Limit(limit_z)
        return Limit(current_z, limit_z, next_day)


class OwnLimits(NamedTuple):
    """All that a player has set for themself; times are UTC epoch milliseconds."""

    stakes: Limit = Limit()
    losses: Limit = Limit()
    paused_until_ms: int | None = None

    def pauses(self, at_ms: int) -> bool:
        """Whether they may not play at that moment."""
        return self.paused_until_ms is not None and at_ms < self.paused_until_ms


UNLIMITED = OwnLimits()

_COLUMNS = """
    stakes_z, next_stakes_z, stakes_from, losses_z, next_losses_z, losses_from, paused_until_ms
"""
_FIND = f"SELECT {_COLUMNS} FROM play_limit WHERE account_id = ?"  # noqa: S608 - constants
_READ = f"""
    SELECT {_COLUMNS} FROM play_limit WHERE account_id = (
        SELECT a.id FROM account AS a JOIN channel AS c ON c.id = a.channel_id
        WHERE c.name = ? AND a.kind = 'wallet' AND a.name = ?
    )
"""  # noqa: S608 - constants
_STORE = f"""
    INSERT INTO play_limit (account_id, {_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT DO UPDATE SET stakes_z = ?2, next_stakes_z = ?3, stakes_from = ?4,
        losses_z = ?5, next_losses_z = ?6, losses_from = ?7, paused_until_ms = ?8
"""  # noqa: S608 - constants


def own_limits(tx: Tx, account: Account) -> OwnLimits:
    """What a player has set for themself."""
    return _of_row(tx.sql.row(_FIND, account.id))


def limits_of(reader: Reader, user: UserKey) -> OwnLimits:
    """The same for reports; who has no account has set nothing."""
    return _of_row(reader.sql.row(_READ, user.channel, user.name))


def _of_row(row: tuple[object, ...] | None) -> OwnLimits:
    if row is None:
        return UNLIMITED
    return OwnLimits(Limit(*row[:3]), Limit(*row[3:6]), row[6])  # type: ignore[arg-type]


def _store(tx: Tx, account: Account, own: OwnLimits) -> None:
    tx.write()  # the account may be as new as this act
    tx.run(_STORE, account.id, *own.stakes, *own.losses, own.paused_until_ms)


@dataclass(frozen=True, slots=True)
class LimitSet:
    """What holds for a player from now on."""

    own: OwnLimits
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class SetPlayLimit(Act[LimitSet | NoAccount]):
    """Limit what a player may stake or lose in a day; None lifts the limit.

    ``next_day`` is when what allows more begins to hold.
    """

    HALTED_BY = ALWAYS
    ATTEMPT = Act.ATTEMPT | {"next_day"}

    op_id: str
    user: UserKey
    what: LimitKind
    limit_z: int | None
    next_day: str
    at_ms: int
    day: str


@operation
def set_play_limit(tx: Tx, ask: SetPlayLimit) -> LimitSet | NoAccount:
    """Change one of the limits by the rule of `Limit.changed`."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    own = own_limits(tx, account)
    changed: Limit = getattr(own, ask.what).changed(ask.limit_z, ask.day, ask.next_day)
    own = own._replace(stakes=changed) if ask.what == "stakes" else own._replace(losses=changed)
    _store(tx, account, own)
    return LimitSet(own)


@dataclass(frozen=True, slots=True)
class PausePlay(Act[LimitSet | NoAccount]):
    """Keep a player from all games for so long; a pause that lasts longer stays as it is."""

    HALTED_BY = ALWAYS

    op_id: str
    user: UserKey
    for_ms: int
    at_ms: int
    day: str


@operation
def pause_play(tx: Tx, ask: PausePlay) -> LimitSet | NoAccount:
    """Begin a pause, or make the one that is on longer."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    own = own_limits(tx, account)
    until_ms = max(own.paused_until_ms or 0, ask.at_ms + ask.for_ms)
    own = own._replace(paused_until_ms=until_ms)
    _store(tx, account, own)
    return LimitSet(own)
