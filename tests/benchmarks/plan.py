"""How much of everything a run does, and what it is asked to measure."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ("PARTS", "Plan", "full_plan", "quick_plan")

PARTS = ("ledger", "chat", "burst", "balance", "presence", "big", "pages")
_TRANSFERS = 10_000_000
_BURST = 50_000
_BURST_QUICK = 10_000
_TRANSFERS_QUICK = 200_000


@dataclass(frozen=True, slots=True)
class Plan:
    """The amounts of one run.

    Attributes:
        parts: what to measure, of ``PARTS``.
        workdir: where databases and logs live while the run lasts; a real disk, not tmpfs.
        rounds: interleaved rounds of each part.
        round_s: length of one round.
        town_users: users of the one channel of the chat and balance parts.
        burst: chat lines of the burst.
        channels: channels of the presence part.
        users_each: users in each of these channels.
        minutes: presence minutes watched; 0 measures memory only.
        transfers: size of the past of the big part.
        keep: where the file with that past is kept for the next run; None throws it away.
    """

    parts: frozenset[str]
    workdir: Path
    rounds: int
    round_s: float
    town_users: int
    burst: int
    channels: int
    users_each: int
    minutes: int
    transfers: int
    keep: Path | None


def full_plan(
    parts: frozenset[str], workdir: Path, *, transfers: int | None, keep: Path | None
) -> Plan:
    """The amounts of the table; under fifteen minutes once the big file is there."""
    past = _TRANSFERS if transfers is None else transfers
    return Plan(parts, workdir, 5, 3.0, 200, _BURST, 50, 400, 3, past, keep)


def quick_plan(
    parts: frozenset[str], workdir: Path, *, transfers: int | None, keep: Path | None
) -> Plan:
    """About two minutes: no presence minute unless it is the only part asked for."""
    minutes = 1 if parts == {"presence"} else 0
    past = _TRANSFERS_QUICK if transfers is None else transfers
    return Plan(parts, workdir, 2, 1.0, 200, _BURST_QUICK, 10, 200, minutes, past, keep)
