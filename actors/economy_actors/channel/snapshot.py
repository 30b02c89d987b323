"""Who is here, for everybody who wants to know it without asking the channel.

The channel replaces the snapshot whenever something changes and never alters one, so that others
may read it at any moment, keep it over an await, and wait for nobody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from kryten_economy.features.presence.rules import Visit

__all__ = ("NOT_KNOWN", "Connected", "Published", "WhoIsHere", "who_is_here")

T = TypeVar("T")


class Published(Generic[T]):
    """A value with one writer and many readers; it is replaced and never changed."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    @property
    def value(self) -> T:
        """What was published last."""
        return self._value

    def publish(self, value: T) -> None:
        """Replace the value; for its one writer."""
        self._value = value


class Connected(NamedTuple):
    """A connected user as others may know them; ``since_ms`` is UTC epoch milliseconds."""

    display_name: str
    rank: float
    since_ms: int


@dataclass(frozen=True, slots=True)
class WhoIsHere:
    """The connected users by lower-case name; ``known`` once a user list has been heard.

    Not ``seen`` is while nobody sees who comes and goes: these were the last ones seen.
    """

    users: Mapping[str, Connected]
    known: bool
    seen: bool = True


NOT_KNOWN = WhoIsHere(MappingProxyType({}), known=False)


def who_is_here(visits: Iterable[Visit], *, heard_list: bool, is_seen: bool = True) -> WhoIsHere:
    """A snapshot of the visits that are not departing."""
    users = {each.name: Connected(each.display_name, each.rank, each.since_ms) for each in visits}
    return WhoIsHere(MappingProxyType(users), heard_list or bool(users), is_seen)
