"""Two channels full of texts by hostile users, and a visitor who finds every page by its links.

What is registered is found by walking: a page that no link leads to, and a form that no page
shows, is told by the tests, so that nothing escapes them.
"""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx
from starlette.routing import compile_path
from tests.actors.colours.cytube import Page, dress
from tests.actors.games.quiz import SEED, asking
from tests.actors.games.quiz import Shelf as Quiz
from tests.actors.house import CHANNEL, House
from tests.actors.pages.browser import Browser, Form, Pages, pages
from tests.actors.queue.jukebox import Jukebox
from tests.actors.shelf import Shelf

from economy_actors.handlers.api_keys import PEPPER_NAME
from economy_actors.messages.channel import Joined, MediaChanged, PrivateMessage
from economy_actors.outbox.message import Pm
from economy_actors.pages.registry import PAGES, PageSpec
from kryten_economy.config.web import Web
from kryten_economy.features.catalogue import CatalogueItem
from kryten_economy.features.config_versions import NoteConfig
from kryten_economy.features.games.questions import Question
from kryten_economy.features.media.rules import Medium
from kryten_economy.features.money.operations import SetBalance
from kryten_economy.features.reports.queries import Reports
from kryten_economy.users import UserKey

__all__ = (
    "CHANNELS",
    "MARKS",
    "OTHER",
    "PEPPER",
    "ZEDS_Z",
    "Found",
    "evil",
    "furnished",
    "harm",
    "signed_in",
    "somewhere",
    "spec_of",
    "starts",
    "unharmed",
    "walked",
)

OTHER = "Elsewhere"
CHANNELS = (CHANNEL, OTHER)
PEPPER = "pepper-of-these-tests-" * 3
WEALTH_Z = 30_000
ZEDS_Z = 13_577
_PEOPLE = ("Alice", "Bob", "Cy")

MARKS: dict[str, str] = {
    "aa": "reason of a grant",
    "ab": "reason of a deduction",
    "ac": "reason of a ban",
    "ad": "reason of a freeze",
    "ae": "reason of a pause",
    "af": "name of an event",
    "ag": "name of an item",
    "ah": "description of an item",
    "aj": "bounty",
    "ak": "greeting",
    "al": "title",
    "am": "address of a picture",
    "an": "question of a prediction",
    "ao": "outcome of a prediction",
    "ap": "what is auctioned",
    "aq": "title of a film",
    "ar": "question of trivia",
    "as": "answer of trivia",
    "at": "arguments of an act",
    "au": "title of what plays",
    "av": "configured item",
    "aw": "configured description",
    "ax": "configured rank",
    "ay": "configured event",
    "az": "configuration that was noted",
    "bb": "text of an item",
}
"""What users and operators write into the books, by the mark within it."""


def evil(mark: str, channel: str = CHANNEL) -> str:
    """A text that would do something on a page on which it stands as it is."""
    return f"<script>{_tag(mark, channel)}</script>'onx="


def _tag(mark: str, channel: str) -> str:
    return f"{mark}{'here' if channel == CHANNEL else 'else'}"


class _Harm(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and not given.get("src", "").startswith("/static/"):
            self.found.append(f"<script {given}>")
        for name, value in given.items():
            if name.startswith("on") or name == "style":
                self.found.append(f"<{tag} {name}={value}>")
            if name in {"href", "src", "action", "formaction", "data"}:
                scheme = urlsplit(value.strip()).scheme
                if scheme not in {"", "https", "http"}:
                    self.found.append(f"<{tag} {name}={value}>")


def harm(html: str) -> list[str]:
    """What of a page would run something, or leads to what would."""
    reader = _Harm()
    reader.feed(html)
    reader.close()
    return reader.found


# Two channels


def _sections() -> dict[str, Any]:
    item = {"id": "wave", "name": evil("av"), "price": 5, "effect": "announce", "text": "hi"}
    grip = {"id": "hat", "name": "Hat", "price": 9, "effect": "approval"}
    return {
        "channels": [{"domain": "cytube.test", "channel": name} for name in CHANNELS],
        "commands": {"rate_limit_per_minute": 100_000},
        "web": {},
        "onboarding": {"welcome_wallet": 0},
        "cytube_promotion": {"min_rank": evil("ax")},
        "spending": {"queue_cooldown_minutes": 0},
        "ranks": {
            "spend_discount_per_rank": 0,
            "tiers": [{"name": evil("ax"), "min_lifetime_earned": 0}],
        },
        "gambling": {
            "min_account_age_minutes": 0,
            "spectacle_cooldown_seconds": 0,
            "spin": {"cooldown_seconds": 0},
            "flip": {"cooldown_seconds": 0},
            "blackjack": {"cooldown_seconds": 0},
            "challenge": {"enabled": True},
            "heist": {"enabled": True, "cooldown_seconds": 0},
            "race": {"enabled": True},
            "trivia": {"difficulty": "medium"},
        },
        "mediacms": {"base_url": "https://media.test/", "web_queue_redirect": False},
        "vanity_shop": {
            "channel_gif": {"enabled": True, "cost": 40},
            "shoutout": {"cost": 5, "cooldown_minutes": 0},
        },
        "multipliers": {
            "off_peak": {"enabled": False},
            "high_population": {"enabled": False},
            "holidays": {"enabled": False},
            "scheduled_events": [
                {"name": evil("ay"), "cron": "0 20 * * 5", "duration_hours": 4, "multiplier": 2}
            ],
        },
        "shop": {"items": [item | {"description": evil("aw")}, grip]},
    }


_FILM = CatalogueItem("film", f"Film {evil('aq')}", 600)
_QUESTION = Question("Cat", "medium", f"Why {evil('ar')}?", f"x{evil('as')}", ("Rome", "Oslo", "B"))


async def _pm(h: House, channel: str, name: str, text: str, answer: str = "") -> str:
    """Send a PM in a channel; what is answered must be what is expected."""
    before = len(h.heard)
    h.context.channels[channel].tell(PrivateMessage(name, text, h.now_ms))
    await h.settle()
    said = [
        each.text
        for each in h.heard[before:]
        if isinstance(each, Pm) and each.to.lower() == name.lower()
    ]
    assert any(answer in each for each in said), (text, said)
    return said[-1]


async def _arrive(h: House, channel: str) -> None:
    others = (("Zed", 1), ("Mallory", 1)) if channel == OTHER else (("Mallory", 1),)
    for name, rank in (("Boss", 5), *((name, 1) for name in _PEOPLE), *others):
        h.context.channels[channel].tell(Joined(name, rank, False, h.now_ms))
    h.context.channels[channel].tell(Joined(f"<script>{channel}</script>", 5, False, h.now_ms))
    await h.settle()
    for name in _PEOPLE:
        user = UserKey.of(channel, name)
        op_id = f"set:{channel}:{name}"
        ask = SetBalance(op_id, user, WEALTH_Z, "Boss", "", h.now_ms, "2026-11-20")
        await h.commit(ask)
    if channel == OTHER:
        zed = UserKey.of(channel, "Zed")
        await h.commit(SetBalance("set:zed", zed, ZEDS_Z, "Boss", "", h.now_ms, "2026-11-20"))


async def _write(h: House, channel: str) -> None:
    """Every text that somebody may write, with its mark, by the PM that writes it."""

    async def boss(text: str, answer: str = "") -> str:
        return await _pm(h, channel, "Boss", text, answer)

    async def alice(text: str, answer: str = "") -> str:
        return await _pm(h, channel, "Alice", text, answer)

    def bad(mark: str) -> str:
        return evil(mark, channel)

    await boss(f"grant @alice 51 {bad('aa')}", "Granted")
    await boss(f"deduct @alice 1 {bad('ab')}", "Deducted")
    await boss(f"ban @Mallory {bad('ac')}", "Mallory")
    await boss(f"freeze @Cy 1h {bad('ad')}", "Cy")
    await boss(f"pause earning 1h {bad('ae')}", "arning")
    await boss(f"event start 2 60 {bad('af')}", "2")
    name, about = f'name="{bad("ag")}"', f'about="{bad("ah")}"'
    await boss(f'shop_add poster 30 approval {name} {about} "{bad("bb")}"', "for sale")
    await boss(f"grant @{evil('at', channel)}")
    await alice("buy poster", "YES")
    await alice("yes")
    await alice(f"buy title {bad('al')}", "title")
    await alice(f"buy greeting {bad('ak')}", "greeting")
    await alice(f"buy gif https://x.test/{_tag('am', channel)}.gif?<script>'onx=am", "GIF")
    await alice(f"shoutout {bad('aj')}")
    await alice(f'bounty 100 "{bad("aj")}"', "set aside")
    await alice("flip 10")
    await boss(f'predict open 60 "{bad("an")}" <script>{_tag("ao", channel)} | no', "is open")
    await boss(f'auction open 60 10 "{bad("ap")}"', "open")
    await boss("raffle open 60 10", "open")
    await boss("key add @alice read", "Key")
    await _pm(h, channel, "Bob", "challenge @alice 50", "challenged")
    medium = Medium(f"yt:{channel}", f"Now {bad('au')}", 600, 5)
    h.context.channels[channel].tell(MediaChanged(medium, h.now_ms))
    await h.settle()


@asynccontextmanager
async def furnished(
    path: Path, monkeypatch: Any, *, write: Sequence[str] = CHANNELS
) -> AsyncIterator[Pages]:
    """Both channels with their people; the texts are written into those of ``write``."""
    monkeypatch.setenv(PEPPER_NAME, PEPPER)
    options: dict[str, Any] = {
        "catalogue": lambda _: Shelf((_FILM,)),
        "gateway": Jukebox,
        "questions": asking(Quiz(*[_QUESTION] * 20)),
        "channels": CHANNELS,
    }
    async with pages(
        path / "e.db", Web(trusted_proxies=("127.0.0.1",)), sections=_sections(), **options
    ) as here:
        h = here.house
        h.context.fresh_seed = lambda: SEED
        for at, text in enumerate(("a: 1", f"b: {evil('az')}")):
            values = json.dumps({"a": at, "b": evil("az") * at})
            await h.commit(NoteConfig(h.now_ms + at, "pm", "Boss", text, values))
        for channel in CHANNELS:
            dress(h, channel, Page())
            await _arrive(h, channel)
            if channel in write:
                await _write(h, channel)
        _BOOKS[h.path] = Reports.open(h.path)
        try:
            yield here
        finally:
            _BOOKS.pop(h.path).close()


@asynccontextmanager
async def signed_in(
    here: Pages, name: str, channel: str = CHANNEL, *, follow: bool = True
) -> AsyncIterator[Browser]:
    """Somebody's browser."""
    async with here.browser(channel) as browser:
        if name:
            await browser.sign_in(name)
            assert browser.page.status_code == 200, browser.text
        browser.client.follow_redirects = follow
        yield browser


# Finding everything


_NUMBERS = count()


def somewhere() -> dict[str, str]:
    """Another address for each hundred visits: that one address may ask so often is not meant."""
    return {"x-forwarded-for": f"10.0.0.{next(_NUMBERS) // 100 % 250}"}


@dataclass(slots=True)
class Found:
    """What a walk has seen: pages and forms by what is registered for them."""

    pages: dict[str, list[httpx.Response]] = field(default_factory=dict)
    forms: dict[str, list[tuple[str, Form]]] = field(default_factory=dict)


_ROUTES = [(spec, compile_path(spec.route)[0]) for spec in PAGES]


def spec_of(path: str, *, posts: bool) -> PageSpec | None:
    """What is registered for a path; the first one that matches, as the application does."""
    return next(
        (spec for spec, regex in _ROUTES if spec.posts is posts and regex.match(unquote(path))),
        None,
    )


_TYPED = (
    "/me/queue?q=film",
    "/fair?round=1",
    "/fair/round/1",
    "/op/users?q=%3Cscript%3E&behind=%3Cscript%3E",
)
"""Addresses that people type, or that a form makes."""


def starts(channel: str) -> list[str]:
    """Where a walk begins: what is registered without a place of its own, and what is typed."""
    plain = [
        each.route.replace("{channel}", channel)
        for each in PAGES
        if not each.posts and "{" not in each.path
    ]
    return [*plain, *(f"/c/{channel}{each}" for each in _TYPED)]


_HREF = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"')
_EACH_MAX = 4
"""So many pages of one route; the rest of them is more of the same."""


async def walked(browser: Browser, first: Sequence[str]) -> Found:
    """Follow all links from these paths on, within the pages."""
    found, waiting, seen = Found(), list(first), set(first)
    while waiting:
        path = waiting.pop(0)
        spec = spec_of(urlsplit(path).path, posts=False)
        if spec is None or spec.path == "/live":
            continue
        before = found.pages.setdefault(spec.route, [])
        if len(before) >= _EACH_MAX:
            continue
        browser.page = await browser.client.get(path, headers=somewhere())
        before.append(browser.page)
        if not browser.page.headers.get("content-type", "").startswith("text/html"):
            continue
        for form in browser.forms:
            target = spec_of(urlsplit(form.action).path, posts=True)
            if target is not None:
                found.forms.setdefault(target.route, []).append((path, form))
        for link in _HREF.findall(browser.page.text):
            to = urljoin(path, link.replace("&amp;", "&"))
            if to.startswith("/") and to not in seen:
                seen.add(to)
                waiting.append(to)
    return found


# What must stay as it is


_BOOKS: dict[Path, Reports] = {}
"""The books of each house; they are looked into thousands of times."""
_COUNTED = ("transfer", "approval", "hold", "shop_item", "api_key", "panic", "play_limit")


def unharmed(here: Pages, channel: str = "") -> tuple[object, ...]:
    """All that an act would change: each account, each act in the audit log, and what is counted.

    With a channel its own part alone.
    """

    def read(reports: Reports) -> tuple[object, ...]:
        accounts = reports.sql.rows(
            "SELECT channel.name, kind, account.name, balance_z FROM account"
            " JOIN channel ON channel.id = channel_id WHERE ? IN ('', channel.name)"
            " ORDER BY account.id",
            channel,
        )
        acts = reports.sql.rows(
            "SELECT id, undone_by FROM audit_log WHERE done AND ? IN ('', channel)", channel
        )
        counts = [
            reports.sql.row(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of ours
            for table in _COUNTED
            if not channel
        ]
        return accounts, acts, counts

    return read(_BOOKS[here.house.path])
