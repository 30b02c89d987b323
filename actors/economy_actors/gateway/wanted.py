"""Which user lists the gateway still has to get, and how often it has tried.

The store is there at any time, but after an outage it may be older than what is known already:
then only a list is taken that the robot confirms. What can't be had from the store is left over
for the robot's own memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ("WantedLists",)

_AFTER_OUTAGE_TRIES = 5
_CONFIRMED_TRIES = 3
_UNCONFIRMED_TRIES = 3


@dataclass(slots=True)
class _Want:
    """So many more tries to have a list confirmed, then perhaps without."""

    tries: int
    unconfirmed_then: bool


class WantedLists:
    """By channel; what is wanted already is not wanted anew."""

    def __init__(self) -> None:
        self._wanted: dict[str, _Want] = {}
        self._missing: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def want_stored(self, channel: str) -> None:
        """At the start nothing better is known than what the store says."""
        self._wanted[channel] = _Want(0, True)

    def want(self, channel: str) -> None:
        """Rather a confirmed list, else one from the store."""
        self._wanted.setdefault(channel, _Want(_CONFIRMED_TRIES, True))

    def want_confirmed(self, channel: str) -> None:
        """The store may be older than what is known: then that is kept."""
        self._wanted.setdefault(channel, _Want(_AFTER_OUTAGE_TRIES, False))

    def next(self) -> Mapping[str, bool]:
        """What to ask for now: the channels, True for those whose list must be confirmed."""
        return {channel: want.tries > 0 for channel, want in self._wanted.items()}

    def have(self, channel: str) -> None:
        """The channel has been told its list."""
        self._wanted.pop(channel, None)

    def missed(self, channel: str) -> bool:
        """Once more there was none; whether it is time to ask the robot's memory."""
        want = self._wanted.get(channel)
        if want is None:
            return False
        want.tries -= 1
        if want.tries > (-_UNCONFIRMED_TRIES if want.unconfirmed_then else 0):
            return False
        del self._wanted[channel]
        is_first = not self._missing
        self._missing.add(channel)
        return is_first

    def take_missing(self) -> set[str]:
        """The channels whose list the store did not give."""
        missing, self._missing = self._missing, set()
        return missing
