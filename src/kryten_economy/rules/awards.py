"""What a trigger pays, to whom, and what limits it: values between the rules and the books."""

from typing import Literal, NamedTuple

__all__ = ("FirstOfDay", "Tally", "TriggerAward", "Window")


class Window(NamedTuple):
    """At most ``most`` hits of ``key`` and receiver until the window ends.

    The first hit opens it and sets its end; the first one at or after ``ends_at_ms`` opens a
    new one (`spec/earning.md` 8.1).
    """

    key: str
    ends_at_ms: int
    most: int


class FirstOfDay(NamedTuple):
    """The daily claim of the first message (P-EARN-18)."""


class TriggerAward(NamedTuple):
    """What a trigger pays to ``name`` (lower case) if that user has an account.

    ``amount`` may hold a fraction of a Z, which is kept until it makes a whole one; it is what
    remains after all multipliers, which ``metadata`` (JSON) names.
    """

    name: str
    trigger_id: str
    reason: str
    amount: float
    limit: Window | FirstOfDay | None = None
    related_user: str | None = None
    metadata: str | None = None


class Tally(NamedTuple):
    """One more for a user's daily counter; ``others`` must have an account too."""

    name: str
    counter: Literal["kudos_given", "kudos_received", "laughs_received", "bot_interactions"]
    others: str = ""
