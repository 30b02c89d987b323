"""A CyTube channel as its server keeps it: who is in, what is said, who may do what.

Pure: each act returns the frames the bot's socket would get, in the order of `traces/`; the
caller decides whether a bot is there to hear them. Time comes in as a function.
Limits: no polls, no votes; those frames can be sent as raw events.

The frames a bot gets when it enters a channel, in the order of `traces/` (`wire.md` 6).
"""

import base64
import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any

from economy_sandbox.filters import ANTIFLOOD, CHAT, Rate, chat_line, cut_utf16, pm_line
from economy_sandbox.media import Event, Library, Playlist
from economy_sandbox.people import Account, Person

__all__ = (
    "HISTORY_MAX",
    "Dressing",
    "LoginRefusedError",
    "Room",
    "entry_burst",
    "whisper",
)

HISTORY_MAX = 15
CSS_MAX = 20_000
"""In UTF-16 units."""
_USERCOUNT_GAP_S = 10.0
_MODERATOR = 2
_RANK_REFUSED = (
    "Updating user rank failed: You can't promote someone to a rank equal or higher than "
    "yourself, or demote them to below rank 1."
)


class LoginRefusedError(ValueError):
    """The server does not let this guest have the name."""


def whisper(text: str, now_ms: int, *, username: str = "[server]") -> Event:
    """A notice of the server to moderators, dressed as chat (`wire.md` 0.3)."""
    meta = {"addClass": "server-whisper", "addClassToNameAndTimestamp": True}
    return Event("chatMsg", {"username": username, "msg": text, "meta": meta, "time": now_ms})


class Room:
    """One channel; ``bot`` is the account whose frames are returned (`wire.md` 3)."""

    def __init__(
        self, bot: str, bot_rank: float, now_s: Callable[[], float], random: Random
    ) -> None:
        self.now_s = now_s
        self.bot = Person(Account(bot, rank=bot_rank))
        self.accounts: dict[str, Account] = {bot.lower(): self.bot.account}
        self.people: dict[str, Person] = {}
        self.history: deque[dict[str, Any]] = deque(maxlen=HISTORY_MAX)
        self.playlist = Playlist(Library(), now_s, random)
        self.bans: list[dict[str, Any]] = []
        self.antiflood = False
        self.is_throttled = True
        self.is_locked = True
        self._ban_ids = 0
        self._count_told = -1
        self._count_told_s = float("-inf")

    @property
    def now_ms(self) -> int:
        """The server's clock, as ``payload.time`` shows it."""
        return int(self.now_s() * 1000)

    def find(self, name: str) -> Person | None:
        """The person of that name who is here, the bot included."""
        key = name.lower()
        return self.bot if key == self.bot.name.lower() else self.people.get(key)

    def account(self, name: str, **fields: Any) -> Account:  # noqa: ANN401 - fields of Account
        """The registered account, made if new; ``fields`` are set on it."""
        account = self.accounts.setdefault(name.lower(), Account(name))
        for key, value in fields.items():
            setattr(account, key, value)
        return account

    def join(self, name: str, *, guest: bool = False) -> list[Event]:
        """Log in; a second login of an account throws the first one out.

        Raises:
            LoginRefusedError: a guest wants a name that is registered or in use.
        """
        key = name.lower()
        events: list[Event] = []
        if guest:
            if key in self.accounts:
                raise LoginRefusedError("That username is registered.")
            if key in self.people:
                raise LoginRefusedError("That name is already taken on this channel.")
        elif key in self.people:
            events += self.leave(name, told=False)
        account = Account(name, rank=0, global_rank=0) if guest else self.account(name)
        person = self.people[key] = Person(account, is_guest=guest)
        events += self.count()
        events.append(Event("addUser", person.join_record()))
        aliases = ",".join(person.aliases)
        events.append(whisper(f"{person.name} joined (aliases: {aliases})", self.now_ms))
        if not guest:
            events.append(Event("setUserRank", {"name": person.name, "rank": account.rank}))
        if account.is_shadow_muted:
            events.append(self._set_meta(person))
        return events

    def leave(self, name: str, *, told: bool = True) -> list[Event]:
        """Go away, for whatever reason; nothing happens if the name is not here."""
        person = self.people.pop(name.lower(), None)
        if person is None:
            return []
        return [Event("userLeave", {"name": person.name}), *(self.count() if told else [])]

    def count(self) -> list[Event]:
        """``usercount`` if it changed, at most one in 10 s (`wire.md` 3)."""
        count, now_s = len(self.people) + 1, self.now_s()
        if count == self._count_told or now_s - self._count_told_s < _USERCOUNT_GAP_S:
            return []
        self._count_told, self._count_told_s = count, now_s
        return [Event("usercount", count)]

    def chat(self, name: str, text: str, *, flair: bool = False) -> list[Event]:
        """Say something in public; slash commands are carried out."""
        person = self._present(name)
        events = self.afk(name, False) if person.is_afk and not text.startswith("/afk") else []
        if person.account.is_muted:
            return events
        line = chat_line(text, rank=person.rank)
        if line is None:
            return events
        if not self._admits(person):
            return events + self._throttled(person)
        command = self._slash(person, line.typed)
        if command is not None:
            return events + command
        meta = {**line.meta, **({"modflair": person.rank} if flair else {})}
        if person.account.is_shadow_muted:
            meta = {"shadow": True}
        payload = {"username": person.name, "msg": line.html, "meta": meta, "time": self.now_ms}
        if not person.account.is_shadow_muted:
            self.history.append(payload)
        return [*events, Event("chatMsg", payload)]

    def pm(self, name: str, to: str, text: str) -> list[Event]:
        """A private message; the bot only sees those to or from itself."""
        sender, receiver = self._present(name), self.find(to)
        from_bot = sender is self.bot
        if receiver is sender:
            return [Event("errorMsg", {"msg": "You can't PM yourself!"})] if from_bot else []
        if receiver is None:
            message = f"PM failed: {to.lower()} isn't connected to this channel."
            return [Event("errorMsg", {"msg": message})] if from_bot else []
        if not self._admits(sender):
            return self._throttled(sender)
        if not from_bot and receiver is not self.bot:
            return []
        line = pm_line(text)
        payload = {
            "username": sender.name,
            "msg": line.html,
            "meta": line.meta,
            "time": self.now_ms,
            "to": receiver.name,
        }
        return [Event("pm", payload)]

    def afk(self, name: str, is_afk: bool) -> list[Event]:
        """Go AFK or come back."""
        person = self._present(name)
        person.is_afk = is_afk
        return [self._set_meta(person), Event("setAFK", {"name": person.name, "afk": is_afk})]

    def set_rank(self, name: str, rank: float) -> list[Event]:
        """The owner gives a present user or an account a rank (``/rank``)."""
        account = self.account(name, rank=rank)
        told = Event("setUserRank", {"name": account.name, "rank": rank})
        if account is not self.bot.account:
            return [told]
        people = [self.bot, *self.people.values()]
        seen = [person.record(moderator=rank >= _MODERATOR) for person in people]
        return [Event("userlist", seen), Event("rank", rank), told]

    def rank_bot(self, rank: float) -> list[Event]:
        """The owner gives the bot another rank: it is told what it may see now, and the rank."""
        self.bot.account.rank = rank
        records = [person.record(moderator=rank >= 2) for person in self.people.values()]
        return [
            Event("userlist", [*records, self.bot.record()]),
            Event("rank", rank),
            Event("setUserRank", {"name": self.bot.name, "rank": rank}),
        ]

    def lock(self, is_locked: bool) -> list[Event]:
        """The owner locks the playlist, or opens it."""
        self.is_locked = is_locked
        return [Event("setPlaylistLocked", is_locked)]

    def may(self, act: str, media_type: str = "") -> bool:
        """Whether the bot may do something with the playlist; if not, nothing happens at all."""
        needed = PERMISSIONS[act if self.is_locked else f"o{act}"]
        if act == "playlistadd" and media_type in {"cm", "fi"}:
            needed = max(needed, PERMISSIONS["playlistaddrawfile"])
        return self.bot.rank >= needed

    def set_channel_rank(self, name: str, rank: int) -> list[Event]:
        """The bot asks for a rank change; refused as CyTube does (`wire.md` 9)."""
        own = self.bot.rank
        if own < 3:
            return []
        account = self.accounts.get(name.lower())
        top = own if own == 4 else own - 1
        if (
            account is None
            or account is self.bot.account
            or not 1 <= rank <= top
            or account.rank >= own
        ):
            return [Event("channelRankFail", {"msg": _RANK_REFUSED})]
        account.rank = rank
        if name.lower() in self.people:
            return [Event("setUserRank", {"name": name, "rank": rank})]
        notice = whisper(f"{self.bot.name} set {name}'s rank to {rank}", self.now_ms)
        return [Event("setUserRank", {"name": name, "rank": rank, "userrank": own}), notice]

    def ranks(self) -> list[dict[str, Any]]:
        """Accounts with a rank of their own, as ``channelRanks`` shows them."""
        return [{"name": a.name, "rank": a.rank} for a in self.accounts.values() if a.rank > 1]

    def mute(self, by: str, name: str, *, shadow: bool = False) -> list[Event]:
        """Mute, or shadow-mute, somebody who is here."""
        person = self._present(name)
        person.account.is_muted, person.account.is_shadow_muted = not shadow, shadow
        word = "shadowmuted" if shadow else "muted"
        return [self._set_meta(person), whisper(f"{by} {word} {person.name}", self.now_ms)]

    def unmute(self, by: str, name: str) -> list[Event]:
        """Lift both kinds of mute; the notice comes first here."""
        person = self._present(name)
        person.account.is_muted = person.account.is_shadow_muted = False
        notice = whisper(f"{by} unmuted {person.name.lower()}", self.now_ms)
        return [notice, self._set_meta(person)]

    def kick(self, by: str, name: str) -> list[Event]:
        """Throw somebody out."""
        person = self.people.get(name.lower())
        if person is None:
            return []
        return [*self.leave(name), whisper(f"{by} kicked {person.name}", self.now_ms)]

    def ban(self, by: str, name: str, reason: str = "") -> list[Event]:
        """Ban a name; who is here is thrown out."""
        self._ban_ids += 1
        entry = {"id": self._ban_ids, "ip": "*", "name": name, "reason": reason, "bannedby": by}
        self.bans.append(entry)
        return [whisper(f"{by} namebanned {name}", self.now_ms), *self.leave(name)]

    def unban(self, by: str, name: str) -> list[Event]:
        """Lift the ban of a name."""
        entry = next((one for one in self.bans if one["name"].lower() == name.lower()), None)
        if entry is None:
            return []
        self.bans.remove(entry)
        removed = Event("banlistRemove", {"id": entry["id"], "name": entry["name"]})
        return [removed, whisper(f"{by} unbanned {entry['name']}", self.now_ms)]

    def clear_chat(self, by: str) -> list[Event]:
        """Wipe the chat and its history."""
        self.history.clear()
        return [Event("clearchat", {"clearedBy": by}), whisper(f"{by} cleared chat.", self.now_ms)]

    def _present(self, name: str) -> Person:
        person = self.find(name)
        assert person is not None, f"{name} is not in the channel"
        return person

    def _set_meta(self, person: Person) -> Event:
        return Event("setUserMeta", {"name": person.name, "meta": person.meta()})

    def _rate(self, person: Person) -> Rate:
        return ANTIFLOOD if self.antiflood and person.rank < 2 else CHAT

    def _admits(self, person: Person) -> bool:
        return not self.is_throttled or person.limiter.admits(self._rate(person), self.now_s())

    def _throttled(self, person: Person) -> list[Event]:
        return [Event("cooldown", self._rate(person).wait_ms)] if person is self.bot else []

    def _slash(self, person: Person, text: str) -> list[Event] | None:
        """What a slash command does; None if the line is to be said after all."""
        word, _, rest = text.partition(" ")
        target = rest.split(" ")[0]
        if word == "/afk":
            return self.afk(person.name, not person.is_afk)
        if person.rank < 2:
            return None
        if word == "/clear":
            return self.clear_chat(person.name)
        acts: dict[str, Callable[[str, str], list[Event]]] = {
            "/kick": self.kick,
            "/mute": self.mute,
            "/smute": partial(self.mute, shadow=True),
            "/unmute": self.unmute,
        }
        if word not in acts or self.find(target) is None:
            return None
        return acts[word](person.name, target)


PERMISSIONS = MappingProxyType(
    {
        "seeplaylist": -1, "playlistadd": 1.5, "playlistnext": 1.5, "playlistmove": 1.5,
        "playlistdelete": 2, "playlistjump": 1.5, "playlistaddlist": 1.5, "oplaylistadd": -1,
        "oplaylistnext": 1.5, "oplaylistmove": 1.5, "oplaylistdelete": 2, "oplaylistjump": 1.5,
        "oplaylistaddlist": 1.5, "playlistaddcustom": 3, "playlistaddrawfile": 2,
        "playlistaddlive": 1.5, "exceedmaxlength": 2, "addnontemp": 2, "settemp": 2,
        "playlistshuffle": 2, "playlistclear": 2, "pollctl": 1.5, "pollvote": -1,
        "viewhiddenpoll": 1.5, "voteskip": -1, "viewvoteskip": 1.5, "mute": 1.5, "kick": 1.5,
        "ban": 2, "motdedit": 3, "filteredit": 3, "filterimport": 3, "emoteedit": 3,
        "emoteimport": 3, "playlistlock": 2, "leaderctl": 2, "drink": 1.5, "chat": 0,
        "chatclear": 2, "exceedmaxitems": 2, "deletefromchannellib": 2,
        "exceedmaxdurationperuser": 2,
    }
)  # fmt: skip
OPTIONS = MappingProxyType(
    {
        "allow_voteskip": True, "voteskip_ratio": 0.5, "afk_timeout": 600, "pagetitle": "",
        "maxlength": 0, "externalcss": "", "externaljs": "", "chat_antiflood": False,
        "chat_antiflood_params": {"burst": 4, "sustained": 1, "cooldown": 4},
        "show_public": False, "enable_link_regex": True, "password": False,
        "allow_dupes": False, "torbanned": False, "block_anonymous_users": False,
        "allow_ascii_control": False, "playlist_max_per_user": 0, "new_user_chat_delay": 0,
        "new_user_chat_link_delay": 0, "playlist_max_duration_per_user": 0,
    }
)  # fmt: skip


def _md5(text: str) -> str:
    """The hash the server shows beside a stylesheet."""
    return base64.b64encode(hashlib.md5(text.encode(), usedforsecurity=False).digest()).decode()


class Dressing:
    """What the owner has set on the channel: emotes, stylesheet, script, message of the day."""

    def __init__(self) -> None:
        self.emotes: list[dict[str, str]] = []
        self.css = ""
        self.js = ""
        self.motd = ""

    def set_css(self, css: str) -> list[Event]:
        """Change the stylesheet; too long a text is cut without a word, the same one is no news."""
        css = cut_utf16(css, CSS_MAX)
        if css == self.css:
            return []
        self.css = css
        return [self.css_js()]

    def set_js(self, js: str) -> Event:
        """Change the script."""
        self.js = js
        return self.css_js()

    def set_motd(self, motd: str) -> Event:
        """Change the message of the day; the server's sanitizer escapes a bare ampersand."""
        self.motd = motd.replace("&amp;", "&").replace("&", "&amp;")
        return Event("setMotd", self.motd)

    def update_emote(self, name: str, image: str) -> Event:
        """Add an emote or change its picture."""
        emote = {"name": name, "image": image, "source": rf"(^|\s){name}(?!\S)"}
        self.emotes = [one for one in self.emotes if one["name"] != name] + [emote]
        return Event("updateEmote", emote)

    def remove_emote(self, name: str) -> list[Event]:
        """Take an emote away."""
        gone = [one for one in self.emotes if one["name"] == name]
        self.emotes = [one for one in self.emotes if one["name"] != name]
        return [Event("removeEmote", {**one, "source": name}) for one in gone]

    def css_js(self) -> Event:
        """The ``channelCSSJS`` frame."""
        payload = {
            "css": self.css, "cssHash": _md5(self.css), "js": self.js, "jsHash": _md5(self.js)
        }  # fmt: skip
        return Event("channelCSSJS", payload)


def entry_burst(room: Room, dressing: Dressing, title: str, *, with_history: bool) -> list[Event]:
    """All frames of an entry; after a mere reconnect old chat is not among them."""
    return list(_burst(room, dressing, title, with_history=with_history))


def _burst(room: Room, dressing: Dressing, title: str, *, with_history: bool) -> Iterator[Event]:
    bot = room.bot
    yield Event("rank", -1)
    yield Event("setPermissions", dict(PERMISSIONS))
    yield Event("setPlaylistLocked", room.is_locked)
    yield Event("emoteList", list(dressing.emotes))
    if with_history:
        yield from (Event("chatMsg", line) for line in room.history)
    yield Event("drinkCount", 0)
    yield dressing.css_js()
    yield Event("setMotd", dressing.motd)
    yield Event("channelOpts", {**OPTIONS, "pagetitle": title, "chat_antiflood": room.antiflood})
    yield from _playlist(room, is_doubled=True)
    yield from _medium(room, with_uid=False)
    yield Event("userlist", _users(room, moderator=False))
    yield from room.count()
    yield Event("rank", 1)
    yield Event("login", {"success": True, "name": bot.name})
    yield Event("addUser", bot.join_record(moderator=False))
    yield from _medium(room, with_uid=True)
    yield Event("rank", bot.rank)
    yield Event("userlist", [*_users(room, moderator=True), bot.record()])
    yield from _playlist(room, is_doubled=False)
    yield Event("setUserRank", {"name": bot.name, "rank": bot.rank})


def _users(room: Room, *, moderator: bool) -> list[dict[str, Any]]:
    return [person.record(moderator=moderator) for person in room.people.values()]


def _playlist(room: Room, *, is_doubled: bool) -> Iterator[Event]:
    yield room.playlist.set_meta()
    yield Event("playlist", room.playlist.as_payload())
    if room.playlist.current is not None:
        uid = room.playlist.current.uid
        yield from [Event("setCurrent", uid)] * (2 if is_doubled else 1)


def _medium(room: Room, *, with_uid: bool) -> Iterator[Event]:
    current = room.playlist.current
    if current is None:
        return
    if with_uid:
        yield Event("setCurrent", current.uid)
    yield room.playlist.change_media()
