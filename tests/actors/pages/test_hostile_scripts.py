"""What strangers send to the API over HTTP, and the keys on the page of operators."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from tests.actors.api.helpers import Silent, spawn
from tests.actors.house import CHANNEL
from tests.actors.pages.scripts import Scripts, scripts

from economy_actors.handlers.api_keys import PEPPER_NAME
from economy_actors.messages.channel import Joined
from economy_actors.pages.json_api import READ_WITHIN_S
from economy_actors.pages.openapi import BODY_BYTES_MAX
from kryten_economy.features.api_keys import keys_of

SCRIPT = "<script>alert(1)</script>"
URL = "/api/v1/balance.get"


async def _post(it: Scripts, key: str, content: bytes, kind: str = "application/json") -> int:
    headers = {"authorization": f"Bearer {key}", "content-type": kind}
    answer = await it.client.post(URL, content=content, headers=headers)
    body = answer.json()
    assert body["success"] is (answer.status_code == 200)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer.status_code


async def test_bodies_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no JSON object, too large, nested without end or of another kind is told so."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("alice", "read")
        for content in (b"", b"{", b"[]", b"\xff", b'"x"', b"[" * 9_000, b'{"username": [' * 900):
            assert await _post(it, key, content) == 400, content[:20]
        assert await _post(it, key, b"{}") == 200
        assert await _post(it, key, b'{"username": "\\ud800"}') == 403
        assert await _post(it, key, b'{"channel": "\\ud83d"}') == 403
        assert await _post(it, key, b" " * (BODY_BYTES_MAX + 1)) == 413
        assert await _post(it, key, b"{}", "text/plain") == 415
        assert await _post(it, key, b"username=bob", "application/x-www-form-urlencoded") == 415


# On trio httpx leaves the rest of such a body to the garbage collector, which warns.
@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_a_body_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    """It is cut at the limit, and one that does not come is given up in time."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("alice", "read")
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            while sent < 10 * 1024 * 1024:
                sent += 1024
                yield b" " * 1024

        async def slow() -> AsyncIterator[bytes]:
            yield b"{"
            await anyio.sleep(3_600)
            yield b"}"

        answer = await it.client.post(URL, content=endless(), headers=headers)
        assert (answer.status_code, sent <= 2 * BODY_BYTES_MAX) == (413, True)
        began_s = anyio.current_time()
        answer = await it.client.post(URL, content=slow(), headers=headers, timeout=None)
        assert answer.status_code == 408
        assert answer.headers["connection"] == "close"
        assert anyio.current_time() - began_s < READ_WITHIN_S + 1


async def test_strangers_upload_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key nothing of the body is read."""
    async with scripts(tmp_path, monkeypatch) as it:
        read = False

        async def body() -> AsyncIterator[bytes]:
            nonlocal read
            read = True
            yield b"{}"

        headers = {"content-type": "application/json"}
        answer = await it.client.post(URL, content=body(), headers=headers)
        assert (answer.status_code, read) == (401, False)
        assert answer.headers["connection"] == "close"


async def test_paths_and_methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is no request is told so as JSON, and what changes something takes POST only."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("boss", "operate")
        headers = {"authorization": f"Bearer {key}"}
        for path in (SCRIPT, "../../etc/passwd", "balance.get/", "%00", "balance.get%0d%0ax: y"):
            answer = await it.client.get(f"/api/v1/{path}", headers=headers)
            assert answer.status_code == 404, path
            assert "<script" not in answer.text
        for method, path in (("GET", "balance.adjust"), ("PUT", "balance.get"), ("POST", "")):
            answer = await it.client.request(method, f"/api/v1/{path}", headers=headers)
            assert answer.status_code == 405
            assert answer.headers["allow"]
        for query in ("username=a&username=b", "username=%ff", "&".join(["a=b"] * 100)):
            assert (await it.client.get(f"{URL}?{query}", headers=headers)).status_code == 400


async def test_script_in_fields_stays_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes back as JSON, which no browser takes for a page."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("boss", "operate")
        for name, fields in (
            ("balance.get", {"username": SCRIPT}),
            ("user.ban", {"username": "bob", "reason": SCRIPT}),
            ("balance.search", {"pattern": SCRIPT}),
        ):
            answer = await it.ask(key, name, **fields)
            assert answer.headers["content-type"] == "application/json"
            assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_service_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was to change is said to be unknown, what was to be read is busy."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("boss", "operate")
        it.house.context.api = spawn(it.house, "mute", Silent)
        assert await it.refused(key, "balance.get") == (503, "unavailable")
        answer = await it.ask(key, "balance.adjust", username="bob", amount=1)
        assert answer.status_code == 503
        assert "It is not known whether this was done." in answer.json()["error"]


# The page of operators


async def test_keys_are_made_and_revoked_on_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is shown on the page of the answer, works, and is in the list without its secret."""
    async with scripts(tmp_path, monkeypatch) as it, it.here.browser() as browser:
        await browser.sign_in("boss")
        await browser.get("/op/keys")
        assert "No keys yet" in browser.text
        pms = len(it.house.pms("Boss"))
        await browser.send("/op/keys/add", name="@alice", spend="on")
        found = re.search(r"ke_live_[a-z0-9]{8}_[A-Za-z0-9]{40}", browser.said)
        assert found is not None, browser.said
        assert len(it.house.pms("Boss")) == pms
        assert (await it.data(found[0], "balance.get"))["username"] == "Alice"
        await browser.get("/op/keys")
        assert found[0][8:16] in browser.text
        assert "read, spend" in browser.text
        assert found[0][17:] not in browser.page.text
        await browser.send("/op/keys/revoke")
        assert "Revoked" in browser.said
        assert await it.refused(found[0], "balance.get") == (401, "unauthorized")
        rows = [each for each in it.audit() if each.command == "key"]
        assert [(each.origin, each.done) for each in rows] == [("page", 1), ("page", 1)]
        assert not any(found[0][17:] in f"{each}" for each in rows)


async def test_a_form_sent_twice_makes_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both answers are the same, and there is one key."""
    async with scripts(tmp_path, monkeypatch) as it, it.here.browser() as browser:
        await browser.sign_in("boss")
        await browser.get("/op/keys")
        fields = browser.form("/op/keys/add").fields | {"name": "alice", "read": "on"}
        await browser.post("/op/keys/add", fields)
        first = browser.said
        await browser.post("/op/keys/add", fields)
        assert browser.said == first
        assert len(it.house.report(lambda reports: keys_of(reports, CHANNEL))) == 1
        await it.house.minutes(15)
        await browser.post("/op/keys/add", fields)
        assert "made already" in browser.said
        assert len(it.house.report(lambda reports: keys_of(reports, CHANNEL))) == 1


async def test_the_page_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad name, no scope, script, another's prefix: a sentence, and no key."""
    async with scripts(tmp_path, monkeypatch) as it, it.here.browser() as browser:
        await browser.sign_in("boss")
        for name, scope in ((SCRIPT, "read"), ("", "read"), ("alice bob", "read"), ("alice", "x")):
            await browser.get("/op/keys")
            fields = browser.form("/op/keys/add").fields | {"read": ""}
            await browser.post("/op/keys/add", fields | {"name": name, scope: "on"})
            assert browser.page.status_code == 422, name
            assert SCRIPT not in browser.page.text
        for prefix in ("", "abcdefgh", SCRIPT):
            await browser.get("/op/keys")
            fields = browser.form("/op/keys/add").fields | {"prefix": prefix}
            await browser.post("/op/keys/revoke", fields)
            assert browser.page.status_code == 422, prefix
        assert it.house.report(lambda reports: keys_of(reports, CHANNEL)) == []
        monkeypatch.delenv(PEPPER_NAME)
        await browser.get("/op/keys")
        assert PEPPER_NAME in browser.text


async def test_no_key_is_no_act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To revoke what is no key stands in the audit log as tried, and not as done."""
    async with scripts(tmp_path, monkeypatch) as it:
        await it.house.pm("Boss", "key revoke zzzzzzzz")
        [row] = it.audit()
        assert (row.command, row.arguments, row.done) == ("key", "revoke zzzzzzzz", 0)
        assert "has no key" in row.result


async def test_keys_of_another_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator sees and revokes those of their own channel only."""
    async with scripts(tmp_path, monkeypatch, channels=(CHANNEL, "Other")) as it:
        key = await it.key("alice", "read")
        other = it.house.context.channels["Other"]
        other.tell(Joined("Boss", 4, False, it.house.now_ms))
        await it.house.settle()
        async with it.here.browser("Other") as browser:
            await browser.sign_in("boss")
            await browser.get("/op/keys")
            assert key[8:16] not in browser.page.text
            fields = browser.form("/op/keys/add").fields | {"prefix": key[8:16]}
            await browser.post("/op/keys/revoke", fields)
            assert "has no key" in browser.said
        assert (await it.data(key, "balance.get"))["username"] == "Alice"


async def test_members_see_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page and its forms are for operators."""
    async with scripts(tmp_path, monkeypatch) as it, it.here.browser() as browser:
        await it.house.join("Alice")
        await browser.sign_in("alice")
        assert (await browser.get("/op/keys")).status_code == 403
        assert (await browser.post("/op/keys/add", {"name": "alice"})).status_code == 403
