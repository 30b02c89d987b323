"""Who can hear: the names present in a channel, as far as they are known."""

from collections.abc import Iterable

__all__ = ("Audience",)


class Audience:
    """Names in any casing; until the first full list everybody may be present."""

    def __init__(self) -> None:
        self._names: set[str] | None = None

    def replace(self, names: Iterable[str]) -> None:
        """The full list of those present."""
        self._names = {name.lower() for name in names}

    def came(self, name: str) -> None:
        """Somebody is present."""
        if self._names is not None:
            self._names.add(name.lower())

    def left(self, name: str) -> None:
        """Somebody is not."""
        if self._names is not None:
            self._names.discard(name.lower())

    def lacks(self, name: str) -> bool:
        """Whether it is known that this user is absent."""
        return self._names is not None and name.lower() not in self._names
