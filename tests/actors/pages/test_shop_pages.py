"""What members spend on, on pages: the shop and their looks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Browser, Pages, pages

from economy_actors.outbox.message import Line, LineKind
from kryten_economy.features.money.operations import SetBalance
from kryten_economy.features.possessions import owned_by_user
from kryten_economy.users import UserKey

ALICE = UserKey(CHANNEL, "alice")
EVIL = "<script>alert(1)</script>"
LAMP: dict[str, Any] = {
    "id": "lamp",
    "name": "The Lamp",
    "price": 1_000,
    "effect": "announce",
    "text": "{user} has switched on {item}!",
    "description": f"Light {EVIL}",
    "stock": 1,
}
KNIGHT = {"id": "sir", "name": "Knighthood", "price": 300, "effect": "title", "text": "Sir"}
FILM_NIGHT = {"id": "night", "name": "Film night", "price": 90_000, "effect": "approval"}
SECTIONS: dict[str, Any] = {
    "onboarding": {"welcome_wallet": 0},
    "ranks": {"spend_discount_per_rank": 0},
    "shop": {"items": (LAMP, KNIGHT, FILM_NIGHT)},
    "vanity_shop": {"shoutout": {"cost": 100, "cooldown_minutes": 10}},
    "commands": {"rate_limit_per_minute": 60},
}


async def rich(here: Pages, name: str = "alice", balance_z: int = 50_000) -> None:
    """Somebody has so much."""
    user = UserKey(CHANNEL, name)
    ask = SetBalance(f"set:{name}", user, balance_z, "Chief", "", here.house.now_ms, "2026-11-20")
    await here.house.commit(ask)


@asynccontextmanager
async def shopping(path: Path, **sections: Any) -> AsyncIterator[tuple[Pages, Browser]]:
    """Alice is here, signed in, and has 50,000 Z."""
    async with (
        pages(path / "e.db", sections=SECTIONS | sections) as here,
        here.browser() as browser,
    ):
        await here.house.join("Alice")
        await rich(here)
        await browser.sign_in("alice")
        yield here, browser


def owned(here: Pages) -> dict[str, str]:
    """What Alice owns by type."""
    rows = here.house.report(lambda reports: owned_by_user(reports, ALICE))
    return {each.type: each.value for each in rows}


# The shop


async def test_the_shop_shows_what_the_command_lists(tmp_path: Path) -> None:
    """Every ware of `shop` is there at the price that the member pays (pages shop 1)."""
    async with shopping(tmp_path) as (here, browser):
        [listed] = await here.house.pm("Alice", "shop")
        await browser.get("/me/shop")
        offers = [line.split(" | ") for line in listed.splitlines()[1:]]
        assert len(offers) > 5
        for _, price, _ in offers:
            assert price in browser.text
        for name in ("The Lamp", "Knighthood", "Greeting", "Chat colour", "Fortune of the day"):
            assert name in browser.text
        assert "1 left." in browser.text


async def test_an_item_is_asked_about_and_bought(tmp_path: Path) -> None:
    """The question of the PM with its button; then money and line, once (pages shop 2)."""
    async with shopping(tmp_path) as (here, browser):
        await browser.get("/me/shop")
        await browser.send("/me/shop/buy/lamp")
        assert "The Lamp for 1,000 Z" in browser.said
        assert here.house.balance("Alice") == 50_000
        await browser.post("/me/answer", browser.form("/me/answer").fields | {"say": "yes"})
        await here.house.settle()
        assert here.house.balance("Alice") == 49_000
        lines = [
            m.text for m in here.house.heard if isinstance(m, Line) and m.kind is LineKind.PAID
        ]
        assert lines == ["Alice has switched on The Lamp!"]
        await browser.get("/me/shop")
        assert "sold out" in browser.text.lower()
        assert "/me/shop/buy/lamp" not in browser.page.text


async def test_what_can_not_be_bought_says_why(tmp_path: Path) -> None:
    """Too little money, had today, cooling down: a sentence instead of a button (pages shop 3)."""
    async with shopping(tmp_path) as (here, browser):
        await browser.get("/me/shop")
        assert "40,000 Z" in browser.text
        assert "/me/shop/buy/night" not in browser.page.text
        await browser.send("/me/shop/buy/fortune")
        assert browser.page.status_code == 200
        await browser.get("/me/shop")
        await browser.send("/me/shop/buy/shoutout", text="hello")
        await here.house.settle()
        await browser.get("/me/shop")
        assert "/me/shop/buy/fortune" not in browser.page.text
        assert "/me/shop/buy/shoutout" not in browser.page.text
        [fortune] = await here.house.pm("Alice", "fortune")
        [again] = await here.house.pm("Alice", "shoutout again")
        assert fortune in browser.text
        assert again.split(" ")[0] in browser.text


async def test_refusals_in_the_shop_are_the_pms(tmp_path: Path) -> None:
    """Word for word but for commands to be sent, and nothing is charged (pages shop 4)."""
    async with shopping(tmp_path) as (here, browser):
        await browser.get("/me/shop")
        fields = browser.form("/me/shop/buy/title").fields
        for what, text in (("title", "x" * 101), ("moon", ""), ("color", "red")):
            [by_pm] = await here.house.pm("Alice", f"buy {what} {text}")
            await browser.get("/me/shop")
            fields = browser.form("/me/shop/buy/title").fields | {"text": text}
            await browser.post(f"/me/shop/buy/{what}", fields)
            assert browser.page.status_code == 422
            assert browser.said == by_pm.removesuffix(" PM 'shop' for what there is.")
        await browser.get("/me/shop")
        await browser.post("/me/shop/buy/title%20x", browser.form("/me/shop/buy/title").fields)
        assert browser.page.status_code == 422
        assert here.house.balance("Alice") == 50_000


async def test_script_in_items_and_values_is_text(tmp_path: Path) -> None:
    """What operators and users write is shown as it is (pages shop 5)."""
    async with shopping(tmp_path) as (here, browser):
        await browser.get("/me/shop")
        await browser.send("/me/shop/buy/title", text=EVIL)
        assert browser.page.status_code == 200
        for path in ("/me/shop", "/me/vanity"):
            page = await browser.get(path)
            assert "<script>alert" not in page.text
            assert "&lt;script&gt;alert(1)" in page.text
        assert owned(here)["custom_title"] == EVIL


async def test_an_empty_shop_says_what_else_there_is(tmp_path: Path) -> None:
    """Nobody is left with a page of nothing (pages shop 6)."""
    off = {"enabled": False}
    names = (
        *("custom_greeting", "custom_title", "chat_color", "channel_gif", "shoutout"),
        *("daily_fortune", "rename_currency_personal"),
    )
    vanity = dict.fromkeys(names, off)
    async with shopping(tmp_path, vanity_shop=vanity, shop={"items": ()}, cytube_promotion=off) as (
        _,
        browser,
    ):
        await browser.get("/me/shop")
        assert "Nothing is for sale" in browser.text
        await browser.get("/me/vanity")
        assert "Nothing of the kind is sold" in browser.text


async def test_what_is_sold_to_members_needs_a_member(tmp_path: Path) -> None:
    """Who isn't signed in is sent to sign in, and buys nothing (pages shop 7)."""
    async with shopping(tmp_path) as (here, browser):
        await browser.get("/me/shop")
        fields = browser.form("/me/shop/buy/title").fields | {"text": "Lord"}
        browser.client.cookies.clear()
        for path in ("/me/shop", "/me/vanity", "/me/queue", "/me/play"):
            page = await browser.get(path)
            assert page.url.path.endswith("/sign-in")
        assert (await browser.post("/me/shop/buy/title", fields)).status_code == 403
        assert owned(here) == {}


# Looks


@pytest.mark.parametrize(
    ("colour", "is_sold", "words"),
    [
        ("#FFD700", True, "#FFD700 reads well"),
        ("ffd700", True, "#FFD700 reads well"),
        ("#200000", False, "too hard to read here"),
        ("red", False, "is not a colour I know"),
    ],
)
async def test_a_colour_is_tried_before_it_is_bought(
    tmp_path: Path, colour: str, is_sold: bool, words: str
) -> None:
    """Its look, its score and its verdict are those of the request (pages looks 1)."""
    async with shopping(tmp_path) as (here, browser):
        await browser.get(f"/me/vanity?color={colour.replace('#', '%23')}")
        assert words in browser.text
        assert ("/me/vanity/buy/color" in browser.page.text) == is_sold
        if is_sold:
            assert 'fill="#FFD700"' in browser.page.text
            assert browser.form("/me/vanity/buy/color").fields["text"] == "#FFD700"
        assert "style=" not in browser.page.text
        assert here.house.balance("Alice") == 50_000


async def test_texts_are_shown_as_the_bot_would_post_them(tmp_path: Path) -> None:
    """Greeting, title, shoutout and the name for the money (pages looks 2)."""
    async with shopping(tmp_path) as (_, browser):
        for query, shown in (
            ("greeting=Make+way!", "👋 Make way!"),
            ("title=Captain", "Captain Alice"),
            ("shoutout=Hello+all", "📢 Alice: Hello all"),
            ("rename=Pearls", "Pearls"),
        ):
            await browser.get(f"/me/vanity?{query}")
            said = browser.page.text.partition('<p class="said">')[2].partition("</p>")[0]
            assert shown in said
        await browser.get(f"/me/vanity?greeting={EVIL}&title=%22%3E%3Cimg+src=x%3E")
        assert "<script>alert" not in browser.page.text
        assert "<img" not in browser.page.text
        await browser.get("/me/vanity?title=" + "x" * 101)
        assert "at most 100 characters" in browser.text
        assert "/me/vanity/buy/title" not in browser.page.text


async def test_what_was_tried_is_bought(tmp_path: Path) -> None:
    """At the price that was shown, and it is the member's then (pages looks 3)."""
    async with shopping(tmp_path) as (here, browser):
        await browser.get("/me/vanity?title=Captain")
        await browser.send("/me/vanity/buy/title")
        assert browser.page.status_code == 200
        assert owned(here) == {"custom_title": "Captain"}
        assert here.house.balance("Alice") == 40_000
        await browser.get("/me/vanity")
        assert "Yours: Captain" in " ".join(browser.text.split())
