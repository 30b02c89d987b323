"""A stand-in for kryten-userstats: who goes by which alias (`wire.md` 8).

Promises: the answers of `traces/` to ``alias.find``, ``.get``, ``.list`` and ``.add``; an
error for what it does not know. Limits: nothing but aliases.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from nats.aio.client import Client
from nats.aio.msg import Msg

from economy_sandbox.bus import arrived, connect

__all__ = ("SimulatedUserstats",)

_SUBJECT = "kryten.userstats.command"


class SimulatedUserstats:
    """``async with SimulatedUserstats(url) as stats: stats.add("alice", "al")``."""

    def __init__(self, url: str) -> None:
        self.asked: list[dict[str, Any]] = []
        self._url = url
        self._aliases: defaultdict[str, list[str]] = defaultdict(list)
        self._connection: Client | None = None

    def add(self, username: str, alias: str) -> None:
        """Set an alias of a user."""
        self._aliases[username].append(alias)

    async def __aenter__(self) -> Self:
        """Connect and answer from now on."""
        self._connection = await connect(self._url, "kryten-userstats")
        await self._connection.subscribe(_SUBJECT, cb=self._on_request)
        await arrived(self._connection)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        if self._connection is not None:
            await self._connection.close()

    async def _on_request(self, msg: Msg) -> None:
        request = json.loads(msg.data)
        self.asked.append(request)
        command = request.get("command")
        data = self._answer(command, request)
        answer: dict[str, Any] = {"success": True, "data": data}
        if data is None:
            answer = {"success": False, "error": f"Unknown command: {command}"}
        if msg.reply:
            body = {"service": "userstats", "command": command, **answer}
            await msg.respond(json.dumps(body).encode())

    def _answer(self, command: object, request: Mapping[str, Any]) -> dict[str, Any] | None:
        match command:
            case "alias.find":
                alias = request["alias"]
                owner = self._owner(alias)
                return {"alias": alias, "username": owner, "found": owner is not None}
            case "alias.get":
                name = request["username"]
                aliases = self._aliases.get(name, [])
                return {"username": name, "aliases": aliases, "count": len(aliases)}
            case "alias.list":
                total = sum(map(len, self._aliases.values()))
                aliases_of = dict(self._aliases)
                return {
                    "aliases": aliases_of,
                    "total_users": len(aliases_of),
                    "total_aliases": total,
                }
            case "alias.add":
                name, alias = request["username"], request["alias"]
                self.add(name, alias)
                message = f"Added alias '{alias}' for user '{name}'"
                return {"username": name, "alias": alias, "added": True, "message": message}
            case _:
                return None

    def _owner(self, alias: str) -> str | None:
        wanted = alias.lower()
        for username, aliases in self._aliases.items():
            if any(one.lower() == wanted for one in aliases):
                return username
        return None
