"""What may be asked of the books about taking part: chat lines and the triggers they set off.

As in `ledger.requests`, ``at_ms`` is UTC epoch milliseconds and ``day`` a date.
"""

from dataclasses import dataclass

from kryten_economy.features.chat.triggers import Tally, TriggerAward
from kryten_economy.features.presence.onboarding import OPEN, EarningGate
from kryten_economy.users import UserKey

__all__ = ("PayTriggers", "RecordChat")


@dataclass(frozen=True, slots=True)
class RecordChat:
    """A chat line: its counters, and all it pays to anybody. Answer: ChatRecorded.

    Without awards no money moves and the id is not used. The banned are neither counted nor
    paid; who is kept by the ``gate`` is counted and not paid. ``emotes`` are distinct names.
    """

    op_id: str
    user: UserKey
    display_name: str
    at_ms: int
    day: str
    long_messages: int = 0
    gifs_posted: int = 0
    emotes: tuple[str, ...] = ()
    tallies: tuple[Tally, ...] = ()
    awards: tuple[TriggerAward, ...] = ()
    gate: EarningGate = OPEN

    @property
    def channel(self) -> str:
        """Where it was said."""
        return self.user.channel

    @property
    def is_only_counted(self) -> bool:
        """Whether it pays nobody and counts for nobody else, so that its id is not used."""
        return not (self.awards or self.tallies)


@dataclass(frozen=True, slots=True)
class PayTriggers:
    """Triggers that no chat line of their receiver set off. Answer: TriggersPaid."""

    op_id: str
    channel: str
    at_ms: int
    day: str
    awards: tuple[TriggerAward, ...]
    tallies: tuple[Tally, ...] = ()
    gate: EarningGate = OPEN
