"""An evening of the channel in a few seconds, so that pages have something to show.

What is done here is said by PM, as people do; nobody minds if one of them is refused.
"""

from typing import Final

import anyio
from tests.browser.stage import Stage

__all__ = ("live_an_evening",)

_RICH_Z: Final = 4_000
_ANSWER_S: Final = 3.0

_FUNDED: Final = ("Mara", "Pixel-9", "BananaJoe", "tiny_tina", "Knut", "nightowl", "modjo")

_EVENING: Final = (
    ("Mara", "tip @Knut 120"),
    ("Pixel-9", "tip @Mara 45"),
    ("BananaJoe", "tip @tiny_tina 60"),
    ("Mara", "spin 25"),
    ("Mara", "flip 50"),
    ("Pixel-9", "spin 10"),
    ("tiny_tina", "flip 20"),
    ("tiny_tina", "spin 50"),
    ("BananaJoe", "blackjack 40"),
    ("BananaJoe", "stand"),
    ("Knut", "challenge @Mara 100"),
    ("Mara", "accept"),
    ("Mara", "buy color #FFD700"),
    ("Mara", "yes"),
    ("Mara", "buy greeting here comes trouble"),
    ("Mara", "yes"),
    ("Pixel-9", "buy title friend of Knut"),
    ("Pixel-9", "yes"),
    ("Mara", "buy lamp"),
    ("Mara", "yes"),
    ("Mara", "buy poster a portrait of Knut"),
    ("Mara", "yes"),
    ("tiny_tina", "buy gif https://example.com/cats.gif"),
    ("tiny_tina", "yes"),
    ("BananaJoe", "buy popcorn"),
    ("BananaJoe", "yes"),
    ("Mara", "fortune"),
    ("Pixel-9", 'bounty 30 "find the poster of this film"'),
    ("Knut", 'bounty 75 "name the cinematographer"'),
    ("Mara", "limit day 2000"),
    ("Mara", "search noir"),
    ("Mara", "queue 1"),
    ("Mara", "yes"),
    ("boss", "deduct tiny_tina 15 spilled the popcorn"),
    ("boss", "rain 50"),
    ("boss", "ban Visitor12 too loud"),
    ("boss", "event start 2 30 Double feature"),
    ("modjo", 'predict open 30 "Does this film end well?" yes | no'),
    ("Mara", "predict 40 yes"),
    ("Pixel-9", "predict 25 no"),
    ("modjo", "raffle open 30 10"),
    ("Mara", "raffle 2"),
    ("Knut", "race"),
    ("Mara", "race 1 20"),
)


async def live_an_evening(stage: Stage) -> None:
    """Coins, gifts, games, purchases, a bounty, an event, and what the operator did about it."""
    for name in _FUNDED:
        if stage.robot.room.find(name) is None:
            await stage.robot.join(name, rank=1)
        await stage.grant(name, _RICH_Z)
    for name, line in _EVENING:
        try:
            await stage.robot.ask(name, line, timeout_s=_ANSWER_S)
        except TimeoutError:
            continue
        # A second line in the same moment would be a repetition to some limits.
        await anyio.sleep(0.02)
