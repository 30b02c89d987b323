"""Requests to pages are counted by the page and by how they ended, in a bounded way."""

from pathlib import Path

from tests.actors.pages.browser import pages

from economy_actors.metrics.metrics import Metrics
from economy_actors.pages.registry import PAGES


def _counted(metrics: Metrics) -> dict[tuple[str, str], float]:
    return {
        (sample.labels["page"], sample.labels["result"]): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "economy_page_requests_total"
    }


async def test_requests_are_counted_by_registered_page(tmp_path: Path) -> None:
    """A page is counted under the path that it is registered with, refusals apart; whatever else
    is asked for is counted as no page, so that visitors can't make up series."""
    async with pages(tmp_path / "e.db") as here, here.browser() as browser:
        await browser.get("/")
        await browser.get("/?board=rich")
        await browser.post("/me/tip", {"to": "bob", "amount": "1"})
        for path in ("/nothing", "/nothing/else", "/me/../x"):
            await browser.get(path)
        await browser.client.get("/c/elsewhere/")
        counted = _counted(here.site.context.metrics)
    assert counted["/", "ok"] == 2
    assert counted["/", "refused"] == 1
    assert counted["/me/tip", "refused"] == 1
    assert counted["none", "refused"] == 3
    assert {name for name, _ in counted} <= {each.name for each in PAGES} | {"none"}
