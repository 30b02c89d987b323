"""The document of the API, and that nothing is answered that it doesn't tell."""

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.actors.house import CHANNEL
from tests.actors.pages.browser import ORIGIN
from tests.actors.pages.scripts import Scripts, scripts

from economy_actors.handlers.registry import REQUESTS
from kryten_economy.config.web import Web

REQUESTS_MIN = 5_000
PARTS = 4
PART_MIN = -(-REQUESTS_MIN // PARTS)
"""What each part sends at least, wherever it runs; four of them are never less than all."""
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
WEB = Web(
    key_reads_per_minute=100_000,
    key_changes_per_minute=100_000,
    trusted_proxies=("127.0.0.1",),
)
Case = Any
"""Of schemathesis, which has no stubs for it."""


def _cases(operation: Any, mode: GenerationMode, count: int, number: int) -> list[Case]:
    """So many requests of one operation, the same ones at each run."""
    found: list[Case] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found


def _cases_of(document: dict[str, Any], part: int) -> Iterator[Iterator[tuple[Case, bool]]]:
    """Requests of each fourth operation, and whether each is as the document wants it; and others
    of the same ones, as often as they are asked for: some operations have few right requests."""
    schema: Any = schemathesis.openapi.from_dict(document)
    operations = [each.ok() for each in schema.get_all_operations()]
    # Right and wrong ones, each with two keys.
    count = REQUESTS_MIN // (4 * len(operations)) + 1
    own = [*enumerate(operations)][part::PARTS]
    for turn in itertools.count():
        yield (
            (case, mode is GenerationMode.POSITIVE)
            for number, operation in own
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
            for case in _cases(operation, mode, count, number + turn * len(operations))
        )


def _sent(case: Case, number: int, *, is_right: bool) -> dict[str, Any]:
    """What httpx sends for it; what is right is about people and things that there are."""
    sent = case.as_transport_kwargs(ORIGIN)
    for fields in (sent.get("json"), sent.get("params")):
        if is_right and isinstance(fields, dict):
            known = {"channel": CHANNEL, "username": ("alice", "bob", "nobody")[number % 3]}
            fields.update({name: known[name] for name in known.keys() & fields.keys()})
    content = sent.get("data")
    headers = {"x-forwarded-for": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"}
    if (kind := sent["headers"].get("Content-Type")) is not None:
        headers["content-type"] = kind
    return {
        "method": sent["method"],
        "url": sent["url"],
        "params": sent.get("params") or None,
        "headers": headers,
        **({"json": sent["json"]} if "json" in sent else {}),
        **({"content": content} if isinstance(content, bytes | str) else {}),
    }


# Hypothesis looks at the interpreter's one `random`, which another thread may use meanwhile.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
@pytest.mark.parametrize("part", range(PARTS))
async def test_only_what_is_documented_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anyio_backend: str, part: int
) -> None:
    """Five thousand right and wrong requests: each answer has a documented status and form.

    They are sent in four parts that may run in different workers. Each operation is in one of
    them, and each part goes on until it has sent its quarter; so all four together have sent five
    thousand, and the service has counted as many as were sent.
    """
    async with scripts(tmp_path, monkeypatch, WEB) as it:
        keys = [await it.key("boss", "operate"), await it.key("alice", "read,spend")]
        document = (await it.client.get("/api/v1/openapi.json")).json()
        statuses: Counter[int] = Counter()
        numbers, before, asides = itertools.count(), _counted(it), 0
        turns = _cases_of(document, part)
        while statuses.total() < PART_MIN:
            for case, is_right in next(turns):
                number = next(numbers)
                sent = _sent(case, number, is_right=is_right)
                for key in keys:
                    headers = sent["headers"] | {"authorization": f"Bearer {key}"}
                    answer = await it.client.request(**(sent | {"headers": headers}))
                    case.validate_response(answer, checks=CHECKS)
                    assert answer.status_code != 500, (sent, answer.text)
                    statuses[answer.status_code] += 1
                if number % 25 == 0:
                    # Some of them stop the whole channel.
                    await it.data(keys[0], "panic.clear")
                    asides += 1
        assert _counted(it) - before - asides == statuses.total()
        assert PARTS * PART_MIN >= REQUESTS_MIN
        assert statuses.keys() >= {200, 400, 403, 404}, statuses
        assert statuses[200] > statuses.total() / 10, statuses


def _counted(it: Scripts) -> int:
    """How many requests the service says that it has answered."""
    return sum(
        int(sample.value)
        for family in it.house.context.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "economy_page_requests_total"
    )


async def test_the_document_tells_of_every_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each registered request has its path, its fields, who may ask it, and what it does."""
    async with scripts(tmp_path, monkeypatch) as it:
        document = (await it.client.get("/api/v1/openapi.json")).json()
        assert document["openapi"] == "3.1.0"
        assert document["paths"].keys() == {f"/api/v1/{each.name}" for each in REQUESTS}
        for spec in REQUESTS:
            path = document["paths"][f"/api/v1/{spec.name}"]
            assert path.keys() == ({"post"} if spec.changes else {"get", "post"})
            post = path["post"]
            assert post["x-scope"] == spec.needs
            assert len(post["summary"]) > 3
            schema = post["requestBody"]["content"]["application/json"]["schema"]
            named = {each.name for each in spec.fields} - {"admin"}
            assert named <= schema["properties"].keys() <= named | {"channel", "admin"}
            assert "401" in post["responses"]
        assert document["components"]["securitySchemes"].keys() == {"key", "token"}


async def test_the_page_of_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names every request with its scope, asks nobody else for anything, and needs no key."""
    async with scripts(tmp_path, monkeypatch) as it:
        page = await it.client.get("/api/v1", follow_redirects=True)
        assert page.status_code == 200
        assert page.url.path == "/api/v1/"
        for spec in REQUESTS:
            assert f"/api/v1/{spec.name}</code>" in page.text
        assert "<script" not in page.text
        assert "scope operate" in page.text
