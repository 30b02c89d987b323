"""The pages about oneself: overview, achievements, games, limits and notices, sign-ins."""

import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.games.cards import seed_for
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Browser, Pages, pages
from tests.unit.features.test_achievements import achievement

from economy_actors.messages.channel import Joined, PrivateMessage
from economy_actors.pages.charts import bars, lines
from economy_actors.pages.member import MEMBER_PAGES
from economy_actors.pages.security import browser_in
from kryten_economy.features.games.limits import limits_of
from kryten_economy.features.leaderboards import is_listed
from kryten_economy.features.money.operations import Credit
from kryten_economy.users import UserKey

DAY_S = 86_400
SCRIPT = "<script>alert(1)</script>"
ALICE = UserKey(CHANNEL, "alice")
WIN = [{"symbols": "WIN", "multiplier": 3, "probability": 1}]
GAMES: dict[str, Any] = {
    "gambling": {
        "min_account_age_minutes": 0,
        "spin": {"cooldown_seconds": 0, "payouts": WIN},
        "flip": {"cooldown_seconds": 0, "win_chance": 0},
    },
    "onboarding": {"welcome_wallet": 1000},
    "commands": {"rate_limit_per_minute": 1000},
}


async def _ready(here: Pages, browser: Browser) -> None:
    await here.house.join("Alice")
    await browser.sign_in("alice")


def _figure(browser: Browser, name: str) -> str:
    found = re.search(rf"<dt>{name}</dt><dd[^>]*>(.*?)</dd>", browser.page.text)
    assert found is not None, browser.page.text
    return found[1]


async def test_the_overview_tells_what_the_books_know(tmp_path: Path) -> None:
    """Balance, what today has brought and cost, and how far the next rank is."""
    sections = {**_ranks("Extra", "Grip"), **GAMES}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await here.house.join("Bob")
        await _ready(here, browser)
        await here.house.commit(_credit("alice", 50, "earn"))
        await here.house.pm("Alice", "tip @bob 30")
        await here.house.pm("Alice", "flip 20")
        await browser.get("/me/")
        wallet = here.house.wallet("alice")
        assert wallet is not None
        assert _figure(browser, "Balance") == f"{wallet.balance_z:,} Z"
        assert _figure(browser, "Earned today") == "1,050 Z"
        assert _figure(browser, "Staked and paid today") == "20 Z / 0 Z"
        assert _figure(browser, "Rank") == "Grip"
        assert "To the next rank" not in browser.text


async def test_the_next_rank_and_how_far_it_is(tmp_path: Path) -> None:
    """What is left to earn, as a bar and in words; nothing for who has the highest."""
    sections = _ranks("Extra", "<b>Grip")
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await _ready(here, browser)
        earned = here.house.wallet("alice").lifetime_earned_z  # type: ignore[union-attr]
        assert f"{400 - earned} Z more to earn until" in browser.text
        assert f'value="{earned}"' in browser.page.text
        assert "&lt;b&gt;Grip" in browser.page.text


async def test_the_chart_says_what_the_books_say(tmp_path: Path) -> None:
    """A line over the days since there is a balance, and the same figures as a table."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        assert "<svg" not in browser.page.text
        first = here.house.balance("alice")
        await here.house.leave("Alice")
        await anyio.sleep(2 * DAY_S)
        await here.house.commit(_credit("alice", 25, "earn"))
        await browser.get("/me/")
        assert browser.page.text.count("<svg") == 1
        svg = browser.page.text.partition("<svg")[2].partition("</svg>")[0]
        assert "<title" in svg
        assert "<desc" in svg
        assert not re.search(r"<style|<script|style=|href|url\(", svg)
        cells = re.findall(
            r'<time datetime="(2026-11-\d\d)">.*?</time></th><td class="number">(.*?) Z',
            browser.page.text,
        )
        assert cells == [
            ("2026-11-22", str(first + 25)),
            ("2026-11-21", str(first)),
            ("2026-11-20", str(first)),
        ]


async def test_each_of_the_own_pages_leads_to_the_others(tmp_path: Path) -> None:
    """All of them have the same links, and the one at hand is marked; nobody else sees them."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        for path, _ in MEMBER_PAGES:
            assert (await browser.get(path)).url.path == "/c/TestChan/sign-in"
        await _ready(here, browser)
        for path, name in MEMBER_PAGES:
            page = await browser.get(path)
            assert page.status_code == 200
            assert all(f'href="{browser.url(other)}"' in page.text for other, _ in MEMBER_PAGES)
            assert f'href="{browser.url(path)}" aria-current="page">{name}</a>' in page.text


async def test_achievements_with_progress(tmp_path: Path) -> None:
    """Won ones with their day, open ones with how far they are, hidden ones as a number only."""
    listed = [
        achievement("talker", "lifetime_messages", 1, description=SCRIPT, hidden=False),
        achievement("poet", "lifetime_messages", 9, description="Nine lines", hidden=False),
        achievement("secret", "lifetime_messages", 8, description="Eight lines", hidden=True),
    ]
    async with (
        pages(tmp_path / "e.db", sections={"achievements": listed}) as here,
        here.browser() as browser,
    ):
        await _ready(here, browser)
        await here.house.chat("Alice", "one")
        await here.house.chat("Alice", "two")
        await browser.get("/me/achievements")
        assert "1 hidden achievement is left to find." in browser.text
        assert "Eight lines" not in browser.text
        assert "Nine lines" in browser.text
        assert 'max="9" value="2"' in browser.page.text
        assert SCRIPT not in browser.page.text
        assert "&lt;script&gt;" in browser.page.text
        assert '<time datetime="2026-11-20">' in browser.page.text


async def test_own_rounds_and_what_they_came_to(tmp_path: Path) -> None:
    """Stake, payout and result of each, the newest first; nothing of what others have played."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await here.house.join("Bob")
        await here.house.pm("Bob", "flip 77")
        await _ready(here, browser)
        await browser.get("/me/wagers")
        assert "You have played nothing yet." in browser.text
        await here.house.pm("Alice", "spin 20")
        await here.house.pm("Alice", "flip 10")
        await browser.get("/me/wagers")
        results = re.findall(r'<td[^>]* class="number (?:up|down)">(.*?)</td>', browser.page.text)
        assert results[:2] == ["-10 Z", "+40 Z"]
        assert "77 Z" not in browser.text
        assert "Staked" in browser.text


async def test_many_rounds_are_paged(tmp_path: Path) -> None:
    """Each round stands on one page, whatever is played meanwhile."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await _ready(here, browser)
        for _ in range(30):
            await here.house.pm("Alice", "flip 10")
        await browser.get("/me/wagers")
        seen = re.findall(r">#(\d+)<", browser.page.text)
        await here.house.pm("Alice", "flip 10")
        older = re.search(r'rel="next" href="/c/TestChan([^"]+)"', browser.page.text)
        assert older is not None
        await browser.get(older[1])
        seen += re.findall(r">#(\d+)<", browser.page.text)
        assert len(seen) == 30
        assert len(set(seen)) == 30
        await browser.get("/me/wagers?before=1")
        assert "There is nothing older." in browser.text


async def test_a_round_is_verified_as_by_pm(tmp_path: Path) -> None:
    """Secret until its day is over; then it is worked out again, in the words of `verify`."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await _ready(here, browser)
        await here.house.pm("Alice", "spin 20")
        await browser.get("/me/wagers/1")
        assert "The seed is not told yet" in browser.text
        assert "+40 Z" in browser.text
        await anyio.sleep(DAY_S)
        [said] = await here.house.pm("Alice", "verify 1")
        await browser.get("/me/wagers/1")
        assert "The dice were fair" in browser.text
        assert browser.said == said


async def test_hands_that_still_play_stay_secret(tmp_path: Path) -> None:
    """The page of a round that is not over tells neither its cards nor its seed."""
    seed = seed_for("stand", "win", "lose")
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        here.house.context.fresh_seed = lambda: seed
        await _ready(here, browser)
        await here.house.pm("Alice", "blackjack 100")
        await browser.get("/me/wagers/1")
        assert "not over yet" in browser.text
        assert seed not in browser.page.text
        assert "deck" not in browser.page.text


@pytest.mark.parametrize("number", ["0", "999", "999999999999999999999", "-1", "x"])
async def test_a_round_that_is_not_there(tmp_path: Path, number: str) -> None:
    """A page that says so."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await _ready(here, browser)
        assert (await browser.get(f"/me/wagers/{number}")).status_code == 404


async def test_a_round_of_another_channel_is_none(tmp_path: Path) -> None:
    """Though the number is that of a round, and the player has the same name."""
    channels = (CHANNEL, "Other")
    async with (
        pages(tmp_path / "e.db", sections=GAMES, channels=channels) as here,
        here.browser() as browser,
    ):
        await _ready(here, browser)
        other = here.house.context.channels["Other"]
        other.tell(Joined("Alice", 1, False, here.house.now_ms))
        await here.house.settle()
        other.tell(PrivateMessage("Alice", "flip 10", here.house.now_ms))
        await here.house.settle()
        rounds = here.house.report(
            lambda reports: reports.sql.rows(
                "SELECT r.id FROM game_round AS r JOIN channel AS c ON c.id = r.channel_id"
                " WHERE c.name = 'Other'"
            )
        )
        assert rounds == [(1,)]
        assert (await browser.get("/me/wagers/1")).status_code == 404
        await browser.get("/me/wagers")
        assert "You have played nothing yet." in browser.text


async def test_limits_are_set_as_by_pm(tmp_path: Path) -> None:
    """Lower at once, higher or none from tomorrow on; the stake above it is refused."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await _ready(here, browser)
        await browser.get("/me/limits")
        fields = _limit(browser, "stakes")
        await browser.post("/me/limits/set", fields | {"amount": "50"})
        assert browser.page.status_code == 200
        assert _own(here).stakes.now_z == 50
        balance = here.house.balance("Alice")
        await here.house.pm("Alice", "spin 60")
        assert here.house.balance("Alice") == balance
        await browser.get("/me/limits")
        assert "Your limit is 50 Z" in re.sub(r"\s+", " ", browser.text)
        fields = _limit(browser, "stakes", lifts=True)
        await browser.post("/me/limits/set", fields)
        assert _own(here).stakes == (50, None, "2026-11-21")
        await browser.get("/me/limits")
        fields = _limit(browser, "losses")
        await browser.post("/me/limits/set", fields | {"amount": "7"})
        assert _own(here).losses.now_z == 7


@pytest.mark.parametrize("amount", ["", "x", "-5", "5 losses", "1\nquiet", "pause", "9" * 30])
async def test_a_limit_that_is_none(tmp_path: Path, amount: str) -> None:
    """A clear page, and everything stays as it was."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await _ready(here, browser)
        await browser.get("/me/limits")
        fields = _limit(browser, "stakes")
        await browser.post("/me/limits/set", fields | {"amount": amount})
        assert browser.page.status_code == 422
        assert _own(here) == (*[(None, None, None)] * 2, None)
        await browser.post("/me/limits/set", fields | {"what": SCRIPT})
        assert browser.page.status_code == 400
        assert SCRIPT not in browser.page.text


async def test_a_pause_is_shown_before_it_begins(tmp_path: Path) -> None:
    """The first page begins nothing and names the end; the second can't be taken back."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await _ready(here, browser)
        await browser.get("/me/limits/pause?length=2&unit=d")
        assert "can't be undone" in browser.text
        assert "2026-11-22" in browser.text
        assert _own(here).paused_until_ms is None
        await browser.send("/me/limits/pause")
        assert browser.page.status_code == 200
        until_ms = _own(here).paused_until_ms
        assert until_ms is not None
        assert until_ms - here.house.now_ms > 47 * 3_600_000
        await browser.get("/me/limits")
        assert "You pause from all games until" in browser.text
        await here.house.pm("Alice", "flip 5")
        assert here.house.balance("Alice") == 1000


@pytest.mark.parametrize("query", ["", "length=0&unit=d", "length=9999&unit=w", "length=1&unit=x"])
async def test_a_pause_of_no_length(tmp_path: Path, query: str) -> None:
    """What is no time from an hour to a year is told, on both pages."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await _ready(here, browser)
        await browser.get("/me/limits/pause?length=1&unit=d")
        fields = browser.form("/me/limits/pause").fields
        assert (await browser.get(f"/me/limits/pause?{query}")).status_code == 422
        assert "365d" in browser.said
        await browser.post("/me/limits/pause", fields | {"time": "9999w"})
        assert browser.page.status_code == 422
        assert _own(here).paused_until_ms is None


async def test_quiet_settings(tmp_path: Path) -> None:
    """Notices and the line on leaderboards, each on and off again, as `quiet` and `unquiet` do."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await _ready(here, browser)
        for do, quiet, listed in (
            ("quiet", True, True),
            ("hide", True, False),
            ("unquiet", False, False),
            ("show", False, True),
        ):
            await browser.get("/me/limits")
            await browser.post("/me/limits/notices", _notices(browser, do))
            assert browser.page.status_code == 200
            wallet = here.house.wallet("alice")
            assert wallet is not None
            assert wallet.quiet is quiet
            assert here.house.report(lambda reports: is_listed(reports, ALICE)) is listed
        await browser.get("/me/limits")
        fields = _notices(browser, "quiet")
        assert (await browser.post("/me/limits/notices", fields | {"do": "x"})).status_code == 400


async def test_where_somebody_is_signed_in(tmp_path: Path) -> None:
    """Each browser by its kind and time, the one at hand marked; nobody else's."""
    firefox = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0"}
    async with (
        pages(tmp_path / "e.db") as here,
        here.browser(headers=firefox) as one,
        here.browser(headers={"user-agent": SCRIPT}) as two,
        here.browser(headers={"user-agent": "Safari iPad"}) as bobs,
    ):
        await here.house.join("Alice")
        await here.house.join("Bob")
        await bobs.sign_in("bob")
        await one.sign_in("alice")
        await anyio.sleep(60)
        await two.sign_in("alice")
        await one.get("/me/sessions")
        text = re.sub(r"\s+", " ", one.text)
        assert "Firefox on Linux (this one)" in text
        assert "Unknown browser 2026-11-20" in text
        assert "iPad" not in text
        assert SCRIPT not in one.page.text


def test_browsers_by_their_names() -> None:
    """Of all the names a browser gives itself, the one that is its own; no word of its own."""
    mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
    phone = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
    assert browser_in(f"{mac} Chrome/140.0 Safari/537.36 Edg/140.0") == "Edge on a Mac"
    assert browser_in(f"{mac} Version/18 Safari/605.1") == "Safari on a Mac"
    assert browser_in(phone) == "Chrome on Android"
    assert browser_in("curl/8") == ""
    assert browser_in(SCRIPT * 1000) == ""


def test_charts_hold_nothing_that_runs_or_is_fetched() -> None:
    """Lines and bars alike, whatever their labels say; also where there is nothing to draw."""
    drawn = [
        lines("a", SCRIPT, SCRIPT, [SCRIPT, "b"], {SCRIPT: [1, None], "x": [2, 3]}),
        lines("b", "t", "a", ["1"], {"x": [None]}),
        lines("c", "t", "a", ["1", "2"], {"x": [0, 0]}),
        bars("d", SCRIPT, SCRIPT, [SCRIPT], {SCRIPT: [5], "y": [7]}),
        bars("e", "t", "a", [], {"x": []}),
    ]
    for each in drawn:
        assert each.count("<svg") == 1
        assert not re.search(r"<style|<script|<!--|style=|href|url\(", each)
        assert 'role="img"' in each


def test_charts_say_above_them_what_they_show() -> None:
    """To who looks; who hears the page is told it once, by the drawing."""
    drawn = lines("a", "Supply", "From 1 to <3>.", ["1", "2"], {"x": [1, 3]})
    assert drawn.startswith(
        '<p class="shows" aria-hidden="true"><strong>Supply</strong> From 1 to &lt;3&gt;.</p><svg'
    )


def _limit(browser: Browser, what: str, *, lifts: bool = False) -> dict[str, str]:
    """The form that sets a limit, or lifts it."""
    action = browser.url("/me/limits/set")
    forms = [
        each for each in browser.forms if (each.action, each.fields.get("what")) == (action, what)
    ]
    [found] = [each for each in forms if bool(each.buttons) is lifts]
    return found.fields | dict(found.buttons)


def _notices(browser: Browser, do: str) -> dict[str, str]:
    [found] = [each for each in browser.forms if ("do", do) in each.buttons]
    return found.fields | {"do": do}


def _own(here: Pages) -> Any:
    return here.house.report(lambda reports: limits_of(reports, ALICE))


def _ranks(lowest: str, highest: str) -> dict[str, Any]:
    """Two ranks, the higher one for 400 Z earned."""
    tiers = [
        {"name": lowest, "min_lifetime_earned": 0},
        {"name": highest, "min_lifetime_earned": 400},
    ]
    return {"ranks": {"tiers": tiers}, "cytube_promotion": {"min_rank": highest}}


def _credit(name: str, amount_z: int, type_: str) -> Credit:
    return Credit(
        op_id=f"test:{name}:{amount_z}",
        user=UserKey(CHANNEL, name),
        amount_z=amount_z,
        type=type_,
        trigger_id="chat.long_message",
        reason="A long message",
        at_ms=1_795_168_800_000 + 2 * DAY_S * 1000,
        day="2026-11-20",
    )


async def test_an_empty_list_leads_to_what_fills_it(tmp_path: Path) -> None:
    """Who has played nothing finds the games, who has sent no form is told what stands there."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await here.house.join("Newcomer")
        await browser.sign_in("newcomer")
        page = await browser.get("/me/wagers")
        assert f'<a href="{browser.url("/me/play")}">See what there is to play.</a>' in page.text
        page = await browser.get("/me/answer")
        assert "Nothing yet." in browser.text
