"""What the service was started with is kept in the books, while it does its work already."""

from economy_actors.context import Context
from economy_actors.handlers.reloading import note_settings
from economy_actors.runtime import Actor

__all__ = ("KeepsSettings",)


class KeepsSettings(Actor[None]):
    """Nobody waits for it, and it waits for nothing after that."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def started(self) -> None:
        """Keep them; where the books can't be reached, the next reload does."""
        await note_settings(self._context, "start")

    async def receive(self, message: None) -> None:
        """Nobody tells it anything."""
