"""Races as others see them: the commentary by a text model, and what the web page is told."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import api
from tests.actors.games.test_race import DURATION_S, LIVE, POOL, SURE, rich, view, with_race
from tests.actors.house import CHANNEL, House, house

from economy_actors.messages.llm import Compose, NoText, Text
from economy_actors.outbox.message import Line, Pm
from economy_actors.runtime import Actor
from kryten_economy.config import Settings

# Commentary by a text model

WRITTEN = {
    "start": "Vroom says {Emoji}{unknown}",
    "lead_change": "{horse} leads with {driver}",
    "finish": "Hats off to {WINNER}",
}


class Writer(Actor[Compose]):
    """Answers every question after so many seconds, with what it is told."""

    def __init__(self, text: Text, after_s: float, asked: list[Compose]) -> None:
        self.text = text
        self.after_s = after_s
        self.asked = asked

    async def receive(self, message: Compose) -> None:
        self.asked.append(message)
        await anyio.sleep(self.after_s)
        message.to.offer(message.make(self.text))


def written(mode: str = "hybrid") -> Settings:
    return with_race(odds_profiles=SURE, commentary={"mode": mode}, live_betting={"enabled": False})


async def _two_races(h: House) -> list[list[str]]:
    """What was said at each of two races with a bet on Blue: start and headline."""
    await rich(h, "Ann")
    told = []
    for _ in range(2):
        before = len(h.lines())
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        await anyio.sleep(20 + DURATION_S + 5)
        told.append(h.lines()[before + 2 : before + 4])
        await anyio.sleep(70)
    return told


async def test_a_model_writes_the_commentary(tmp_path: Path) -> None:
    """In time: start and headline are its own, with whatever placeholders it uses (P-TXT-1)."""
    asked: list[Compose] = []
    llm = partial(Writer, WRITTEN, 3.0, asked)
    async with house(tmp_path / "e.db", written(), llm=llm) as h:
        for start, headline in await _two_races(h):
            assert start.startswith("🏁 Vroom says ")
            assert "{" not in start
            assert headline == "🏁 Hats off to Blue"
    assert len(asked) == 2
    assert all("Ann" not in each.prompt for each in asked)


@pytest.mark.parametrize("text", [WRITTEN, NoText("no answer in time")])
async def test_without_a_text_in_time_there_are_built_in_lines(tmp_path: Path, text: Text) -> None:
    """A race waits for no model, and a text that is late is not told at the next race (P-TXT-4)."""
    llm = partial(Writer, text, 25.0, [])
    async with house(tmp_path / "e.db", written("llm"), llm=llm) as h:
        for start, headline in await _two_races(h):
            assert "Vroom" not in start
            assert "Blue" in headline
            assert "Hats" not in headline


async def test_a_model_that_forgets_the_winner_is_corrected(tmp_path: Path) -> None:
    """The headline names the colour, whoever has written it (P-TXT-3)."""
    text = {**WRITTEN, "finish": "What a race that was"}
    async with house(tmp_path / "e.db", written(), llm=partial(Writer, text, 1.0, [])) as h:
        [(_, headline), _] = await _two_races(h)
        assert headline == "🏁 🔵 Blue wins the race!"


async def test_no_model_is_asked_where_none_is_wanted(tmp_path: Path) -> None:
    """Static commentary needs nobody."""
    asked: list[Compose] = []
    async with house(tmp_path / "e.db", POOL, llm=partial(Writer, WRITTEN, 1.0, asked)) as h:
        await rich(h, "Ann")
        await h.pm("Ann", "race")
        await anyio.sleep(21)
    assert asked == []


# The web


async def _state(it: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await it.data("race.state")
    return answer


async def test_the_race_page_is_told_all_it_reads(tmp_path: Path) -> None:
    """Every field of every phase in its type, as the page of the web queue reads it."""
    async with api(tmp_path, LIVE) as it:
        h = it.house
        assert await _state(it) == {"active": False, "frame": None}
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 blue")
        frame = _checked(await _state(it), "betting")
        assert frame["betting_closes_in"] in {19, 20}
        assert frame["bets_by_color"] == {"Blue": {"amount": 100, "bettors": 1}}
        assert (frame["pool"], frame["bettor_count"], frame["min_bet"]) == (100, 1, 10)
        assert (frame["symbol"], frame["channel"]) == ("Z", CHANNEL)
        race_id = frame["race_id"]
        await anyio.sleep(22)
        await h.pm("Bob", "race 60 red")
        frame = _checked(await _state(it), "racing")
        assert frame["betting_closes_in"] == 0
        assert (frame["pool"], frame["race_id"]) == (160, race_id)
        assert frame["leader"] in {"Blue", "Red"}
        assert {each["position"] for each in frame["racers"]} == {1, 2}
        assert "timeline" not in frame
        await anyio.sleep(DURATION_S * 0.9 - 2)
        frame = _checked(await _state(it), "racing")
        _check_timeline(frame)
        await anyio.sleep(DURATION_S * 0.1 + 2)
        frame = _checked(await _state(it), "finished")
        assert "timeline" not in frame
        assert frame["winner"]["color"] == "Blue"
        assert isinstance(frame["winner"]["name"], str)
        assert frame["payouts"] == [{"username": "Ann", "net": 52}]
        assert [each["pct"] == 100 for each in frame["racers"]] == [True, False]
        await anyio.sleep(16)
        assert (await _state(it))["active"] is True
        await anyio.sleep(4)
        assert await _state(it) == {"active": False, "frame": None}


def _checked(data: dict[str, Any], phase: str) -> dict[str, Any]:
    assert data["active"] is True
    frame: dict[str, Any] = data["frame"]
    assert frame["phase"] == phase
    assert len(frame["race_id"]) == 12
    for name in ("pool", "bettor_count", "min_bet", "betting_closes_in", "tick"):
        assert type(frame[name]) is int, name
    for racer in frame["racers"]:
        assert racer["color"] in {"Blue", "Red"}
        assert all(type(racer[each]) is str for each in ("name", "odds", "emoji", "trait"))
        assert 0 <= racer["pct"] <= 100
        assert 0 <= racer["progress"] <= frame["finish_distance"]
    for on in frame["bets_by_color"].values():
        assert type(on["amount"]) is int
    if phase != "finished":
        assert frame["winner"] is None
        assert frame["payouts"] == []
    return frame


def _check_timeline(frame: dict[str, Any]) -> None:
    run = frame["timeline"]
    assert run["duration"] == pytest.approx(run["frame_dt"] * (len(run["frames"]) - 1))
    assert {len(row) for row in run["frames"]} == {len(frame["racers"])}
    assert run["frames"][0] == [0, 0]
    assert 0 < run["elapsed"] < run["duration"]
    assert [line["t"] for line in run["commentary"]] == sorted(
        line["t"] for line in run["commentary"]
    )
    assert "Blue" in run["commentary"][-1]["text"]


async def test_nothing_tells_the_future_while_bets_are_open(tmp_path: Path) -> None:
    """No timeline and no winner anywhere as long as a bet is taken (P-GAM-13).

    From the cutoff on it is complete, and it never changes.
    """
    async with api(tmp_path, LIVE) as it:
        h = it.house
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 red")
        seen: set[str] = set()
        for _ in range(70):
            taken_before = view(h).takes_bets(h.context.clock.steady_ms())
            frame = (await _state(it))["frame"]
            if frame["phase"] == "finished":
                break
            takes = view(h).takes_bets(h.context.clock.steady_ms())
            # In between the cutoff may have come.
            assert takes is not taken_before or ("timeline" in frame) is not takes
            if "timeline" not in frame:
                assert max(each["pct"] for each in frame["racers"]) < 75
            else:
                seen.add(json.dumps({**frame["timeline"], "elapsed": 0}))
            await anyio.sleep(1)
        assert len(seen) == 1
        heard = [each.text for each in h.heard if isinstance(each, Line | Pm)]
        assert not any(word in text for text in heard for word in ("wins", "won", "Victory"))


async def test_without_late_bets_the_picture_is_there_at_once(tmp_path: Path) -> None:
    """From the start of the race on."""
    async with api(tmp_path, POOL) as it:
        await rich(it.house, "Ann")
        await it.house.pm("Ann", "race")
        await it.house.pm("Ann", "race 100 red")
        await anyio.sleep(20.1)
        _checked(await _state(it), "racing")
        assert "timeline" in (await _state(it))["frame"]


async def test_setting_the_clock_opens_no_bets_again(tmp_path: Path) -> None:
    """Durations are the steady clock's: what was shown once stays shown."""
    async with api(tmp_path, LIVE) as it:
        h = it.house
        await rich(h, "Ann", "Bob")
        await h.pm("Ann", "race")
        await h.pm("Ann", "race 100 red")
        await anyio.sleep(20 + DURATION_S * 0.9)
        assert "timeline" in (await _state(it))["frame"]
        h.context.clock.set_by(-60_000)  # type: ignore[attr-defined]
        assert "timeline" in (await _state(it))["frame"]
        [answer] = await h.pm("Bob", "race 100 blue")
        assert "closed" in answer
