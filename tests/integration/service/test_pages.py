"""The real service with pages: from a browser over the bus into the books, and back."""

import socket
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.actors.pages.browser import Browser
from tests.integration.service.house import House, OpenHouse, free_port

from economy_actors.context import LiveSettings
from economy_actors.exporter import HttpBindError
from economy_actors.service import open_service
from kryten_economy.config import load


@dataclass(frozen=True, slots=True)
class _Bus:
    """What users were sent over the bus."""

    house: House
    name: str

    def pms(self, name: str) -> list[str]:
        return self.house.robot.pms_to(name)

    async def settle(self) -> None:
        await self.house.robot.wait_pm(self.name, "Your code")


async def test_a_tip_from_a_browser(make_house: OpenHouse) -> None:
    """The code really arrives in the channel, the tip is in the books, its receiver is told, and
    after a restart the browser is signed in still."""
    port = free_port()
    house = await make_house(web={"port": port}, tipping={"min_account_age_minutes": 0})
    await house.give("alice", 100)
    await house.give("Bob", 1)
    assert house.service is not None
    assert house.service.pages == f"http://127.0.0.1:{port}"
    bob = house.balance("Bob") or 0
    async with httpx.AsyncClient(base_url=house.service.pages, follow_redirects=True) as client:
        browser = Browser(_Bus(house, "alice"), client, house.channel)
        page = await browser.sign_in("alice")
        assert page.status_code == 200, page.text
        await browser.send("/me/tip", to="Bob", amount="40")
        assert browser.page.status_code == 200, browser.said
        await house.robot.wait_pm("Bob", "40")
        assert house.balance("Bob") == bob + 40
        await house.restart()
        page = await browser.get("/me/")
        assert page.url.path.endswith("/me/")
        assert "alice" in browser.text
    house.balanced()


async def test_a_taken_port_ends_the_start(make_house: OpenHouse) -> None:
    """With the address, the reason, and the key to change."""
    house = await make_house()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        await house.stop()
        house.write_config(web={"port": port})
        settings = load(Path(house.config), {}).settings
        with pytest.raises(BaseExceptionGroup) as failed:
            async with open_service(LiveSettings(settings)):
                pass
        assert failed.group_contains(HttpBindError, match=rf"127\.0\.0\.1:{port}.*web\.port")
