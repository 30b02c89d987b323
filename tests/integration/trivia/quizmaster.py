"""A small server that answers as Open Trivia DB does, or as badly as a test wants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from tests.integration.catalogue.library import Handler, as_json

from economy_actors.questions import Fetched, OpenTriviaDb, Wish

__all__ = ("Quizmaster", "code", "question", "quizmaster", "told")


def question(number: int = 1, difficulty: str = "easy") -> dict[str, Any]:
    """A question as it is told, escaped."""
    return {
        "type": "multiple",
        "difficulty": difficulty,
        "category": "Science &amp; Nature",
        "question": f"What is number {number}&#039;s name?",
        "correct_answer": "Right",
        "incorrect_answers": ["Wrong", "False", "Not at all"],
    }


def told(*questions: dict[str, Any]) -> Handler:
    """These questions."""
    return as_json({"response_code": 0, "results": list(questions)})


def code(number: int) -> Handler:
    """No questions, for this reason."""
    return as_json({"response_code": number, "results": []})


@dataclass
class Quizmaster:
    """The server's address; questions come by ``plan``, the last one of it for ever.

    Tokens are given by ``tokens`` in the same way: ``t1``, ``t2`` and so on if it is empty.
    ``asked`` are the paths, ``pauses_s`` is how long the client waited: on paper, by a clock of
    the test's own.
    """

    url: str = ""
    plan: list[Handler] = field(default_factory=lambda: [told(question())])
    tokens: list[Handler] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    pauses_s: list[float] = field(default_factory=list)
    given: int = 0
    now_s: float = 0.0
    client: OpenTriviaDb = field(init=False)

    def will(self, *plan: Handler) -> None:
        """Answer so from now on."""
        self.plan = list(plan)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if request.path.endswith("/api_token.php"):
            return await self._token(request)
        handler = self.plan[0] if len(self.plan) == 1 else self.plan.pop(0)
        return await handler(request)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        if self.tokens:
            return await self.tokens.pop(0)(request)
        if request.query["command"] == "request":
            self.given += 1
        return web.json_response({"response_code": 0, "token": f"t{self.given}"})

    async def pause(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.now_s += seconds

    async def fetch(
        self, amount: int = 5, difficulty: str = "", category: int | None = None
    ) -> Fetched:
        """What the client makes of it."""
        return await self.client.fetch(Wish(self.url, amount, difficulty, category))


@asynccontextmanager
async def quizmaster(timeout_s: float = 10.0) -> AsyncIterator[Quizmaster]:
    """The server, and a client that waits between requests on paper only."""
    app = web.Application()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    here = Quizmaster()
    here.client = OpenTriviaDb(sleep=here.pause, now_s=lambda: here.now_s, timeout_s=timeout_s)
    app.router.add_get("/{path:.*}", here.answer)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        here.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield here
    finally:
        await here.client.close()
        await runner.cleanup()
