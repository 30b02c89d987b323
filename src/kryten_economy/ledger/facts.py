"""What a commit has changed, told once: postings, wallets, paid triggers, counters.

From these, and only from these, follow metrics, decisions about ranks and achievements, and
notices. They are frozen values and may go anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = ("Committed", "Facts", "Posting", "TriggerHits")


class Posting(NamedTuple):
    """One wallet's side of a transfer, in Z; ``earned_z`` is the part that counts as earned."""

    transfer_id: int
    user: UserKey
    delta_z: int
    type: str
    trigger_id: str
    earned_z: int


class TriggerHits(NamedTuple):
    """How often a trigger has paid, and how much in all."""

    hits: int
    amount_z: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What one batch has changed in one channel.

    ``wallets`` are those whose account has changed, as they are after the commit, by name.
    """

    channel: str
    postings: tuple[Posting, ...] = ()
    wallets: Mapping[str, Wallet] = field(default_factory=dict)
    hits: Mapping[str, TriggerHits] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Committed:
    """The answers in the order of the requests, the facts by channel, and lifetime counters.

    ``counts`` says by how much the batch has raised each of the service's lifetime counters.
    """

    answers: tuple[object, ...]
    facts: tuple[Facts, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
