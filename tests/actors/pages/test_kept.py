"""Where a form leads: the page of its answer, which can be loaded again and gone back to."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.pages.browser import Browser, Pages, pages
from tests.actors.pages.operator import operating

from economy_actors.pages.kept import KEPT_FOR_MS, PER_SESSION_MAX, Kept, KeptAnswers

LAMP: dict[str, Any] = {
    "id": "lamp",
    "name": "A lamp",
    "price": 10,
    "effect": "announce",
    "text": "{user} has lit {item}",
}
PER_MINUTE = {"commands": {"rate_limit_per_minute": 60}}


async def _ready(here: Pages, browser: Browser) -> None:
    await here.house.join("Alice")
    await here.house.join("Bob")
    await browser.sign_in("alice")


async def _again(browser: Browser) -> None:
    """Load the page at hand again, as F5 does."""
    browser.page = await browser.client.get(str(browser.page.url))


async def test_an_act_leads_on_to_its_answer(tmp_path: Path) -> None:
    """The form is answered with an address; to load that again says the same and does nothing."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        alice = here.house.balance("Alice")
        await browser.send("/me/tip", to="bob", amount="7")
        assert [each.status_code for each in browser.page.history] == [303]
        first = browser.said
        for _ in range(3):
            await _again(browser)
            assert browser.page.request.method == "GET"
            assert browser.page.history == []
            assert browser.said == first
        assert here.house.balance("Alice") == alice - 7


@pytest.mark.parametrize(("amount", "status"), [("7", 200), ("0", 422), ("999999", 422)])
async def test_a_refusal_is_known_by_its_status(tmp_path: Path, amount: str, status: int) -> None:
    """The page of the answer has it, however often it is loaded."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        await browser.send("/me/tip", to="bob", amount=amount)
        assert browser.page.status_code == status
        await _again(browser)
        assert browser.page.status_code == status


async def test_an_answer_is_for_its_own_session(tmp_path: Path) -> None:
    """Neither a stranger, nor somebody else, nor the same person's other browser is shown it."""
    async with (
        pages(tmp_path / "e.db") as here,
        here.browser() as browser,
        here.browser() as other,
        here.browser() as stranger,
    ):
        await _ready(here, browser)
        await browser.send("/me/tip", to="bob", amount="7")
        address, told = str(browser.page.url), browser.said
        for name in ("bob", "alice"):
            await other.sign_in(name)
            page = await other.client.get(address)
            assert page.status_code == 404
            assert told not in page.text
            assert told not in (await other.get("/me/answer")).text
        page = await stranger.client.get(address)
        assert page.url.path.endswith("/sign-in")
        assert told in (await browser.get("/me/answer")).text


async def test_answers_are_kept_for_a_while_and_so_many(tmp_path: Path) -> None:
    """After ten minutes an answer is gone, and the oldest one where there are too many."""
    sections = PER_MINUTE
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        addresses = []
        for _ in range(PER_SESSION_MAX + 1):
            await browser.get("/me/")
            await browser.send("/me/tip", to="bob", amount="1")
            addresses.append(str(browser.page.url))
        statuses = [(await browser.client.get(each)).status_code for each in addresses]
        assert statuses == [404] + [200] * PER_SESSION_MAX
        await anyio.sleep(KEPT_FOR_MS / 1000)
        page = await browser.client.get(addresses[-1])
        assert page.status_code == 404
        assert "not kept any more" in page.text


def test_the_answers_of_all_sessions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest make room, of whichever session; what is over goes with the next that comes."""
    monkeypatch.setattr("economy_actors.pages.kept.KEPT_MAX", 30)
    answers = KeptAnswers()
    for number in range(50):
        kept = Kept(f"{number}", "answer.html", 200, {}, for_operators=False, at_ms=number)
        answers.keep(b"%d" % (number % 5), kept)
    assert len(answers) == 30
    assert [each.title for each in answers.all_of(b"0", 50)] == ["45", "40", "35", "30", "25", "20"]
    kept = Kept("late", "answer.html", 200, {}, for_operators=False, at_ms=KEPT_FOR_MS + 48)
    answers.keep(b"0", kept)
    assert len(answers) == 2
    assert [each.title for each in answers.all_of(b"4", kept.at_ms)] == ["49"]


async def test_a_question_waits_at_its_address(tmp_path: Path) -> None:
    """It can be loaded again before it is answered, and gone back to when it was: agreed to
    twice, it is done once."""
    sections = {"shop": {"items": [LAMP]}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        before = here.house.balance("Alice")
        await browser.get("/me/shop")
        await browser.send("/me/shop/buy/lamp")
        question = str(browser.page.url)
        await _again(browser)
        assert here.house.balance("Alice") == before
        await browser.send("/me/answer", say="yes")
        bought = browser.said
        assert here.house.balance("Alice") == before - 10
        browser.page = await browser.client.get(question)
        await browser.send("/me/answer", say="yes")
        assert browser.said == bought
        assert here.house.balance("Alice") == before - 10


async def test_what_is_agreed_to_twice_is_done_once(tmp_path: Path) -> None:
    """An operator who goes back to what would happen, and agrees again, has done it once."""
    async with operating(tmp_path) as (here, browser):
        bob = here.house.balance("Bob")
        await browser.get("/op/user/Bob")
        await browser.send("/op/grant", amount="50", reason="for fun")
        shown = str(browser.page.url)
        await browser.send("/op/grant")
        done = browser.said
        browser.page = await browser.client.get(shown)
        assert "This will happen" in browser.text
        await browser.send("/op/grant")
        assert browser.said == done
        await here.house.settle()
        assert here.house.balance("Bob") == bob + 50


async def test_what_an_operator_was_shown_is_for_operators(tmp_path: Path) -> None:
    """Who is none any more is not shown it, whatever they were when they asked."""
    async with operating(tmp_path) as (here, browser):
        await browser.get("/op/user/Bob")
        await browser.send("/op/grant", amount="50", reason="for fun")
        shown = str(browser.page.url)
        await here.house.rank("Boss", 1)
        page = await browser.client.get(shown)
        assert page.status_code == 404
        assert "Balance of Bob" not in page.text
        assert "Grant 50" not in (await browser.get("/me/answer")).text


async def test_a_move_is_told_above_the_games(tmp_path: Path) -> None:
    """Loaded again the page tells it still, and nothing is played again."""
    sections = PER_MINUTE | {"gambling": {"min_account_age_minutes": 0}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        await browser.get("/me/play")
        await browser.send("/me/play/stake/flip", amount="20")
        assert browser.page.url.path.endswith("/me/play")
        told, after = browser.said, here.house.balance("Alice")
        await _again(browser)
        assert browser.said == told
        assert browser.page.status_code == 200
        assert here.house.balance("Alice") == after
        await browser.get("/me/play")
        assert told not in browser.text
