"""The pictures of the pages in docs/: small, shown, and of pages that exist."""

import re

from tests.unit.docs.pages import DOCS, page

from economy_actors.pages.app import TOPICS
from economy_actors.pages.registry import PAGES

PICTURES = DOCS / "pages"
_SUM_MAX = 4_000_000
_SHOWN = re.compile(r'src="pages/([^"]+)"')


def test_every_picture_is_shown_and_small() -> None:
    """The page shows each picture there is and no other, and they are no burden for a clone."""
    found = {each.name: each.stat().st_size for each in PICTURES.iterdir()}
    assert set(_SHOWN.findall(page("pages.md"))) == set(found)
    assert sum(found.values()) < _SUM_MAX


def test_pages_of_the_navigation_are_pictured() -> None:
    """Each page that the navigation leads to has its four pictures: `just screenshots`."""
    assert TOPICS
    shown = page("pages.md")
    missing = [
        (each.name, width, scheme)
        for each in PAGES
        if each.nav
        for width in (390, 1280)
        for scheme in ("light", "dark")
        if f'alt="{each.name} at {width} px, {scheme}"' not in shown
    ]
    assert missing == []
