"""A house with the seller of colours, and CyTube's side of the stylesheet in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.actors.api.helpers import Api, api, spawn
from tests.actors.house import CHANNEL, House, settings_with

from economy_actors.colours import Colours
from economy_actors.messages.colours import StylesheetMessage, StylesheetTold
from economy_actors.outbox.protocol import SendFailed
from economy_actors.runtime import Ref
from economy_actors.stylesheet import Stylesheet
from kryten_economy.config import Settings
from kryten_economy.features.colours.operations import CHAT_COLOUR
from kryten_economy.features.possessions import owned_by_all

__all__ = (
    "BEGIN",
    "HAND_MADE",
    "PRICE_Z",
    "Page",
    "Salon",
    "colour_settings",
    "dress",
    "rule",
    "salon",
)

PRICE_Z = 7_500
HAND_MADE = "body { background: #111 }\n\n/* mine */\n.chat-msg-Eve { font-weight: bold }"
BEGIN = "/* BEGIN kryten-economy vanity colors — auto-managed, do not edit */"


def rule(name: str, colour: str) -> str:
    return f".chat-msg-{name} {{ color: {colour}; }}"


def colour_settings(**chat_color: Any) -> Settings:
    """No rank takes anything off the price."""
    return settings_with(
        vanity_shop={"chat_color": {"cost": PRICE_Z, **chat_color}},
        ranks={"spend_discount_per_rank": 0},
    )


@dataclass
class Page:
    """The stylesheet in force, what the robot's store says of it, and who is told.

    ``store`` replaces what the store says; ``answers`` False is a CyTube that tells nothing of
    what it does; ``on_read`` and ``on_write`` are what others do just then.
    """

    css: str = HAND_MADE
    store: Callable[[], str | None] | None = None
    answers: bool = True
    reachable: bool = True
    on_read: Callable[[], Awaitable[None]] | None = None
    on_write: Callable[[], Awaitable[None]] | None = None
    written: list[str] = field(default_factory=list)
    told: Ref[StylesheetMessage] | None = None

    async def stored_css(self, channel: str) -> str | None:  # noqa: ARG002 - one page
        found = self.css if self.store is None else self.store()
        if self.on_read is not None:
            on_read, self.on_read = self.on_read, None
            await on_read()
        return found

    async def set_css(self, channel: str, css: str) -> None:  # noqa: ARG002 - one page
        if not self.reachable:
            raise SendFailed("NATS does not carry our messages")
        if self.on_write is not None:
            on_write, self.on_write = self.on_write, None
            await on_write()
        self.written.append(css)
        self.change(css)

    def change(self, css: str) -> None:
        """Somebody with the rank for it saves a stylesheet."""
        if css == self.css:
            return
        self.css = css[:20_000]
        if self.answers and self.told is not None:
            self.told.tell(StylesheetTold(self.css))


@dataclass
class Salon:
    """What a test of colours holds in its hands."""

    page: Page
    api: Api

    @property
    def house(self) -> House:
        return self.api.house

    async def rich(self, *names: str, balance_z: int = 10_000) -> None:
        for name in names:
            await self.api.account(name, balance_z)

    async def buy(self, name: str, value: str = "#FFD700", **fields: object) -> dict[str, Any]:
        return await self.api.data("vanity.set_color", username=name, value=value, **fields)

    async def refused(self, name: str, value: str = "#FFD700", **more: object) -> tuple[str, str]:
        return await self.api.refused("vanity.set_color", username=name, value=value, **more)

    def owned(self) -> dict[str, str]:
        rows = self.house.report(lambda reports: owned_by_all(reports, CHANNEL, CHAT_COLOUR))
        return {each.display_name: each.value for each in rows}

    def spent(self, name: str) -> tuple[int, int]:
        """Balance and lifetime spending."""
        wallet = self.house.wallet(name)
        assert wallet is not None, name
        return wallet.balance_z, wallet.lifetime_spent_z

    async def wait(self, seconds: float) -> None:
        await anyio.sleep(seconds)
        await self.house.settle()


def dress(home: House, channel: str, page: Page) -> None:
    """Keeper and seller of a channel's stylesheet; the bot has rank 4."""
    context = home.context
    context.bot_ranks[channel] = 4
    context.stylesheets[channel] = page.told = spawn(
        home, f"stylesheet-{channel}", lambda: Stylesheet(channel, context, page)
    )
    context.colours[channel] = spawn(home, f"colours-{channel}", lambda: Colours(channel, context))


@asynccontextmanager
async def salon(
    path: Path, page: Page | None = None, settings: Settings | None = None
) -> AsyncIterator[Salon]:
    """Books, API, sessions and the seller; the bot has rank 4."""
    shown = page or Page()
    async with api(path, settings or colour_settings()) as caller:
        dress(caller.house, CHANNEL, shown)
        await caller.house.settle()
        yield Salon(shown, caller)
