"""What can't be is refused where it is asked for: nobody agrees to it first."""

from pathlib import Path
from typing import Any

import pytest
from tests.actors.pages.operator import operating

LAMP: dict[str, Any] = {
    "id": "lamp",
    "name": "A lamp",
    "price": 10,
    "effect": "announce",
    "text": "{user} has lit {item}",
}


@pytest.mark.parametrize(
    ("before", "path", "fields", "by_pm"),
    [
        ("", "/op/ban", {"name": "Boss"}, "ban @Boss"),
        ("", "/op/ban", {"name": "BOT"}, "ban @BOT"),
        ("ban @Bob", "/op/ban", {"name": "Bob"}, "ban @Bob"),
        ("", "/op/unban", {"name": "Bob"}, "unban @Bob"),
        ("", "/op/freeze", {"name": "Boss"}, "freeze @Boss"),
        ("", "/op/freeze", {"name": "BOT"}, "freeze @BOT"),
        ("", "/op/grant", {"name": "BOT", "amount": "5"}, "grant @BOT 5 why"),
        ("", "/op/deduct", {"name": "Bob", "amount": "99999"}, "deduct @Bob 99999 why"),
        ("", "/op/deduct", {"name": "Ghost", "amount": "5"}, "deduct @Ghost 5 why"),
        ("readonly", "/op/grant", {"name": "Bob", "amount": "5"}, "grant @Bob 5 why"),
        ("readonly", "/op/deduct", {"name": "Bob", "amount": "5"}, "deduct @Bob 5 why"),
        ("", "/op/shop/remove", {"id": "lamp"}, "shop_remove lamp"),
    ],
)
async def test_what_can_not_be_is_refused_at_once(
    tmp_path: Path, before: str, path: str, fields: dict[str, str], by_pm: str
) -> None:
    """In the words of the PM, without a look at what would happen; and nothing has."""
    sections = {"shop": {"items": [LAMP]}}
    async with operating(tmp_path, sections=sections) as (here, browser):
        if before:
            await here.house.pm("Boss", before)
        bot = here.house.context.live.settings.bot.username
        [told] = await here.house.pm("Boss", by_pm.replace("BOT", bot))
        balances = here.house.balance("Bob"), here.house.balance("Boss")
        tokens = {each: browser.form("/me/tip").fields[each] for each in ("token", "once")}
        sent = {name: value.replace("BOT", bot) for name, value in fields.items()}
        await browser.post(path, sent | tokens | {"reason": "why"})
        assert "This will happen" not in browser.text
        assert browser.page.status_code == 422
        assert browser.said == told
        assert (here.house.balance("Bob"), here.house.balance("Boss")) == balances
