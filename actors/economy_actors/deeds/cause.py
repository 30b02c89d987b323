"""Who asks for a deed, in which channel, and the id under which the books do it once."""

from dataclasses import dataclass
from uuid import uuid4

__all__ = ("Cause",)


@dataclass(frozen=True, slots=True)
class Cause:
    """``channel`` is spelled as configured; ``trace`` goes with the notices to users."""

    channel: str
    admin: str
    op_id: str
    trace: str | None = None

    @classmethod
    def of_message(cls, channel: str, admin: str, verb: str, trace: str | None) -> "Cause":
        """A private message; the same message delivered twice is the same cause."""
        return cls(channel, admin, f"{verb}:{trace or uuid4().hex}", trace)

    @classmethod
    def of_request(cls, channel: str, admin: str, request_id: str | None) -> "Cause":
        """A request on the bus; its own id, where it has one, makes it repeatable."""
        return cls(channel, admin, f"api:{request_id or uuid4().hex}", request_id)
