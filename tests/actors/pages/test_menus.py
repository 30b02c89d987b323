"""The navigation: menus with headings, of what one may see, that open without script."""

import re
from html.parser import HTMLParser
from pathlib import Path

from tests.actors.pages.browser import pages
from tests.actors.pages.operator import operating

from economy_actors.pages.app import TOPICS
from economy_actors.pages.registry import PAGES, Who


class _Menus(HTMLParser):
    """Menus by their names, with the links below each heading."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.menus: dict[str, dict[str, list[str]]] = {}
        self.marked: list[str] = []
        self._in = ""
        self._group: list[str] = []
        self._current: str | None = None
        found = re.search(r'<nav aria-label="Pages".*?</nav>', html, re.DOTALL)
        assert found is not None
        self.feed(found[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._in = (
            tag if tag in {"summary", "a"} else "p" if given.get("class") == "heading" else ""
        )
        self._current = given.get("aria-current")
        if given.get("class") == "group":
            self._group = next(reversed(self.menus.values())).setdefault("", [])

    def handle_data(self, data: str) -> None:
        text = data.strip()
        if not text:
            return
        if self._in == "summary":
            self.menus[text] = {}
        elif self._in == "p":
            menu = next(reversed(self.menus.values()))
            menu.pop("", None)
            self._group = menu.setdefault(text, [])
        elif self._in == "a":
            self._group.append(text)
        if self._current:
            self.marked.append(f"{text} {self._current}")


async def test_an_operator_has_three_menus(tmp_path: Path) -> None:
    """What everybody sees, what is theirs, and what they steer; the last two below headings."""
    async with operating(tmp_path) as (_, browser):
        await browser.get("/op/users")
        found = _Menus(browser.page.text)
        assert {name: [*groups] for name, groups in found.menus.items()} == {
            "Channel": [""],
            "Mine": ["Account", "Spend and play"],
            "Operate": ["Numbers", "People", "Settings"],
        }
        assert found.menus["Operate"]["People"] == ["Users", "Approvals", "Audit"]
        assert max(len(each) for groups in found.menus.values() for each in groups.values()) <= 6


async def test_the_page_at_hand_is_marked(tmp_path: Path) -> None:
    """Its link in the menus, and the menu that it stands in."""
    async with operating(tmp_path) as (_, browser):
        for path, marked in (
            ("/boards", ["Channel true", "Leaderboards page"]),
            ("/me/shop", ["Mine true", "Shop page"]),
            ("/op/users", ["Operate true", "Users page"]),
            ("/op/user/Bob", ["Operate true"]),
        ):
            await browser.get(path)
            assert _Menus(browser.page.text).marked == marked


async def test_menus_open_without_script(tmp_path: Path) -> None:
    """Each is a place to open that browsers know, and none is open before somebody opens it."""
    async with operating(tmp_path) as (_, browser):
        page = await browser.get("/op/")
        nav = page.text.partition("<nav")[2].partition("</nav>")[0]
        assert nav.count("<details") == nav.count("<summary") == 3
        assert " open" not in nav


async def test_who_may_see_nothing_else_has_plain_links(tmp_path: Path) -> None:
    """A visitor sees the pages of the channel at once; a member has no menu of operators."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        page = await browser.get("/")
        nav = page.text.partition("<nav")[2].partition("</nav>")[0]
        assert "<details" not in nav
        assert nav.count("<a ") == sum(1 for each in PAGES if each.nav and each.who is Who.ANYONE)
        await here.house.join("Alice")
        await browser.sign_in("alice")
        assert [*_Menus(browser.page.text).menus] == ["Channel", "Mine"]


def test_every_page_of_a_group_has_a_heading() -> None:
    """Pages of members and operators stand below one; those of the channel are few."""
    assert TOPICS
    lost = [
        each.path for each in PAGES if each.nav and each.who is not Who.ANYONE and not each.group
    ]
    assert lost == []
