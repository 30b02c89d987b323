"""What the guides of users and operators tell people to write is written, and understood.

A house on the virtual clock hears each command of a page as it stands there. It may be refused for
what the house is like (no such film, nothing to approve), not for how it is written.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from tests.actors.house import House, house, settings_with
from tests.unit.docs.pages import ROOT, page, spans

from economy_actors.handlers.registry import COMMANDS, REQUESTS
from economy_actors.metrics.metrics import Metrics
from kryten_economy.commands.grammar import amount, parse

NOT_UNDERSTOOD = re.compile(
    r"^Usage|\nUsage|I don't know the command|I only understand commands|is not an amount|"
    r"needs admin rights|is (?:switched )?off|not enabled"
)
NAMES = re.compile(r"@(?:user|name|winner|felix)\b")
QUIET_S = 700
"""Longer than anything that a game or a question waits for."""

SAID_IN_THE_CHANNEL = {"join", "name++"}
ANSWERS = {"YES", "confirm"}
PARTS = {
    # the doctor's lines and verdicts, and the states of /health
    *("PASS", "WARN", "FAIL", "nats", "jetstream", "robot CHANNEL", "userstats", "service"),
    *("disk", "clock", "permissions", "backups", "healthy", "degraded"),
    # fields of requests and logs, tables
    *("request_id", "correlation_id", "economy_snapshots", "transactions"),
    # what `shop` lists, what a title of the file is called
    *(
        "gif",
        "title",
        "kryten.economy.command",
        "ops/",
        "/health",
        "/op/what-if",
        "config.example.yaml",
    ),
    *('""', "@", "${NAME}"),
}
"""Other things in code font that exist elsewhere than in the tables that are asked here."""
PROGRAMS = ("kryten-economy", "journalctl", "systemctl", "nats ", "pip ", "restore FILE")


def _settings() -> dict[str, dict[str, object]]:
    """Everything that can be written is switched on, and nobody is told to slow down."""
    return {
        "commands": {"rate_limit_per_minute": 100_000},
        "mediacms": {"base_url": "https://media.test", "web_queue_redirect": False},
        "gambling": {"heist": {"enabled": True}, "trivia": {"api_url": ""}},
        "onboarding": {"welcome_wallet": 0},
    }


@asynccontextmanager
async def peopled(path: Path) -> AsyncIterator[House]:
    """An owner with coins to do anything with, and somebody to do it to."""
    async with house(path / "e.db", settings_with(**_settings())) as h:
        for name, rank in (("Boss", 5.0), ("Bob", 1.0), ("Carl", 1.0)):
            await h.join(name, rank)
        for name in ("Boss", "Bob"):
            await h.pm("Boss", f"grant @{name} 9000000", trace=f"seed:{name}")
        await anyio.sleep(QUIET_S)
        h.heard.clear()
        yield h


def _is_a_key(text: str) -> bool:
    """Whether the sample configuration has it: a key, or a path of keys."""
    sample = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    path = re.sub(r"\[\]|\.\*|:.*", "", text).split(".")
    return all(re.search(rf"(?m)(?:^|[\s{{#-]){key}:", sample) for key in path)


def _exported() -> set[str]:
    return set(re.findall(r"(?m)^# TYPE (\S+) ", Metrics().render().decode()))


def _is_something_else(text: str) -> bool:
    """Whether it is no private message: a flag, a file, a key, a metric, a request, a program."""
    return (
        text.startswith(("--", "{", *PROGRAMS))
        or text in PARTS
        or text in REQUESTS.names
        or text in _exported()
        or _is_a_key(text)
    )


def _written(text: str) -> tuple[list[str], list[str]]:
    """The private messages of a page, and what is neither one nor anything that is known."""
    messages, strange = [], []
    for each in spans(text):
        parsed = parse(each)
        if parsed is not None and COMMANDS.find(parsed.word) is not None:
            messages.append(NAMES.sub("@Bob", each).replace("…", "a.test/cat.gif"))
        elif not _is_something_else(each):
            strange.append(each)
    return messages, strange


async def _misunderstood(h: House, messages: list[str]) -> dict[str, list[str]]:
    """What was not understood, with its answer; a word alone only names its command."""
    wrong = {}
    for number, message in enumerate(messages):
        if " " not in message:
            continue
        answer = await h.pm("Boss", message, trace=f"guide:{number}")
        # What the message has begun ends, and what it has stopped goes on.
        await anyio.sleep(QUIET_S)
        for undone in ("resume all", "unban @Bob"):
            await h.pm("Boss", undone, trace=f"{undone}:{number}")
        if not answer or NOT_UNDERSTOOD.search("\n".join(answer)):
            wrong[message] = answer
    return wrong


async def test_what_users_are_told_to_write_is_understood(tmp_path: Path) -> None:
    """Each thing in code font of the user's guide is a message, an amount or an answer."""
    messages, strange = _written(page("users-guide.md"))
    left = [
        each
        for each in strange
        if each not in SAID_IN_THE_CHANNEL | ANSWERS and not isinstance(amount(each, of_z=100), int)
    ]
    assert left == []
    assert len(messages) > 60
    async with peopled(tmp_path) as h:
        assert await _misunderstood(h, messages) == {}


async def test_what_operators_are_told_to_write_is_understood(tmp_path: Path) -> None:
    """Each thing in code font of the operator's guide is a message or something that exists."""
    messages, strange = _written(page("operators-guide.md"))
    assert set(strange) <= ANSWERS
    assert len(messages) > 60
    async with peopled(tmp_path) as h:
        assert await _misunderstood(h, messages) == {}


@pytest.mark.parametrize("wrong", ["tip @felix lots", "config revert", "nothing of that kind"])
async def test_a_message_that_is_written_wrongly_is_noticed(tmp_path: Path, wrong: str) -> None:
    """A page with such a line would fail."""
    async with peopled(tmp_path) as h:
        assert await _misunderstood(h, [NAMES.sub("@Bob", wrong)]) != {}
