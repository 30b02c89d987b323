"""What the API takes: requests as they came from the bus."""

from dataclasses import dataclass, field

__all__ = ("ApiRequest",)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """The raw body of a request on ``kryten.economy.command`` and where its answer goes.

    ``reply_to`` is "" when the caller left no address.
    """

    body: bytes = field(repr=False)
    reply_to: str
