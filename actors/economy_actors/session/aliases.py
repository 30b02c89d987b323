"""Nobody laughs at his own jokes or thanks himself under another name (`rules.selves`).

The speaker's own session finds out and waits for it, so nobody else does; a line without laugh
or kudos asks nobody. What is not known within `LINE_S` is left to plain names.
"""

from collections.abc import Sequence

import anyio

from economy_actors.context import World
from kryten_economy.features.chat.aliases import suspects, without
from kryten_economy.features.chat.rules import Effect

__all__ = ("LINE_S", "without_self")

LINE_S = 2.0


async def without_self(world: World, speaker: str, effect: Effect) -> Effect:
    """What a line sets off, without what the speaker would get for thanking himself."""
    names = suspects(effect, world.live.settings)
    if not names:
        return effect
    own = await _names_of(world, speaker, names)
    return without(effect, own, world.live.settings) if own else effect


async def _names_of(world: World, speaker: str, names: Sequence[str]) -> set[str]:
    """Those of the names behind which the speaker is."""
    known = world.people.at_hand((speaker, *names))
    if known is not None:
        person, *others = known
        return {name for name, other in zip(names, others, strict=True) if other == person}
    own: set[str] = set()
    with anyio.move_on_after(LINE_S):
        person = await world.people.canonical(speaker)
        for name in names:
            if await world.people.canonical(name) == person:
                own.add(name)
    return own
