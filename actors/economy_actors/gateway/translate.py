"""From kryten-py's events to the economy's own messages.

Promises: never an exception, whatever the bus carries; own echoes, ``[server]`` lines,
shadow-muted lines, repeated old chat, duplicates, ignored users and other people's channels end
here; texts leave as they were typed; no time lies ahead. It waits for nothing and tells nobody:
the gateway does.
"""

from collections.abc import Callable, Mapping
from functools import partial

from economy_actors.channel.messages import ListedUser
from economy_actors.clock import Clock
from economy_actors.context import LiveSettings
from economy_actors.gateway.attendance import Attendance
from economy_actors.gateway.events import (
    Door,
    Dropped,
    Event,
    Nothing,
    Translated,
    Translation,
    payload_of,
)
from economy_actors.gateway.freshness import Freshness
from economy_actors.gateway.media import Media
from economy_actors.gateway.payloads import failed_pm_to
from economy_actors.gateway.speech import Speech
from economy_actors.outbox.protocol import PmFailed, RobotGone, Throttled

__all__ = ("Translator",)

Reader = Callable[[str, Event], Translation]


class Translator:
    """Knows which lines and events have been seen; one per service, from its start on."""

    def __init__(self, live: LiveSettings, clock: Clock) -> None:
        self._door = Door(live, clock)
        self.places = self._door.places
        self.freshness = Freshness(clock.now_ms())
        speech = Speech(self._door, self.freshness)
        attendance = self._attendance = Attendance(self._door)
        media = Media(self._door)
        self.emote_news = media.emote_news
        readers: dict[str, Reader] = {
            "chatmsg": speech.chat,
            "pm": speech.private,
            "adduser": attendance.join,
            "userleave": attendance.leave,
            "userlist": attendance.userlist,
            "setuserrank": attendance.rank,
            "setafk": attendance.afk,
            "setusermeta": attendance.meta,
            "errormsg": _refused,
            "cooldown": _throttled,
            "kick": _kicked,
            "setcurrent": media.current,
            "changemedia": media.media,
            "delete": media.deleted,
            "playlist": media.playlist,
            "setplaylistmeta": media.playlist_length,
            "emotelist": media.emotes,
            "updateemote": media.emote_set,
            "removeemote": media.emote_removed,
            "mediaupdate": _sign_of_life,
            "usercount": _sign_of_life,
        }
        self.kinds: Mapping[str, Callable[[Event], Translation]] = {
            kind: partial(self._read, reader) for kind, reader in readers.items()
        }
        """The events one listens to, by their name in lower case."""

    def listed(self, entries: object) -> tuple[ListedUser, ...] | None:
        """The users of a list from the robot's store; None if it is none."""
        return self._attendance.listed(entries)

    def _read(self, reader: Reader, event: Event) -> Translation:
        channel = self._door.place(event)
        return channel if isinstance(channel, Dropped) else reader(channel, event)


def _refused(channel: str, event: Event) -> Translation:
    """A refusal of something the bot did; only undelivered PMs concern anybody."""
    name = failed_pm_to(payload_of(event))
    return Nothing(channel) if name is None else Translated(channel, PmFailed(name))


def _throttled(channel: str, _event: Event) -> Translation:
    """One message of the bot was dropped."""
    return Translated(channel, Throttled())


def _kicked(channel: str, _event: Event) -> Translation:
    """The bot was thrown out: this event reaches nobody else."""
    return Translated(channel, RobotGone())


def _sign_of_life(channel: str, _event: Event) -> Translation:
    """An event without news for the economy."""
    return Nothing(channel)
