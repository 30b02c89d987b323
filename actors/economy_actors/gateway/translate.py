"""From kryten-py's events to the economy's own messages.

Promises: never an exception, whatever the bus carries; own echoes, ``[server]`` lines,
shadow-muted lines, repeated old chat, duplicates, ignored users and other people's channels end
here; texts leave as they were typed; no time lies ahead. It waits for nothing and tells nobody:
the gateway does.

What the channel shows: the medium that plays, and the emotes. The same events tell the playlist
what lies on it.

Who is there: joins, leaves, whole lists, ranks and AFK.

What people say, as they typed it, in public and in private; and the echoes of the bot.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from kryten import ChatMessageEvent, UserJoinEvent, UserLeaveEvent

from economy_actors.clock import Clock
from economy_actors.context import LiveSettings
from economy_actors.gateway.events import (
    IGNORED,
    Door,
    Dropped,
    Event,
    Freshness,
    Nothing,
    Translated,
    Translation,
    malformed,
    payload_of,
)
from economy_actors.gateway.payloads import (
    PLAYLIST_KINDS,
    afk_in,
    css_in,
    emote_in,
    emotes_in,
    epoch_ms,
    failed_pm_to,
    is_empty_playlist,
    listed_user,
    medium_in,
    name_in,
    playlist_news,
    position_in,
    rank_in,
    rank_of,
    typed_line,
    uid_of,
)
from economy_actors.messages.channel import (
    AfkChanged,
    EmoteChanged,
    EmotesListed,
    Joined,
    Left,
    Listed,
    ListedUser,
    MediaChanged,
    PlaylistEmptied,
    PrivateMessage,
    RankChanged,
    Said,
)
from economy_actors.messages.colours import BotRanked, StylesheetTold
from economy_actors.messages.playlist import PlaylistNews
from economy_actors.outbox.message import Medium
from economy_actors.outbox.protocol import Echoed, PmFailed, RobotGone, Throttled
from kryten_economy.text.markup import typed_text
from kryten_economy.users import is_name

__all__ = (
    "Attendance",
    "Media",
    "Speech",
    "Translator",
)


class Media:
    """Reads events about media and emotes; ``emote_news`` counts the latter by channel."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._uids: dict[str, int] = {}
        self._deleted: set[str] = set()
        self.emote_news: Counter[str] = Counter()

    def current(self, channel: str, event: Event) -> Translation:
        """The uid of what plays, told right before it (`wire.md` 3)."""
        uid = uid_of(payload_of(event))
        if uid is None:
            return malformed("no uid")
        self._uids[channel] = uid
        self._deleted.discard(channel)
        return Nothing(channel)

    def media(self, channel: str, event: Event) -> Translation:
        """What plays now."""
        payload = payload_of(event)
        medium = medium_in(payload, self._uids.get(channel))
        if medium is None:
            return Nothing(channel)
        changed = MediaChanged(medium, self._door.time_of(event), position_in(payload))
        return Translated(channel, changed)

    def deleted(self, channel: str, _event: Event) -> Translation:
        """An item has played, or somebody took it off the playlist."""
        self._deleted.add(channel)
        return Nothing(channel)

    def playlist(self, channel: str, event: Event) -> Translation:
        """The whole playlist; an empty one where somebody has cleared it."""
        if payload_of(event) != []:
            return Nothing(channel)
        return self._emptied(channel, event, is_seen=True)

    def playlist_length(self, channel: str, event: Event) -> Translation:
        """How long the playlist is: with its last item gone nothing plays, and no event says so.

        A robot that comes in tells this, too, and then nobody saw when the last item ended.
        """
        is_seen = channel in self._deleted
        self._deleted.discard(channel)
        if not is_empty_playlist(payload_of(event)):
            return Nothing(channel)
        return self._emptied(channel, event, is_seen=is_seen)

    def _emptied(self, channel: str, event: Event, *, is_seen: bool) -> Translation:
        emptied = PlaylistEmptied(self._door.time_of(event), is_seen)
        return Translated(channel, emptied)

    def emotes(self, channel: str, event: Event) -> Translation:
        """All emotes of the channel."""
        names = emotes_in(payload_of(event))
        if names is None:
            return malformed("no list")
        self.emote_news[channel] += 1
        return Translated(channel, EmotesListed(names))

    def emote_set(self, channel: str, event: Event) -> Translation:
        """An emote is new, or shows another picture."""
        return self._emote(channel, event, exists=True)

    def emote_removed(self, channel: str, event: Event) -> Translation:
        """An emote was taken away."""
        return self._emote(channel, event, exists=False)

    def _emote(self, channel: str, event: Event, *, exists: bool) -> Translation:
        name = emote_in(payload_of(event))
        if name is None:
            return Nothing(channel)
        self.emote_news[channel] += 1
        return Translated(channel, EmoteChanged(name, exists))


class Attendance:
    """Reads events about those who are in the channel."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def join(self, channel: str, event: Event) -> Translation:
        """Somebody came. kryten-py can't type a rank of 1.5 and then gives the raw event."""
        at_ms = self._door.time_of(event)
        if isinstance(event, UserJoinEvent):
            rank = rank_of(event.rank)
            if rank is None or not is_name(event.username):
                return malformed("no user with name and rank")
            message = Joined(event.username, rank, afk=False, at_ms=at_ms)
        else:
            user = listed_user(payload_of(event))
            if user is None:
                return malformed("no user with name and rank")
            message = Joined(user.name, user.rank, afk=bool(user.afk), at_ms=at_ms)
        return self._door.unless_ignored(channel, message.name, message)

    def leave(self, channel: str, event: Event) -> Translation:
        """Somebody left."""
        if not isinstance(event, UserLeaveEvent) or not is_name(event.username):
            return malformed("no user name")
        message = Left(event.username, self._door.time_of(event))
        return self._door.unless_ignored(channel, message.name, message)

    def userlist(self, channel: str, event: Event) -> Translation:
        """Everybody who is there."""
        users = self.listed(payload_of(event))
        if users is None:
            return malformed("no user list")
        return Translated(channel, Listed(users, self._door.time_of(event)))

    def listed(self, entries: object) -> tuple[ListedUser, ...] | None:
        """The users of a list from an event or from the robot's store; None if it is none.

        Entries that are not users are left out; a list of nothing but such is none.
        """
        if not isinstance(entries, list):
            return None
        users = {user.name.lower(): user for user in map(listed_user, entries) if user is not None}
        if entries and not users:
            return None
        return tuple(user for user in users.values() if not self._door.live.ignores(user.name))

    def rank(self, channel: str, event: Event) -> Translation:
        """A channel rank, told after every join and at each change."""
        payload = payload_of(event)
        name, rank = name_in(payload), rank_in(payload)
        if name is None or rank is None:
            return malformed("no name and rank")
        return self._door.unless_ignored(channel, name, RankChanged(name, rank))

    def afk(self, channel: str, event: Event) -> Translation:
        """Somebody went AFK or came back."""
        return self._afk(channel, payload_of(event), payload_of(event))

    def meta(self, channel: str, event: Event) -> Translation:
        """The same in CyTube's other words; mutes and the like come this way too."""
        payload = payload_of(event)
        if not isinstance(payload, Mapping):
            return malformed("no user meta")
        if isinstance(payload.get("meta"), Mapping) and "afk" not in payload["meta"]:
            return Nothing(channel)
        return self._afk(channel, payload, payload.get("meta"))

    def _afk(self, channel: str, payload: object, flags: object) -> Translation:
        name, afk = name_in(payload), afk_in(flags)
        if name is None or afk is None:
            return malformed("no name and AFK flag")
        return self._door.unless_ignored(channel, name, AfkChanged(name, afk))


# `[server]`, `[voteskip]`: CyTube speaks under names that no account can have.
_SERVER_SIGN = "["
_SERVER_LINE: Final = Dropped("server_line")
_SHADOW: Final = Dropped("shadow")
_REPLAYED: Final = Dropped("replayed")


class Speech:
    """Reads events of what is said; lines that were heard before end here."""

    def __init__(self, door: Door, freshness: Freshness) -> None:
        self._door = door
        self._live = door.live
        self._freshness = freshness

    def chat(self, channel: str, event: Event) -> Translation:
        """A public line, or the echo of one of our own."""
        return self._spoken(channel, event, Medium.CHAT)

    def private(self, channel: str, event: Event) -> Translation:
        """A PM to the bot, or the echo of one of our own. PMs are never repeated."""
        return self._spoken(channel, event, Medium.PM)

    def _spoken(self, channel: str, event: Event, medium: Medium) -> Translation:
        if not isinstance(event, ChatMessageEvent):
            return malformed("not a chat event")
        name: str = event.username
        unheard = self._unheard(name, is_shadow=event.shadow)
        if unheard is not None:
            return unheard
        text: str = event.message
        said_ms = epoch_ms(event.timestamp)
        at_ms = self._door.believed(said_ms)
        if medium is Medium.CHAT:
            # A time that was not believed must not make the lines after it look old.
            is_new = self._freshness.is_new if at_ms == said_ms else self._freshness.is_new_ahead
            if not is_new(channel, said_ms, (name, text)):
                return _REPLAYED
        if self._live.ignores(name):
            return Translated(channel, Echoed(medium, None, typed_text(text)))
        spoken = Said if medium is Medium.CHAT else PrivateMessage
        return Translated(channel, spoken(name, typed_line(text), at_ms))

    def _unheard(self, name: str, *, is_shadow: bool) -> Dropped | None:
        """Why nothing that this speaker says counts; the bot itself is heard, as an echo."""
        if name.startswith(_SERVER_SIGN):
            return _SERVER_LINE
        if is_shadow:
            return _SHADOW
        if self._live.ignores(name) and name.lower() != self._live.settings.bot.username.lower():
            return IGNORED
        return None if is_name(name) else malformed("no user name")


Reader = Callable[[str, Event], Translation]

_ON_PLAYLIST = PLAYLIST_KINDS | {"changemedia", "setplaylistmeta"}


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
            "queue": _sign_of_life,
            "movevideo": _sign_of_life,
            "queuefail": _sign_of_life,
            "setplaylistlocked": _sign_of_life,
            "setpermissions": _sign_of_life,
            "rank": _own_rank,
            "channelcssjs": _stylesheet,
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

    @staticmethod
    def on_playlist(kind: str, event: Event, told: Translation) -> PlaylistNews | None:
        """What the same event, of which the channel is ``told``, means for the playlist."""
        if kind not in _ON_PLAYLIST:
            return None  # most events by far are of this kind
        message = told.message if isinstance(told, Translated) else None
        if isinstance(message, MediaChanged | PlaylistEmptied) and kind != "playlist":
            return message
        return playlist_news(kind, payload_of(event))

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


def _own_rank(channel: str, event: Event) -> Translation:
    """What CyTube lets the bot do: told thrice while it comes in, and at each change."""
    rank = rank_of(payload_of(event))
    return malformed("no rank") if rank is None else Translated(channel, BotRanked(rank))


def _stylesheet(channel: str, event: Event) -> Translation:
    """The channel's stylesheet, told at each change and to each bot that comes in."""
    css = css_in(payload_of(event))
    return malformed("no stylesheet") if css is None else Translated(channel, StylesheetTold(css))


def _sign_of_life(channel: str, _event: Event) -> Translation:
    """An event without news for the economy."""
    return Nothing(channel)
