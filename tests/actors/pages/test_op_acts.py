"""Approvals, events, shop items and panic levels on the operators' pages."""

from pathlib import Path

import pytest
from tests.actors.house import CHANNEL
from tests.actors.pages.operator import acted, operating

from kryten_economy.features.approvals import pending_approvals
from kryten_economy.features.panic import halts_of
from kryten_economy.features.shop.queries import defined_by_hand, stock_of

GIFS = {"vanity_shop": {"channel_gif": {"enabled": True, "cost": 40}}}
LAMP = {"shop": {"items": [{"id": "lamp", "name": "Lamp", "price": 10, "effect": "title",
                            "text": "Bright", "stock": 5}]}}  # fmt: skip


# Approvals


@pytest.mark.parametrize(("decision", "left_z"), [("approve", 60), ("reject", 100)])
async def test_a_gif_is_decided_on_the_page(tmp_path: Path, decision: str, left_z: int) -> None:
    """The address is a link that tells nothing of us; the buyer is told, the payment moves once."""
    async with operating(tmp_path, sections=GIFS) as (here, browser):
        await here.house.pm("Bob", "buy gif https://x.test/a.gif")
        await browser.get("/op/approvals")
        assert 'href="https://x.test/a.gif" rel="noopener noreferrer nofollow"' in browser.page.text
        assert "40 Z are set aside" in browser.text
        fields = browser.form("/op/approvals/decide").fields | {"decision": decision}
        await browser.post("/op/approvals/decide", fields)
        assert browser.page.status_code == 200, browser.text
        first = browser.said
        assert here.house.balance("Bob") == left_z
        await browser.post("/op/approvals/decide", fields)
        assert browser.said == first
        await browser.get("/op/approvals")
        assert "Nothing waits for you" in browser.text
        await browser.get("/op/user/Bob")
        assert "rejected by Boss" in browser.text or "approved by Boss" in browser.text


async def test_an_item_is_rejected_with_a_reason(tmp_path: Path) -> None:
    """The buyer gets everything back and reads why."""
    async with operating(tmp_path) as (here, browser):
        await here.house.pm("Boss", "shop_add poster 30 approval")
        await here.house.pm("Bob", "buy poster")
        await here.house.pm("Bob", "yes")
        await browser.get("/op/approvals")
        await browser.send("/op/approvals/decide", decision="reject", reason="out of <ink>")
        assert browser.page.status_code == 200, browser.text
        await here.house.settle()
        assert here.house.balance("Bob") == 100
        assert any("out of <ink>" in each for each in here.house.pms("Bob"))


@pytest.mark.parametrize(
    ("number", "decision", "status"),
    [
        ("999", "approve", 404),
        ("x", "approve", 404),
        ("99999999999999999999", "reject", 404),
        ("1", "buy", 422),
    ],
)
async def test_what_does_not_wait_is_not_decided(
    tmp_path: Path, number: str, decision: str, status: int
) -> None:
    """A number that is none here, or no decision."""
    async with operating(tmp_path, sections=GIFS) as (here, browser):
        await here.house.pm("Bob", "buy gif https://x.test/a.gif")
        await browser.get("/op/approvals")
        await browser.send("/op/approvals/decide", number=number, decision=decision)
        assert browser.page.status_code == status
        assert len(here.house.report(lambda r: pending_approvals(r, CHANNEL))) == 1


# Events


async def test_an_event_is_started_and_stopped(tmp_path: Path) -> None:
    """What it multiplies with what else is in force is said before; the channel hears of both."""
    async with operating(tmp_path) as (here, browser):
        await browser.get("/op/events")
        assert "None are scheduled" in browser.text
        await browser.send("/op/events/start", multiplier="3", minutes="20", name="<Feast>")
        assert "Earning counts 3x for 20 minutes, until 2026-11-20 10:20" in browser.text
        assert "<Feast>" not in browser.page.text
        await browser.send("/op/events/start")
        await here.house.settle()
        await browser.get("/op/events")
        assert "Earning counts 3x" in " ".join(browser.text.split())
        await browser.send("/op/events/start", multiplier="2", minutes="5", name="Other")
        assert "'<Feast>' ends with it" in browser.text
        await browser.get("/op/events")
        await browser.send("/op/events/stop")
        await here.house.settle()
        await browser.get("/op/events")
        assert "Earning counts 1x" in " ".join(browser.text.split())
        assert any("<Feast>" in line for line in here.house.lines())


@pytest.mark.parametrize(
    ("multiplier", "minutes", "name"),
    [("1", "5", "x"), ("11", "5", "x"), ("2", "0", "x"), ("2", "5", ""), ("2", "x", "y")],
)
async def test_an_event_that_can_not_be(
    tmp_path: Path, multiplier: str, minutes: str, name: str
) -> None:
    """What is allowed is told, and nothing starts, with the preview left out too."""
    async with operating(tmp_path) as (here, browser):
        for sure in ("", "yes"):
            await browser.get("/op/events")
            await browser.send(
                "/op/events/start", multiplier=multiplier, minutes=minutes, name=name, sure=sure
            )
            assert browser.page.status_code == 422
        assert here.house.context.adhoc.get(CHANNEL) is None


async def test_scheduled_events_stand_in_their_order(tmp_path: Path) -> None:
    """With the time each comes next, surprises and holidays too, as they would count."""
    night = {"name": "Night", "cron": "0 20 * * *", "duration_hours": 2, "multiplier": 1.5}
    noon = {"name": "Noon", "cron": "0 12 * * *", "duration_hours": 0.05, "announce": False}
    feast = {"date": "12-25", "name": "Feast", "multiplier": 3}
    sections = {"multipliers": {"scheduled_events": [night, noon], "holidays": {"dates": [feast]}}}
    async with operating(tmp_path, sections=sections) as (_, browser):
        await browser.get("/op/events")
        text = " ".join(browser.text.split())
        assert text.index("Noon 2026-11-20 12:00") < text.index("Night 2026-11-20 20:00 2h 1.5x")
        assert "Noon 2026-11-20 12:00 3m" in text
        assert "Feast 2026-12-25 00:00 1d 3x" in text


# The shop


async def test_an_item_is_sold_changed_counted_and_taken_out(tmp_path: Path) -> None:
    """Each shows what changes; texts with quotes and equal signs stay one text."""
    async with operating(tmp_path) as (here, browser):
        text = 'stock=9 {user} says "hi" <b>'
        await browser.get("/op/shop")
        assert "Nothing yet" in browser.text
        fields = {"id": "disco", "name": "Disco ball", "price": "50", "effect": "announce"}
        await acted(here, browser, "/op/shop/put", **fields, text=text, stock="3", limit="1/day")
        [item] = here.house.report(lambda r: defined_by_hand(r, CHANNEL))
        assert (item.id, item.name, item.price_z, item.text) == ("disco", "Disco ball", 50, text)
        assert (item.stock, item.per_user, item.per_day) == (3, 1, True)
        await browser.get("/op/shop/disco")
        assert "<b>" not in browser.page.text
        await browser.send("/op/shop/put", price="60", effect="announce")
        assert "Price: 50 Z → 60 Z" in browser.text
        assert "Text:" not in browser.text
        await browser.send("/op/shop/put")
        [changed] = here.house.report(lambda r: defined_by_hand(r, CHANNEL))
        assert (changed.price_z, changed.text, changed.per_day) == (60, text, True)
        await browser.get("/op/shop/disco")
        await browser.send("/op/shop/stock", stock="7")
        assert "In stock: 3 → 7" in browser.text
        await browser.send("/op/shop/stock")
        left = here.house.report(lambda r: stock_of(r, CHANNEL, [changed]))
        assert left == {"disco": 7}
        await browser.get("/op/shop/disco")
        await acted(here, browser, "/op/shop/remove")
        assert here.house.report(lambda r: defined_by_hand(r, CHANNEL)) == ()


async def test_an_item_with_a_title_and_a_rank(tmp_path: Path) -> None:
    """Words of several parts are one value."""
    async with operating(tmp_path) as (here, browser):
        await browser.get("/op/shop")
        fields = {"id": "crown", "price": "5", "effect": "title", "rank": "Key Grip"}
        await acted(here, browser, "/op/shop/put", **fields, text="King", about="For = kings")
        [item] = here.house.report(lambda r: defined_by_hand(r, CHANNEL))
        assert (item.name, item.text, item.min_rank) == ("Crown", "King", "Key Grip")
        assert item.description == "For = kings"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": "a b", "price": "5", "text": "x"}, "one word"),
        ({"id": "", "price": "5", "text": "x"}, "one word"),
        ({"id": "9lamp", "price": "5", "text": "x"}, "begins with a letter"),
        ({"id": "disco", "price": "0", "text": "x"}, "not an amount"),
        ({"id": "disco", "price": "5"}, "must say what is announced"),
        ({"id": "disco", "price": "5", "text": "x", "stock": "3 limit=1"}, "one number"),
        ({"id": "disco", "price": "5", "text": "x", "stock": "lots"}, "stock"),
        ({"id": "disco", "price": "5", "text": "{nope}"}, "{user}. Nothing was changed."),
        ({"id": "disco", "price": "5", "text": 'a "b” c'}, "quotes"),
        ({"id": "lamp", "price": "5", "text": "x"}, "stands in the configuration"),
    ],
)
async def test_an_item_that_can_not_be(tmp_path: Path, fields: dict[str, str], said: str) -> None:
    """What is wrong is told before anything is changed."""
    async with operating(tmp_path, sections=LAMP) as (here, browser):
        await browser.get("/op/shop")
        await browser.send("/op/shop/put", **({"effect": "announce"} | fields))
        assert browser.page.status_code == 422, browser.text
        assert said in browser.text
        assert here.house.report(lambda r: defined_by_hand(r, CHANNEL)) == ()


async def test_items_of_the_configuration_are_only_counted(tmp_path: Path) -> None:
    """Their page has a form for the stock and no other; what is no item has no page."""
    async with operating(tmp_path, sections=LAMP) as (here, browser):
        await browser.get("/op/shop/lamp")
        assert "stands in the configuration" in browser.text
        assert "/op/shop/put" not in browser.page.text
        assert "/op/shop/remove" not in browser.page.text
        await acted(here, browser, "/op/shop/stock", stock="2")
        await browser.get("/op/shop/lamp")
        assert "In stock 2" in " ".join(browser.text.split())
        await browser.send("/op/shop/stock", stock="-1")
        assert browser.page.status_code == 422
        assert (await browser.get("/op/shop/none")).status_code == 404
        await browser.get("/op/shop/lamp")
        await browser.send("/op/shop/stock", id="none")
        assert browser.page.status_code == 404


# Panic


@pytest.mark.parametrize(
    ("what", "kind"), [("earning", "earning"), ("spending", "spending"), ("read-only", "read-only")]
)
async def test_something_is_stopped_and_goes_on(tmp_path: Path, what: str, kind: str) -> None:
    """Until when, why and what that means is said before; the page shows it until it is resumed."""
    async with operating(tmp_path) as (here, browser):
        await browser.get("/op/panic")
        assert "Nothing is stopped here" in browser.text
        await browser.send("/op/panic/stop", what=what, **{"for": "30m", "reason": "<u>bug</u>"})
        assert "It ends by itself at 2026-11-20 10:30" in browser.text
        assert here.house.report(lambda r: halts_of(r, CHANNEL)) == ()
        await browser.send("/op/panic/stop")
        [halt] = here.house.report(lambda r: halts_of(r, CHANNEL))
        assert (halt.what, halt.by, halt.reason) == (kind, "Boss", "<u>bug</u>")
        await browser.get("/op/panic")
        assert "Until 2026-11-20 10:30" in " ".join(browser.text.split())
        assert "<u>" not in browser.page.text
        await browser.send("/op/resume")
        assert here.house.report(lambda r: halts_of(r, CHANNEL)) == ()


async def test_all_that_is_stopped_goes_on_together(tmp_path: Path) -> None:
    """What that is, is said before."""
    async with operating(tmp_path) as (here, browser):
        await here.house.pm("Boss", "pause games")
        await here.house.pm("Boss", "freeze @Bob")
        await browser.get("/op/panic")
        fields = browser.form("/op/panic/stop").fields | {"what": "all"}
        await browser.post("/op/resume", fields)
        assert "Games are paused" in browser.text
        assert "Bob is frozen" in browser.text
        assert len(here.house.report(lambda r: halts_of(r, CHANNEL))) == 2
        await browser.send("/op/resume")
        assert here.house.report(lambda r: halts_of(r, CHANNEL)) == ()


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/op/panic/stop", {"what": "everything"}, "Choose what is to stop"),
        ("/op/panic/stop", {"what": "games", "for": "99d"}, "at most 30d"),
        ("/op/freeze", {"name": "a b"}, "A name has"),
        ("/op/freeze", {"name": "Boss", "sure": "yes"}, "can't freeze yourself"),
    ],
)
async def test_what_can_not_be_stopped(
    tmp_path: Path, path: str, fields: dict[str, str], said: str
) -> None:
    """It is told, and nothing stops."""
    async with operating(tmp_path) as (here, browser):
        await browser.get("/op/panic")
        await browser.send(path, **fields)
        assert browser.page.status_code == 422
        assert said in browser.text
        assert here.house.report(lambda r: halts_of(r, CHANNEL)) == ()
