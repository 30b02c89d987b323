"""How one answers is said by whoever asks: a PM in words, a page with its buttons."""

from pathlib import Path
from typing import Any

import pytest
from tests.actors.pages.browser import pages
from tests.actors.pages.operator import operating

WAVE: dict[str, Any] = {
    "id": "wave",
    "name": "Wave",
    "price": 5,
    "effect": "announce",
    "text": "{user} waves",
}
_WAVE = "🛍️ Wave for 5 Z.\nThe channel sees:"
GAMES = {"gambling": {"min_account_age_minutes": 0}}


async def test_a_question_is_put_to_a_page_without_words_for_pms(tmp_path: Path) -> None:
    """The same question says what to send back where it comes as a PM, and only there."""
    sections = {"shop": {"items": [WAVE]}}
    async with pages(tmp_path / "e.db", sections=sections) as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.sign_in("alice")
        [by_pm] = await here.house.pm("Alice", "buy wave")
        await browser.get("/me/shop")
        await browser.send("/me/shop/buy/wave")
        asked, how = " Do you want to buy it?", " Say YES to buy it."
        assert browser.said.endswith(asked)
        assert by_pm == browser.said.removesuffix(asked) + how
        assert [each.buttons for each in browser.forms if each.buttons] == [
            [("say", "yes"), ("say", "no")]
        ]


async def test_a_code_is_told_to_a_page_as_what_its_field_takes(tmp_path: Path) -> None:
    """Not as a command to be sent; with the code that stands there it is done."""
    async with operating(tmp_path) as (here, browser):
        await here.house.pm("Boss", "rain 20")
        await browser.get("/op/audit")
        [number] = {each for each in ("1", "2", "3") if f'/op/audit/{each}"' in browser.page.text}
        bob = here.house.balance("Bob")
        await browser.get(f"/op/audit/{number}")
        await browser.send(f"/op/audit/{number}/undo")
        told, _, code = browser.said.rstrip(".").rpartition(" The code that confirms it: ")
        assert told.startswith("↩️ Undoing #")
        assert "confirm " not in told
        await browser.send("/me/answer", code=code)
        assert browser.page.status_code == 200
        await here.house.settle()
        assert here.house.balance("Bob") == bob - 10


@pytest.mark.parametrize(
    ("path", "by_pm", "hint"),
    [
        ("/me/play/move/hit", "hit", " 'blackjack <wager>' deals one."),
        ("/me/shop/buy/moon", "buy moon", " PM 'shop' for what there is."),
    ],
)
async def test_a_refusal_names_commands_to_pms_only(
    tmp_path: Path, path: str, by_pm: str, hint: str
) -> None:
    """The sentence that tells the command to send is left out on a page, the rest is the same."""
    async with pages(tmp_path / "e.db", sections=GAMES) as here, here.browser() as browser:
        await here.house.join("Alice")
        await browser.sign_in("alice")
        [told] = await here.house.pm("Alice", by_pm)
        fields = browser.form("/me/tip").fields
        await browser.post(path, {"token": fields["token"], "once": fields["once"]})
        assert browser.page.status_code == 422
        assert told == browser.said + hint
