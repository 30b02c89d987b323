"""The configured channels: which event belongs to which, and which domain to send to.

Subjects on the bus carry no domain, so two servers with a channel of the same name share them
(`wire.md` 1). Domains are compared exactly, as the robot does, channels in any casing.
"""

from collections.abc import Iterable

from kryten_economy.config.connection import Channel

__all__ = ("Places",)

_SPELLINGS_MAX = 64


class Places:
    """Immutable but for a memory of spellings seen."""

    __slots__ = ("_domains", "_lowered", "_spellings")

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._domains = {each.channel: each.domain for each in channels}
        self._lowered = {(domain, name.lower()): name for name, domain in self._domains.items()}
        self._spellings = {(domain, name): name for name, domain in self._domains.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The channels as configured."""
        return tuple(self._domains)

    @property
    def only(self) -> str | None:
        """The channel, if exactly one is configured."""
        return next(iter(self._domains)) if len(self._domains) == 1 else None

    def domain_of(self, channel: str) -> str:
        """The domain of a channel, spelled as configured; KeyError for others."""
        return self._domains[channel]

    def find(self, domain: str, channel: str) -> str | None:
        """The configured spelling of an event's channel; None for somebody else's."""
        found = self._spellings.get((domain, channel))
        if found is None:
            found = self._lowered.get((domain, channel.lower()))
            if found is not None and len(self._spellings) < _SPELLINGS_MAX:
                self._spellings[domain, channel] = found
        return found
