"""Accounts and the people in the room, with the records CyTube shows of them.

Pure values. A plain record is what everybody gets; a moderator record (with ``smuted``,
``aliases``, ``ip``) is what the bot gets once its rank is known (`wire.md` 3).
"""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from economy_sandbox.limiter import Limiter

__all__ = ("Account", "Person", "cloaked_address")

_NETWORK = "LVe.xZQ.D0l."


def cloaked_address(name: str) -> str:
    """A made-up address in the cloaked form the server shows to moderators."""
    digest = hashlib.blake2b(name.lower().encode(), digest_size=3).digest()
    return _NETWORK + base64.b64encode(digest, b"./").decode()[:3]


@dataclass(slots=True)
class Account:
    """A registered name; ``rank`` is the channel rank, ``global_rank`` that of the site."""

    name: str
    rank: float = 1
    global_rank: float = 1
    image: str = ""
    text: str = ""
    aliases: tuple[str, ...] = ()
    is_muted: bool = False
    is_shadow_muted: bool = False


@dataclass(slots=True)
class Person:
    """Somebody who is in the channel now: an account's or a guest's (rank 0) presence."""

    account: Account
    is_guest: bool = False
    is_afk: bool = False
    limiter: Limiter = field(default_factory=Limiter)
    queue_limiter: Limiter = field(default_factory=Limiter)

    @property
    def name(self) -> str:
        """The name as registered, or as the guest typed it."""
        return self.account.name

    @property
    def rank(self) -> float:
        """The rank in this channel."""
        return 0 if self.is_guest else self.account.rank

    @property
    def aliases(self) -> list[str]:
        """Account names seen from the same address."""
        return list(self.account.aliases or (self.name,))

    def meta(self, *, joining: bool = False) -> dict[str, Any]:
        """The moderator's ``meta``; a join shows ``smuted`` false whatever is true [evening]."""
        account = self.account
        is_shadow = account.is_shadow_muted and not joining
        return {
            "afk": self.is_afk,
            "muted": account.is_muted or is_shadow,
            "smuted": is_shadow,
            "aliases": self.aliases,
            "ip": cloaked_address(self.name),
        }

    def record(self, *, moderator: bool = True) -> dict[str, Any]:
        """The entry of a ``userlist``: the channel rank and the profile."""
        meta = self.meta() if moderator else {"afk": self.is_afk, "muted": self.account.is_muted}
        return self._record(self.rank, meta)

    def join_record(self, *, moderator: bool = True) -> dict[str, Any]:
        """The ``addUser`` payload: the account's global rank, not yet the channel's."""
        rank = 0 if self.is_guest else self.account.global_rank
        meta = self.meta(joining=True) if moderator else {"afk": False, "muted": False}
        return self._record(rank, meta)

    def _record(self, rank: float, meta: dict[str, Any]) -> dict[str, Any]:
        profile = {"image": self.account.image, "text": self.account.text}
        return {"name": self.name, "rank": rank, "profile": profile, "meta": meta}
