"""Operators and users: found, told all about, and acted on by the commands of PMs."""

from pathlib import Path

import pytest
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import pages
from tests.actors.pages.operator import acted, operating

from kryten_economy.features.audit.queries import entries
from kryten_economy.features.money.operations import Credit
from kryten_economy.users import UserKey

ALL = (
    "/op/users",
    "/op/user/Bob",
    "/op/approvals",
    "/op/events",
    "/op/shop",
    "/op/audit",
    "/op/audit/1",
    "/op/audit.csv",
    "/op/audit.jsonl",
    "/op/panic",
)


async def test_only_operators_who_are_here_see_these_pages(tmp_path: Path) -> None:
    """Members don't, nor an operator who has left or has lost the rank; nobody is shown links."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Boss", 5)
        await browser.sign_in("Boss")
        assert (await browser.get("/op/users")).status_code == 200
        fields = browser.form("/op/ban").fields | {"name": "bob", "sure": "yes"}
        await here.house.rank("Boss", 1)
        for path in ALL:
            assert (await browser.get(path)).status_code == 403, path
        assert (await browser.post("/op/ban", fields)).status_code == 403
        assert "/op/" not in (await browser.get("/me/")).text
        await here.house.rank("Boss", 5)
        await here.house.leave("Boss")
        assert (await browser.get("/op/users")).status_code == 403
        assert here.house.report(lambda reports: reports.bans(CHANNEL)) == ()


async def test_users_are_found_by_the_beginning_of_their_name(tmp_path: Path) -> None:
    """In any casing; page behind page; where nobody is found it says what to do."""
    async with operating(tmp_path) as (here, browser):
        for n in range(60):
            await here.house.commit(
                Credit(f"c{n}", UserKey(CHANNEL, f"zed{n:02}"), n + 1, "admin_grant", "admin.grant",
                       "x", here.house.now_ms, "2026-11-20", create=True, display_name=f"Zed{n:02}")
            )  # fmt: skip
        await browser.get("/op/users?q=@BO")
        assert "Bob" in browser.text
        assert "Zed" not in browser.text
        await browser.get("/op/users?q=zed")
        assert "Zed49" in browser.text
        assert "Zed50" not in browser.text
        assert 'rel="next" href="/c/TestChan/op/users?q=zed&amp;behind=zed49"' in browser.page.text
        await browser.get("/op/users?q=zed&behind=zed49")
        assert "Zed50" in browser.text
        assert "Zed59" in browser.text
        assert "Zed49" not in browser.text
        await browser.get("/op/users?q=<script>")
        assert "No name begins so" in browser.text
        assert "<script>" not in browser.page.text


async def test_a_grant_shows_first_what_it_does(tmp_path: Path) -> None:
    """Nothing moves before the operator agrees; then it is the grant of a PM, with its row."""
    async with operating(tmp_path) as (here, browser):
        bob = here.house.balance("Bob")
        await browser.get("/op/user/bob")
        await browser.send("/op/grant", amount="50", reason="for the <b>party</b>")
        assert f"Balance of Bob: {bob} Z → {bob + 50} Z" in browser.text
        assert "<b>" not in browser.page.text
        assert here.house.balance("Bob") == bob
        fields = browser.form("/op/grant").fields
        await browser.send("/op/grant")
        assert browser.page.status_code == 200, browser.text
        await here.house.settle()
        assert here.house.balance("Bob") == bob + 50
        assert any("50 Z" in each for each in here.house.pms("Bob"))
        await browser.post("/op/grant", fields)
        assert here.house.balance("Bob") == bob + 50
        [row] = here.house.report(lambda r: entries(r, CHANNEL, limit=9, user="bob"))
        assert (row.admin, row.origin, row.command) == ("Boss", "page", "grant")
        assert row.reason == "for the <b>party</b>"
        await browser.get("/op/user/Bob")
        assert "+50 Z" in browser.text
        assert f"#{row.id}" in browser.text
        assert "<b>" not in browser.page.text


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/op/grant", {"amount": "50"}, "Say why"),
        ("/op/grant", {"amount": "50", "reason": "  "}, "Say why"),
        ("/op/grant", {"amount": "half", "reason": "x"}, "not an amount"),
        ("/op/grant", {"amount": "-5", "reason": "x"}, "not an amount"),
        ("/op/grant", {"amount": "", "reason": "x"}, "not an amount"),
        ("/op/deduct", {"amount": "1000000", "reason": "x"}, "so 1,000,000 Z can't be deducted"),
        ("/op/grant", {"amount": "5", "reason": "x", "name": "Bob 500"}, "A name has"),
        ("/op/rank", {"rank": "Emperor"}, "Choose one of"),
        ("/op/freeze", {"for": "soon"}, "no time"),
        ("/op/freeze", {"for": "", "reason": "3 strikes"}, "begin the reason with a word"),
        ("/op/ban", {"name": ""}, "A name has"),
    ],
)
async def test_what_a_form_lacks_is_told(
    tmp_path: Path, path: str, fields: dict[str, str], said: str
) -> None:
    """Before anything is asked or done."""
    async with operating(tmp_path) as (here, browser):
        bob = here.house.balance("Bob")
        await browser.get("/op/user/Bob")
        await browser.send(path, **fields)
        assert browser.page.status_code == 422
        assert said in browser.text
        assert here.house.balance("Bob") == bob
        assert here.house.report(lambda r: entries(r, CHANNEL, limit=9)) == ()


async def test_a_field_can_not_become_another_argument(tmp_path: Path) -> None:
    """Neither with the preview left out."""
    async with operating(tmp_path) as (here, browser):
        bob = here.house.balance("Bob")
        await browser.get("/op/user/Bob")
        await browser.send("/op/grant", amount="5 500", reason="x", sure="yes")
        assert browser.page.status_code == 422
        await browser.get("/op/user/Bob")
        await browser.send("/op/grant", amount="5", reason="x\ngrant @Boss 500", sure="yes")
        assert browser.page.status_code == 422
        assert here.house.balance("Bob") == bob


async def test_deducting_banning_rank_and_freezing(tmp_path: Path) -> None:
    """Each is the PM's act, and the page shows what has become of them."""
    async with operating(tmp_path) as (here, browser):
        bob = here.house.balance("Bob")
        await browser.get("/op/user/Bob")
        await acted(here, browser, "/op/deduct", amount="30", reason="noise")
        assert here.house.balance("Bob") == bob - 30
        await browser.get("/op/user/Bob")
        await acted(here, browser, "/op/rank", rank="Gaffer")
        await browser.get("/op/user/Bob")
        assert "set by hand" in browser.text
        await acted(here, browser, "/op/freeze", **{"for": "30m", "reason": "calm down"})
        await browser.get("/op/user/Bob")
        assert "Frozen by Boss" in browser.text
        assert "calm down" in browser.text
        await browser.send("/op/resume")
        await browser.get("/op/user/Bob")
        await acted(here, browser, "/op/ban", reason="spam")
        wallet = here.house.wallet("Bob")
        assert wallet is not None
        assert (wallet.rank_name, wallet.banned) == ("Gaffer", True)
        assert wallet.frozen_until_ms is None
        await browser.get("/op/users")
        assert "spam" in browser.text
        await browser.get("/op/user/Bob")
        assert "Banned by Boss" in browser.text
        await acted(here, browser, "/op/unban")
        wallet = here.house.wallet("Bob")
        assert wallet is not None
        assert not wallet.banned
        told = " ".join(here.house.pms("Bob"))
        for each in ("30 Z", "Gaffer", "frozen", "no longer frozen", "suspended", "restored"):
            assert each in told


async def test_a_name_that_was_never_here_can_be_banned(tmp_path: Path) -> None:
    """It has a page then, which opens no account by being looked at."""
    async with operating(tmp_path) as (here, browser):
        await browser.get("/op/users")
        await browser.send("/op/ban", name="Nemo", reason="<i>bot</i>")
        assert "is it spelled right" in browser.text
        await browser.send("/op/ban")
        await browser.get("/op/user/nemo")
        assert "Banned by Boss" in browser.text
        assert "<i>bot</i>" in browser.text
        assert "<i>" not in browser.page.text
        assert here.house.wallet("Nemo") is None


@pytest.mark.parametrize("name", ["nobody", "mint", "a%20b", "x" * 30, "<script>", "Oli"])
async def test_who_has_no_account_here_has_no_page(tmp_path: Path, name: str) -> None:
    """Nor who has one in another channel, nor the accounts of the bank."""
    async with operating(tmp_path) as (here, browser):
        await here.house.commit(
            Credit("c", UserKey("Elsewhere", "oli"), 5, "admin_grant", "admin.grant", "x",
                   here.house.now_ms, "2026-11-20", create=True, display_name="Oli")
        )  # fmt: skip
        assert (await browser.get(f"/op/user/{name}")).status_code == 404
        assert "<script>" not in browser.page.text


async def test_a_long_statement_is_paged(tmp_path: Path) -> None:
    """Each page goes on behind the last row of the one before, with the balances of then."""
    async with operating(tmp_path) as (here, browser):
        for n in range(30):
            await here.house.pm("Boss", f"grant @Bob {n + 1}")
        await browser.get("/op/user/Bob")
        assert "+30 Z" in browser.text
        assert " +5 Z" not in browser.text
        older = browser.page.text.partition('rel="next" href="')[2].partition('"')[0]
        await browser.get(older.removeprefix("/c/TestChan"))
        assert "+5 Z 115 Z" in " ".join(browser.text.split())
        assert "+30 Z" not in browser.text
        assert "+100 Z" in browser.text
        [bosses] = here.house.report(lambda r: r.transactions(UserKey.of(CHANNEL, "boss")))
        await browser.get(f"/op/user/Bob?before={bosses.id}")
        assert "There is nothing older" in browser.text
