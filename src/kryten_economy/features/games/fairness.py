"""Dice that anybody can check (`gambling.md` 12).

Each channel has one secret seed per day. Its SHA-256 is told from the start of the day and the
seed itself after its end. Draw number n of a round is HMAC-SHA256 with the seed as key over
``<round>:<n>``, of which the first 52 bits make a number in [0, 1). So nobody can choose an
outcome after the hash was told, and nobody can foresee one before the seed is.
"""

import hashlib
import hmac
import secrets

from kryten_economy.dice import Chance

__all__ = ("FairDice", "fresh_seed", "hash_of", "public_id")

_BITS = 52


def fresh_seed() -> str:
    """A seed nobody can guess: 32 bytes as 64 hex digits."""
    return secrets.token_hex(32)


def hash_of(seed: str) -> str:
    """What is told of a seed before its time."""
    return hashlib.sha256(bytes.fromhex(seed)).hexdigest()


def public_id(channel: str, number: int) -> str:
    """The name of a round in its draws."""
    return f"{channel.lower()}/{number}"


class FairDice(Chance):
    """The draws of one round, in order; the same seed and round give the same ones."""

    __slots__ = ("_drawn", "_key", "_round")

    def __init__(self, seed: str, round_id: str) -> None:
        self._key = bytes.fromhex(seed)
        self._round = round_id
        self._drawn = 0

    def roll(self) -> float:
        """The next number in [0, 1)."""
        text = f"{self._round}:{self._drawn}".encode()
        self._drawn += 1
        digest = hmac.digest(self._key, text, "sha256")
        return (int.from_bytes(digest[:7], "big") >> (56 - _BITS)) / (1 << _BITS)
