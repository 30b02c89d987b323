"""Games on pages: what is shown of them, and each bet as the PM it stands for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.games.cards import seed_for
from tests.actors.games.quiz import BETS_S, CITY, SEED, Shelf, asking, letters
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import Browser, Pages, pages

from kryten_economy.features.games.rules import GAMES
from kryten_economy.features.money.operations import SetBalance
from kryten_economy.users import UserKey

EVIL = "<script>alert(1)</script>"
GAMES_ON: dict[str, Any] = {
    "min_account_age_minutes": 0,
    "spectacle_cooldown_seconds": 0,
    "spin": {"cooldown_seconds": 0, "daily_limit": 2},
    "flip": {"cooldown_seconds": 60},
    "blackjack": {"cooldown_seconds": 0},
    "challenge": {"enabled": True},
    "heist": {"enabled": True, "cooldown_seconds": 0},
    "race": {"enabled": True},
    "trivia": {"difficulty": "medium"},
}


@asynccontextmanager
async def playing(
    path: Path, gambling: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[Pages, Browser]]:
    """Alice and Bob are here with 1,000 Z each; Alice is signed in."""
    sections = {
        "onboarding": {"welcome_wallet": 0},
        "commands": {"rate_limit_per_minute": 1000},
        "gambling": GAMES_ON | (gambling or {}),
    }
    options.setdefault("questions", asking(Shelf(*[CITY] * 20)))
    async with (
        pages(path / "e.db", sections=sections, **options) as here,
        here.browser() as browser,
    ):
        here.house.context.fresh_seed = lambda: SEED
        await here.house.join("Boss", rank=5)
        for name in ("Alice", "Bob"):
            await here.house.join(name)
            user, at_ms = UserKey(CHANNEL, name.lower()), here.house.now_ms
            ask = SetBalance(f"set:{name}", user, 1_000, "Boss", "", at_ms, "2026-11-20")
            await here.house.commit(ask)
        await browser.sign_in("alice")
        await browser.get("/me/play")
        yield here, browser


def plain(browser: Browser) -> str:
    """The page at hand as words."""
    return " ".join(browser.text.split())


async def test_every_game_is_shown_with_what_odds_say(tmp_path: Path) -> None:
    """Each that is on, with its return word for word (pages play 1)."""
    async with playing(tmp_path) as (here, browser):
        [told] = await here.house.pm("Alice", "odds")
        assert len(told.splitlines()) >= len(GAMES)
        for game in GAMES.values():
            assert f'id="g-{game.name}"' in browser.page.text
        for line in told.splitlines()[1:]:
            title, _, returns = line.partition(": ")
            assert title in browser.text
            assert returns in browser.text
        assert "A stake is 10 to 500 Z. 2 of 2 left today." in plain(browser)


async def test_what_is_off_is_not_shown(tmp_path: Path) -> None:
    """Neither a game that is off, nor any where all are (pages play 2)."""
    async with playing(tmp_path, {"flip": {"enabled": False}}) as (_, browser):
        assert "/me/play/stake/flip" not in browser.page.text
        assert "/me/play/stake/spin" in browser.page.text
    (tmp_path / "off").mkdir()
    async with playing(tmp_path / "off", {"enabled": False}) as (_, browser):
        assert "No game is played in this channel" in browser.text


async def test_a_spin_and_what_is_left(tmp_path: Path) -> None:
    """The PM's answer above the games, the balance after it, and one fewer left (pages play 3)."""
    async with playing(tmp_path) as (here, browser):
        await browser.send("/me/play/stake/spin", amount="50")
        assert "(Round 1)" in browser.said
        assert f"{here.house.balance('Alice'):,} Z" in browser.said
        assert "1 of 2 left today." in browser.text
        assert "free spin of the day" in browser.text
        await browser.send("/me/play/free-spin")
        assert "You have had your free spin today." in browser.text
        await browser.send("/me/play/stake/flip", amount="10")
        assert "Again in" in browser.text


@pytest.mark.parametrize(
    ("path", "command", "amount"),
    [
        ("spin", "spin", "5"),
        ("spin", "spin", "lots"),
        ("flip", "flip", "999999"),
        ("blackjack", "blackjack", "1"),
        ("heist", "heist", "1"),
        ("trivia", "trivia", "5000"),
    ],
)
async def test_a_bad_stake_is_refused_as_by_pm(
    tmp_path: Path, path: str, command: str, amount: str
) -> None:
    """Word for word, with what is allowed, and no money moves (pages play 4)."""
    async with playing(tmp_path) as (here, browser):
        [by_pm] = await here.house.pm("Alice", f"{command} {amount}")
        await browser.send(f"/me/play/stake/{path}", amount=amount)
        assert browser.page.status_code == 422
        assert browser.said == by_pm
        assert here.house.balance("Alice") == 1_000


async def test_what_is_no_game_is_not_found(tmp_path: Path) -> None:
    """No other command gets through the form of a stake or a move (pages play 5)."""
    async with playing(tmp_path) as (here, browser):
        fields = browser.form("/me/play/stake/spin").fields | {"amount": "50"}
        for path in ("stake/tip", "stake/grant", "move/balance", "challenge/ban/bob"):
            assert (await browser.post(f"/me/play/{path}", fields)).status_code == 404
        await browser.post("/me/play/stake/spin", fields | {"amount": "50\ngrant @alice 5000"})
        assert browser.page.status_code == 422
        assert here.house.balance("Alice") == 1_000


async def test_a_hand_of_blackjack(tmp_path: Path) -> None:
    """Dealt, shown without the dealer's second card, hit and stood by buttons (pages play 6)."""
    async with playing(tmp_path) as (here, browser):
        here.house.context.fresh_seed = lambda: seed_for("hit", "")
        await browser.send("/me/play/stake/blackjack", amount="100")
        assert "Your hand waits" in browser.text
        assert "/me/play/stake/blackjack" not in browser.page.text
        assert here.house.balance("Alice") == 900
        await browser.send("/me/play/move/hit")
        assert "You have" in browser.said
        assert "/me/play/move/double" not in browser.page.text
        await browser.send("/me/play/move/stand")
        assert "Dealer:" in browser.said
        assert "Your hand waits" not in browser.text


async def test_a_challenge_is_made_and_answered(tmp_path: Path) -> None:
    """By the target alone, who is shown it (pages play 7)."""
    async with playing(tmp_path) as (here, browser), here.browser() as other:
        await other.sign_in("bob")
        await browser.send("/me/play/challenge", name="bob", amount="50")
        assert "Bob" in browser.said
        assert here.house.balance("Alice") == 950
        await browser.get("/me/play")
        assert "challenges you" not in browser.text
        await other.get("/me/play")
        assert "Alice challenges you for 50 Z" in plain(other)
        await other.send("/me/play/challenge/decline/alice")
        await here.house.settle()
        assert here.house.balance("Alice") == 1_000
        await browser.get("/me/play")
        await browser.send("/me/play/challenge", name="", amount="50")
        assert browser.page.status_code == 422


async def test_a_heist_is_planned_and_joined(tmp_path: Path) -> None:
    """Who has planned it, for how much; who is in is in once (pages play 8)."""
    async with playing(tmp_path) as (here, browser):
        await here.house.pm("Bob", "heist 100")
        await browser.get("/me/play")
        assert "Bob planned it; everybody stakes 100 Z. A crew of 1 so far" in plain(browser)
        await browser.send("/me/play/move/join")
        assert here.house.balance("Alice") == 900
        assert "You are in." in browser.text
        assert "/me/play/move/join" not in browser.page.text


async def test_a_race_is_started_and_bet_on(tmp_path: Path) -> None:
    """The racers of the race's own frame; the bet is shown (pages play 9)."""
    async with playing(tmp_path) as (here, browser):
        await browser.send("/me/play/move/race")
        await browser.get("/me/play")
        assert "A race: bets are open" in browser.text
        view = here.house.context.races[CHANNEL].value
        assert view is not None
        colour = view.course.runners[0].color
        await browser.send("/me/play/race/bet", amount="100", colour=colour)
        assert here.house.balance("Alice") == 900
        await here.house.settle()
        await browser.get("/me/play")
        assert f"You have 100 Z on {colour}." in plain(browser)
        await browser.send("/me/play/race/bet", amount="100", colour="pink with dots")
        assert browser.page.status_code == 422


async def test_trivia_shows_no_question_before_bets_are_closed(tmp_path: Path) -> None:
    """P-GAM-17: then question and options, and a button for each letter (pages play 10)."""
    async with playing(tmp_path) as (here, browser):
        await here.house.pm("Bob", "trivia 100")
        await browser.get("/me/play")
        assert "Trivia: Geography (medium)" in plain(browser)
        assert "capital of France" not in browser.text
        assert "Paris" not in browser.text
        await browser.send("/me/play/stake/trivia", amount="100")
        assert here.house.balance("Alice") == 900
        assert "Paris" not in browser.text
        await anyio.sleep(BETS_S + 0.5)
        await here.house.settle()
        await browser.get("/me/play")
        assert "capital of France" in browser.text
        right, wrong = letters(here.house)
        assert f"{right}: Paris" in plain(browser)
        await browser.send("/me/play/trivia/answer", letter=wrong)
        await browser.get("/me/play")
        assert f"Your answer: {wrong}" in plain(browser)
        assert "/me/play/trivia/answer" not in browser.page.text


async def test_predictions_raffles_and_auctions(tmp_path: Path) -> None:
    """Pools, tickets and bids are those of the PM; each is joined by its form (pages play 11)."""
    async with playing(tmp_path) as (here, browser):
        await here.house.pm("Boss", f'predict open 5 "{EVIL}?" yes | <b>no</b>')
        await here.house.pm("Boss", "raffle open 5 10")
        await here.house.pm("Boss", f'auction open 5 10 "{EVIL}"')
        await here.house.pm("Bob", "predict 40 2")
        await here.house.pm("Bob", "bid 25")
        await browser.get("/me/play")
        assert "<script>alert" not in browser.page.text
        assert "<b>no</b>" not in browser.page.text
        assert "40 Z in the pool" in plain(browser)
        assert "Bob bids 25 Z." in plain(browser)
        await browser.send("/me/play/prediction/bet", amount="60", outcome="1")
        assert "60 Z" in browser.said
        assert "You have 60 Z on “yes”." in plain(browser)
        await browser.send("/me/play/stake/raffle", amount="3")
        assert "you have 3 of at most" in plain(browser)
        await browser.send("/me/play/stake/auction", amount="50")
        assert "Alice (you) bids 50 Z." in plain(browser)
        assert here.house.balance("Alice") == 1_000 - 60 - 30 - 50
        assert here.house.balance("Bob") == 1_000 - 40
        await browser.send("/me/play/stake/auction", amount="51")
        assert browser.page.status_code == 422


async def test_rounds_of_another_channel_are_not_here(tmp_path: Path) -> None:
    """Neither shown nor joined from one's own session (pages play 12)."""
    async with playing(tmp_path, channels=(CHANNEL, "Elsewhere")) as (here, browser):
        assert "Elsewhere" not in browser.page.text
        page = await browser.client.get("/c/Elsewhere/me/play")
        assert page.url.path == "/c/Elsewhere/sign-in"
        fields = browser.form("/me/play/stake/spin").fields | {"amount": "50"}
        headers = {"origin": "http://pages.test", "sec-fetch-site": "same-origin"}
        page = await browser.client.post(
            "/c/Elsewhere/me/play/stake/spin", data=fields, headers=headers
        )
        assert page.status_code == 403
        assert here.house.balance("Alice") == 1_000


async def test_who_may_not_play_is_told(tmp_path: Path) -> None:
    """A pause of one's own, and how much of the limits is used (pages play 13)."""
    async with playing(tmp_path) as (here, browser):
        await here.house.pm("Alice", "limit 100")
        await browser.send("/me/play/stake/spin", amount="40")
        assert "You have staked 40 of at most 100 Z today." in plain(browser)
        await here.house.pm("Alice", "limit pause 2h")
        [by_pm] = await here.house.pm("Alice", "flip 10")
        await browser.get("/me/play")
        assert by_pm.split(".")[0] in plain(browser)


async def test_what_admins_have_stopped_is_told(tmp_path: Path) -> None:
    """Games on their page, spending on the others; in the words of the refusal (pages play 14)."""
    async with playing(tmp_path) as (here, browser):
        for level, path, command in (
            ("games", "/me/play", "flip 10"),
            ("spending", "/me/shop", "buy title Lord"),
            ("spending", "/me/vanity", "buy title Lord"),
            ("spending", "/me/queue", "buy title Lord"),
        ):
            await here.house.pm("Boss", f"pause {level}")
            [by_pm] = await here.house.pm("Alice", command)
            await browser.get(path)
            assert browser.said == by_pm
            await here.house.pm("Boss", f"resume {level}")


async def test_a_game_that_has_no_form_is_shown_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever adds a game need not touch the page: it says how it is played (pages play 15)."""
    toy = replace(GAMES["flip"], name="toy", title="Toy")
    monkeypatch.setitem(GAMES, "toy", toy)
    async with playing(tmp_path) as (_, browser):
        assert 'id="g-toy"' in browser.page.text
        assert "This one is played by private message" in browser.text
