"""A simulated kryten-robot with the people of its channel, as `traces/` recorded them.

Use: ``async with SimulatedRobot(url) as robot: await robot.join("Bob")``. People type plain
text; the bus carries what CyTube makes of it. What the service sends is recorded, can be
read as it was typed, and can be waited for. Limits: one channel, no polls, no votes.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from economy_sandbox.link import event_subject
from economy_sandbox.media import Event, Media
from economy_sandbox.outbox import Post
from economy_sandbox.process import RobotProcess
from economy_sandbox.records import PATIENCE_S, Inbox, Wanted

__all__ = ("SimulatedRobot",)


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
