"""What a bounty is, and what it is called for short."""

from typing import NamedTuple

from kryten_economy.text.markup import clip
from kryten_economy.users import UserKey

__all__ = ("Bounty",)

_SHOWN_UNITS_MAX = 60


class Bounty(NamedTuple):
    """One bounty; ``winner`` is a display name, ``ended_by`` who decided."""

    id: int
    channel: str
    creator: str
    creator_shown: str
    amount_z: int
    description: str
    state: str
    created_at_ms: int
    expires_at_ms: int
    hold_id: str
    winner: str | None = None
    ended_by: str | None = None

    @property
    def user(self) -> UserKey:
        """Who has set it out."""
        return UserKey(self.channel, self.creator)

    @property
    def title(self) -> str:
        """As the ledger's rows and short texts call it."""
        return f'Bounty #{self.id} "{clip(self.description, _SHOWN_UNITS_MAX)}"'
