"""When the last film has ended nothing plays any more, as recorded (`wire.md` 3)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from tests.actors.chat.test_media import film, only, play, stored
from tests.actors.house import NO_TRIGGERS, House, house, settings_with
from tests.unit.gateway.helpers import MEDIA, start_ms, trace, typed

from economy_actors.channel.messages import PlaylistEmptied
from economy_actors.gateway.events import Translated
from economy_actors.gateway.translate import Translator
from kryten_economy.users import UserKey

CINEMA = "cinema-2"
KINDS = {"setcurrent", "changemedia", "delete", "playlist", "setplaylistmeta", "mediaupdate"}
PAID = NO_TRIGGERS["content_triggers"] | {
    "comment_during_media": {"reward_per_message": 1},
    "survived_full_media": {"reward": 5},
}

SURVIVED = "content.survived_full_media"


class Cinema:
    """Plays what was recorded in one channel, through the gateway's translation."""

    def __init__(self, home: House) -> None:
        self.home = home
        self._translator = Translator(home.world.live, home.world.clock)
        self._lines = [
            line
            for line in trace(MEDIA)
            if line["subject"].startswith(f"kryten.events.cytube.{CINEMA}.")
            and line["data"]["event_name"].lower() in KINDS
        ]
        self._zero_ms = start_ms(MEDIA) - round(self._lines[0]["t"] * 1000)

    async def until(self, t: float) -> None:
        """Have everything come that was recorded before a moment of the recording."""
        while self._lines and self._lines[0]["t"] < t:
            line = self._lines.pop(0)
            await self._reach(line["t"])
            kind = line["data"]["event_name"].lower()
            told = self._translator.kinds[kind](typed(line["data"]))
            if isinstance(told, Translated):
                self.home.channel.tell(told.message)  # type: ignore[arg-type]  # no outbox news
        await self._reach(t)
        await self.home.settle()

    async def _reach(self, t: float) -> None:
        due_ms = self._zero_ms + round(t * 1000)
        await anyio.sleep(max(0, due_ms - self.home.now_ms) / 1000)

    async def likes(self) -> str:
        """What the bot answers to ``like``."""
        [text] = await self.home.pm("Alice", "like")
        return text

    def paid(self, trigger_id: str) -> int:
        """How often a trigger has paid."""
        alice = UserKey.of(CINEMA, "Alice")
        rows = self.home.report(lambda reports: reports.transactions(alice, 200))
        return sum(row.trigger_id == trigger_id for row in rows)


@asynccontextmanager
async def cinema(path: Path) -> AsyncIterator[Cinema]:
    """A channel with one visitor, in which the recording begins."""
    settings = settings_with(
        channels=[{"domain": "cytube.test", "channel": CINEMA}],
        content_triggers=PAID,
        onboarding={"welcome_wallet": 0},
    )
    # The robot stamps events a little before the recorder has them.
    begin_ms = start_ms(MEDIA)
    async with house(path, settings, channels=(CINEMA,), start_ms=begin_ms) as home:
        await home.join("Alice")
        yield Cinema(home)


async def test_after_the_last_film_nothing_plays(tmp_path: Path) -> None:
    """The recorded end of the last film: those who saw it are paid, and then nobody for it."""
    async with cinema(tmp_path / "e.db") as c:
        await c.until(132)
        assert "short one" in await c.likes()
        await c.home.chat("Alice", "still on")
        comments, survived = c.paid("content.comment_during_media"), c.paid(SURVIVED)
        assert comments == 1
        await c.until(135)
        assert c.paid(SURVIVED) == survived + 1
        assert "Nothing is playing" in await c.likes()
        assert "short one" not in (await c.home.pm("Alice", "status"))[0]
        await c.home.chat("Alice", "it is over")
        assert c.paid("content.comment_during_media") == comments
        await c.until(139)
        assert "mod film" in await c.likes()


async def test_after_the_playlist_is_cleared_nothing_plays(tmp_path: Path) -> None:
    """The recorded clearing comes in the midst of a film, and the next one begins anew."""
    async with cinema(tmp_path / "e.db") as c:
        await c.until(118)
        assert "row 1" in await c.likes()
        await c.until(119)
        assert "Nothing is playing" in await c.likes()
        await c.until(121)
        assert "short one" in await c.likes()


@pytest.mark.parametrize(("is_seen", "balance_z"), [(True, 5), (False, 0)])
async def test_who_saw_the_last_film_end_is_paid(
    tmp_path: Path, is_seen: bool, balance_z: int
) -> None:
    """A robot that finds the playlist empty has not seen when the last film ended."""
    async with house(tmp_path / "e.db", only("survived_full_media")) as home:
        await home.join("Alice")
        await play(home, "a", uid=5)
        await anyio.sleep(610)
        home.channel.tell(PlaylistEmptied(home.now_ms, is_seen))
        await home.settle()
        assert home.balance("Alice") == balance_z
        await play(home, "b", uid=6)
        assert home.balance("Alice") == balance_z


async def test_an_end_of_before_ends_nothing(tmp_path: Path) -> None:
    """What was told late of an earlier playlist does not end what has begun since."""
    async with house(tmp_path / "e.db", only("like_current")) as home:
        await home.join("Alice")
        await stored(home, film("x"))
        await play(home, "a", uid=5)
        home.channel.tell(PlaylistEmptied(home.now_ms - 60_000, True))
        await home.settle()
        assert "Film a" in (await home.pm("Alice", "like"))[0]
