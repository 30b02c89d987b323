"""What earns in a channel, and what there is to reach: ranks and achievements."""

from typing import NamedTuple

from starlette.responses import Response

from economy_actors.handlers.registry import COMMANDS
from economy_actors.pages.registry import page
from economy_actors.pages.view import View
from kryten_economy.config import Settings
from kryten_economy.features.chat.triggers import has_hidden_ways, ways_to_earn
from kryten_economy.features.ranks.rules import brings

__all__ = ()


class Step(NamedTuple):
    """A rank: from which earnings on, and what it brings."""

    name: str
    from_z: int
    brings: tuple[str, ...]


@page("/earn", nav="How to earn", at=14, shared_s=10)
async def earn(view: View) -> Response:
    """What `rewards`, `rank` and `achievements` tell everybody; nothing hidden."""
    settings = view.settings
    listed = settings.achievements
    return view.show(
        "public/earn.html",
        bot=settings.bot.username,
        ways=ways_to_earn(settings),
        has_hidden=has_hidden_ways(settings),
        ranks=_steps(settings),
        achievements=[each for each in listed if not each.hidden],
        hidden=sum(each.hidden for each in listed),
    )


def _steps(settings: Settings) -> list[Step]:
    usable, found = COMMANDS.usable(settings), []
    for index, tier in enumerate(settings.ranks.tiers):
        perks, discount = brings(settings.ranks, index, usable)
        cheaper = (f"{discount:g}% off what is bought",) if discount else ()
        found.append(Step(tier.name, tier.min_lifetime_earned, (*cheaper, *perks)))
    return found
