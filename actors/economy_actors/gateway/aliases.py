"""Who is behind a name, as kryten-userstats knows it (`earning.md` 1, `wire.md` 8).

Promises: it never raises and never keeps anybody waiting for longer than `ANSWER_S`; a name that
was asked for is known for ten minutes. Where userstats does not answer, a name stands for itself,
and for a minute nobody asks again: without userstats a wait for each laugh would be for nothing.
Each such silence is counted; the log tells the first, and the answer that ends it.
"""

from collections.abc import Awaitable, Callable, Sequence

import anyio
import structlog

from economy_actors.gateway.bus import ANSWER_S, BusAway

__all__ = ("AWAY_S", "KEPT_S", "NAMES_MAX", "Aliases")

KEPT_S = 600.0
AWAY_S = 60.0
NAMES_MAX = 4096

_log = structlog.get_logger("aliases")


class Aliases:
    """``owner_of`` asks whose alias a name is: None for nobody's; it may raise BusAway.

    ``silent`` is called for each question that was not answered.
    """

    def __init__(
        self,
        owner_of: Callable[[str], Awaitable[str | None]],
        silent: Callable[[], None] = lambda: None,
    ) -> None:
        self._owner_of = owner_of
        self._silent = silent
        self._known: dict[str, tuple[str, float]] = {}
        self._away_until_s = float("-inf")
        self._is_away = False

    def at_hand(self, names: Sequence[str]) -> list[str] | None:
        """For each the name by which the person is always known; None if one is to be asked for."""
        now_s, found = anyio.current_time(), []
        for name in names:
            plain = name.lower()
            owner, kept_until_s = self._known.get(plain, (plain, self._away_until_s))
            if now_s >= kept_until_s:
                if now_s >= self._away_until_s:
                    return None
                owner = plain
            found.append(owner)
        return found

    async def canonical(self, name: str) -> str:
        """The lower-case name by which the same person is always known."""
        known = self.at_hand((name,))
        if known is not None:
            return known[0]
        plain = name.lower()
        try:
            with anyio.fail_after(ANSWER_S):
                owner = await self._owner_of(plain)
        except (BusAway, TimeoutError) as failed:
            self._failed(failed)
            return plain
        if self._is_away:
            self._is_away = False
            _log.info("userstats answers again")
        return self._keep(plain, plain if owner is None else owner.lower())

    def _keep(self, name: str, owner: str) -> str:
        if len(self._known) >= NAMES_MAX:
            self._known.clear()
        self._known[name] = (owner, anyio.current_time() + KEPT_S)
        return owner

    def _failed(self, why: Exception) -> None:
        self._away_until_s = anyio.current_time() + AWAY_S
        self._silent()
        if not self._is_away:
            self._is_away = True
            _log.warning("userstats does not answer: names stand for themselves", error=repr(why))
