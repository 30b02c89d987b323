"""A robot in the place of the gateway that does to CyTube's playlist what it is told."""

from typing import Any

from economy_actors.context import Context
from economy_actors.messages.gateway import RobotCommand
from economy_actors.messages.playlist import Item, Queued, QueueFailed
from economy_actors.runtime import Actor
from kryten_economy.features.media.rules import Medium

__all__ = ("Jukebox",)


class Jukebox(Actor[Any]):
    """Adds what it is asked for at once, or refuses it with the words in ``refuses``."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.commands: list[tuple[str, dict[str, object]]] = []
        self.refuses = ""
        self.uid = 0

    async def receive(self, message: Any) -> None:
        if not isinstance(message, RobotCommand):
            return
        self.commands.append((message.command, dict(message.args)))
        if message.command != "addvideo":
            return
        playlist = self.context.playlists[message.channel]
        media_id = str(message.args["id"])
        if self.refuses:
            playlist.tell(QueueFailed(frozenset({media_id}), self.refuses))
            return
        self.uid += 1
        medium = Medium(f"{message.args['type']}:{media_id}", "Film", 600, self.uid)
        bot = self.context.live.settings.bot.username
        playlist.tell(Queued(Item(self.uid, medium, bot), None))
