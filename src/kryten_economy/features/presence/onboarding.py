"""Who is new enough to wait before earning.

What a closed gate withholds (multiplied credits, rain, milestones, streak rewards) is not paid
later; minutes, messages and streak days are counted all the same.
"""

from typing import NamedTuple, Protocol

from kryten_economy.config.core import Onboarding

__all__ = ("OPEN", "EarningGate", "earning_gate", "is_past")


_MINUTE_MS = 60_000


class EarningGate(NamedTuple):
    """How old an account must be, in ms, and how many messages it must have sent."""

    min_age_ms: int = 0
    min_messages: int = 0

    def is_open(self, first_seen_ms: int, lifetime_messages: int, at_ms: int) -> bool:
        """Whether somebody earns at ``at_ms``; exactly the age and the count are enough."""
        old_enough = not self.min_age_ms or at_ms - first_seen_ms >= self.min_age_ms
        return old_enough and lifetime_messages >= self.min_messages


OPEN = EarningGate()
"""Lets everybody earn."""


class _Member(Protocol):
    """What the gate asks of a wallet or an account."""

    @property
    def first_seen_ms(self) -> int: ...
    @property
    def lifetime_messages(self) -> int: ...


def is_past(gate: EarningGate, wallet: _Member, at_ms: int) -> bool:
    """Whether the account behind a wallet is old and busy enough to earn."""
    return gate.is_open(wallet.first_seen_ms, wallet.lifetime_messages, at_ms)


def earning_gate(onboarding: Onboarding) -> EarningGate:
    """The gate that the settings put up."""
    return EarningGate(
        onboarding.min_account_age_minutes * _MINUTE_MS, onboarding.min_messages_to_earn
    )
