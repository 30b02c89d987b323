"""The way to Open Trivia DB against a server that is slow, wrong, rate limiting or endless."""

import gzip
from collections.abc import AsyncIterator

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
from tests.integration.trivia.quizmaster import Quizmaster, code, question, quizmaster, told

from economy_actors.questions import Fetched, NoQuestions, Wish
from kryten_economy.features.games.questions import Question

PLAIN = Question(
    "Science & Nature",
    "easy",
    "What is number 1's name?",
    "Right",
    ("Wrong", "False", "Not at all"),
)


@pytest.fixture
async def server() -> AsyncIterator[Quizmaster]:
    with anyio.fail_after(30):
        async with quizmaster() as here:
            yield here


async def test_a_token_first_then_questions(server: Quizmaster) -> None:
    """As the interface wants it; texts are unescaped, and the token is used again."""
    assert await server.fetch(7, "hard", 9) == (PLAIN,)
    assert server.asked == [
        "/api_token.php?command=request",
        "/api.php?amount=7&type=multiple&difficulty=hard&category=9&token=t1",
    ]
    await server.fetch()
    assert server.asked[2:] == ["/api.php?amount=5&type=multiple&token=t1"]


async def test_five_seconds_lie_between_requests(server: Quizmaster) -> None:
    """One request in five seconds, tokens included; no more waiting than it takes."""
    await server.fetch()
    assert server.pauses_s == [5.0]
    server.now_s += 3
    await server.fetch()
    assert server.pauses_s == [5.0, 2.0]
    server.now_s += 60
    await server.fetch()
    assert server.pauses_s == [5.0, 2.0]


async def test_without_results_demands_are_dropped(server: Quizmaster) -> None:
    """Code 1: first any difficulty will do, then any category."""
    server.will(code(1), code(1), told(question()))
    assert await server.fetch(5, "hard", 9) == (PLAIN,)
    assert [each.removeprefix("/api.php?amount=5&type=multiple") for each in server.asked[1:]] == [
        "&difficulty=hard&category=9&token=t1",
        "&category=9&token=t1",
        "&token=t1",
    ]


async def test_a_category_that_does_not_exist_is_dropped(server: Quizmaster) -> None:
    """Code 2 means a parameter that the server does not know."""
    server.will(code(2), told(question()))
    assert await server.fetch(5, "", 999) == (PLAIN,)


async def test_no_results_at_all(server: Quizmaster) -> None:
    """Then there are none."""
    server.will(code(1))
    assert await server.fetch(5, "hard") == NoQuestions("there are no questions")


async def test_an_unknown_token_is_replaced(server: Quizmaster) -> None:
    """Code 3: the server has forgotten it after hours of silence (P-GAM-18)."""
    server.will(code(3), told(question()))
    assert await server.fetch() == (PLAIN,)
    assert server.asked[2] == "/api_token.php?command=request"
    assert server.asked[3].endswith("token=t2")


async def test_an_exhausted_token_is_reset(server: Quizmaster) -> None:
    """Code 4: all questions were told, and the same token begins anew."""
    server.will(code(4), told(question()))
    assert await server.fetch() == (PLAIN,)
    assert server.asked[2] == "/api_token.php?command=reset&token=t1"
    assert server.asked[3].endswith("token=t1")


async def test_a_token_that_can_not_be_reset_is_replaced(server: Quizmaster) -> None:
    """Whatever the server says to the reset, the next request has a token that works."""
    server.tokens = [as_json({"response_code": 0, "token": "old"}), as_json({"response_code": 3})]
    server.will(code(4), told(question()))
    assert await server.fetch() == (PLAIN,)
    assert server.asked[-1].endswith("token=t1")


@pytest.mark.parametrize("too_soon", [code(5), status(429)])
async def test_too_soon_is_asked_again_after_the_pause(
    server: Quizmaster, too_soon: Handler
) -> None:
    """Code 5, which comes with status 429 as well."""
    server.will(too_soon, too_soon, told(question()))
    assert await server.fetch() == (PLAIN,)
    assert server.pauses_s == [5.0, 5.0, 5.0]


async def test_too_soon_for_a_token(server: Quizmaster) -> None:
    """The same holds there."""
    server.tokens = [status(429), as_json({"response_code": 5})]
    assert await server.fetch() == (PLAIN,)
    assert server.pauses_s == [5.0, 5.0, 5.0]


@pytest.mark.parametrize("always", [code(3), code(4), code(5), status(429)])
async def test_it_never_asks_for_ever(server: Quizmaster, always: Handler) -> None:
    """A server that only ever says why not is left alone after some requests."""
    server.will(always)
    assert await server.fetch() == NoQuestions("no questions after many requests")
    assert len(server.asked) <= 16


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (code(7), "code 7"),
        (told(), "no question that can be used"),
        (told({"question": "?"}), "no question that can be used"),
        (as_bytes(b"<html>"), "not JSON"),
        (as_json([]), "no JSON object"),
        (as_json({}), "no response code"),
        (as_json({"response_code": 0, "results": "none"}), "no list of questions"),
        (as_bytes(gzip.compress(b'{"response_code": 0}')), "not JSON"),
        (status(500), "status 500"),
        (status(302, Location="https://elsewhere.test/"), "status 302"),
        (endless, "an answer without end"),
        (half, "ClientPayloadError"),
        (gone, "ServerDisconnectedError"),
    ],
)
async def test_what_goes_wrong_is_an_answer(
    server: Quizmaster, answer: Handler, reason: str
) -> None:
    """Never an exception, never more read than there can be, and the next try works."""
    server.will(answer)
    assert await server.fetch() == NoQuestions(reason)
    server.will(told(question()))
    assert await server.fetch() == (PLAIN,)


@pytest.mark.parametrize("answer", [silent, trickling])
async def test_a_slow_server_costs_the_time_limit(answer: Handler) -> None:
    """However it is slow."""
    with anyio.fail_after(10):
        async with quizmaster(timeout_s=0.2) as server:
            server.will(answer)
            fetched = await server.fetch()
            assert isinstance(fetched, NoQuestions)
            assert "Timeout" in fetched.reason


async def test_a_token_that_is_none(server: Quizmaster) -> None:
    """Without a token nothing is asked, and nothing strange is sent back."""
    server.tokens = [as_json({"response_code": 0, "token": "a&amount=50"})]
    assert await server.fetch() == NoQuestions("no token")
    assert await server.fetch() == (PLAIN,)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[", "http://\udc80/", "nowhere"])
async def test_no_server_at_all(server: Quizmaster, url: str) -> None:
    """An address that leads nowhere is an answer too."""
    fetched: Fetched = await server.client.fetch(Wish(url, 5))
    assert isinstance(fetched, NoQuestions)
    assert "127.0.0.1" not in fetched.reason


async def test_another_address_has_another_token(server: Quizmaster) -> None:
    """What one server has given is not told to another."""
    await server.fetch()
    other: Fetched = await server.client.fetch(Wish(f"{server.url}/mirror", 5))
    assert other == (PLAIN,)
    assert server.asked[2] == "/mirror/api_token.php?command=request"


async def test_no_cookies_are_kept(server: Quizmaster) -> None:
    """A server learns nothing about us but what we ask."""
    seen: list[str] = []

    async def with_cookie(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Cookie", ""))
        response = web.json_response({"response_code": 0, "results": [question()]})
        response.set_cookie("id", "7")
        return response

    server.will(with_cookie)
    await server.fetch()
    await server.fetch()
    assert seen == ["", ""]
