"""What a script asks with a key is what the bus would have answered: every row, both ways."""

import json
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.actors.api.helpers import Api
from tests.actors.conftest import VirtualLoop
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import ORIGIN, opened, opening
from tests.actors.rows import config_rows, test_by_request, test_every_row
from tests.actors.rows.same import Ask, Seen, by_pm, differences, note
from tests.actors.rows.walk import Fields, Row, Step, channel

from economy_actors.handlers.registry import ADMIN, REQUESTS, USERNAME, RequestSpec
from economy_actors.pages.openapi import STATUS
from kryten_economy.config.web import Web

Open = Callable[..., AbstractAsyncContextManager[Api]]
_TOLD = re.compile(r"ke-live-[a-z0-9]{8}-[A-Za-z0-9]{40}")
_IDS = f"wallet:key:{CHANNEL}:boss:"
"""How reservations of a key of Boss begin, where those of the bus begin with ``wallet:api:``."""


@pytest.fixture
def anyio_backend() -> object:
    """One loop, on virtual time: many rows share a house."""
    return "asyncio", {"loop_factory": VirtualLoop}


@pytest.mark.parametrize("topic", test_by_request.TABLES)
async def test_each_request_does_the_same_with_a_key(tmp_path: Path, topic: str) -> None:
    """Same data or error, same bookings and accounts, same notices, one line of the audit."""
    await _both_ways(tmp_path, test_by_request.TABLES[topic], channel)


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=False)
async def test_the_configuration_is_asked_the_same_with_a_key(tmp_path: Path) -> None:
    """The file is read in a thread, so this one runs on real time."""
    await _both_ways(tmp_path, config_rows.REQUESTS, test_every_row.with_file, is_timed=False)


async def _both_ways(
    folder: Path, rows: tuple[Row, ...], prepared: Open, *, is_timed: bool = True
) -> None:
    for name in ("bus", "key"):
        (folder / name).mkdir()
    rows = tuple(_comparable(row) for row in rows)
    async with prepared(folder / "bus") as it:
        await _key(it)
        on_bus = await note(it, rows, by_pm(it.house), _by_bus(it), is_timed=is_timed)
    web = Web(key_reads_per_minute=10_000, key_changes_per_minute=10_000)
    made, more = opening(web)
    async with prepared(folder / "key", **more) as it:
        it.house.context.api = it.ref
        transport = opened(it.house, made[0]).transport
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            ask = _by_key(client, await _key(it))
            with_key = await note(it, rows, by_pm(it.house), ask, is_timed=is_timed)
    found = differences(with_key, on_bus, is_timed=is_timed)
    assert not found, "\n".join(found)
    for seen, origin in ((on_bus, "api"), (with_key, "key")):
        requests = [each for each in seen if not each.step.partition(" ")[0].endswith(":")]
        assert {each for one in requests for each in one.origins} <= {origin}
        assert [each.step for each in requests if not _is_one_line(each)] == []


async def _key(it: Api) -> str:
    """What opens all that operators may ask."""
    before = it.house.context.live.settings
    it.house.context.live.swap(before.model_copy(update={"web": Web()}))
    [told] = await it.house.pm("Boss", "key add @boss read,spend,operate")
    it.house.context.live.swap(before)
    [found] = _TOLD.findall(told)
    text: str = found
    return text.replace("-", "_")


def _comparable(row: Row) -> Row:
    """Without steps that leave out what the key puts in, or name what a key may not."""
    kept = [
        each for each in row.steps if not (isinstance(each, Step) and _is_of_the_key(row, each))
    ]
    return Row(row.name, *kept)


def _is_of_the_key(row: Row, step: Step) -> bool:
    if step.said:
        return False
    spec, fields = _spec(row.name, step), step.fields or {}
    channel_said = fields.get("channel", CHANNEL)
    is_other = spec.channel and isinstance(channel_said, str) and channel_said != CHANNEL
    is_none = spec.channel and channel_said is ...
    return is_other or is_none or (spec.user and not fields.get(USERNAME.name))


def _spec(name: str, step: Step) -> RequestSpec:
    spec = REQUESTS.find(step.command or name)
    assert spec is not None, name
    return spec


def _body(name: str, step: Step) -> Fields:
    """The request, from Boss where it matters from whom it is."""
    spec = _spec(name, step)
    by: Fields = {ADMIN.name: "Boss"} if spec.mutating else {}
    named: Fields = {"channel": CHANNEL} if spec.channel else {}
    return {**named, **(step.fields or {}), **by}


def _by_bus(it: Api) -> Ask:
    async def ask(name: str, step: Step) -> str:
        command = _spec(name, step).name
        return _shown(await it.raw({"command": command} | _body(name, step)))

    return ask


def _by_key(client: httpx.AsyncClient, key: str) -> Ask:
    async def ask(name: str, step: Step) -> str:
        body = json.dumps(_body(name, step)).replace("wallet:api:", _IDS)
        response = await client.post(
            f"/api/v1/{_spec(name, step).name}",
            content=body,
            headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
        )
        answer: dict[str, Any] = response.json()
        assert response.status_code == STATUS[answer.get("error_code", "")]
        return _shown(answer)

    return ask


def _shown(answer: dict[str, Any]) -> str:
    return json.dumps(answer, indent=1, ensure_ascii=False, sort_keys=True)


def _is_one_line(seen: Seen) -> bool:
    """Whether what was done for an operator has one line, and what only reads has none."""
    spec = REQUESTS.find(seen.step.partition(" ")[0])
    assert spec is not None
    return len(seen.audit) == spec.mutating
