"""What people read about charges of other services, and services about their reservations."""

from kryten_economy.text.templates import money

__all__ = (
    "came_back",
    "charged",
    "charged_reason",
    "expired_reason",
    "no_reservation",
    "not_a_service",
    "released_reason",
    "reserved_reason",
    "settled",
    "switched_off",
)


def charged(service: str, amount_z: int, reason: str, balance_z: int, symbol: str) -> str:
    """To the user: what was taken, for what if the service has said so, and what is left."""
    what = f" for {reason}" if reason else ""
    taken = f"💸 {service} charged you {money(amount_z, symbol)}{what}."
    return f"{taken} Your balance: {money(balance_z, symbol)}."


def came_back(service: str, amount_z: int, balance_z: int, symbol: str) -> str:
    """To the user: a reservation has run out."""
    return (
        f"{money(amount_z, symbol)} that {service} had set aside are yours again:"
        f" it charged nothing in time. Your balance: {money(balance_z, symbol)}."
    )


def reserved_reason(service: str, reason: str) -> str:
    """The row of the money that was set aside."""
    return f"{service}: {reason or 'set aside for a charge'}"


def charged_reason(service: str, amount_z: int, reserved_z: int) -> str:
    """The row of the rest that went back."""
    return f"{service}: charged {amount_z:,} of {reserved_z:,}, the rest is back"


def released_reason(service: str) -> str:
    """The row of what went back because nothing was charged."""
    return f"{service}: nothing charged, all is back"


def expired_reason(service: str) -> str:
    """The row of what went back by itself."""
    return f"{service}: nothing charged in time, all is back"


def switched_off() -> str:
    """Wallets are off."""
    return "Charging by other services is switched off in this channel."


def not_a_service(service: str) -> str:
    """The service is not in the configuration."""
    return f"'{service}' may not charge users in this channel."


def no_reservation(service: str) -> str:
    """Nothing of this id belongs to the service."""
    return f"{service} has no reservation of this id in this channel. Nothing was changed."


_ENDS = {
    "captured": "was charged before",
    "released": "was released before",
    "expired": "has run out, and its money is the user's again",
}


def settled(state: str) -> str:
    """The reservation is not open any more."""
    ended = _ENDS.get(state, "is settled")
    return f"This reservation {ended}. Nothing was changed."
