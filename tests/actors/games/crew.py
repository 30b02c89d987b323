"""A channel in which heists are planned: Alice, Bob, Cy and Dan with 1,000 Z each."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from tests.actors.house import CHANNEL, START_MS, House, house, settings_with

from economy_actors.llm import Llm
from economy_actors.messages.tables import GiveBackSlot, SlotTaken, TakeSlot
from economy_actors.outbox.message import Line
from economy_actors.runtime import Actor
from kryten_economy.config import Settings
from kryten_economy.features.games.tables import OpenRow, open_rounds
from kryten_economy.refusals import CoolingDown, Occupied

__all__ = (
    "LOSE",
    "PUSH",
    "WIN",
    "WINDOW_S",
    "balances",
    "crew",
    "heist_lines",
    "heist_settings",
    "rounds_open",
    "slot",
    "window",
)

WIN: dict[str, Any] = {"success_chance": 1.0, "push_chance": 0.0}
PUSH: dict[str, Any] = {"success_chance": 0.0, "push_chance": 1.0}
LOSE: dict[str, Any] = {"success_chance": 0.0, "push_chance": 0.0}
WINDOW_S = 60
NAMES = ("Alice", "Bob", "Cy", "Dan")


def heist_settings(gambling: dict[str, Any] | None = None, /, **heist: Any) -> Settings:
    """Heists of three or more within a minute, for accounts of any age."""
    own = {"enabled": True, "join_window_seconds": WINDOW_S, **heist}
    games = {"min_account_age_minutes": 0, **(gambling or {}), "heist": own}
    return settings_with(gambling=games, onboarding={"welcome_wallet": 1000})


@asynccontextmanager
async def crew(
    folder: Path,
    settings: Settings,
    *,
    llm: Callable[[], Actor[Any]] = Llm,
    start_ms: int = START_MS,
    **more: Any,
) -> AsyncIterator[House]:
    """All four are here."""
    async with house(folder / "e.db", settings, llm=llm, start_ms=start_ms, **more) as h:
        for name in NAMES:
            await h.join(name)
        yield h


def balances(h: House, *names: str) -> list[int]:
    return [h.balance(name) for name in names or NAMES[:3]]


def heist_lines(h: House) -> list[Line]:
    """What was said in the channel about games."""
    return [each for each in h.heard if isinstance(each, Line) and each.gate == "heist_result"]


def rounds_open(h: House) -> list[OpenRow]:
    rows: list[OpenRow] = h.report(lambda reports: list(open_rounds(reports, CHANNEL)))
    return rows


async def window(h: House, seconds: float = WINDOW_S) -> None:
    """Let the window end, and the story be told."""
    await anyio.sleep(seconds + 10)
    await h.settle()


async def slot(h: House, game: str = "heist") -> object:
    """Ask for the slot of the channel, and give it back if it is free."""
    answer: SlotTaken | Occupied | CoolingDown = await h.context.floors[CHANNEL].ask(
        lambda reply: TakeSlot(game, reply), timeout_s=2
    )
    if isinstance(answer, SlotTaken):
        h.context.floors[CHANNEL].tell(GiveBackSlot(answer.token))
    return answer
