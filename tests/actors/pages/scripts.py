"""A script that asks a house over HTTP, with a key that an operator has made for it."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.actors.api.helpers import Replies, Silent, spawn
from tests.actors.house import CHANNEL, House
from tests.actors.pages.browser import ORIGIN, Pages, pages

from economy_actors.api import Api as ApiActor
from economy_actors.handlers.api_keys import PEPPER_NAME
from economy_actors.handlers.registry import COMMANDS, REQUESTS
from economy_actors.metrics.metrics import Metrics
from kryten_economy.config.web import Web
from kryten_economy.features.audit.queries import entries
from kryten_economy.features.audit.rules import Entry
from kryten_economy.features.money.operations import Credit
from kryten_economy.users import UserKey

__all__ = ("PEPPER", "Scripts", "give", "scripts")

PEPPER = "a pepper of more than sixteen characters"
_TOLD = re.compile(r"ke-(?:live|test)-[a-z0-9]{8}-[A-Za-z0-9]{40}")


@dataclass(slots=True)
class Scripts:
    """A house with pages and the API, and what it takes to ask it."""

    here: Pages
    client: httpx.AsyncClient

    @property
    def house(self) -> House:
        return self.here.house

    async def key(self, user: str, scopes: str, *more: str) -> str:
        """Have an operator make a key, and read it from their PM."""
        text = " ".join(("key add", f"@{user}", scopes, *more))
        (told,) = await self.house.pm("Boss", text)
        found = _TOLD.search(told)
        assert found is not None, told
        return found[0].replace("-", "_")

    async def ask(self, key: str, name: str, /, **fields: object) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return await self.client.post(f"/api/v1/{name}", json=fields, headers=headers)

    async def data(self, key: str, name: str, /, **fields: object) -> dict[str, Any]:
        """The data of a request that succeeds."""
        answer = await self.ask(key, name, **fields)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["service"], body["command"], body["success"]) == ("economy", name, True)
        data: dict[str, Any] = body["data"]
        return data

    async def refused(self, key: str, name: str, /, **fields: object) -> tuple[int, str]:
        """Status and code of a request that is refused."""
        answer = await self.ask(key, name, **fields)
        body = answer.json()
        assert body["success"] is False
        assert body["error"]
        return answer.status_code, body["error_code"]

    def audit(self) -> list[Entry]:
        """The audit log, oldest first."""
        found: Sequence[Entry] = self.house.report(lambda r: entries(r, CHANNEL, limit=99))
        return list(reversed(found))


async def give(home: House, name: str, amount_z: int, channel: str = CHANNEL) -> None:
    """An account with money."""
    now_ms = home.now_ms
    await home.commit(
        Credit(
            op_id=f"seed:{channel}:{name}",
            user=UserKey.of(channel, name),
            amount_z=amount_z,
            type="earn",
            trigger_id="presence.base",
            reason="seed",
            at_ms=now_ms,
            day=home.context.live.calendar.day(now_ms),
            create=True,
            display_name=name,
        )
    )


@asynccontextmanager
async def scripts(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    web: Web | None = None,
    *,
    sections: dict[str, Any] | None = None,
    **options: Any,
) -> AsyncIterator[Scripts]:
    """A channel with an operator in it, Alice and Bob with 100,000 Z each."""
    monkeypatch.setenv(PEPPER_NAME, PEPPER)
    web = web or Web(key_reads_per_minute=10_000, key_changes_per_minute=10_000)
    sections = {"web": web, **(sections or {})}
    async with pages(path / "e.db", web, sections=sections, **options) as here:
        home = here.house
        home.context.metrics = Metrics(
            channels=tuple(home.context.channels),
            commands=[spec.name for spec in COMMANDS],
            api_commands=REQUESTS.names,
        )
        home.context.bus_connected = lambda: True
        home.context.api = spawn(home, "api", lambda: ApiActor(home.context, Replies()))
        for channel in home.context.channels:
            # Nobody tells this house of a stylesheet.
            home.context.colours[channel] = spawn(home, f"colours-{channel}", Silent)
        await home.join("Boss", 4)
        for name in ("Alice", "Bob"):
            await give(home, name, 100_000)
        async with httpx.AsyncClient(transport=here.transport, base_url=ORIGIN) as client:
            yield Scripts(here, client)
