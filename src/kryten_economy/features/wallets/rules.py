"""What a service may take: caps of the day, grants, charges; and what readers are told of it.

A cap of 0 is none. Open reservations count toward the caps when another one is asked for, so that
all of them together can't exceed a cap, however many are asked for at once. A charge counts on the
day of its finalization.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from kryten_economy.config.wallets import Wallets

__all__ = (
    "HEARTBEAT_KEY",
    "Caps",
    "Charge",
    "Left",
    "Taken",
    "WalletState",
    "bucket_key",
    "caps_of",
    "charge",
    "grant",
    "left_of_day",
    "service_of",
    "shown",
    "trigger_of",
)

_TRIGGER = "spend.wallet."


def trigger_of(service: str) -> str:
    """The trigger of what a service takes."""
    return f"{_TRIGGER}{service}"


def service_of(trigger_id: str) -> str:
    """The service that such a trigger names."""
    return trigger_id.removeprefix(_TRIGGER)


# Caps


class Caps(NamedTuple):
    """What may be taken on one day: from the user by all services, by this one, by it from all."""

    user_z: int = 0
    service_z: int = 0
    total_z: int = 0


class Taken(NamedTuple):
    """What counts toward each of the caps already."""

    user_z: int = 0
    service_z: int = 0
    total_z: int = 0


class Left(NamedTuple):
    """The cap that leaves the least."""

    cap: Literal["user", "service", "total"]
    cap_z: int
    left_z: int


def caps_of(wallets: Wallets, service: str) -> Caps | None:
    """The caps of a service; None for one that may not charge."""
    entry = wallets.service(service)
    if entry is None:
        return None
    own_z = wallets.service_daily_cap if entry.daily_cap is None else entry.daily_cap
    return Caps(wallets.user_daily_cap, own_z, entry.total_daily_cap)


def left_of_day(caps: Caps, taken: Taken) -> Left | None:
    """What is left of the day, 0 or more; None where there is no cap."""
    found = (
        Left("user", caps.user_z, max(0, caps.user_z - taken.user_z)),
        Left("service", caps.service_z, max(0, caps.service_z - taken.service_z)),
        Left("total", caps.total_z, max(0, caps.total_z - taken.total_z)),
    )
    return min((each for each in found if each.cap_z), key=lambda each: each.left_z, default=None)


# Grants and charges


def grant(budget_z: int, balance_z: int, left: Left | None, *, partial: bool) -> int:
    """How much may be set aside: the budget or, where some is enough, what there is; else 0."""
    most_z = balance_z if left is None else min(balance_z, left.left_z)
    return min(budget_z, most_z) if partial or budget_z <= most_z else 0


class Charge(NamedTuple):
    """What is taken of a reservation, and which limit has made it less than the cost."""

    amount_z: int
    capped: Literal["reserved", "daily"] | None


def charge(cost_z: int, reserved_z: int, left: Left | None) -> Charge:
    """The cost, at most what is reserved and what is left of the day; the smaller one is told."""
    left_z = cost_z if left is None else left.left_z
    amount_z = min(cost_z, reserved_z, left_z)
    if amount_z == cost_z:
        return Charge(amount_z, None)
    return Charge(amount_z, "daily" if left_z < reserved_z else "reserved")


# What readers are told


class WalletState(NamedTuple):
    """A wallet as the books had it after transfer ``number``; ``spent`` is of one day.

    ``spent`` and ``reserved`` are by service.
    """

    name: str
    display_name: str
    balance_z: int
    banned: bool
    frozen: bool
    reserved: Mapping[str, int]
    spent: Mapping[str, int]
    number: int

    @property
    def available_z(self) -> int:
        """What could be reserved now as far as no cap says less."""
        return 0 if self.banned or self.frozen else self.balance_z

    def taken(self, service: str) -> Taken:
        """What counts toward the caps of the user; the sum over all users is not known here."""
        by_all_z = sum(self.spent.values()) + sum(self.reserved.values())
        by_one_z = self.spent.get(service, 0) + self.reserved.get(service, 0)
        return Taken(by_all_z, by_one_z)


def shown(state: WalletState, channel: str, day: str) -> dict[str, Any]:
    """The same to whoever asks by request and to whoever reads the bucket."""
    return {
        "username": state.display_name,
        "channel": channel,
        "balance": state.balance_z,
        "available": state.available_z,
        "frozen": state.frozen,
        "reserved": sum(state.reserved.values()),
        "day": day,
        "spent_today": dict(state.spent),
        "spent_today_total": sum(state.spent.values()),
    }


HEARTBEAT_KEY = "heartbeat"
"""Says how far the bucket is; no user's key is without a dot."""


def bucket_key(channel: str, name: str) -> str:
    """The key of a user in the bucket; what NATS takes in no key stands there as ``=`` and hex."""
    return f"{_encoded(channel.lower())}.{_encoded(name.lower())}"


def _encoded(text: str) -> str:
    return "".join(
        chr(byte) if (chr(byte).isalnum() and byte < 128) or byte in b"-_" else f"={byte:02x}"
        for byte in text.encode()
    )
