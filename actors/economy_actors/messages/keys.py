"""What the keys of tokens are asked for; the answer is a value and never an exception."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from joserfc.jwk import ECKey

from economy_actors.runtime import Reply

__all__ = ("NO_KEYS", "FindKey", "KeysAway", "KnownKeys", "NoSuchKey")


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """The keys by their id, and the place that they were read from."""

    place: str
    by_id: Mapping[str, ECKey]

    def find(self, place: str, key_id: str) -> ECKey | None:
        """The key, unless it comes from elsewhere than the settings say now."""
        return self.by_id.get(key_id) if place == self.place else None


NO_KEYS = KnownKeys("", MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class NoSuchKey:
    """The keys were read lately, and this one is not among them."""


@dataclass(frozen=True, slots=True)
class KeysAway:
    """The keys could not be read, or too many wait for them."""


@dataclass(frozen=True, slots=True)
class FindKey:
    """The key of this id, read anew if it is not known."""

    key_id: str
    reply: Reply[ECKey | NoSuchKey | KeysAway]
