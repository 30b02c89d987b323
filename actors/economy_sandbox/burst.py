"""The frames a bot gets when it enters a channel, in the order of `traces/` (`wire.md` 6)."""

import base64
import hashlib
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from economy_sandbox.media import Event
from economy_sandbox.room import Room

__all__ = ("Dressing", "entry_burst")

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
        self.is_locked = True

    def set_css(self, css: str) -> Event:
        """Change the stylesheet."""
        self.css = css
        return self.css_js()

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
    yield Event("setPlaylistLocked", dressing.is_locked)
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
