"""Which rank-ups a channel hears of (`spec/progression.md` 1)."""

from typing import NamedTuple

__all__ = ("RankUp", "Told", "by_rank", "may_tell")

_DAY_MS = 86_400_000
_GAP_MS = 3_600_000


class RankUp(NamedTuple):
    """Somebody has reached a tier."""

    user: str
    tier: int
    rank: str


class Told(NamedTuple):
    """The last time rank-ups were told, and the highest tier told on that UTC day."""

    at_ms: int
    highest: int


def may_tell(last: Told | None, ups: list[RankUp], now_ms: int) -> Told | None:
    """What to remember if these may be told now, None if they are dropped.

    They may as the first of the UTC day, for a tier above those told today, or an hour later.
    """
    if not ups:
        return None
    highest = max(up.tier for up in ups)
    if last is None or last.at_ms // _DAY_MS != now_ms // _DAY_MS:
        return Told(now_ms, highest)
    if highest > last.highest or now_ms - last.at_ms >= _GAP_MS:
        return Told(now_ms, max(highest, last.highest))
    return None


def by_rank(ups: list[RankUp]) -> list[tuple[str, list[str]]]:
    """Names by rank, the highest rank first; who rose twice stands at the higher one."""
    latest = {up.user.lower(): up for up in sorted(ups, key=lambda up: up.tier)}
    ranks: dict[tuple[int, str], list[str]] = {}
    for up in sorted(latest.values(), key=lambda up: (-up.tier, up.user.lower())):
        ranks.setdefault((up.tier, up.rank), []).append(up.user)
    return [(rank, users) for (_, rank), users in ranks.items()]
