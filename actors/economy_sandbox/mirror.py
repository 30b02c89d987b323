"""What the robot believes about the channel, and what it writes to its KV buckets.

Pure: it is fed every frame the bot's socket gets and answers with the values to put. It keeps
the robot's own slips, since services meet them: a rank change replaces the whole user
record, absent users appear by it, ``current`` is first written with the old medium
(`wire.md` 0.9 and 5).
"""

import json
from typing import Any, NamedTuple

from economy_sandbox.media import Event

__all__ = ("BUCKETS", "Mirror", "Put")

BUCKETS = ("emotes", "playlist", "userlist", "state")


class Put(NamedTuple):
    """A value for a key of the bucket ``kryten_<channel>_<bucket>``."""

    bucket: str
    key: str
    value: bytes


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


class Mirror:
    """The robot's copy of the channel state; plain data as state queries answer it."""

    def __init__(self) -> None:
        self.emotes: list[dict[str, Any]] = []
        self.items: list[dict[str, Any]] = []
        self.current: dict[str, Any] | None = None
        self.users: dict[str, dict[str, Any]] = {}
        self.css = ""
        self.js = ""
        self.motd = ""

    def see(self, event: Event) -> list[Put]:
        """Take one frame in; the puts come in the order of the recordings."""
        name, payload = event
        match name:
            case "userlist":
                self.users = {user["name"]: dict(user) for user in payload}
            case "addUser":
                self.users[payload["name"]] = dict(payload)
            case "userLeave":
                self.users.pop(payload["name"], None)
            case "setUserRank":
                self.users[payload["name"]] = {"name": payload["name"], "rank": payload["rank"]}
            case "setAFK":
                self._see_afk(payload["name"], payload["afk"])
            case "setCurrent" | "changeMedia":
                return self._see_current(name, payload)
            case _:
                return self._see_list(name, payload) or self._see_channel(name, payload)
        return [self._users()]

    def load(self, key: str, value: Any) -> None:  # noqa: ANN401 - wire data
        """Take over a value as it stands in a KV bucket under ``key``."""
        match key:
            case "users":
                self.users = {user["name"]: user for user in value}
            case "items":
                self.items = value
            case "list":
                self.emotes = value
            case "current" | "css" | "js" | "motd":
                setattr(self, key, value)
            case _:
                pass

    def user(self, name: str) -> dict[str, Any] | None:
        """The record under exactly this spelling."""
        return self.users.get(name)

    def _users(self) -> Put:
        return Put("userlist", "users", _json(list(self.users.values())))

    def _see_afk(self, name: str, is_afk: bool) -> None:
        user = self.users.get(name)
        if user is not None:
            user["meta"] = {**user.get("meta", {}), "afk": is_afk}

    def _see_current(self, name: str, payload: Any) -> list[Put]:  # noqa: ANN401 - wire data
        if name == "setCurrent":
            if self.current is None or self.current["uid"] == payload:
                return []
            self.current = {**self.current, "uid": payload}
        else:
            uid = (self.current or {}).get("uid", self._uid_of(payload))
            self.current = {**payload, "uid": uid}
        return [Put("playlist", "current", _json(self.current))]

    def _uid_of(self, media: dict[str, Any]) -> object:
        return next((i["uid"] for i in self.items if i["media"]["id"] == media["id"]), 0)

    def _see_list(self, name: str, payload: Any) -> list[Put]:  # noqa: ANN401 - wire data
        match name:
            case "playlist":
                self.items = list(payload)
            case "queue":
                self._insert(payload["item"], payload["after"])
            case "delete":
                self.items = [item for item in self.items if item["uid"] != payload["uid"]]
            case "moveVideo":
                moved = next((i for i in self.items if i["uid"] == payload["from"]), None)
                if moved is None:
                    return []
                self.items.remove(moved)
                self._insert(moved, payload["after"])
            case _:
                return []
        return [Put("playlist", "items", _json(self.items))]

    def _insert(self, item: dict[str, Any], after: object) -> None:
        uids = [one["uid"] for one in self.items]
        if after == "prepend":
            self.items.insert(0, item)
        else:
            self.items.insert(uids.index(after) + 1 if after in uids else len(uids), item)

    def _see_channel(self, name: str, payload: Any) -> list[Put]:  # noqa: ANN401 - wire data
        match name:
            case "emoteList":
                self.emotes = list(payload)
            case "updateEmote":
                self.emotes = [e for e in self.emotes if e["name"] != payload["name"]]
                self.emotes.append(payload)
            case "removeEmote":
                self.emotes = [e for e in self.emotes if e["name"] != payload["name"]]
            case "channelCSSJS":
                self.css, self.js = payload["css"], payload["js"]
                css, js = self.css.encode(), self.js.encode()
                return [Put("state", "css", css), Put("state", "js", js)]
            case "setMotd":
                self.motd = payload
                return [Put("state", "motd", self.motd.encode())]
            case _:
                return []
        return [Put("emotes", "list", _json(self.emotes))]
