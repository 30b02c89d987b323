"""What a recording must lead to, computed from its lines and the specification alone.

Independent of the service on purpose: it imports nothing of it. The rules are those of
`earning.md` 1, 3 and 7, `wire.md` 0 and 6, and for accounts that are too new `gambling.md` 1
and `spending.md` 6, with the default settings. The service connects before the first line, on an
empty store.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

BOT = "zcoinbot"
MINUTE_MS = 60_000
WINDOW_MS = 5 * MINUTE_MS
"""``presence.join_debounce_minutes``."""
OLD_MS = 10_000
"""Chat said longer than this before the service came up is history."""
BEFORE_MS = 1_000
"""The service comes up so long before the first line."""
WALLET_Z = 100
BASE_Z = 1
BOUNTY_Z = 100
"""``bounties.min_amount``."""
AGE_MINUTES = {"spin": 60, "tip": 30}
"""``min_account_age_minutes`` of ``gambling`` and ``tipping``."""


@dataclass
class Person:
    """What is due to one user; ``paid`` holds the minute and the amount of each payment."""

    name: str
    balance: int = 0
    minutes: int = 0
    messages: int = 0
    paid: list[tuple[int, int]] = field(default_factory=list)
    seen_ms: int = field(default=0, compare=False)


@dataclass
class Oracle:
    """Fed line by line; ``now_ms`` is the recorded clock."""

    now_ms: int
    people: dict[str, Person] = field(default_factory=dict)
    here: set[str] = field(default_factory=set)
    left_at_ms: dict[str, int] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)
    owed: Counter[str] = field(default_factory=Counter)
    welcomed: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)
    too_new: dict[str, list[int]] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    newest_ms: int = 0
    heard: set[tuple[int, str, str]] = field(default_factory=set)

    def minutes_until(self, at_ms: int) -> None:
        """Whole minutes pass: those connected are paid, the minutes of the departing are held.

        The held minutes are owed from the return on, also to those who have left since.
        """
        while (minute := (self.now_ms // MINUTE_MS + 1) * MINUTE_MS) <= at_ms:
            self.now_ms = minute
            for name, left_ms in list(self.left_at_ms.items()):
                if minute - left_ms >= WINDOW_MS:
                    del self.left_at_ms[name], self.held[name]
                else:
                    self.held[name] += 1
            for name in sorted(self.here | set(self.owed)):
                minutes = (name in self.here) + self.owed.pop(name, 0)
                person = self.people[name]
                person.minutes += minutes
                person.balance += minutes * BASE_Z
                person.paid.append((minute, minutes * BASE_Z))
        self.now_ms = at_ms

    def comes(self, user: dict[str, Any], at_ms: int) -> None:
        """A join, or a name of a user list: a bounce, or an arrival if no visit goes on."""
        name = user["name"].lower()
        if name == BOT or user["rank"] < 1 or name in self.here:
            return
        person = self.people.setdefault(name, Person(user["name"], seen_ms=at_ms))
        self.here.add(name)
        left_ms = self.left_at_ms.pop(name, None)
        held = self.held.pop(name, 0)
        if left_ms is not None and at_ms - left_ms < WINDOW_MS:
            if held:
                self.owed[name] += held
            return
        if name not in self.welcomed:
            self.welcomed.append(name)
            person.balance += WALLET_Z

    def goes(self, name: str, at_ms: int) -> None:
        """A leave, or a name missing in a user list."""
        if name in self.here:
            self.here.remove(name)
            self.left_at_ms[name] = at_ms

    def lists(self, users: list[dict[str, Any]], at_ms: int) -> None:
        """A user list is the whole truth about who is present."""
        names = {user["name"].lower() for user in users if user["rank"] >= 1}
        for name in self.here - names:
            self.goes(name, at_ms)
        for user in users:
            self.comes(user, at_ms)

    def speaks(self, line: dict[str, Any], *, in_chat: bool) -> None:
        """A chat line counts once, for those present; each PM that says something is answered."""
        name, key = line["username"].lower(), (line["time"], line["username"], line["msg"])
        if name.startswith("["):
            self.dropped["server_line"] += 1
        elif line["meta"].get("shadow"):
            self.dropped["shadow"] += 1
        elif in_chat and (line["time"] < self.newest_ms or key in self.heard):
            self.dropped["replayed"] += 1
        else:
            if in_chat:
                self.newest_ms = line["time"]
                self.heard.add(key)
            if name == BOT:
                self.dropped["echo"] += 1
            elif in_chat and name in self.here:
                self.people[name].messages += 1
            elif not in_chat and line["msg"].strip():
                self.answered.append(name)
                self.sets_out(name, line["msg"].split(maxsplit=2))
                self.is_early(name, line["msg"].split()[0], line["time"])

    def sets_out(self, name: str, words: list[str]) -> None:
        """A bounty is set aside from who has that much, and announced with its text."""
        if len(words) == 3 and words[0] == "bounty" and words[1].isdecimal():
            person, amount = self.people[name], int(words[1])
            if BOUNTY_Z <= amount <= person.balance:
                person.balance -= amount
                self.announced.append(words[2].strip('"'))

    def is_early(self, name: str, word: str, at_ms: int) -> None:
        """Who is too new to play or to tip is told the minutes that are left, rounded up."""
        if word in AGE_MINUTES:
            left_ms = self.people[name].seen_ms + AGE_MINUTES[word] * MINUTE_MS - at_ms
            if left_ms > 0:
                self.too_new.setdefault(name, []).append(-(-left_ms // MINUTE_MS))

    def see(self, envelope: dict[str, Any]) -> None:
        """One event of the channel."""
        payload, at_ms = envelope["payload"], stamp_ms(envelope)
        match envelope["event_name"]:
            case "addUser":
                self.comes(payload, at_ms)
            case "userLeave":
                self.goes(payload["name"].lower(), at_ms)
            case "userlist":
                self.lists(payload, at_ms)
            case "chatMsg" | "pm" as kind:
                self.speaks(payload, in_chat=kind == "chatMsg")


def stamp_ms(data: dict[str, Any]) -> int:
    """When the robot published something."""
    return round(datetime.fromisoformat(data["timestamp"]).timestamp() * 1000)


def expected(path: Path, until_s: float) -> Oracle:
    """The oracle after the lines before ``until_s``, with the last minute completed."""
    lines = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    stamped = next(x for x in lines if isinstance(x["data"], dict) and "timestamp" in x["data"])
    began_ms = stamp_ms(stamped["data"]) - stamped["t"] * 1000
    start_ms = round(began_ms + lines[0]["t"] * 1000) - BEFORE_MS
    oracle = Oracle(start_ms, newest_ms=start_ms - OLD_MS)
    for line in lines:
        if line["t"] < until_s and line["subject"].startswith("kryten.events."):
            oracle.minutes_until(round(began_ms + line["t"] * 1000))
            oracle.see(line["data"])
    oracle.minutes_until((oracle.now_ms // MINUTE_MS + 1) * MINUTE_MS)
    return oracle
