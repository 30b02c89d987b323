"""From kryten-py's events to the economy's own messages (`spec/wire.md` 0, 2 to 4).

Promises: never an exception, whatever the bus carries; own echoes, ``[server]`` lines,
shadow-muted lines, repeated old chat, duplicates, ignored users and other people's channels end
here; texts leave as they were typed. It waits for nothing and tells nobody: the gateway does.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from kryten import ChatMessageEvent, RawEvent, UserJoinEvent, UserLeaveEvent

from economy_actors.channel.messages import (
    AfkChanged,
    EmoteChanged,
    EmotesListed,
    Joined,
    Left,
    Listed,
    ListedUser,
    MediaChanged,
    PrivateMessage,
    RankChanged,
    Said,
)
from economy_actors.clock import Clock
from economy_actors.context import LiveSettings
from economy_actors.gateway.freshness import Freshness
from economy_actors.gateway.payloads import (
    afk_in,
    emote_in,
    emotes_in,
    epoch_ms,
    failed_pm_to,
    listed_user,
    medium_in,
    name_in,
    position_in,
    rank_in,
    rank_of,
    typed_line,
    uid_of,
)
from economy_actors.gateway.places import Places
from economy_actors.gateway.recent import RecentIds
from economy_actors.metrics.families import GatewayDrop
from economy_actors.outbox.message import Medium
from economy_actors.outbox.protocol import Echoed, PmFailed, RobotGone, Throttled
from kryten_economy.text.markup import typed_text
from kryten_economy.users import is_name

__all__ = (
    "Domestic",
    "Dropped",
    "Event",
    "Nothing",
    "Translated",
    "Translation",
    "Translator",
)

Domestic = (
    Joined
    | Left
    | Listed
    | Said
    | PrivateMessage
    | MediaChanged
    | EmotesListed
    | EmoteChanged
    | AfkChanged
    | RankChanged
    | Echoed
    | PmFailed
    | Throttled
    | RobotGone
)
"""What an event can become: a message for the channel, or one for its outbox."""


class Event(Protocol):
    """What all of kryten-py's events have in common."""

    channel: str
    domain: str
    timestamp: datetime
    correlation_id: str


class Translated(NamedTuple):
    """A message for ``channel``, which is spelled as configured."""

    channel: str
    message: Domestic


class Dropped(NamedTuple):
    """An event that goes no further; ``detail`` says what was wrong with a malformed one."""

    reason: GatewayDrop
    detail: str = ""


class Nothing(NamedTuple):
    """An event of ``channel`` that only shows that its robot lives."""

    channel: str


Translation = Translated | Dropped | Nothing

# `[server]`, `[voteskip]`: CyTube speaks under names that no account can have.
_SERVER_SIGN = "["
_UNKNOWN_CHANNEL: Final = Dropped("unknown_channel")
_DUPLICATE: Final = Dropped("duplicate")
_SERVER_LINE: Final = Dropped("server_line")
_SHADOW: Final = Dropped("shadow")
_REPLAYED: Final = Dropped("replayed")
_IGNORED: Final = Dropped("ignored")


def _malformed(detail: str) -> Dropped:
    return Dropped("malformed", detail)


class Translator:
    """Knows which lines and events have been seen; one per service, from its start on."""

    def __init__(self, live: LiveSettings, clock: Clock) -> None:
        self.places = Places(live.settings.channels)
        self.freshness = Freshness(clock.now_ms())
        self._live = live
        self._recent = RecentIds(clock)
        self._uids: dict[str, int] = {}
        self.emote_news: Counter[str] = Counter()
        self.kinds: Mapping[str, Callable[[Event], Translation]] = {
            "chatmsg": self.chat,
            "pm": self.private,
            "adduser": self.join,
            "userleave": self.leave,
            "userlist": self.userlist,
            "setuserrank": self.rank,
            "setafk": self.afk,
            "setusermeta": self.meta,
            "errormsg": self.error,
            "cooldown": self.throttled,
            "kick": self.kicked,
            "setcurrent": self.current,
            "changemedia": self.media,
            "emotelist": self.emotes,
            "updateemote": self.emote_set,
            "removeemote": self.emote_removed,
            "mediaupdate": self.sign_of_life,
            "usercount": self.sign_of_life,
        }
        """The events one listens to, by their name in lower case."""

    # What people say

    def chat(self, event: Event) -> Translation:
        """A public line, or the echo of one of our own."""
        return self._spoken(event, Medium.CHAT)

    def private(self, event: Event) -> Translation:
        """A PM to the bot, or the echo of one of our own. PMs are never repeated."""
        return self._spoken(event, Medium.PM)

    def _spoken(self, event: Event, medium: Medium) -> Translation:
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        if not isinstance(event, ChatMessageEvent):
            return _malformed("not a chat event")
        name: str = event.username
        unheard = self._unheard(name, is_shadow=event.shadow)
        if unheard is not None:
            return unheard
        text: str = event.message
        at_ms = epoch_ms(event.timestamp)
        if medium is Medium.CHAT and not self.freshness.is_new(channel, at_ms, (name, text)):
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
            return _IGNORED
        return None if is_name(name) else _malformed("no user name")

    # Who is there

    def join(self, event: Event) -> Translation:
        """Somebody came. kryten-py can't type a rank of 1.5 and then gives the raw event."""
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        at_ms = epoch_ms(event.timestamp)
        if isinstance(event, UserJoinEvent):
            rank = rank_of(event.rank)
            if rank is None or not is_name(event.username):
                return _malformed("no user with name and rank")
            message = Joined(event.username, rank, afk=False, at_ms=at_ms)
        else:
            user = listed_user(_payload(event))
            if user is None:
                return _malformed("no user with name and rank")
            message = Joined(user.name, user.rank, afk=bool(user.afk), at_ms=at_ms)
        return self._unless_ignored(channel, message.name, message)

    def leave(self, event: Event) -> Translation:
        """Somebody left."""
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        if not isinstance(event, UserLeaveEvent) or not is_name(event.username):
            return _malformed("no user name")
        message = Left(event.username, epoch_ms(event.timestamp))
        return self._unless_ignored(channel, message.name, message)

    def userlist(self, event: Event) -> Translation:
        """Everybody who is there."""
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        users = self.listed(_payload(event))
        if users is None:
            return _malformed("no user list")
        return Translated(channel, Listed(users, epoch_ms(event.timestamp)))

    def listed(self, entries: object) -> tuple[ListedUser, ...] | None:
        """The users of a list from an event or from the robot's store; None if it is none.

        Entries that are not users are left out; a list of nothing but such is none.
        """
        if not isinstance(entries, list):
            return None
        users = {user.name.lower(): user for user in map(listed_user, entries) if user is not None}
        if entries and not users:
            return None
        return tuple(user for user in users.values() if not self._live.ignores(user.name))

    def rank(self, event: Event) -> Translation:
        """A channel rank, told after every join and at each change."""
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        payload = _payload(event)
        name, rank = name_in(payload), rank_in(payload)
        if name is None or rank is None:
            return _malformed("no name and rank")
        return self._unless_ignored(channel, name, RankChanged(name, rank))

    def afk(self, event: Event) -> Translation:
        """Somebody went AFK or came back."""
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        return self._afk(channel, _payload(event), _payload(event))

    def meta(self, event: Event) -> Translation:
        """The same in CyTube's other words; mutes and the like come this way too."""
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        payload = _payload(event)
        if not isinstance(payload, Mapping):
            return _malformed("no user meta")
        if isinstance(payload.get("meta"), Mapping) and "afk" not in payload["meta"]:
            return Nothing(channel)
        return self._afk(channel, payload, payload.get("meta"))

    def _afk(self, channel: str, payload: object, flags: object) -> Translation:
        name, afk = name_in(payload), afk_in(flags)
        if name is None or afk is None:
            return _malformed("no name and AFK flag")
        return self._unless_ignored(channel, name, AfkChanged(name, afk))

    # What the server says to the bot

    def error(self, event: Event) -> Translation:
        """A refusal of something the bot did; only undelivered PMs concern anybody."""
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        name = failed_pm_to(_payload(event))
        return Nothing(channel) if name is None else Translated(channel, PmFailed(name))

    def throttled(self, event: Event) -> Translation:
        """One message of the bot was dropped."""
        channel = self._place(event)
        return channel if isinstance(channel, Dropped) else Translated(channel, Throttled())

    def kicked(self, event: Event) -> Translation:
        """The bot was thrown out: this event reaches nobody else (`spec/wire.md` 3)."""
        channel = self._place(event)
        return channel if isinstance(channel, Dropped) else Translated(channel, RobotGone())

    # What the channel shows

    def current(self, event: Event) -> Translation:
        """The uid of what plays, told right before it (`spec/wire.md` 3)."""
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        uid = uid_of(_payload(event))
        if uid is None:
            return _malformed("no uid")
        self._uids[channel] = uid
        return Nothing(channel)

    def media(self, event: Event) -> Translation:
        """What plays now."""
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        payload = _payload(event)
        medium = medium_in(payload, self._uids.get(channel))
        if medium is None:
            return Nothing(channel)
        changed = MediaChanged(medium, epoch_ms(event.timestamp), position_in(payload))
        return Translated(channel, changed)

    def emotes(self, event: Event) -> Translation:
        """All emotes of the channel."""
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        names = emotes_in(_payload(event))
        if names is None:
            return _malformed("no list")
        self.emote_news[channel] += 1
        return Translated(channel, EmotesListed(names))

    def emote_set(self, event: Event) -> Translation:
        """An emote is new, or shows another picture."""
        return self._emote(event, exists=True)

    def emote_removed(self, event: Event) -> Translation:
        """An emote was taken away."""
        return self._emote(event, exists=False)

    def _emote(self, event: Event, *, exists: bool) -> Translation:
        channel = self._place(event)
        if isinstance(channel, Dropped):
            return channel
        name = emote_in(_payload(event))
        if name is None:
            return Nothing(channel)
        self.emote_news[channel] += 1
        return Translated(channel, EmoteChanged(name, exists))

    def sign_of_life(self, event: Event) -> Translation:
        """An event without news for the economy."""
        channel = self._place(event)
        return channel if isinstance(channel, Dropped) else Nothing(channel)

    # Shared

    def _place(self, event: Event) -> str | Dropped:
        """The channel of an event that is ours and new."""
        channel = self.places.find(event.domain, event.channel)
        if channel is None:
            return _UNKNOWN_CHANNEL
        return _DUPLICATE if self._recent.is_repeated(event.correlation_id) else channel

    def _unless_ignored(self, channel: str, name: str, message: Domestic) -> Translation:
        return _IGNORED if self._live.ignores(name) else Translated(channel, message)


def _payload(event: Event) -> object:
    """What CyTube sent; nothing for an event that kryten-py typed although it should not."""
    return event.payload if isinstance(event, RawEvent) else None
