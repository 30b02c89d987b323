"""A small server that answers as an OpenAI-compatible one does, or as badly as a test wants."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from anyio import lowlevel
from tests.integration.catalogue.library import Handler, as_json

from economy_actors.llm import LlmServer
from economy_actors.messages.llm import Text
from kryten_economy.config.race import NarrativeLlm
from kryten_economy.features.games.heist import WANTED

__all__ = ("STORY", "Model", "model", "says")

STORY = {
    "scenario": "{user} has a plan.",
    "win": "{payout} {symbol} each!",
    "lose": "All is lost, {user}.",
    "push": "Home again.",
}


def says(content: object) -> Handler:
    """A completion with this content."""
    return as_json({"choices": [{"message": {"role": "assistant", "content": content}}]})


@dataclass
class Model:
    """The server's address; it answers with one of ``plan`` after the other, the last for ever."""

    url: str = ""
    plan: list[Handler] = field(default_factory=lambda: [says(json.dumps(STORY))])
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    pauses_s: list[float] = field(default_factory=list)
    client: LlmServer = field(init=False)

    def will(self, *plan: Handler) -> None:
        """Answer so from now on."""
        self.plan = list(plan)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        self.keys.append(request.headers.get("Authorization"))
        handler = self.plan[0] if len(self.plan) == 1 else self.plan.pop(0)
        return await handler(request)

    async def pause(self, seconds: float) -> None:
        self.pauses_s.append(seconds)

    async def compose(self, **settings: Any) -> Text:
        """What the client makes of it."""
        own = {"endpoint": f"{self.url}/v1/chat/completions", **settings}
        return await self.client.compose(NarrativeLlm(**own), "Write one.", WANTED)


@asynccontextmanager
async def model() -> AsyncIterator[Model]:
    """The server, and a client that waits between tries on paper only."""
    app = web.Application()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    here = Model()
    here.client = LlmServer(sleep=here.pause)
    app.router.add_post("/{path:.*}", here.answer)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        here.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield here
    finally:
        await here.client.close()
        await runner.cleanup()
        # What was cut off while it was silent is closed in the next rounds of the loop.
        for _ in range(3):
            await lowlevel.checkpoint()
