"""A wallet as the books tell of it: a frozen copy of an account with its day."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from kryten_economy.refusals import Banned, barred
from kryten_economy.users import UserKey

__all__ = ("WALLET_NOW", "Wallet")

WALLET_NOW = "wallet_now"
"""The key of the validation context under which an account is looked up by its user."""

_MONEY = (
    "balance_z",
    "lifetime_earned_z",
    "lifetime_spent_z",
    "lifetime_gambled_in_z",
    "lifetime_gambled_out_z",
    "biggest_win_z",
)


class Wallet(NamedTuple):
    """Everything a decision about one user needs to know after the commit.

    ``minutes_today`` and ``streak_days`` are of ``day``, which the request named; times are UTC
    epoch milliseconds. ``rank_name`` is "" until a rank has been stored; ``rank_held_from_z``
    are the lifetime earnings at which an admin set it, None where nobody has. ``biggest_win_z``
    is the most a single game has brought beyond its stake; ``tip_recipients`` and
    ``tip_senders`` are how many users were tipped and have tipped; ``lifetime_minutes`` were
    spent here, ``emotes_used`` is the number of different emotes ever used, ``won`` the
    achievements by id. ``frozen_until_ms`` is None for who is not frozen, 0 without an end.

    Within a stored answer a wallet is its money of then; the profile around it (name, rank,
    last seen) is read as it is now.
    """

    user: UserKey
    display_name: str
    balance_z: int
    lifetime_earned_z: int
    lifetime_spent_z: int
    lifetime_gambled_in_z: int
    lifetime_gambled_out_z: int
    biggest_win_z: int
    rank_name: str
    cytube_level: int
    quiet: bool
    banned: bool
    welcome_wallet_claimed: bool
    first_seen_ms: int
    last_seen_ms: int
    last_departure_ms: int | None
    last_active_ms: int | None
    lifetime_messages: int
    streak_days: int
    minutes_today: int
    rank_held_from_z: int | None = None
    tip_recipients: int = 0
    tip_senders: int = 0
    lifetime_minutes: int = 0
    emotes_used: int = 0
    won: frozenset[str] = frozenset()
    day: str = ""
    frozen_until_ms: int | None = None

    @property
    def barred(self) -> Banned | None:
        """Why it takes no part in the economy, if so: it is banned or frozen."""
        return barred(self.user, self.frozen_until_ms, is_banned=self.banned)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Stored as the user and the money; read back through `WALLET_NOW`."""
        return core_schema.with_info_plain_validator_function(
            _from_stored,
            serialization=core_schema.plain_serializer_function_ser_schema(_to_stored),
        )


def _to_stored(wallet: Wallet) -> dict[str, object]:
    stored: dict[str, object] = {"channel": wallet.user.channel, "name": wallet.user.name}
    for field in _MONEY:
        stored[field] = getattr(wallet, field)
    return stored


def _from_stored(value: Any, info: ValidationInfo) -> Wallet:  # noqa: ANN401 - JSON
    if isinstance(value, Wallet):
        return value
    now: Callable[[UserKey], Wallet] = (info.context or {})[WALLET_NOW]
    wallet = now(UserKey(value["channel"], value["name"]))
    return wallet._replace(**{field: value[field] for field in _MONEY if field in value})
