"""A toy trigger: who shouts at somebody else's whisper is paid."""

from tests.toys.config import Shout, ToySettings

from kryten_economy.config import Settings
from kryten_economy.features.chat.triggers import (
    NOTHING,
    Effect,
    Room,
    Spoken,
    Window,
    award_of,
    trigger,
)

__all__ = ("shout",)


class _Whisper:
    """Who whispered last."""

    name: str | None = None


def _own(settings: Settings) -> Shout:
    assert isinstance(settings, ToySettings)
    return settings.chat_triggers.shout


@trigger(
    "chat.shout",
    "Shouted back",
    section=_own,
    reward=lambda s: _own(s).reward,
    wording=lambda _: "shouting when somebody whispers",
)
def shout(line: Spoken, room: Room) -> Effect:
    """A line in capitals after another user's line in small letters."""
    whisper = room.memory.of(_Whisper)
    if line.text.islower():
        whisper.name = line.name
        return NOTHING
    if not line.text.isupper() or whisper.name in {None, line.name}:
        return NOTHING
    limit = Window(shout.id, room.midnight_ms, _own(room.settings).max_per_day)
    return Effect(award_of(shout, room.settings, line.name, limit=limit, related_user=whisper.name))
