"""The actor of the pages: their server, codes of sign-in and replays live and die with it."""

import socket
from typing import Any, ClassVar

import anyio
from jinja2 import Environment

from economy_actors.context import Context
from economy_actors.pages import live
from economy_actors.pages.app import pages_app
from economy_actors.pages.assets import environment
from economy_actors.pages.codes import MAILBOX as CODES_MAILBOX
from economy_actors.pages.codes import SignIn
from economy_actors.pages.server import Server
from economy_actors.pages.streams import Live
from economy_actors.pages.view import Site
from economy_actors.pages.what_if import WhatIf
from economy_actors.runtime import Actor, Supervision
from kryten_economy.config.web import Web

__all__ = ("Pages",)

_END_WITHIN_S = 3.0


class Pages(Actor[Any]):
    """Serves the pages on a socket that is there already and outlives every instance."""

    supervision: ClassVar[Supervision] = Supervision(drain_s=1.0)

    def __init__(self, context: Context, web: Web, listening: socket.socket, live: Live) -> None:
        self._context = context
        self._web = web
        self._live = live
        self._listening = listening
        self._ended = anyio.Event()
        self._site: Site
        self._server: Server

    async def started(self) -> None:
        """Make the application, which asks for nothing yet."""
        context = self._context
        sign_in = self.spawn("sign_in", lambda: SignIn(context), capacity=CODES_MAILBOX)
        what_if = self.spawn("what_if", lambda: WhatIf(context))
        self._site = Site(context, self._web, sign_in, what_if, environment(), self._live)
        self._server = Server(pages_app(self._site), self._listening)

    async def work(self) -> None:
        """Serve, and tell those who look what changes."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(live.run, self._site)
                tasks.start_soon(_prepare, self._site.templates)
                await self._server.run()
                tasks.cancel_scope.cancel()
        finally:
            self._ended.set()

    async def stopping(self) -> None:
        """End the streams, answer what is being answered, and take nothing new."""
        self._live.end_all()
        self._server.stop()
        with anyio.move_on_after(_END_WITHIN_S):
            await self._ended.wait()


async def _prepare(templates: Environment) -> None:
    """Translate all templates before somebody asks for them: each takes as long as ten pages."""
    for name in templates.list_templates():
        await anyio.to_thread.run_sync(templates.get_template, name)
