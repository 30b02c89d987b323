"""Buying a colour: by private message and by request, at one price and with one set of checks."""

from pathlib import Path

import pytest
from tests.actors.colours.cytube import (
    BEGIN,
    HAND_MADE,
    PRICE_Z,
    Page,
    colour_settings,
    rule,
    salon,
)
from tests.actors.house import CHANNEL, settings_with

from kryten_economy.features.audit.queries import entries
from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

pytestmark = pytest.mark.anyio


async def test_by_request_with_every_field_its_callers_read(tmp_path: Path) -> None:
    """The colour is shown below what was there, paid, stored in capitals, and told."""
    async with salon(tmp_path) as s:
        await s.rich("Bob")
        data = await s.buy("bob", "ffd700")
        assert data == {
            "username": "Bob",
            "channel": CHANNEL,
            "item_type": "chat_color",
            "value": "#FFD700",
            "charged": PRICE_Z,
            "discount": 0.0,
            "new_balance": 10_000 - PRICE_Z,
        }
        assert s.page.css.startswith(f"{HAND_MADE}\n\n{BEGIN}\n{rule('Bob', '#FFD700')}\n")
        assert s.owned() == {"Bob": "#FFD700"}
        assert s.spent("Bob") == (10_000 - PRICE_Z, PRICE_Z)
        assert [row.command for row in s.api.audit()] == ["vanity.set_color"]


async def test_a_request_is_written_down_with_its_payment(tmp_path: Path) -> None:
    """Though the service is killed right after it; a colour that never shows was not bought."""
    async with salon(tmp_path) as s:
        await s.rich("Bob", "Eve")
        s.page.reachable = False
        await s.refused("eve")
        s.page.reachable = True
        s.api.kill_before_the_log()
        await s.buy("bob")
        bought, failed = s.house.report(lambda r: entries(r, CHANNEL, limit=9))
        assert (bought.command, bought.about, bought.done) == ("vanity.set_color", "bob", 1)
        assert bought.became == {"balance": 10_000 - PRICE_Z}
        assert (failed.about, failed.done) == ("eve", 0)
        assert failed.result.startswith("unavailable: ")


async def test_a_resync_is_written_down_before_the_stylesheet(tmp_path: Path) -> None:
    """A kill while it is under way leaves the row of an attempt; its end says it was done."""
    async with salon(tmp_path) as s:
        await s.api.data("vanity.resync_colors", admin="Zed")
        s.api.kill_before_the_log()
        await s.api.data("vanity.resync_colors", admin="Zed")
        begun, ended = s.house.report(lambda r: entries(r, CHANNEL, limit=9, acts_only=True))
        assert (begun.admin, begun.result, begun.done) == ("Zed", "attempt", 0)
        assert (ended.done, ended.result.split()[0]) == (1, "ok")


async def test_by_private_message(tmp_path: Path) -> None:
    """`shop` names it, `buy color` sells it, and the name is spelled as its owner does now."""
    async with salon(tmp_path) as s:
        await s.rich("drzoid")
        await s.house.join("DrZoid")
        (shop,) = await s.house.pm("DrZoid", "shop")
        assert "color #RRGGBB (also on the web page) | 7,500 Z" in shop
        (receipt,) = await s.house.pm("DrZoid", "buy colour #50c878")
        assert receipt.startswith("🎨 Your name is #50C878 now. Charged: 7,500 Z. Balance: ")
        assert rule("DrZoid", "#50C878") in s.page.css
        assert s.owned() == {"DrZoid": "#50C878"}


async def test_what_the_shop_shows_is_what_is_charged(tmp_path: Path) -> None:
    """With the discount of the rank and the inflation of the channel (P-SHOP-1)."""
    settings = settings_with(
        vanity_shop={"chat_color": {"cost": PRICE_Z}},
        inflation={"enabled": True, "anchor_float": 10_000},
    )
    async with salon(tmp_path, settings=settings) as s:
        await s.rich("Bob", balance_z=50_000)
        await s.house.join("Bob")
        s.house.context.floats[CHANNEL] = 20_000
        (shop,) = await s.house.pm("Bob", "shop")
        data = await s.buy("Bob")
        assert data["charged"] == int(2 * PRICE_Z * (1 - data["discount"]))
        assert data["discount"] > 0
        assert f"color #RRGGBB (also on the web page) | {data['charged']:,} Z (" in shop
        assert data["new_balance"] == 50_000 - data["charged"]


async def test_a_second_colour_replaces_the_first(tmp_path: Path) -> None:
    """For the full price, and the rule of others stays."""
    async with salon(tmp_path) as s:
        await s.rich("Bob", "Eve", balance_z=20_000)
        await s.buy("Bob")
        await s.buy("Eve")
        await s.buy("Bob", "#50C878")
        assert s.owned() == {"Bob": "#50C878", "Eve": "#FFD700"}
        assert s.spent("Bob") == (5_000, 15_000)
        assert rule("Bob", "#FFD700") not in s.page.css
        assert rule("Eve", "#FFD700") in s.page.css
        assert s.page.css.count(BEGIN) == 1


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        ("red", "invalid_request", "'red' is not a colour I know: it takes # and six digits"),
        ("#fff", "invalid_request", "'#fff' is not a colour I know"),
        ("", "invalid_request", "A colour is missing"),
        ("#FF0000", "rejected", "please add some green or blue"),
        ("#333333", "rejected", "please take a lighter colour"),
    ],
)
async def test_values_that_are_not_sold(tmp_path: Path, value: str, code: str, words: str) -> None:
    """Each is told what is allowed, on both surfaces, and costs nothing."""
    async with salon(tmp_path) as s:
        await s.rich("Bob")
        assert (await s.refused("Bob", value))[0] == code
        assert words in (await s.refused("Bob", value))[1]
        await s.house.join("Bob")
        (reply,) = await s.house.pm("Bob", f"buy color {value}")
        assert words in reply
        assert s.page.written == []
        assert s.spent("Bob")[0] == 10_000


async def test_without_the_guard_every_colour_is_sold(tmp_path: Path) -> None:
    """Where operators trust their users, red is a colour."""
    async with salon(tmp_path, settings=colour_settings(enforce_contrast=False)) as s:
        await s.rich("Bob")
        await s.buy("Bob", "#FF0000")
        assert s.owned() == {"Bob": "#FF0000"}


async def test_the_same_colour_again(tmp_path: Path) -> None:
    """It is refused before anything moves."""
    async with salon(tmp_path) as s:
        await s.rich("Bob", balance_z=20_000)
        await s.buy("Bob")
        code, text = await s.refused("Bob", "#ffd700")
        assert (code, text) == ("rejected", "You have '#FFD700' already. Nothing was charged.")
        assert (s.spent("Bob"), len(s.page.written)) == ((12_500, 7_500), 1)


async def test_protected_users_are_sold_nothing(tmp_path: Path) -> None:
    """An operator manages their colour, in whatever case the names are written."""
    async with salon(tmp_path, settings=colour_settings(protected_users=["BOB"])) as s:
        await s.rich("Bob")
        code, text = await s.refused("Bob")
        assert code == "rejected"
        assert "An operator manages your colour" in text
        assert (s.page.css, s.spent("Bob")[0]) == (HAND_MADE, 10_000)


async def test_who_is_not_served(tmp_path: Path) -> None:
    """No account, too little money, a ban, the bot, and a shop without colours: each is told."""
    async with salon(tmp_path) as s:
        assert (await s.refused("Nobody"))[0] == "not_found"
        bot = s.house.context.live.settings.bot.username
        assert (await s.refused(bot))[0] == "ignored_user"
        await s.rich("Bob", balance_z=7_499)
        code, text = await s.refused("Bob")
        assert (code, text) == (
            "insufficient_balance",
            "That takes 7,500 Z and you have 7,499 Z: 1 Z short.",
        )
        await s.rich("Eve")
        await s.house.commit(Ban(UserKey.of(CHANNEL, "Eve"), "Eve", "Boss", "", s.house.now_ms))
        assert (await s.refused("Eve"))[0] == "banned"
        assert s.page.written == []
    other = tmp_path / "off"
    other.mkdir()
    async with salon(other, settings=colour_settings(enabled=False)) as s:
        await s.rich("Bob")
        assert (await s.refused("Bob"))[0] == "disabled"
        await s.house.join("Bob")
        assert "color" not in (await s.house.pm("Bob", "shop"))[0]


async def test_only_kept_where_no_stylesheet_is_written(tmp_path: Path) -> None:
    """With ``apply_css`` off the colour is sold and stored, whatever the robot does."""
    page = Page(store=lambda: None, reachable=False)
    async with salon(tmp_path, page, colour_settings(apply_css=False)) as s:
        await s.rich("Bob")
        assert (await s.buy("Bob"))["charged"] == PRICE_Z
        assert (s.owned(), s.page.written) == ({"Bob": "#FFD700"}, [])


async def test_a_request_sent_twice_is_done_once(tmp_path: Path) -> None:
    """The repetition is answered alike, marked as such; other content under the id conflicts."""
    async with salon(tmp_path) as s:
        await s.rich("Bob", "Eve", balance_z=30_000)
        first = await s.buy("Bob", request_id="r1")
        again = await s.buy("Bob", request_id="r1")
        assert again == first | {"idempotent_replay": True}
        s.house.context.bot_ranks.clear()
        assert (await s.buy("Bob", request_id="r1"))["charged"] == PRICE_Z
        code, _ = await s.refused("Eve", request_id="r1")
        assert code == "request_id_conflict"
        assert s.spent("Bob") == (22_500, 7_500)
        assert s.owned() == {"Bob": "#FFD700"}


async def test_judging_a_colour(tmp_path: Path) -> None:
    """The check tells value, score and verdict with the configured page, and costs nothing."""
    async with salon(tmp_path) as s:
        assert await s.api.data("vanity.check_color", value="ff1493") == {
            "value": "#FF1493",
            "valid": True,
            "bg": "#111111",
            "lc": 39.6,
            "score": 39.6,
            "level": "warn",
            "acceptable": True,
            "enforced": True,
            "message": "#FF1493 can be read, but not easily (score 39.6).",
        }
        rejected = await s.api.data("vanity.check_color", value="#FF0000")
        assert (rejected["level"], rejected["acceptable"]) == ("reject", False)
        invalid = await s.api.raw({"command": "vanity.check_color", "value": "nope"})
        assert invalid["data"]["level"] == "invalid"
        assert (invalid["data"]["valid"], invalid["data"]["acceptable"]) == (False, False)
        assert s.page.written == []
