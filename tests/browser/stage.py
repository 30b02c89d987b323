"""The demo's channel as people see it in a browser: real NATS, the simulated robot, the service
with its pages on a port, and Debian's Chromium.

A browser has an address of its own, so that limits by address count it alone, and asks nobody but
the service: whatever else it would ask for is refused and kept in `strangers`.
"""

import functools
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import apsw
from anyio.from_thread import BlockingPortal
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright, expect
from playwright.async_api import Request as Asked

from economy_actors.service import Service, open_service
from economy_sandbox.catalogue import MediaCmsSite
from economy_sandbox.crowd import Crowd, dress_channel
from economy_sandbox.nats import NatsServer
from economy_sandbox.past import write_past
from economy_sandbox.robot import SimulatedRobot
from economy_sandbox.settings import demo_settings
from economy_sandbox.timekeeper import events_checked, hosted
from kryten_economy.config import load

__all__ = (
    "CHANNEL",
    "CHROMIUM",
    "OPERATOR_RANK",
    "Stage",
    "Visitor",
    "on_stage",
    "open_stage",
    "until",
)

CHROMIUM: Final = shutil.which("chromium") or "/usr/bin/chromium"
CHANNEL: Final = "demo"
OPERATOR_RANK: Final = 4
_DOMAIN = "demo.local"
_BOT = "ZCoinBot"
_SWITCHES: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
)
_WITHIN_MS: Final = 20_000
_CODE = re.compile(r": ([0-9]{6}) \(5 minutes\)")


async def until(condition: Callable[[], object], what: str, within_s: float = 20.0) -> None:
    """Return as soon as the condition holds."""
    with anyio.move_on_after(within_s):
        while not condition():  # noqa: ASYNC110  # seen from outside, nobody signals it
            await anyio.sleep(0.02)
        return
    raise TimeoutError(f"did not come about in {within_s} s: {what}")


@dataclass(slots=True)
class Visitor:
    """Somebody in front of a browser."""

    stage: "Stage"
    context: BrowserContext
    page: Page
    address: str
    """From where the service sees them come."""
    name: str = ""
    strangers: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What the browser complains of: scripts that fail, or are forbidden by the page's policy."""

    def url(self, path: str) -> str:
        """The address of a page of the channel."""
        return f"{self.stage.address}/c/{CHANNEL}{path}"

    async def go(self, path: str) -> None:
        """Open a page of the channel."""
        await self.page.goto(self.url(path), wait_until="load")

    async def sign_in(self) -> None:
        """Through both pages, with the code that comes to them in the channel."""
        await self.go("/sign-in")
        await self.page.get_by_label("Your name in the channel").fill(self.name)
        await self.page.get_by_role("button", name="Send me a code").click()
        await self.page.get_by_label("Six digits").fill(await self.stage.code(self.name))
        await self.page.locator("main").get_by_role("button", name="Sign in").click()
        await self.page.wait_for_url(self.url("/me/"))

    async def said(self) -> str:
        """What the page at hand tells them: all its notes, for there may be others about."""
        notes = self.page.locator("main .note")
        await notes.first.wait_for()
        return "\n".join(await notes.all_inner_texts())

    @property
    def form(self) -> "Forms":
        """Forms of the page at hand, by the path they are sent to."""
        return Forms(self)


@dataclass(frozen=True, slots=True)
class Forms:
    """Fills in forms."""

    visitor: Visitor

    async def send(self, path: str, **fields: str) -> str:
        """The same, and what the next page says."""
        await self.fill(path, **fields)
        return await self.visitor.said()

    async def fill(self, path: str, **fields: str) -> None:
        """Fill in the form that goes to this path, and press its button."""
        page = self.visitor.page
        form = page.locator(f'form[action="/c/{CHANNEL}{path}"]').first
        for name, value in fields.items():
            place = form.locator(f'[name="{name}"]')
            if await place.evaluate("one => one.localName") == "select":
                await place.select_option(value)
            else:
                await place.fill(value)
        async with page.expect_navigation(wait_until="domcontentloaded"):
            await form.get_by_role("button").first.click()


class Stage:
    """The running channel, its books, and the browsers that look at it."""

    portal: BlockingPortal
    """The loop in which all this runs, for tests that run in another thread."""

    def __init__(
        self, robot: SimulatedRobot, crowd: Crowd, service: Service, books: Path, browser: Browser
    ) -> None:
        assert service.pages is not None
        self.robot = robot
        self.crowd = crowd
        self.service = service
        self.address = service.pages
        self.crowd_names = tuple(crowd.names)
        self._books = books
        self._browser = browser
        self._numbers = count(1)

    # People of the channel

    async def newcomer(self, name: str, *, rank: float = 1, funds_z: int = 0) -> str:
        """Somebody of whom no other test knows joins, and is given money."""
        unique = f"{name}{next(self._numbers)}"
        await self.robot.join(unique, rank=rank)
        await self.robot.settled()
        # Their wallet and its welcome come first, so that balances stand still afterwards.
        await self.robot.ask(unique, "balance")
        if funds_z:
            await self.grant(unique, funds_z)
        return unique

    async def grant(self, name: str, amount_z: int) -> None:
        """Money from the channel's owner."""
        answer = await self.robot.ask("boss", f"grant {name} {amount_z} for the evening")
        assert name.lower() in answer.lower(), answer

    async def code(self, name: str) -> str:
        """The newest code that came to a user by PM."""

        def codes() -> list[str]:
            return [found[1] for each in self.robot.pms_to(name) if (found := _CODE.search(each))]

        await until(codes, f"a code for {name}")
        return codes()[-1]

    def pms(self, name: str, text: str) -> list[str]:
        """What the bot has told a user that holds this text."""
        return [each for each in self.robot.pms_to(name) if text in each]

    # The books

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the books as they are on disk."""
        flags = apsw.SQLITE_OPEN_READONLY
        with closing(apsw.Connection(str(self._books), flags=flags)) as books:
            return list(books.execute(sql, values))

    def balance(self, name: str) -> int:
        """The wallet of a user."""
        sql = "SELECT balance_z FROM account WHERE kind = 'wallet' AND name = ?"
        [(balance,)] = self.rows(sql, name.lower())
        return int(balance)

    def transfers(self, name: str, type_: str) -> list[int]:
        """What was paid out of a user's wallet as this, oldest first."""
        return [
            amount
            for (amount,) in self.rows(
                "SELECT amount_z FROM transfer JOIN account ON account.id = debit_account"
                " WHERE account.name = ? AND debit_type = ? ORDER BY transfer.id",
                name.lower(),
                type_,
            )
        ]

    def received(self, name: str, type_: str) -> list[int]:
        """What was paid into a user's wallet as this, oldest first."""
        return [
            amount
            for (amount,) in self.rows(
                "SELECT amount_z FROM transfer JOIN account ON account.id = credit_account"
                " WHERE account.name = ? AND credit_type = ? ORDER BY transfer.id",
                name.lower(),
                type_,
            )
        ]

    def wagers(self, name: str, game: str) -> list[tuple[str, int, int | None]]:
        """How each round of a user stands, what they staked in it, and what it paid."""
        return [
            (str(state), int(stake), payout)
            for state, stake, payout in self.rows(
                "SELECT state, stake_z, payout_z FROM game_stake"
                " JOIN game_round ON game_round.id = round_id"
                " JOIN account ON account.id = account_id"
                " WHERE account.name = ? AND game = ? ORDER BY round_id",
                name.lower(),
                game,
            )
        ]

    # Browsers

    @asynccontextmanager
    async def visitor(self, name: str = "", **options: Any) -> AsyncIterator[Visitor]:
        """Somebody with a browser of their own, at an address of their own."""
        number = next(self._numbers)
        address = f"10.7.{number // 250}.{number % 250 + 1}"
        context = await self._browser.new_context(
            extra_http_headers={"x-forwarded-for": address},
            **{"viewport": {"width": 1280, "height": 900}, **options},
        )
        context.set_default_timeout(_WITHIN_MS)
        page = await context.new_page()
        visitor = Visitor(self, context, page, address, name)
        own = urlsplit(self.address).netloc

        async def asked(route: Route, request: Asked) -> None:
            if urlsplit(request.url).netloc == own or request.url.startswith("data:"):
                await route.continue_()
            else:
                visitor.strangers.append(request.url)
                await route.abort()

        await context.route("**/*", asked)
        page.on("pageerror", lambda error: visitor.faults.append(str(error)))
        page.on(
            "console",
            lambda said: visitor.faults.append(said.text) if _is_fault(said.text) else None,
        )
        try:
            yield visitor
        finally:
            await context.close()
        assert visitor.strangers == [], "pages ask nobody but the service"
        assert visitor.faults == [], "no page needs what its own policy forbids"


def _is_fault(text: str) -> bool:
    return "Content Security Policy" in text or "Refused to" in text


def _config(text: str, folder: Path, changes: Mapping[str, str]) -> Path:
    """The demo's configuration, without its pauses: nothing is tested by waiting for it."""
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


_CHANGES: Final = {
    "web: {port: 0}": "web: {port: 0, trusted_proxies: [127.0.0.1],"
    ' embed_origins: ["https://example.org"]}',
    # Lines above the limit of a minute wait, or are left out.
    "bot: {": "chat_min_delay: 0\nchat_jitter: 0\nannouncements: {max_per_minute: 1000}\nbot: {",
    "commands: {rate_limit_per_minute: 60}": "commands: {rate_limit_per_minute: 1000}",
}
_HURRIED: Final = {
    "spectacle_cooldown_seconds: 20": "spectacle_cooldown_seconds: 0\n"
    "  race: {target_duration_seconds: 5}",
}


@asynccontextmanager
async def open_stage(folder: Path, *, seed: int = 7, hurried: bool = False) -> AsyncIterator[Stage]:
    """The channel with its crowd, who have come and sit still, and a browser for its pages.

    Hurried, its races are short, and one follows the other.
    """
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(NatsServer(store_dir=folder / "nats"))
        robot = await stack.enter_async_context(
            SimulatedRobot(server.url, _DOMAIN, CHANNEL, _BOT, seed=seed, is_throttled=False)
        )
        site = await stack.enter_async_context(MediaCmsSite())
        site.stock(robot.room.playlist.library)
        books = folder / "economy.db"
        text = demo_settings(
            server.url,
            _DOMAIN,
            CHANNEL,
            _BOT,
            books,
            int(robot.clock() // 60 % 60),
            catalogue_url=site.url,
        )
        config = _config(text, folder, _CHANGES | (_HURRIED if hurried else {}))
        write_past(load(config, {}).settings, CHANNEL, int(robot.clock() * 1000))
        crowd = Crowd(robot, Random(seed))
        await dress_channel(robot)
        await crowd.arrive()
        await robot.join("boss", rank=5)
        service = await stack.enter_async_context(hosted(open_service, config))
        await events_checked(service)
        await robot.service_started("economy")
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(_SWITCHES), headless=True
        )
        stack.push_async_callback(browser.close)
        expect.set_options(timeout=_WITHIN_MS)
        yield Stage(robot, crowd, service, books, browser)


def on_stage(scenario: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """A test that is played in the loop of the stage; it takes the fixture ``stage``."""

    @functools.wraps(scenario)
    def played(**given: Any) -> None:
        given["stage"].portal.call(functools.partial(scenario, **given))

    return played
