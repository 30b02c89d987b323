"""Who won what on a finished day (`earning.md` 10).

Everything is judged by the day as it was before any prize. Whoever ties wins.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, get_args

from kryten_economy.config.achievements import Competition, CompetitionField
from kryten_economy.features.gifts.rules import percent_of

__all__ = ("FIELDS", "Award", "DayOf", "judge")


FIELDS: tuple[str, ...] = get_args(CompetitionField)


class DayOf(NamedTuple):
    """What one user did on the day; ``name`` is lower case, ``values`` are by field."""

    name: str
    display_name: str
    banned: bool
    values: Mapping[str, int]


class Award(NamedTuple):
    """A prize that is due; ``metadata`` (JSON) says of what it is a part, if it is one."""

    competition: Competition
    name: str
    display_name: str
    amount_z: int
    metadata: str | None = None


def judge(
    competitions: Iterable[Competition], days: Sequence[DayOf], ignored: Collection[str]
) -> tuple[Award, ...]:
    """All prizes above 0, by competition and then by name; ``ignored`` names are lower case."""
    players = [each for each in days if not each.banned and each.name not in ignored]
    return tuple(
        Award(competition, each.name, each.display_name, amount_z, _share(competition, each))
        for competition in competitions
        for each in sorted(_winners(competition, players), key=lambda each: each.name)
        if (amount_z := _reward(competition, each)) > 0
    )


def _winners(competition: Competition, players: Sequence[DayOf]) -> list[DayOf]:
    condition = competition.condition
    field = condition.field
    if condition.type == "daily_threshold":
        threshold = condition.threshold
        assert threshold is not None, competition
        return [each for each in players if each.values[field] >= threshold]
    best = max((each.values[field] for each in players), default=0)
    return [each for each in players if best > 0 and each.values[field] == best]


def _reward(competition: Competition, winner: DayOf) -> int:
    if _is_share(competition):
        percent = competition.reward_percent_of_earnings
        return max(1, percent_of(winner.values["z_earned"], percent))
    return competition.reward


def _is_share(competition: Competition) -> bool:
    return competition.condition.type == "daily_top" and competition.reward_percent_of_earnings > 0


def _share(competition: Competition, winner: DayOf) -> str | None:
    if not _is_share(competition):
        return None
    percent = competition.reward_percent_of_earnings
    return json.dumps({"percent": percent, "of": winner.values["z_earned"]})
