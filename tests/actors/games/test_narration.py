"""What is told of heists: from the pools, from the configuration, from a text model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs
from tests.actors.games.crew import (
    LOSE,
    PUSH,
    WIN,
    WINDOW_S,
    balances,
    crew,
    heist_lines,
    heist_settings,
    window,
)
from tests.actors.house import House

from economy_actors.messages.llm import Compose, NoText, Text
from economy_actors.runtime import Actor
from kryten_economy.config import Settings
from kryten_economy.features.games import heist_texts as texts

STORY = {
    "scenario": "At dawn {user} arrives.",
    "win": "Hooray, {payout} {symbol} each!",
    "lose": "Oh no, {user}.",
    "push": "So so, {user}.",
}


class Author(Actor[Compose]):
    """A text model in memory: it answers with ``text`` after a while, or never."""

    def __init__(self, text: Text, after_s: float | None = 1.0) -> None:
        self.text = text
        self.after_s = after_s
        self.asked: list[Compose] = []

    async def receive(self, message: Compose) -> None:
        self.asked.append(message)
        if self.after_s is not None:
            await anyio.sleep(self.after_s)
            message.to.offer(message.make(self.text))


async def told(h: House) -> list[str]:
    """The story of a whole heist: scenario, outcome, summary."""
    await h.pm("Alice", "heist 100")
    await h.chat("Bob", "join")
    await h.chat("Cy", "join")
    await window(h)
    return [line.text for line in heist_lines(h)][-3:]


def narrated(mode: str, outcome: Mapping[str, Any] = WIN, **narrative: Any) -> Settings:
    return heist_settings(**outcome, narrative={"mode": mode, **narrative})


@pytest.mark.parametrize(
    ("outcome", "pool"),
    [(WIN, texts.WIN_LINES), (LOSE, texts.LOSE_LINES), (PUSH, texts.PUSH_LINES)],
)
async def test_the_built_in_story(
    tmp_path: Path, outcome: dict[str, Any], pool: tuple[str, ...]
) -> None:
    """A scenario and an outcome of the pools, with the name and what each gets put in."""
    values = {"{user}": "Alice", "{payout}": "200", "{symbol}": "Z"}

    def filled(template: str) -> str:
        for name, value in values.items():
            template = template.replace(name, value)
        return template

    async with crew(tmp_path, narrated("static", outcome)) as h:
        scenario, end, summary = await told(h)
        assert scenario in map(filled, texts.SCENARIOS)
        assert end in map(filled, pool)
        assert summary.startswith("🏦 Crew of 3")


async def test_own_lines_join_the_pools_and_a_reload_changes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All five kinds come from the settings in force (P-TXT-6)."""
    for pool in ("SCENARIOS", "WIN_LINES", "JOIN_LINES"):
        monkeypatch.setattr(texts, pool, ("{broken",))
    own: dict[str, Any] = {
        "custom_scenarios": ["Once, {user}..."],
        "custom_win_lines": ["{user} wins {payout} {symbol} {unknown}!"],
        "custom_join_lines": ["hello {user}"],
    }
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        h.context.live.swap(narrated("static", **own))
        await h.pm("Alice", "heist 100")
        await h.chat("Bob", "join")
        await anyio.sleep(5)
        assert heist_lines(h)[-1].text == "hello Bob (Crew of 2)"
        await h.chat("Cy", "join")
        await window(h)
        lines = [line.text for line in heist_lines(h)]
        assert lines[-3:-1] == ["Once, Alice...", "» Alice wins 200 Z !"]


async def test_a_broken_line_of_the_configuration_costs_nothing(tmp_path: Path) -> None:
    """All are paid and told, whatever the lines hold (P-TXT-2, P-TXT-9)."""
    own: dict[str, Any] = {
        f"custom_{kind}": ["{", "}", "{0}", "{user.x}"] for kind in ("scenarios", "win_lines")
    }
    async with crew(tmp_path, narrated("static", **own)) as h:
        lines = await told(h)
        assert len(lines) == 3
        assert not any("{" in line for line in lines)
        assert balances(h) == [1100] * 3


@pytest.mark.parametrize("mode", ["llm", "hybrid"])
async def test_a_model_tells_the_story(tmp_path: Path, mode: str) -> None:
    """It was asked once, while the crew formed, with no word of any user."""
    author = Author(STORY)
    async with crew(tmp_path, narrated(mode), llm=lambda: author) as h:
        lines = await told(h)
        assert lines[:2] == ["At dawn Alice arrives.", "Hooray, 200 Z each!"]
        [asked] = author.asked
        assert "Alice" not in asked.prompt
        assert [each.key for each in asked.wanted] == ["scenario", "win", "lose", "push"]


async def test_nobody_is_asked_for_what_is_not_wanted(tmp_path: Path) -> None:
    """Static stories ask no model."""
    author = Author(STORY)
    async with crew(tmp_path, narrated("static"), llm=lambda: author) as h:
        await told(h)
        assert author.asked == []


@pytest.mark.parametrize("after_s", [None, WINDOW_S + 5.0, 3600.0])
async def test_a_slow_model_delays_nothing(tmp_path: Path, after_s: float | None) -> None:
    """At the end of the window the money moves and another story is told (P-TXT-9)."""
    author = Author(STORY, after_s)
    async with crew(tmp_path, narrated("hybrid"), llm=lambda: author) as h:
        lines = await told(h)
        assert balances(h) == [1100] * 3
        assert len(lines) == 3
        assert not any("At dawn" in line for line in lines)


async def test_a_late_answer_is_for_nobody(tmp_path: Path) -> None:
    """What was asked for one heist is never told of the next (P-TXT-4)."""
    author = Author(STORY, WINDOW_S + 30.0)
    settings = heist_settings(
        {"spectacle_cooldown_seconds": 0},
        **WIN,
        cooldown_seconds=0,
        narrative={"mode": "hybrid"},
    )
    async with crew(tmp_path, settings, llm=lambda: author) as h:
        await told(h)
        lines = await told(h)
        assert not any("At dawn" in line for line in lines)


@pytest.mark.parametrize(
    "story",
    [
        {"scenario": "{user", "win": "}{", "lose": "x"},
        {"scenario": "{0}", "win": "{nothing}", "lose": "x"},
        NoText("status 500"),
    ],
)
async def test_what_a_model_writes_breaks_nothing(tmp_path: Path, story: Text) -> None:
    """A line that can't be told is one of ours instead, and everybody is paid."""
    async with crew(tmp_path, narrated("hybrid"), llm=lambda: Author(story)) as h:
        lines = await told(h)
        assert len(lines) == 3
        assert all(line and "{" not in line for line in lines)
        assert balances(h) == [1100] * 3


async def test_a_missing_push_line_is_one_of_ours(tmp_path: Path) -> None:
    """`push` may be left out."""
    story = {key: line for key, line in STORY.items() if key != "push"}
    async with crew(tmp_path, narrated("hybrid", PUSH), llm=lambda: Author(story)) as h:
        scenario, end, _ = await told(h)
        assert scenario == "At dawn Alice arrives."
        assert end[0] in {line[0] for line in texts.PUSH_LINES}


@pytest.mark.parametrize(("mode", "warns"), [("llm", True), ("hybrid", False)])
async def test_only_llm_mode_warns(tmp_path: Path, mode: str, warns: bool) -> None:
    """`llm` differs from `hybrid` only in logging a warning."""
    author = Author(NoText("status 500"))
    with capture_logs() as logged:
        async with crew(tmp_path, narrated(mode), llm=lambda: author) as h:
            await told(h)
    warnings = [each for each in logged if each["event"] == "no story from the text model"]
    assert [each["why"] for each in warnings] == (["status 500"] if warns else [])
