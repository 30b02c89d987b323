"""Requests as strangers might send them, from a seed: known and unknown, right and absurd."""

import json
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from economy_actors.handlers.registry import REQUESTS

__all__ = ("CODES", "LEAKS", "Strangers", "check")

_REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "admin-api.md"


def _documented() -> frozenset[str]:
    section = _REFERENCE.read_text(encoding="utf-8").split("## 7. Error codes")[1]
    return frozenset(re.findall(r"`([a-z_]+)`", section.split("The text of")[0]))


CODES = _documented() - {"internal"}
"""What a caller may be told; ``internal`` is documented too, and nobody is to meet it."""

LEAKS = re.compile(
    r"Traceback|SELECT |INSERT INTO|UPDATE \w+ SET|sqlite|apsw|constraint failed|object at 0x"
    r"|\.py\b|site-packages|/tmp/|/work/|/home/|Error\(|Exception|KeyError|TypeError|ValueError",
)
"""Pieces of stacks, statements and paths; no stranger of this module writes them."""

_HOSTILE: tuple[object, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, -(2**63), 10**30, 1.5, -0.0, 1e308, 1e-9,
    float("nan"), float("inf"), float("-inf"), "", " ", "0", "-1", "1e9", "NaN", "１２", "0x10",
    "null", "true", "\x00", "\u200b", "\u202edrawkcab", "\ud800", "🎲" * 50, "é" * 300, "x" * 5_000,
    "'; DROP TABLE account; --", "%s%n{0}{user}", "<script>alert(1)</script>", "../../etc/passwd",
    "@alice", "alice bob", "[server]", "a|b", "|", "\n\r\t", [], {}, [[[[]]]], ["alice"],
    {"a": {"b": {"c": None}}}, {"$ne": 1}, [None] * 200, {"x": "y" * 1_000},
)  # fmt: skip

NAMES = ("alice", "Bob", "carol", "Dave", "nobody")

_PLAUSIBLE: dict[str, tuple[object, ...]] = {
    "username": (*NAMES, "@ALICE", "bob"),
    "amount": (1, 5, 50, "20", -3, -500, 10**6),
    "total_amount": (4, 10, 100),
    "limit": (1, 5, "10", 500, 0),
    "offset": (0, 1, 50),
    "request_id": (*(f"r{number}" for number in range(300)), None),
    "reason": ("prize", "because", "", "🎁"),
    "admin": ("ops", "boss", None),
    "pattern": ("", "a", "%", "_"),
    "transaction_id": tuple(range(1, 40)),
    "category": ("earners", "rich", "lifetime", "ranks", "all"),
    "days": (1, 7, 30),
    "duration_sec": (60, 600, "1800", 7_200),
    "tier": ("queue", "playnext", "other"),
    "value": ("#FFD700", "ffd700", "#111111", "Welcome back", "Hello all"),
    "item": ("wave", "hat", "party", "title-1", "none"),
    "text": ("please", "", "{user} waves"),
    "message": ("Hello all", "Movie night!"),
    "multiplier": (2, "1.5", 3),
    "minutes": (1, 5, 30),
    "name": ("Party", "Gala", "Wave"),
    "approved": (True, False),
    "approval_id": (1, 2, 3),
    "resolved_by": ("boss", "ops"),
    "type": ("channel_gif", "shop", None),
    "bounty_id": (1, 2, 3),
    "question": ("Rain?", "Who wins?"),
    "outcomes": ("yes | no", "a|b|c"),
    "outcome": ("yes", "1", 2, "no"),
    "thing": ("Hat", "Cup"),
    "minimum": (1, 10),
    "price": (1, 5, 100),
    "rank_name": ("auto", "Producer", "Grip", "Extra"),
    "service": ("chatbot", "other"),
    "budget": (1, 10, 60),
    "cost": (0, 1, 25),
    "units_in": (0, 5),
    "units_out": (0, 5),
    "ttl_seconds": (60, 3_600),
    "partial": (True, False),
    "undo_id": ("last", 1, "2"),
    "user": ("alice", "nobody", ""),
    "from": ("2026-11-19", "yesterday", ""),
    "to": ("2026-11-21", ""),
    "what": ("earning", "games", "spending", "freeze"),
    "for": ("1m", "1h", ""),
    "key": ("presence", "bot.username", "presence.base_rate_per_minute"),
    "version": (1, 2),
    "reservation_id": ("wallet:api:r1",),
    "day": ("2026-11-19", "2026-11-20", "2026-11-21"),
    "after": (0, 1),
    "round": (1, 2, 3),
    "apply": (True, False),
    "stock": (1, 5, "endless"),
    "effect": ("announce", "approval", "event", "title"),
    "per_user": (1, 2, None),
    "per_user_period": ("ever", "day"),
    "cooldown_minutes": (0, 1),
    "min_rank": ("", "Extra"),
    "description": ("A thing", ""),
}


class Strangers:
    """Bodies of requests; what earlier answers named is used again."""

    def __init__(self, seed: int, channel: str) -> None:
        self._chance = random.Random(seed)
        self._channel = channel
        self._commands = sorted(REQUESTS.names)
        self._seen: dict[str, list[object]] = {}
        self._reserved: list[dict[str, object]] = []
        fields = {field.name for name in self._commands for field in _fields(name)}
        assert fields <= set(_PLAUSIBLE), f"nobody can fill {fields - set(_PLAUSIBLE)}"

    def body(self) -> bytes:
        """The next request."""
        draw = self._chance.random()
        if draw < 0.05:
            return self._rubbish()
        request = self._unknown() if draw < 0.1 else self._known()
        return json.dumps(request, ensure_ascii=self._chance.random() < 0.9).encode(
            "utf-8", "surrogatepass"
        )

    def learn(self, answer: Mapping[str, Any]) -> None:
        """Remember the numbers of an answer, to ask for them later."""
        data = answer.get("data")
        if answer["command"] == "wallet.reserve" and answer["success"]:
            names = ("reservation_id", "username")
            self._reserved.append(
                {"service": "chatbot"} | {name: answer["data"][name] for name in names}
            )
        for key in ("reservation_id", "approval_id", "bounty_id", "round", "id"):
            if isinstance(data, dict) and isinstance(data.get(key), int | str):
                name = "transaction_id" if key == "id" else key
                self._seen.setdefault(name, []).append(data[key])

    def _known(self) -> dict[str, object]:
        command = self._chance.choice(self._commands)
        request: dict[str, object] = {"command": command}
        if self._chance.random() < 0.93:
            right = (self._channel, self._channel.upper(), self._channel)
            request["channel"] = self._value(right, wrong=0.07)
        wrong = self._chance.choice((0.0, 0.0, 0.1, 0.5))
        for field in _fields(command):
            if self._chance.random() >= wrong / 2:
                seen = self._seen.get(field.name, ())[-20:]
                good = (*_PLAUSIBLE[field.name], *seen, *seen)
                request[field.name] = self._value(good, wrong)
        if command.startswith("wallet.") and self._reserved and not wrong:
            request |= {
                name: value
                for name, value in self._reserved[-1].items()
                if name != "reservation_id" or name in request
            }
        for extra in ("token", "x", "service", "__class__", "amount"):
            if self._chance.random() < 0.03:
                request[extra] = self._chance.choice(_HOSTILE)
        return request

    def _value(self, good: tuple[object, ...], wrong: float) -> object:
        return self._chance.choice(_HOSTILE if self._chance.random() < wrong else good)

    def _unknown(self) -> dict[str, object]:
        known = self._chance.choice(self._commands)
        names: tuple[object, ...] = (
            known.upper(), f" {known}", f"{known}.x", known.partition(".")[0], "rank.get", "eval",
            *_HOSTILE,
        )  # fmt: skip
        request = {"command": self._chance.choice(names), "channel": self._channel}
        if self._chance.random() < 0.1:
            del request["command"]
        return request

    def _rubbish(self) -> bytes:
        whole = json.dumps(self._known()).encode()
        makers: tuple[Callable[[], bytes], ...] = (
            lambda: whole[: self._chance.randrange(len(whole))],
            lambda: whole + whole,
            lambda: b"\xff\xfe" + whole,
            lambda: whole.replace(b'"', b"'"),
            lambda: b"[" * 50_000,
            lambda: b'{"a":' * 5_000,
            lambda: json.dumps(self._chance.choice(_HOSTILE)).encode(),
            lambda: self._chance.randbytes(self._chance.randrange(200)),
            lambda: b'{"command": "balance.adjust", "command": "system.ping"}',
            lambda: whole.replace(b"{", b'{"channel": "x", ', 1),
        )
        return self._chance.choice(makers)()


def _fields(command: str) -> tuple[Any, ...]:
    spec = REQUESTS.find(command)
    assert spec is not None
    return spec.fields


def check(answer: Mapping[str, Any]) -> None:
    """An answer is one of those that are documented, and shows nothing of the inside."""
    assert answer["service"] == "economy", answer
    assert isinstance(answer["command"], str), answer
    assert len(answer["command"]) <= 100, answer
    if answer["success"] is True:
        assert set(answer) == {"service", "command", "success", "data"}, answer
        assert isinstance(answer["data"], dict), answer
        return
    assert answer["success"] is False, answer
    assert set(answer) - {"data"} == {"service", "command", "success", "error", "error_code"}
    assert ("data" not in answer) or answer["command"].startswith("spending."), answer
    assert answer["error_code"] in CODES, answer
    assert isinstance(answer["error"], str), answer
    assert 0 < len(answer["error"]) <= 1_000, answer
    assert not LEAKS.search(json.dumps(answer, ensure_ascii=False)), answer
