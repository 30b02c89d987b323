"""The way to text models against a server that is slow, wrong, hostile or endless."""

import gzip
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
import pytest
from aiohttp import web
from tests.integration.catalogue.library import (
    Handler,
    as_bytes,
    as_json,
    endless,
    gone,
    half,
    silent,
    status,
    trickling,
)
from tests.integration.llm.model import STORY, Model, model, says

from economy_actors import llm as actors
from economy_actors.messages.llm import Compose, NoText, Text
from economy_actors.runtime import Actor, open_system
from kryten_economy.config import race as config
from kryten_economy.config.race import NarrativeLlm
from kryten_economy.features.narration import Wanted


@pytest.fixture
async def server() -> AsyncIterator[Model]:
    with anyio.fail_after(30):
        async with model() as here:
            yield here


async def test_one_request_as_endpoints_of_this_kind_take_it(server: Model) -> None:
    """Model, system and user message, temperature, length; the key only if there is one."""
    text = await server.compose(api_key="sesame", model="m", temperature=0.5, max_tokens=77)
    assert text == STORY
    [asked] = server.asked
    assert asked == {
        "model": "m",
        "messages": [
            {"role": "system", "content": NarrativeLlm().system_prompt},
            {"role": "user", "content": "Write one."},
        ],
        "temperature": 0.5,
        "max_tokens": 77,
    }
    await server.compose()
    assert server.keys == ["Bearer sesame", None]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(STORY),
        f"```json\n{json.dumps(STORY)}\n```",
        f"```\n{json.dumps(STORY)}```",
        f"Sure! Here is your heist:\n```json\n{json.dumps(STORY)}\n```\nEnjoy!",
        f"Of course: {json.dumps(STORY)} I hope you like it.",
    ],
)
async def test_what_is_around_the_object_is_left_out(server: Model, content: str) -> None:
    """Models wrap what they write in fences and kind words."""
    server.will(says(content))
    assert await server.compose() == STORY


@pytest.mark.parametrize(
    "trouble",
    [
        status(500),
        status(404),
        status(401),
        status(302, Location="http://127.0.0.1:9/"),
        half,
        gone,
        as_bytes(b"<html>no</html>"),
        as_bytes(b"\xff\xfe\x00"),
        as_bytes(b"[" * 100_000),
        as_bytes(b"9" * 100_000),
        as_json({}),
        as_json([]),
        as_json({"choices": []}),
        as_json({"choices": [{"message": {"content": None}}]}),
        as_json({"choices": {"0": "a"}}),
        says(""),
        says("I can't help with that."),
        says(["scenario"]),
        says(json.dumps(["scenario", "win"])),
        says(json.dumps({**STORY, "win": ""})),
        says(json.dumps({**STORY, "win": " \u200b\n "})),
        says(json.dumps({**STORY, "lose": 7})),
        says(json.dumps({**STORY, "scenario": {"text": "deep"}})),
        says(json.dumps({"scenario": "only"})),
        says('{"scenario": ' + "[" * 50_000),
    ],
)
async def test_what_is_of_no_use_is_asked_again_and_given_up(
    server: Model, trouble: Handler
) -> None:
    """`max_retries` + 1 tries, and a value in the end, whatever comes; the last may succeed."""
    server.will(trouble, says(json.dumps(STORY)))
    assert await server.compose(max_retries=1) == STORY
    server.will(trouble)
    server.asked.clear()
    answer = await server.compose(max_retries=2)
    assert isinstance(answer, NoText)
    assert "127.0.0.1" not in answer.reason
    assert len(server.asked) >= 3
    assert server.pauses_s == [1, 1, 1]


@pytest.mark.parametrize("trouble", [silent, trickling])
async def test_an_answer_that_takes_too_long_is_given_up(server: Model, trouble: Handler) -> None:
    """The limit is for the whole try, however busily the server sends."""
    server.will(trouble)
    began_s = anyio.current_time()
    assert await server.compose(timeout_seconds=1, max_retries=1) == NoText("no answer in time")
    assert anyio.current_time() - began_s < 4
    assert len(server.asked) == 2


async def test_an_answer_without_end_is_not_read_on(server: Model) -> None:
    """Some hundred kilobytes are enough for four lines."""
    server.will(endless)
    assert await server.compose(max_retries=0) == NoText("an answer without end")


async def test_what_is_packed_is_not_unpacked(server: Model) -> None:
    """A few kilobytes might become gigabytes."""
    bomb = gzip.compress(b" " * 50_000_000)

    async def packed(_request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    server.will(packed)
    assert await server.compose(max_retries=0) == NoText("not JSON")


async def test_nothing_is_asked_without_an_endpoint(server: Model) -> None:
    """An empty address switches the model off."""
    for endpoint in ("", "  "):
        assert await server.compose(endpoint=endpoint) == NoText("no endpoint is configured")
    assert server.asked == []


@pytest.mark.parametrize(
    "settings",
    [
        {"endpoint": "not a web address"},
        {"endpoint": "ftp://127.0.0.1/"},
        {"endpoint": "http://127.0.0.1:99999/"},
        {"endpoint": "http://"},
        {"api_key": "two\nlines"},
    ],
)
async def test_settings_that_can_not_work(server: Model, settings: dict[str, Any]) -> None:
    """They are an answer as well, and hold nothing secret."""
    answer = await server.compose(**settings)
    assert isinstance(answer, NoText)
    assert "lines" not in answer.reason
    assert server.asked == []


async def test_nobody_there(server: Model) -> None:
    """A port that nobody listens on."""
    answer = await server.compose(endpoint="http://127.0.0.1:9/v1", max_retries=1)
    assert isinstance(answer, NoText)


async def test_text_of_a_model_is_not_trusted(server: Model) -> None:
    """One line without control characters, cut, never a command (6.5)."""
    server.will(
        says(
            json.dumps(
                {
                    "scenario": "/kick {user}",
                    "win": "one\ntwo\r\n\u202ethree\x00\u200b",
                    "lose": "!ban " + "x" * 1000,
                    "push": " / ! /clear",
                    "system": "ignored",
                }
            )
        )
    )
    text = await server.compose()
    assert isinstance(text, dict)
    assert text["scenario"] == "kick {user}"
    assert text["win"] == "one two three"
    assert text["lose"].startswith("ban x")
    assert len(text["lose"]) == 280
    assert text["push"] == "clear"
    assert set(text) == {"scenario", "win", "lose", "push"}


# The actor in front of it


class Asker(Actor[Text]):
    """Keeps what it is told."""

    def __init__(self, heard: list[Text]) -> None:
        self.heard = heard

    async def receive(self, message: Text) -> None:
        self.heard.append(message)


class Stumbling:
    """Meets a defect at the first question."""

    def __init__(self) -> None:
        self.asked = 0

    async def close(self) -> None:
        pass

    async def compose(self, settings: config.Llm, prompt: str, wanted: Sequence[Wanted]) -> Text:
        assert settings.model
        assert wanted
        self.asked += 1
        if self.asked == 1:
            raise ZeroDivisionError("a defect")
        return {"a": prompt}


@pytest.fixture
async def root() -> AsyncIterator[Any]:
    class Root(Actor[Any]):
        def __init__(self) -> None:
            self.llm: Any = None

        async def started(self) -> None:
            heard.clear()
            self.llm = self.spawn("llm", lambda: actors.Llm(lambda: here))
            self.asker = self.spawn("asker", lambda: Asker(heard))
            refs.extend((self.llm, self.asker))

    heard: list[Text] = []
    refs: list[Any] = []
    here = Stumbling()
    async with open_system() as system:
        await system.spawn_root("root", Root)
        yield refs[0], refs[1], heard
        await system.stop(5)


async def test_a_defect_costs_one_answer(root: Any) -> None:
    """Whoever asked hears that there is no text; the next question is answered."""
    llm, asker, heard = root
    wanted = (Wanted("a", 100),)
    for prompt in ("first", "second"):
        llm.tell(Compose(NarrativeLlm(), prompt, wanted, asker, lambda text: text))
        with anyio.fail_after(5):
            while not heard or (prompt == "second" and len(heard) < 2):  # noqa: ASYNC110
                await anyio.sleep(0.01)
    assert heard == [NoText("the answer could not be read"), {"a": "second"}]
