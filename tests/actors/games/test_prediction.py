"""Predictions from the first message to balances, lines and private results (`gambling.md` 13)."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import api
from tests.actors.games.crowd import (
    acts,
    at_once,
    crowd,
    killed,
    public,
    rounds_open,
    social_settings,
    worth,
)
from tests.actors.house import House, house

OPEN = 'predict open 5 "Will it rain?" yes | no | snow'


async def bets(h: House) -> None:
    """Boss asks; Alice says yes with 100, Bob with 200, Cy says no with 300."""
    await h.pm("Boss", OPEN)
    await h.pm("Alice", "predict 100 1")
    await h.chat("Bob", "!predict 200 yes")
    await h.pm("Cy", "predict 300 no")


async def test_the_question_is_asked_in_the_channel(tmp_path: Path) -> None:
    """One line with question, outcomes, how to bet and for how long."""
    async with crowd(tmp_path) as h:
        [answer] = await h.pm("Boss", OPEN)
        assert answer == "✅ Prediction 1 is open for 5m."
        [line] = public(h)
        assert line == (
            "🔮 Prediction by Boss: Will it rain? (1) yes, (2) no, (3) snow."
            " Say '!predict <amount> <outcome>' within 5m."
        )


async def test_who_is_right_shares_the_pool(tmp_path: Path) -> None:
    """Bets by PM and in the channel, then the result: money, one line, a PM each, an audit line."""
    async with crowd(tmp_path) as h:
        await bets(h)
        assert worth(h) == [900, 800, 700, 1000]
        assert "200 Z on 'yes', which pays 1x" in h.pms("Bob")[-1]
        [shown] = await h.pm("Dan", "predict")
        assert "1) yes: 300 Z (2x)" in shown
        assert "3) snow: 0 Z" in shown
        assert "Bets are taken for 5m" in shown or "Bets are taken for 4m" in shown
        assert (await h.pm("Boss", "predict settle yes"))[0] == "✅ Settled: 'yes'."
        assert worth(h) == [1100, 1200, 700, 1000]
        assert public(h)[-1] == "🔮 It is 'yes': 2 users shared 600 Z of the 600 Z in the pool."
        assert "You staked 100 Z and got 200 Z (+100 Z). Balance: 1,100 Z." in h.pms("Alice")[-1]
        assert "(-300 Z)" in h.pms("Cy")[-1]
        assert ("Boss", "predict", "settle yes") in acts(h)
        assert rounds_open(h) == []


async def test_bets_close_by_the_clock(tmp_path: Path) -> None:
    """One line says so; later bets are refused, and settling works as before."""
    async with crowd(tmp_path) as h:
        await bets(h)
        await anyio.sleep(301)
        assert public(h)[-1] == (
            "🔮 Bets are closed with 600 Z in the pool: yes (2x), no (2x), snow."
        )
        assert await h.pm("Dan", "predict 10 1") == ["Bets are closed."]
        await anyio.sleep(3600)
        assert len(public(h)) == 2
        await h.pm("Boss", "predict settle 2")
        assert worth(h) == [900, 800, 1300, 1000]


async def test_bets_can_be_closed_early(tmp_path: Path) -> None:
    """`predict lock` ends the window; once."""
    async with crowd(tmp_path) as h:
        await bets(h)
        assert await h.pm("Boss", "predict lock") == ["✅ Bets are closed."]
        assert await h.pm("Boss", "predict lock") == ["Bets were closed already."]
        await anyio.sleep(400)
        assert [line for line in public(h) if "Bets are closed" in line] == public(h)[1:]
        assert len(public(h)) == 2
        assert await h.pm("Dan", "predict 10 1") == ["Bets are closed."]


async def test_a_stake_is_raised_on_its_outcome(tmp_path: Path) -> None:
    """More on the same outcome adds up; another outcome is refused with the first one named."""
    async with crowd(tmp_path) as h:
        await h.pm("Boss", OPEN)
        await h.pm("Alice", "predict 100 1")
        assert "150 Z on 'yes'" in (await h.pm("Alice", "predict 50 YES"))[0]
        assert await h.pm("Alice", "predict 50 no") == [
            "You have bet on 'yes'; you can only raise that."
        ]
        assert worth(h, "Alice") == [850]


async def test_void_gives_everything_back(tmp_path: Path) -> None:
    """Stakes, statistics and all; everybody is told."""
    async with crowd(tmp_path) as h:
        await bets(h)
        [answer] = await h.pm("Boss", "predict void")
        assert answer == "✅ The prediction was called off, and 3 users had their money back."
        assert worth(h) == [1000] * 4
        assert "your 300 Z are back" in h.pms("Cy")[-1]
        wallet = h.wallet("Cy")
        assert wallet is not None
        assert wallet.lifetime_gambled_in_z == 0
        assert public(h)[-1].startswith("🎟️ The prediction was called off.")
        await h.pm("Boss", OPEN)
        assert len(rounds_open(h)) == 1


async def test_what_nobody_settles_is_void(tmp_path: Path) -> None:
    """A day after its bets were closed, everything goes back by itself."""
    async with crowd(tmp_path) as h:
        await bets(h)
        await anyio.sleep(300 + 86_390)
        assert worth(h) == [900, 800, 700, 1000]
        await anyio.sleep(20)
        assert worth(h) == [1000] * 4
        assert rounds_open(h) == []
        assert "your 100 Z are back" in h.pms("Alice")[-1]


async def test_nobody_right_gets_all_back(tmp_path: Path) -> None:
    """The pool has no winner."""
    async with crowd(tmp_path) as h:
        await bets(h)
        await h.pm("Boss", "predict settle snow")
        assert worth(h) == [1000] * 4
        assert public(h)[-1].endswith("nobody had seen it coming: all stakes are back.")


async def test_whoever_has_staked_does_not_settle(tmp_path: Path) -> None:
    """A member who has asked and bet can close the bets, but an admin says what came true."""
    async with crowd(tmp_path) as h:
        await h.pm("Alice", OPEN)
        await h.pm("Alice", "predict 100 1")
        await h.pm("Bob", "predict 100 2")
        for command in ("predict settle 1", "predict void"):
            assert "please ask an admin" in (await h.pm("Alice", command))[0]
        assert await h.pm("Alice", "predict lock") == ["✅ Bets are closed."]
        assert "Only whoever has opened" in (await h.pm("Bob", "predict settle 2"))[0]
        await h.pm("Boss", "predict settle 1")
        assert worth(h) == [1100, 900, 1000, 1000]


async def test_an_admin_who_has_staked_does_not_settle_either(tmp_path: Path) -> None:
    """Not by PM and not by request; another admin can, and whoever has a stake may call it off."""
    async with api(tmp_path, social_settings()) as it:
        h = it.house
        await h.join("Alice")
        for boss in ("Boss", "Chief"):
            await h.join(boss, rank=5)
        await h.pm("Boss", OPEN)
        await h.pm("Boss", "predict 100 1")
        await h.pm("Alice", "predict 100 2")
        assert "an admin without one" in (await h.pm("Boss", "predict settle 1"))[0]
        code, text = await it.refused("prediction.settle", outcome="1", admin="Boss")
        assert (code, "predict void" in text) == ("rejected", True)
        assert worth(h, "Boss", "Alice") == [900, 900]
        await h.pm("Chief", "predict settle 1")
        assert worth(h, "Boss", "Alice") == [1100, 900]
        await h.pm("Boss", OPEN)
        await h.pm("Boss", "predict 100 1")
        assert "called off" in (await h.pm("Boss", "predict void"))[0]
        assert worth(h, "Boss", "Alice") == [1100, 900]


async def test_a_member_without_a_stake_settles(tmp_path: Path) -> None:
    """Who has opened it and has nothing in it may say what came true; it is written down."""
    async with crowd(tmp_path) as h:
        await h.pm("Alice", OPEN)
        await h.pm("Bob", "predict 100 2")
        await h.pm("Alice", "predict settle 2")
        assert worth(h) == [1000] * 4
        assert ("Alice", "predict", "settle 2") in acts(h)


async def test_sixty_four_bets_at_once(tmp_path: Path) -> None:
    """Each counts once, up to the maximum; nothing is doubled or lost."""
    async with crowd(tmp_path, social_settings({"prediction": {"max_wager": 500}})) as h:
        await h.pm("Boss", OPEN)
        await at_once(h, "Bob", "predict 20 1")
        assert worth(h, "Bob") == [500]
        [row] = rounds_open(h)
        assert row.game == "prediction"
        await h.pm("Boss", "predict void")
        assert worth(h) == [1000] * 4


async def test_a_ban_gives_the_stake_back(tmp_path: Path) -> None:
    """The others go on without them."""
    async with crowd(tmp_path) as h:
        await bets(h)
        await h.pm("Boss", "ban Cy")
        assert worth(h, "Cy") == [1000]
        await h.pm("Boss", "predict settle 1")
        assert worth(h) == [1000] * 4


# Restarts


async def test_a_restart_while_bets_are_taken(tmp_path: Path) -> None:
    """The window goes on where it was, and ends when it would have."""
    async with crowd(tmp_path) as h:
        await bets(h)
        at_ms = h.now_ms
        path = killed(h, tmp_path)
    async with house(path, social_settings(), start_ms=at_ms + 200_000) as h:
        await h.join("Boss", 5)
        await h.join("Dan")
        assert "100 Z on 'snow'" in (await h.pm("Dan", "predict 100 3"))[0]
        await anyio.sleep(110)
        assert [line for line in public(h) if "Bets are closed with 700 Z" in line]
        await h.pm("Boss", "predict settle 3")
        assert worth(h) == [900, 800, 700, 1600]


async def test_a_clean_stop_keeps_the_bets(tmp_path: Path) -> None:
    """A prediction outlives the process, closed bets stay closed, and nobody hears it twice."""
    async with crowd(tmp_path) as h:
        await bets(h)
        await h.pm("Boss", "predict lock")
        at_ms = h.now_ms
    async with house(tmp_path / "e.db", social_settings(), start_ms=at_ms + 1000) as h:
        await h.join("Boss", 5)
        assert public(h) == []
        await h.pm("Boss", "predict settle 2")
        assert worth(h) == [900, 800, 1300, 1000]


async def test_a_crash_between_the_word_and_the_money(tmp_path: Path) -> None:
    """What was settled is paid after the restart, and everybody is told."""
    from kryten_economy.features.games.tables import DrawRound

    async with crowd(tmp_path) as h:
        await bets(h)
        day = h.context.live.calendar.day(h.now_ms)
        await h.commit(DrawRound("word", "TestChan", 1, h.now_ms, day, "1"))
        path, at_ms = killed(h, tmp_path), h.now_ms
    async with house(path, social_settings(), start_ms=at_ms + 1000) as h:
        await h.settle()
        assert worth(h) == [900, 800, 1300, 1000]
        assert "It is 'no'" in public(h)[-1]
        assert "It is 'no'" in h.pms("Cy")[-1]


async def test_void_after_a_long_stop(tmp_path: Path) -> None:
    """Two days later there is nothing to wait for any more."""
    async with crowd(tmp_path) as h:
        await bets(h)
        path, at_ms = killed(h, tmp_path), h.now_ms
    async with house(path, social_settings(), start_ms=at_ms + 2 * 86_400_000) as h:
        await h.settle()
        assert worth(h) == [1000] * 4
        assert "your 300 Z are back" in h.pms("Cy")[-1]


# Refusals


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("predict", "No prediction is open right now."),
        ("predict 100 1", "No prediction is open right now."),
        ("predict lock", "No prediction is open right now."),
        ("predict settle 1", "No prediction is open right now."),
        ("predict open", "Usage"),
        ("predict open soon", "'soon' is not an amount"),
        ("predict open 0 q? a | b", "not an amount"),
        ("predict open 61 q? a | b", "The time is 1 to 60 minutes."),
        ("predict open 5 q? a", "It takes 2 to 6 outcomes with '|' between them."),
        ("predict open 5", "The question needs 1 to 150 characters."),
    ],
)
async def test_what_is_wrong_is_told(tmp_path: Path, text: str, words: str) -> None:
    """Each mistake gets its sentence, and nothing is opened."""
    async with crowd(tmp_path) as h:
        [answer] = await h.pm("Boss", text)
        assert words in answer
        assert rounds_open(h) == []
        assert public(h) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("predict 100", "Which outcome? 1) yes, 2) no, 3) snow"),
        ("predict 100 4", "Which outcome?"),
        ("predict 5 1", "the minimum is 10 Z"),
        ("predict 6000 1", "the maximum is 5,000 Z"),
        ("predict 2000 1", "1,000 Z short"),
        ("predict 1.5 1", "not an amount"),
        ("predict much 1", "not an amount"),
    ],
)
async def test_a_refused_bet_is_told_why(tmp_path: Path, text: str, words: str) -> None:
    """G1 for every stake; nothing moves."""
    async with crowd(tmp_path) as h:
        await h.pm("Boss", OPEN)
        assert words in (await h.pm("Alice", text))[0]
        assert worth(h, "Alice") == [1000]


@pytest.mark.parametrize(
    ("rank", "words"),
    [(2, "members from the rank Key Grip on can open predictions"), (None, "Only admins can open")],
)
async def test_not_everybody_may_ask(tmp_path: Path, rank: int | None, words: str) -> None:
    """Members need the rank; without one in the settings it is for admins."""
    off: dict[str, Any] = {"prediction": {"member_rank": rank}}
    async with crowd(tmp_path, social_settings(off)) as h:
        assert words in (await h.pm("Alice", OPEN))[0]
        await h.pm("Boss", OPEN)
        assert len(rounds_open(h)) == 1


async def test_one_at_a_time(tmp_path: Path) -> None:
    """A second question waits."""
    async with crowd(tmp_path) as h:
        await h.pm("Boss", OPEN)
        assert "Prediction is on at the moment" in (await h.pm("Alice", OPEN))[0]


@pytest.mark.parametrize("off", [{"enabled": False}, {"prediction": {"enabled": False}}])
async def test_switched_off(tmp_path: Path, off: dict[str, Any]) -> None:
    """Each game has its switch, and all have one."""
    async with crowd(tmp_path, social_settings(off)) as h:
        assert "switched off" in (await h.pm("Boss", OPEN))[0]


async def test_without_public_lines(tmp_path: Path) -> None:
    """`announce_public` off: players still hear their own results."""
    quiet = {"prediction": {"announce_public": False}}
    async with crowd(tmp_path, social_settings(quiet)) as h:
        await bets(h)
        await h.pm("Boss", "predict settle 1")
        assert public(h) == []
        assert "It is 'yes'" in h.pms("Bob")[-1]


# Requests


async def test_by_request(tmp_path: Path) -> None:
    """Open, read, close, settle: once per request_id, each act in the audit log."""
    async with api(tmp_path, social_settings()) as it:
        h = it.house
        await h.join("Alice")
        await h.join("Bob")
        assert (await it.data("prediction.state"))["open"] is False
        fields: dict[str, Any] = {"question": "Rain?", "outcomes": "yes|no", "minutes": 5}
        first = await it.data("prediction.open", **fields, admin="Zed", request_id="r1")
        again = await it.data("prediction.open", **fields, admin="Zed", request_id="r1")
        assert first["round"] == again["round"] == 1
        await h.pm("Alice", "predict 100 1")
        await h.pm("Bob", "predict 300 2")
        state = await it.data("prediction.state")
        assert (state["pool"], state["takes_bets"]) == (400, True)
        assert state["outcomes"][1] == {"outcome": "no", "pool": 300, "bets": 1}
        await it.data("prediction.lock", admin="Zed")
        assert (await it.data("prediction.state"))["takes_bets"] is False
        code, text = await it.refused("prediction.settle", outcome="maybe")
        assert (code, text) == ("invalid_request", "Which outcome? 1) yes, 2) no")
        await it.data("prediction.settle", outcome="yes", admin="Zed")
        assert worth(h, "Alice", "Bob") == [1300, 700]
        assert (await it.refused("prediction.void"))[0] == "not_found"
        assert [row.command for row in it.audit()][-1] == "prediction.void"
        assert ("Zed", "prediction.settle") in [(row.admin, row.command) for row in it.audit()]


async def test_void_by_request(tmp_path: Path) -> None:
    """Everything is back."""
    async with api(tmp_path, social_settings()) as it:
        await it.house.join("Alice")
        await it.data("prediction.open", question="Rain?", outcomes="yes|no", minutes=5)
        await it.house.pm("Alice", "predict 100 1")
        await it.data("prediction.void")
        assert worth(it.house, "Alice") == [1000]
        assert (await it.refused("prediction.open", question="Rain?", outcomes="a", minutes=5))[
            0
        ] == "invalid_request"
        code, text = await it.refused(
            "prediction.open", question="Rain?", outcomes="a|b", minutes=99
        )
        assert (code, text) == ("invalid_request", "The time is 1 to 60 minutes.")
