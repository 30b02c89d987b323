"""A simulated kryten-robot with the people of its channel, as `traces/` recorded them.

Use: ``async with SimulatedRobot(url) as robot: await robot.join("Bob")``. People type plain
text; the bus carries what CyTube makes of it. What the service sends is recorded, can be
read as it was typed, and can be waited for. Limits: one channel, no polls, no votes.

A stand-in for kryten-userstats: who goes by which alias (`wire.md` 8).

Promises: the answers of `traces/` to ``alias.find``, ``.get``, ``.list`` and ``.add``; an
error for what it does not know. Limits: nothing but aliases.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from nats.aio.client import Client
from nats.aio.msg import Msg

from economy_sandbox.media import Event, Media
from economy_sandbox.nats import event_subject
from economy_sandbox.outbox import Post, arrived, connect
from economy_sandbox.process import RobotProcess
from economy_sandbox.view import PATIENCE_S, Inbox, Wanted

__all__ = (
    "SimulatedRobot",
    "SimulatedUserstats",
)


class SimulatedRobot(RobotProcess):
    """The robot's side of the wire, with a verb for everything people in the channel do."""

    # --- The people ----------------------------------------------------------------------

    async def join(
        self,
        name: str,
        rank: float | None = None,
        *,
        image: str = "",
        text: str = "",
        aliases: Sequence[str] = (),
    ) -> None:
        """Log in as an account (made if new; ``rank`` None keeps its rank), or 0: as a guest."""
        fields = {"image": image, "text": text, "aliases": tuple(aliases)}
        self._prepare(name, rank, **{key: value for key, value in fields.items() if value})
        await self.act(self.room.join(name, guest=rank == 0))

    async def join_many(self, names: Iterable[str], rank: float | None = None) -> None:
        """Let many log in at once."""
        events: list[Event] = []
        for name in names:
            self._prepare(name, rank)
            events += self.room.join(name, guest=rank == 0)
        await self.act(events)

    async def leave(self, name: str) -> None:
        """Log out."""
        await self.act(self.room.leave(name))

    async def chat(self, name: str, text: str, *, flair: bool = False) -> None:
        """Say ``text`` as typed; slash commands are carried out as CyTube does."""
        await self.act(self.room.chat(name, text, flair=flair), typed=text)

    async def pm(self, name: str, text: str, *, to: str | None = None) -> None:
        """Send a PM to the bot, or to somebody else (which the bot never sees)."""
        events = self.room.pm(name, to or self.bot, text)
        if text.startswith("system:"):
            if events:
                await self._answer_system_pm(name, text)
            return
        await self.act(events, typed=text)

    async def ask(self, name: str, text: str, *, timeout_s: float = PATIENCE_S) -> str:
        """Send a PM to the bot and give the next PM that comes back to this user."""
        self._inboxes[name.lower()].skip()
        await self.pm(name, text)
        return await self.wait_pm(name, timeout_s=timeout_s)

    async def afk(self, name: str, is_afk: bool = True) -> None:
        """Go AFK, or come back."""
        await self.act(self.room.afk(name, is_afk))

    async def set_rank(self, name: str, rank: float) -> None:
        """The owner changes a rank with ``/rank``."""
        await self.act(self.room.set_rank(name, rank))

    async def dress(self, css: str) -> None:
        """The owner changes the channel's stylesheet."""
        await self.act(self.dressing.set_css(css))

    async def mute(self, name: str, *, by: str = "boss") -> None:
        """Mute somebody: chat is gone, PMs go on."""
        await self.act(self.room.mute(by, name))

    async def shadow_mute(self, name: str, *, by: str = "boss") -> None:
        """Shadow-mute somebody: only moderators see the chat."""
        await self.act(self.room.mute(by, name, shadow=True))

    async def unmute(self, name: str, *, by: str = "boss") -> None:
        """Lift mute and shadow mute."""
        await self.act(self.room.unmute(by, name))

    async def kick(self, name: str, *, by: str = "boss") -> None:
        """Throw somebody out."""
        await self.act(self.room.kick(by, name))

    # --- Media ---------------------------------------------------------------------------

    async def queue(self, by: str, media: Media, *, pos: str = "end", temp: bool = True) -> int:
        """Somebody queues a medium; gives its uid."""
        self.room.playlist.library.add(media)
        events = self.room.playlist.queue(by, media.type, media.id, pos=pos, temp=temp)
        await self.act(events)
        assert events[0].name == "queue", events[0].payload
        return int(events[0].payload["item"]["uid"])

    async def lock_playlist(self, is_locked: bool = True) -> None:
        """The owner locks the playlist, or opens it."""
        await self.act(self.room.lock(is_locked))

    async def rank_bot(self, rank: float) -> None:
        """The owner gives the bot another rank."""
        await self.act(self.room.rank_bot(rank))

    async def remove(self, uid: int) -> None:
        """Somebody takes an item off the playlist."""
        await self.act(self.room.playlist.delete(uid))

    async def shuffle(self) -> None:
        """Somebody shuffles the playlist."""
        await self.act(self.room.playlist.shuffle())

    async def change_media(self, media: Media | None = None, *, by: str = "boss") -> None:
        """Play the next item now, or this medium, queued if need be."""
        playlist = self.room.playlist
        if media is None:
            await self.act(playlist.play_next())
            return
        item = next((one for one in playlist.items if one.media.id == media.id), None)
        uid = await self.queue(by, media, temp=False) if item is None else item.uid
        if playlist.current is None or playlist.current.uid != uid:
            await self.act(playlist.jump(uid))

    async def tick(self) -> None:
        """What CyTube sends because time passed: ``mediaUpdate``, the next film, ``usercount``."""
        playlist = self.room.playlist
        events = playlist.play_next() if playlist.has_ended() else playlist.media_update()
        await self.act(events + self.room.count())

    # --- Raw input -----------------------------------------------------------------------

    async def raw_event(self, event_name: str, payload: Any, **overrides: Any) -> None:  # noqa: ANN401 - wire data
        """Publish any event; ``overrides`` replace envelope fields. State does not change."""
        self._link.outbox.add([self._link.post(event_name, payload, **overrides)])
        await self._link.outbox.settled()

    async def raw_bytes(self, event_name: str, body: bytes) -> None:
        """Publish any body on an event's subject."""
        self._link.outbox.add([Post(event_subject(self.channel, event_name), lambda: body)])
        await self._link.outbox.settled()

    # --- What was heard ------------------------------------------------------------------

    def inbox_of(self, name: str) -> Inbox:
        """The PMs of the bot to this user, to wait for."""
        return self._inboxes[name.lower()]

    def pms_to(self, name: str) -> list[str]:
        """The texts the bot has delivered to this user by PM, as typed, oldest first."""
        return self._inboxes[name.lower()].lines

    @property
    def chat_lines(self) -> list[str]:
        """What the bot has said in public, as typed, oldest first."""
        return self._chat.lines

    async def wait_pm(self, name: str, wanted: Wanted = None, timeout_s: float = PATIENCE_S) -> str:
        """The first PM to this user that matches and was not given before.

        Raises:
            TimeoutError: none came.
        """
        return await self._inboxes[name.lower()].wait(wanted, timeout_s)

    async def wait_chat(self, wanted: Wanted = None, timeout_s: float = PATIENCE_S) -> str:
        """The same for public lines of the bot."""
        return await self._chat.wait(wanted, timeout_s)

    def _prepare(self, name: str, rank: float | None, **fields: Any) -> None:  # noqa: ANN401 - fields of Account
        if rank == 0:
            return
        if rank is not None:
            fields["rank"] = rank
        self.room.account(name, **fields)


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
