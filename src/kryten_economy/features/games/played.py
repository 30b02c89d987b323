"""The rounds that one player has taken part in, the newest first."""

from typing import Final, NamedTuple

from kryten_economy.ledger.channels import Reader
from kryten_economy.users import UserKey

__all__ = ("PlayedRound", "rounds_of_player", "stake_in")

_NO_NUMBER: Final = 2**62
_ACCOUNT = """
    (
        SELECT a.id FROM account AS a JOIN channel AS c ON c.id = a.channel_id
        WHERE c.name = ?1 AND a.kind = 'wallet' AND a.name = ?2
    )
"""
_ROUNDS = f"""
    SELECT r.id, r.game, r.day, r.state, r.opened_at_ms, s.stake_z, s.payout_z,
        coalesce(h.state IN ('released', 'expired'), 0)
    FROM game_stake AS s JOIN game_round AS r ON r.id = s.round_id
    LEFT JOIN hold AS h ON h.id = s.hold_id
    WHERE s.account_id = {_ACCOUNT} AND s.round_id {{}} ORDER BY s.round_id DESC LIMIT ?4
"""  # noqa: S608 - put together from constants
_BEFORE = _ROUNDS.format("< ?3")
_ONE = _ROUNDS.format("= ?3")


class PlayedRound(NamedTuple):
    """A round and what somebody had in it; ``payout_z`` is None until it is over.

    ``given_back``: the stake did not take part in the end.
    """

    number: int
    game: str
    day: str
    state: str
    at_ms: int
    stake_z: int
    payout_z: int | None
    given_back: bool

    @property
    def net_z(self) -> int | None:
        """What it has brought, below 0 what it has cost; None where nothing was won or lost yet."""
        if self.state == "cancelled" or self.given_back:
            return 0
        if self.state != "settled":
            return None
        return (self.payout_z or 0) - self.stake_z


def rounds_of_player(
    reader: Reader, user: UserKey, limit: int, before: int | None = None
) -> list[PlayedRound]:
    """At most so many, older than the one with this number."""
    number = _NO_NUMBER if before is None else before
    return [_made(row) for row in reader.sql.rows(_BEFORE, *user, number, limit)]


def stake_in(reader: Reader, user: UserKey, number: int) -> PlayedRound | None:
    """What somebody had in one round, if anything."""
    row = reader.sql.row(_ONE, *user, number, 1)
    return None if row is None else _made(row)


def _made(row: tuple[object, ...]) -> PlayedRound:
    found = PlayedRound._make(row)
    return found._replace(given_back=bool(found.given_back))
