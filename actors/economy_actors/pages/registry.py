"""Registration of pages and their forms, where each is written.

`page` and `form` are decorators; what they decorate is found by the application, by the navigation
and by the tests, and there is no other list.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from starlette.responses import Response

from economy_actors.pages.forms import BODY_BYTES_MAX
from economy_actors.pages.view import View

__all__ = ("PAGES", "Handler", "PageSpec", "Who", "form", "page")

Handler: TypeAlias = Callable[[View], Awaitable[Response]]


class Who(Enum):
    """Who may see a page or send a form."""

    ANYONE = "anyone"
    MEMBER = "member"
    """Whoever is signed in."""
    OPERATOR = "operator"
    """Whoever is signed in, and in the channel now with the rank that makes an admin of PMs."""


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One path below ``/c/<channel>`` (or ``prefix``); ``nav`` is its name in the navigation.

    There it stands behind those with a smaller ``at``.
    """

    path: str
    handler: Handler
    who: Who
    nav: str = ""
    at: int = 50
    posts: bool = False
    prefix: str = "/c/{channel}"
    bytes_max: int = BODY_BYTES_MAX
    """How much a form may be when it is sent."""
    shared_s: float = 0.0
    """So long a drawing serves all who are not signed in; 0 where they don't see the same."""

    @property
    def route(self) -> str:
        """The path as a pattern."""
        return f"{self.prefix}{self.path}"

    @property
    def name(self) -> str:
        """How the metrics call it, whatever the channel and the places in its path."""
        return self.route.removeprefix("/c/{channel}")


class PageTable:
    """Pages and forms in the order of their registration; a path has one of each at most."""

    def __init__(self) -> None:
        self._specs: dict[tuple[str, bool], PageSpec] = {}

    def __iter__(self) -> Iterator[PageSpec]:
        return iter(tuple(self._specs.values()))

    def add(self, spec: PageSpec) -> None:
        """Register one; its path must be free."""
        place = (spec.route, spec.posts)
        if place in self._specs:
            raise ValueError(f"two pages have the path {spec.route}")
        self._specs[place] = spec

    def find(self, path: str) -> PageSpec | None:
        """The page at exactly this path below a channel."""
        return self._specs.get((f"/c/{{channel}}{path}", False))

    def nav(self, whos: frozenset[Who]) -> list[PageSpec]:
        """What the navigation shows to them."""
        found = [each for each in self if each.nav and each.who in whos]
        return sorted(found, key=lambda each: each.at)


PAGES = PageTable()


def page(
    path: str,
    *,
    who: Who = Who.ANYONE,
    nav: str = "",
    at: int = 50,
    prefix: str = "/c/{channel}",
    shared_s: float = 0.0,
) -> Callable[[Handler], Handler]:
    """Register what answers GET below a channel; ``path`` may have places: /bounty/{number:int}."""

    def register(handler: Handler) -> Handler:
        PAGES.add(PageSpec(path, handler, who, nav, at, prefix=prefix, shared_s=shared_s))
        return handler

    return register


def form(
    path: str, *, who: Who = Who.MEMBER, bytes_max: int = BODY_BYTES_MAX
) -> Callable[[Handler], Handler]:
    """Register what answers POST; the form is read, and proved to come from a page of ours."""

    def register(handler: Handler) -> Handler:
        PAGES.add(PageSpec(path, handler, who, posts=True, bytes_max=bytes_max))
        return handler

    return register
