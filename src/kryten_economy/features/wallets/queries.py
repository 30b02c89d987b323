"""What is read of wallets: balances with what is set aside and spent today, and the usage log."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from kryten_economy.features.wallets.rules import WalletState, service_of
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.statements import Row
from kryten_economy.users import UserKey

__all__ = ("Usage", "charged_in_all", "names_after", "usage_of", "wallet_states")

# One statement, so that all of it is of the same moment.
_STATES = """
    SELECT a.name, a.display_name, a.balance_z,
        EXISTS (SELECT 1 FROM banned_users AS b WHERE b.channel_id = c.id AND b.name = a.name),
        EXISTS (
            SELECT 1 FROM panic AS p
            WHERE p.channel_id = c.id AND p.what = 'freeze' AND p.name = a.name
        ),
        (SELECT json_group_object(trigger_id, z) FROM (
            SELECT h.trigger_id, sum(h.amount_z) AS z FROM hold AS h
            WHERE h.state = 'open' AND h.purpose = 'wallet' AND h.account_id = a.id
            GROUP BY h.trigger_id
        )),
        (SELECT json_group_object(s.service, s.spent_z) FROM wallet_spending AS s
            WHERE s.account_id = a.id AND s.day = ?3),
        (SELECT coalesce(max(id), 0) FROM transfer)
    FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    WHERE c.name = ?1 AND a.kind = 'wallet' AND a.name IN (SELECT value FROM json_each(?2))
    ORDER BY a.name
"""
_NAMES = """
    SELECT a.name FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    WHERE c.name = ?1 AND a.kind = 'wallet' AND a.name > ?2 ORDER BY a.name LIMIT ?3
"""
_IN_ALL = """
    SELECT
        (SELECT coalesce(sum(s.spent_z), 0) FROM wallet_spending AS s
            WHERE s.channel_id = c.id AND s.day = ?2 AND s.service = ?3)
        + (SELECT coalesce(sum(h.amount_z), 0) FROM hold AS h
            WHERE h.state = 'open' AND h.purpose = 'wallet' AND h.channel_id = c.id
            AND h.trigger_id = 'spend.wallet.' || ?3)
    FROM channel AS c WHERE c.name = ?1
"""
_USAGE = """
    SELECT u.service, a.name, u.reservation_id, u.units_in, u.units_out, u.reserved_z, u.cost_z,
        u.amount_z, u.adds_up, u.day, u.at_ms
    FROM wallet_usage AS u JOIN account AS a ON a.id = u.account_id
    JOIN channel AS c ON c.id = u.channel_id
    WHERE c.name = ?1 AND a.kind = 'wallet' AND a.name = ?2 ORDER BY u.id DESC LIMIT ?3
"""


def wallet_states(
    reader: Reader, channel: str, names: Iterable[str], day: str
) -> tuple[WalletState, ...]:
    """The wallets of these lower-case names, by name; unknown ones are passed over."""
    return tuple(map(_state, reader.sql.rows(_STATES, channel, json.dumps([*names]), day)))


def _state(row: Row) -> WalletState:
    name, shown, balance_z, banned, frozen, reserved, spent, number = row
    by_service = {service_of(each): z for each, z in json.loads(reserved).items()}
    barred = (bool(banned), bool(frozen))
    return WalletState(name, shown, balance_z, *barred, by_service, json.loads(spent), number)


def names_after(reader: Reader, channel: str, name: str, limit: int) -> tuple[str, ...]:
    """The next lower-case names of a channel's accounts behind ``name``."""
    return tuple(each for (each,) in reader.sql.rows(_NAMES, channel, name, limit))


def charged_in_all(reader: Reader, channel: str, day: str, service: str) -> int:
    """What a service has taken from all users on a day, open reservations included."""
    row = reader.sql.row(_IN_ALL, channel, day, service)
    return 0 if row is None else int(row[0])


class Usage(NamedTuple):
    """A line of the usage log; times are UTC epoch milliseconds."""

    service: str
    name: str
    reservation_id: str
    units_in: int | None
    units_out: int | None
    reserved_z: int
    cost_z: int
    amount_z: int
    adds_up: bool
    day: str
    at_ms: int


def usage_of(reader: Reader, user: UserKey, limit: int = 100) -> tuple[Usage, ...]:
    """What services have charged a user, the newest first."""
    rows = reader.sql.rows(_USAGE, user.channel, user.name, limit)
    return tuple(Usage._make((*row[:8], bool(row[8]), *row[9:])) for row in rows)
