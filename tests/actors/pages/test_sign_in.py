"""Sign-in by a code that comes as PM, and what a forged or old cookie opens: nothing."""

from pathlib import Path

import anyio
import pytest
from tests.actors.pages.browser import ORIGIN, Browser, pages

from economy_actors.pages.security import COOKIE
from kryten_economy.config.web import Web


async def test_the_code_that_came_by_pm_signs_in(tmp_path: Path) -> None:
    """Only who reads the PMs of a name gets in under it; the name may be typed in any casing."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        page = await browser.sign_in("@aLiCe")
        assert page.status_code == 200
        assert page.url.path == "/c/TestChan/me/"
        assert f"{here.house.balance('Alice')} Z" in browser.text
        [pm] = [each for each in here.house.pms("Alice") if "code" in each]
        assert pm.startswith("Your code for the pages of TestChan: ")
        assert "Nobody from the staff will ever ask for it." in pm


async def test_a_code_is_used_once(tmp_path: Path) -> None:
    """The second try with the same code is refused."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.get("/sign-in")
        await browser.send("/sign-in", name="alice")
        await here.house.settle()
        fields = browser.form("/sign-in/code").fields | {"code": browser.code("alice")}
        assert (await browser.post("/sign-in/code", fields)).status_code == 200
        browser.client.cookies.clear()
        page = await browser.post("/sign-in/code", fields)
        assert page.status_code == 422
        assert browser.said == "That code is over, or was used. Ask for a new one."


async def test_five_wrong_codes_void_the_right_one(tmp_path: Path) -> None:
    """Guessing ends after five tries, and the code is void then."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.get("/sign-in")
        await browser.send("/sign-in", name="alice")
        await here.house.settle()
        right = browser.code("alice")
        fields = browser.form("/sign-in/code").fields
        for _ in range(5):
            assert (await browser.post("/sign-in/code", fields | {"code": "no"})).status_code == 422
        assert browser.said == "That was wrong too often, so the code is void. Ask for a new one."
        await browser.post("/sign-in/code", fields | {"code": right})
        assert browser.page.status_code == 422
        assert COOKIE not in browser.client.cookies


async def test_a_code_is_over_after_five_minutes(tmp_path: Path) -> None:
    """Then a new one has to be asked for."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.get("/sign-in")
        await browser.send("/sign-in", name="alice")
        await here.house.settle()
        await anyio.sleep(301)
        await browser.send("/sign-in/code", code=browser.code("alice"))
        assert browser.page.status_code == 422
        assert COOKIE not in browser.client.cookies


async def test_a_code_is_good_in_the_browser_that_asked_for_it(tmp_path: Path) -> None:
    """Who asks for a code in somebody's name can't use what they were sent elsewhere."""
    async with pages(tmp_path / "e.db") as here, here.browser() as own, here.browser() as other:
        await here.house.join("Alice")
        for browser in (other, own):
            await browser.get("/sign-in")
            await browser.send("/sign-in", name="alice")
            await here.house.settle()
        await other.send("/sign-in/code", code=own.code("alice"))
        assert other.page.status_code == 422
        await own.send("/sign-in/code", code=own.code("alice"))
        assert own.page.url.path == "/c/TestChan/me/"


async def test_codes_are_limited_by_name(tmp_path: Path) -> None:
    """Nobody's PMs are flooded: three codes in ten minutes, from wherever they are asked for."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        for count in range(5):
            await browser.get("/sign-in")
            await browser.send("/sign-in", name="alice")
            assert browser.page.status_code == (200 if count < 3 else 429)
        await here.house.settle()
        assert len([each for each in here.house.pms("Alice") if "Your code" in each]) == 3
        assert "Too many codes were asked for." in browser.text
        await anyio.sleep(601)
        await browser.get("/sign-in")
        assert (await browser.send("/sign-in", name="alice")).status_code == 200


async def test_codes_are_limited_by_address(tmp_path: Path) -> None:
    """One address asks for ten in ten minutes, be it for ten names; a proxy's word counts."""
    web = Web(trusted_proxies=("127.0.0.1",))
    async with pages(tmp_path / "e.db", web) as here, here.browser() as browser:
        for count in range(12):
            await here.house.join(f"user{count}")
        for count in range(12):
            await browser.get("/sign-in")
            fields = {"name": f"user{count}"}
            await browser.post("/sign-in", fields, headers={"x-forwarded-for": "7.7.7.7"})
            assert browser.page.status_code == (200 if count < 10 else 429), count
        await browser.post("/sign-in", fields, headers={"x-forwarded-for": "8.8.8.8"})
        assert browser.page.status_code == 200
        forged = {"x-forwarded-for": "9.9.9.9, 7.7.7.7"}
        await browser.post("/sign-in", {"name": "user1"}, headers=forged)
        assert browser.page.status_code == 429


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "I don't see nobody in TestChan."),
        ("guest", "guest can't sign in: that takes a registered user."),
        ("two words", "That can't be a CyTube name"),
        ("<script>", "That can't be a CyTube name"),
        ("", "That can't be a CyTube name"),
    ],
)
async def test_who_can_get_no_pm_gets_no_code(tmp_path: Path, name: str, said: str) -> None:
    """The page says why, and nothing is sent."""
    sections = {"presence": {"min_cytube_rank": 0}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await here.house.join("guest", rank=0)
        await browser.get("/sign-in")
        await browser.send("/sign-in", name=name)
        assert browser.page.status_code == 422
        assert said in browser.said
        assert not [each for each in here.house.pms(name) if "code" in each]


async def test_a_forged_cookie_opens_nothing(tmp_path: Path) -> None:
    """Pages of members lead to the sign-in, and forms are refused."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        for cookie in ("x" * 43, "é" * 43, "../../etc/passwd", "x" * 5_000):
            browser.client.cookies.clear()
            sent = {"cookie": f"{COOKIE}={cookie}".encode()}
            page = await browser.get("/me/", headers=sent)
            assert page.url.path == "/c/TestChan/sign-in"
            await browser.post("/me/tip", {"to": "bob", "amount": "1"}, headers=sent)
            assert browser.page.status_code == 403


async def test_a_session_ends_with_its_days(tmp_path: Path) -> None:
    """It lasts as long as the configuration says, whether it is used or not."""
    web = Web(session_days=1)
    async with pages(tmp_path / "e.db", web) as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.sign_in("alice")
        token = browser.client.cookies[COOKIE]
        await anyio.sleep(86_000)
        assert (await browser.get("/me/")).url.path == "/c/TestChan/me/"
        await anyio.sleep(500)
        page = await browser.get("/me/", headers={"cookie": f"{COOKIE}={token}"})
        assert page.url.path == "/c/TestChan/sign-in"


async def test_signing_in_again_ends_the_session_before(tmp_path: Path) -> None:
    """A cookie that was known to somebody is worth nothing after the sign-in."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.sign_in("alice")
        old = browser.client.cookies[COOKIE]
        await browser.sign_in("alice")
        assert browser.client.cookies[COOKIE] != old
        browser.client.cookies.clear()
        page = await browser.get("/me/", headers={"cookie": f"{COOKIE}={old}"})
        assert page.url.path == "/c/TestChan/sign-in"


async def test_signing_out(tmp_path: Path) -> None:
    """It ends this browser's session in the books, not only its cookie."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.sign_in("alice")
        token = browser.client.cookies[COOKIE]
        page = await browser.send("/sign-out")
        assert page.url.path == "/c/TestChan/"
        assert COOKIE not in browser.client.cookies
        page = await browser.get("/me/", headers={"cookie": f"{COOKIE}={token}"})
        assert page.url.path == "/c/TestChan/sign-in"


async def test_signing_out_everywhere(tmp_path: Path) -> None:
    """Ends the sessions of all browsers of the user, and of nobody else."""
    async with (
        pages(tmp_path / "e.db") as here,
        here.browser() as one,
        here.browser() as two,
        here.browser() as bobs,
    ):
        await here.house.join("Alice")
        await here.house.join("Bob")
        await one.sign_in("alice")
        await two.sign_in("alice")
        await bobs.sign_in("bob")
        await one.get("/me/sessions")
        await one.send("/sign-out/everywhere")
        assert (await two.get("/me/")).url.path == "/c/TestChan/sign-in"
        assert (await bobs.get("/me/")).url.path == "/c/TestChan/me/"


async def test_a_form_after_signing_out_leads_back_to_the_sign_in(tmp_path: Path) -> None:
    """What was still open in another tab does nothing, and says how to go on in this channel."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        await here.house.join("Bob")
        await browser.sign_in("alice")
        await browser.get("/me/")
        fields = browser.form("/me/tip").fields | {"to": "bob", "amount": "7"}
        alice = here.house.balance("Alice")
        browser.client.cookies.clear()
        await browser.post("/me/tip", fields)
        assert browser.page.status_code == 403
        assert "You are not signed in any more" in browser.text
        assert 'href="/c/TestChan/sign-in"' in browser.page.text
        assert here.house.balance("Alice") == alice


async def test_what_is_not_there_leads_back_into_the_channel(tmp_path: Path) -> None:
    """With the navigation of the page it was asked from."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.sign_in("alice")
        await browser.get("/me/wagers/999")
        assert browser.page.status_code == 404
        assert '<a href="/c/TestChan/">To the start</a>' in browser.page.text
        assert 'href="/c/TestChan/me/"' in browser.page.text


async def test_a_session_is_of_one_channel(tmp_path: Path) -> None:
    """In another channel it opens nothing, though the same name has an account there."""
    channels = ("TestChan", "Other")
    async with (
        pages(tmp_path / "e.db", channels=channels) as here,
        here.browser() as browser,
    ):
        await here.house.join("Alice")
        await browser.sign_in("alice")
        token = browser.form("/me/tip").fields["token"]
        elsewhere = Browser(here.house, browser.client, "Other")
        assert (await elsewhere.get("/me/")).url.path == "/c/Other/sign-in"
        fields = {"to": "bob", "amount": "1", "token": token, "once": "x" * 20}
        assert (await elsewhere.post("/me/tip", fields)).status_code == 403
        assert (await browser.get("/me/")).url.path == "/c/TestChan/me/"


async def test_the_cookie_is_kept_from_scripts_and_other_sites(tmp_path: Path) -> None:
    """HttpOnly and SameSite always, Secure where browsers come over TLS."""
    web = Web(public_url="https://economy.test")
    async with pages(tmp_path / "e.db", web) as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.get("/sign-in")
        await browser.send("/sign-in", name="alice")
        await here.house.settle()
        fields = browser.form("/sign-in/code").fields | {"code": browser.code("alice")}
        page = await browser.post("/sign-in/code", fields, follow_redirects=False)
        cookie = page.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "secure" in cookie
        assert page.headers["strict-transport-security"]


async def test_a_sign_in_leads_to_pages_of_ours_only(tmp_path: Path) -> None:
    """Where somebody goes on to is a page that there is, and never another site."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        for told in ("//evil.test/", "https://evil.test", "/me/../../evil", "\r\nX: y"):
            browser.client.cookies.clear()
            await browser.get("/sign-in", params={"to": told})
            assert browser.form("/sign-in").fields["to"] == "/me/"


async def test_a_form_of_another_site_is_refused(tmp_path: Path) -> None:
    """Whatever the browser tells of where it stands: another site, another origin, no token."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await here.house.join("Alice")
        await here.house.join("Bob")
        await browser.sign_in("alice")
        before = here.house.balance("Alice")
        fields = browser.form("/me/tip").fields | {"to": "bob", "amount": "1"}
        for headers in (
            {"origin": "http://evil.test"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ):
            assert (await browser.post("/me/tip", fields, headers=headers)).status_code == 403
        for token in ("", "0" * 64, "é"):
            wrong = fields | {"token": token}
            assert (await browser.post("/me/tip", wrong)).status_code == 403
        assert here.house.balance("Alice") == before
        assert (await browser.post("/me/tip", fields)).status_code == 200
        assert ORIGIN in str(browser.client.base_url)
