"""What is done on a page is the PM command that does it."""

from pathlib import Path
from typing import Any

import pytest
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Browser, Pages, pages

from economy_actors.messages.channel import PageCommand
from economy_actors.messages.session import Asked, FromPage, PageAnswer
from economy_actors.runtime import Reply
from kryten_economy.features.money.operations import Credit
from kryten_economy.users import UserKey


async def _ready(here: Pages, browser: Browser) -> None:
    await here.house.join("Alice")
    await here.house.join("Bob")
    await browser.sign_in("alice")


async def test_a_tip_on_a_page(tmp_path: Path) -> None:
    """The receipt is the PM's, both balances move, and the receiver is told; no PM answers it."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        alice, bob = here.house.balance("Alice"), here.house.balance("Bob")
        pms = len(here.house.pms("Alice"))
        await browser.send("/me/tip", to="bob", amount="7")
        await here.house.settle()
        assert browser.page.status_code == 200
        assert "You tipped 7 Z to Bob" in browser.said or "Bob" in browser.said
        assert here.house.balance("Alice") == alice - 7
        assert here.house.balance("Bob") == bob + 7
        assert any("7 Z" in each for each in here.house.pms("Bob"))
        assert len(here.house.pms("Alice")) == pms


@pytest.mark.parametrize(
    ("to", "amount", "said"),
    [
        ("bob", "1 000", "'1 000' has a space in it: write it as one word."),
        ("b ob", "7", "'@b ob' has a space in it"),
        ("bob", "", "A field is empty"),
        ("", "7", "A field is empty"),
        ("bob", "7\x00", "holds something that can't be sent"),
    ],
)
async def test_a_field_that_can_not_be_sent(
    tmp_path: Path, to: str, amount: str, said: str
) -> None:
    """What is wrong with it is told, and nothing is done."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        alice = here.house.balance("Alice")
        await browser.send("/me/tip", to=to, amount=amount)
        assert browser.page.status_code == 422
        assert said in browser.said
        assert "Nothing was done." in browser.said
        assert here.house.balance("Alice") == alice


async def test_a_form_sent_twice_is_done_once(tmp_path: Path) -> None:
    """Also by somebody who has left meanwhile, and both answers say the same."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        alice = here.house.balance("Alice")
        fields = browser.form("/me/tip").fields | {"to": "bob", "amount": "7"}
        await browser.post("/me/tip", fields)
        first = browser.said
        await here.house.leave("Alice")
        await browser.post("/me/tip", fields)
        assert browser.said == first
        assert here.house.balance("Alice") == alice - 7
        await browser.get("/me/")
        await browser.send("/me/tip", to="bob", amount="7")
        assert here.house.balance("Alice") == alice - 14


async def test_a_form_is_done_once_though_the_session_has_slept(tmp_path: Path) -> None:
    """What the session has forgotten the books still know by the form's one-time token."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        alice = here.house.balance("Alice")
        fields = browser.form("/me/tip").fields | {"to": "bob", "amount": "7"}
        await browser.post("/me/tip", fields)
        await here.house.minutes(15)
        await browser.post("/me/tip", fields)
        assert browser.page.status_code == 200
        earned = here.house.balance("Bob")
        assert here.house.balance("Alice") - alice < earned
        tips = here.house.report(lambda reports: reports.wallet(UserKey(CHANNEL, "bob"), ""))
        assert tips is not None
        rows = here.house.report(
            lambda reports: reports.sql.rows(
                "SELECT count(*) FROM transfer WHERE debit_type = 'tip_send'"
            )
        )
        assert rows == [(1,)]


async def test_refusals_are_the_pms(tmp_path: Path) -> None:
    """Word for word what a PM would have brought, with a status that says that nothing was done."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        alice = here.house.balance("Alice")
        for to, amount in (
            ("alice", "1"),
            ("ghost", "1"),
            ("bob", "0"),
            ("bob", "999999"),
            ("bob", "x"),
        ):
            [by_pm] = await here.house.pm("Alice", f"tip @{to} {amount}")
            await browser.get("/me/")
            await browser.send("/me/tip", to=to, amount=amount)
            assert browser.page.status_code == 422
            assert browser.said == by_pm
        assert here.house.balance("Alice") == alice


@pytest.mark.parametrize(
    ("to", "amount"),
    [
        ("bob 5", "1"),
        ("bob", "5 bob"),
        ("bob\n", "1\ngrant alice 1000"),
        ("bob", "1\x00"),
        ("", "1"),
        ("bob", ""),
        ("b\u2028ob", "1"),
    ],
)
async def test_a_field_is_one_argument(tmp_path: Path, to: str, amount: str) -> None:
    """White space, line ends and control characters can't make another command of it."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        alice = here.house.balance("Alice")
        await browser.send("/me/tip", to=to, amount=amount)
        assert browser.page.status_code in {200, 422}
        if browser.page.status_code == 200:
            assert here.house.balance("Alice") == alice - 1
        else:
            assert here.house.balance("Alice") == alice


async def test_the_limit_of_commands_is_one_for_both(tmp_path: Path) -> None:
    """Who has used it up by PM is asked to slow down on a page, and the other way round."""
    sections = {"commands": {"rate_limit_per_minute": 2}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        await here.house.pm("Alice", "tip @bob 1")
        for status in (200, 429, 429):
            await browser.get("/me/")
            assert (await browser.send("/me/tip", to="bob", amount="1")).status_code == status
        assert "Slow down" in browser.said or "slow" in browser.said.lower()


async def test_who_is_not_here_has_no_rank(tmp_path: Path) -> None:
    """Rank is the one of this moment in the channel; a cookie never makes an admin."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Chief", rank=5)
        await browser.sign_in("chief")
        view_of = here.house.context.presence[CHANNEL].value.users
        assert view_of["chief"].rank == 5
        answer = await _grant(here, browser)
        assert answer == ("ok", "page")
        await here.house.rank("Chief", 2)
        assert (await _grant(here, browser))[0] == "refused"
        await here.house.rank("Chief", 5)
        await here.house.leave("Chief")
        assert (await _grant(here, browser))[0] == "refused"


async def _grant(here: Pages, browser: Browser) -> tuple[str, str]:
    await browser.get("/me/")
    answer = await _command(here, browser, "chief", "grant @chief 5 because")
    rows = here.house.report(
        lambda reports: reports.sql.rows("SELECT origin FROM audit_log ORDER BY id DESC LIMIT 1")
    )
    return answer.result, rows[0][0] if rows else ""


async def _command(here: Pages, browser: Browser, name: str, text: str) -> PageAnswer:
    """What a form of some page would send to the channel."""

    def ask(reply: Reply[PageAnswer]) -> PageCommand:
        return PageCommand(name, text, here.house.now_ms, FromPage(reply))

    await browser.get("/me/")
    trace = browser.form("/me/tip").fields["once"]
    return await here.house.channel.ask(ask, timeout_s=5, trace=trace)


LAMP: dict[str, Any] = {
    "id": "lamp",
    "name": "A lamp",
    "price": 10,
    "effect": "announce",
    "text": "{user} has lit {item}",
}


async def _asked(here: Pages, browser: Browser) -> tuple[Asked, dict[str, str]]:
    """A question that a page has shown, and what its buttons send but for their own value."""
    answer = await _command(here, browser, "alice", "buy lamp")
    assert answer.asked is not None, answer.text
    assert answer.asked.yes
    fields = browser.form("/me/tip").fields | {"question": answer.asked.id, "once": "o" * 20}
    return answer.asked, fields


async def test_a_question_is_answered_with_yes(tmp_path: Path) -> None:
    """Until then nothing was paid; pressed twice it is bought once, and both pages say the same."""
    sections = {"shop": {"items": [LAMP]}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        before = here.house.balance("Alice")
        _, fields = await _asked(here, browser)
        assert here.house.balance("Alice") == before
        await browser.post("/me/answer", fields | {"say": "yes"})
        assert browser.page.status_code == 200
        first = browser.said
        await browser.post("/me/answer", fields | {"say": "yes"})
        assert browser.said == first
        assert here.house.balance("Alice") == before - 10


async def test_a_question_is_answered_with_no(tmp_path: Path) -> None:
    """Nothing is bought, also not by a YES that comes later, be it by PM."""
    sections = {"shop": {"items": [LAMP]}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        before = here.house.balance("Alice")
        _, fields = await _asked(here, browser)
        await browser.post("/me/answer", fields | {"say": "no"})
        assert browser.page.status_code == 422
        await here.house.pm("Alice", "yes")
        await browser.post("/me/answer", fields | {"say": "yes", "once": "p" * 20})
        assert here.house.balance("Alice") == before


async def test_a_yes_means_the_question_of_its_page(tmp_path: Path) -> None:
    """Of a question that another one has replaced it does nothing, and the other one waits on."""
    sections = {"shop": {"items": [LAMP, LAMP | {"id": "chair", "name": "A chair", "price": 20}]}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        before = here.house.balance("Alice")
        _, fields = await _asked(here, browser)
        await here.house.pm("Alice", "buy chair")
        await browser.post("/me/answer", fields | {"say": "yes"})
        assert browser.page.status_code == 422
        assert here.house.balance("Alice") == before
        await here.house.pm("Alice", "yes")
        assert here.house.balance("Alice") == before - 20


@pytest.mark.parametrize("say", ["", "tip @bob 5", "grant", "yes\nno", "1 2"])
async def test_an_answer_is_one_word(tmp_path: Path, say: str) -> None:
    """What is none of the buttons is no command either."""
    sections = {"shop": {"items": [LAMP]}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        before = here.house.balance("Alice")
        _, fields = await _asked(here, browser)
        await browser.post("/me/answer", fields | {"say": say})
        assert browser.page.status_code == 422
        assert here.house.balance("Alice") == before


async def test_script_in_names_and_texts_is_text(tmp_path: Path) -> None:
    """Whatever users write, the page shows it as it is and runs nothing of it."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        evil = "<script>alert(1)</script>"
        await browser.send("/me/tip", to=evil, amount="<img/src=x>")
        assert "<script>alert" not in browser.page.text
        assert "<img" not in browser.page.text
        await browser.get("/sign-in")
        await browser.send("/sign-in", name='"><script>alert(1)</script>')
        assert "<script>alert" not in browser.page.text


async def test_the_board_lists_who_wants_to_be_listed(tmp_path: Path) -> None:
    """Page by page; who has said `quiet top` isn't on it, and nobody has to sign in to see it."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        for number in range(30):
            credit = Credit(
                f"t:{number}",
                UserKey(CHANNEL, f"user{number:02}"),
                5_000 + number,
                "admin_grant",
                "admin.grant",
                "",
                here.house.now_ms,
                "2026-11-20",
                create=True,
                display_name=f"User{number:02}",
            )
            await here.house.commit(credit)
        browser.client.cookies.clear()
        await browser.get("/boards")
        assert "User29" in browser.text
        assert "User05" in browser.text
        assert "User04" not in browser.text
        assert "5,029 Z" in browser.text
        await browser.get("/boards", params={"page": 2})
        assert "User04" in browser.text
        assert "Alice" in browser.text
        await here.house.pm("Alice", "quiet top")
        await browser.get("/boards", params={"page": 2})
        assert "Alice" not in browser.text
