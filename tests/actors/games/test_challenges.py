"""Challenges from the outside: PMs in, balances, messages and a public line out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.games.cards import NAMES, card_room, cards_settings, held, killed
from tests.actors.house import CHANNEL, House

from economy_actors.messages.channel import PrivateMessage
from economy_actors.outbox.message import Line
from kryten_economy.config import Settings
from kryten_economy.features.money.operations import SetBalance
from kryten_economy.users import UserKey


def told(h: House, name: str) -> list[str]:
    """What somebody was told about challenges."""
    return [each for each in h.pms(name) if "⚔️" in each]


def balances(h: House) -> list[int]:
    return [h.balance(name) for name in NAMES]


async def set_balance(h: House, name: str, balance_z: int) -> None:
    user, day = UserKey.of(CHANNEL, name), h.context.live.calendar.day(h.now_ms)
    op_id = f"set-{name}-{balance_z}"
    await h.commit(SetBalance(op_id, user, balance_z, "Test", "Boss", h.now_ms, day))


async def test_a_challenge_holds_the_stake_and_invites(tmp_path: Path) -> None:
    """The challenger reads the balance, the target who, how much, what to say and how long."""
    async with card_room(tmp_path) as h:
        [answer] = await h.pm("Bob", "challenge @eve 200")
        assert "challenged Eve for 200 Z" in answer
        assert "120 seconds" in answer
        assert "Balance: 800 Z" in answer
        [invited] = told(h, "Eve")
        assert "Bob challenges you for 200 Z" in invited
        assert "accept or decline" in invited
        assert "120 seconds" in invited
        assert (balances(h), held(h)) == ([800, 1000, 1000], 200)
        assert h.lines() == []


async def test_the_invitation_comes_in_quiet_mode_too(tmp_path: Path) -> None:
    """It is about the user's own money (`commands.md` 5)."""
    async with card_room(tmp_path) as h:
        await h.pm("Eve", "quiet")
        await h.pm("Bob", "challenge Eve 200")
        assert len(told(h, "Eve")) == 1


async def test_wager_and_name_may_be_swapped(tmp_path: Path) -> None:
    """`challenge 200 @Eve` is the same; half of one's coins is an amount."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge 200 @Eve")
        assert h.balance("Bob") == 800
        await h.pm("Bob", "challenge @Cy half")
        assert h.balance("Bob") == 400


async def test_accepting_pays_the_winner_and_tells_each_their_own_net(tmp_path: Path) -> None:
    """200 Z and 5 %: +180 for one, -200 for the other, 380 in public (P-GAM-23)."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        [answer] = await h.pm("Eve", "accept")
        bob, eve, _ = balances(h)
        assert sorted((bob, eve)) == [800, 1180]
        for name, text in (("Bob", told(h, "Bob")[-1]), ("Eve", answer)):
            won = h.balance(name) > 1000
            assert ("+180 Z" if won else "-200 Z") in text
            assert f"Balance: {h.balance(name):,} Z" in text
            assert "(Round 1)" in text
            assert ("You won against" if won else "You lost against") in text
        winner, loser = ("Bob", "Eve") if bob > eve else ("Eve", "Bob")
        [line] = [each for each in h.heard if isinstance(each, Line)]
        assert line.text == f"⚔️ {winner} defeated {loser} and won 380 Z-Coin!"
        assert line.gate == "challenge_result"
        assert held(h) == 0


async def test_every_seed_has_one_winner(tmp_path: Path) -> None:
    """Both of them win with some seed."""
    winners = set()
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with card_room(folder, f"{number:064x}") as h:
            await h.pm("Bob", "challenge @Eve 200")
            await h.pm("Eve", "accept")
            winners.add("Bob" if h.balance("Bob") > h.balance("Eve") else "Eve")
    assert winners == {"Bob", "Eve"}


async def test_nothing_is_said_in_public_if_that_is_off(tmp_path: Path) -> None:
    """`announce_public` off: PMs only."""
    settings = cards_settings({"challenge": {"announce_public": False}})
    async with card_room(tmp_path, settings=settings) as h:
        await h.pm("Bob", "challenge @Eve 200")
        await h.pm("Eve", "accept")
        assert h.lines() == []
        assert len(told(h, "Bob")) == 2


async def test_a_template_of_the_operator_is_used(tmp_path: Path) -> None:
    """With winner, loser, prize, wager and rake."""
    templates = {"challenge_win": "Duel: {winner}/{loser}/{amount}/{wager}/{rake}"}
    settings = cards_settings(announcements={"templates": templates})
    async with card_room(tmp_path, settings=settings) as h:
        await h.pm("Bob", "challenge @Eve 200")
        await h.pm("Eve", "accept")
        [line] = h.lines()
        assert line in {"Duel: Bob/Eve/380/200/20", "Duel: Eve/Bob/380/200/20"}


async def test_declining_gives_the_stake_back(tmp_path: Path) -> None:
    """Both are told; nothing counts as earned (P-MON-2)."""
    async with card_room(tmp_path) as h:
        earned = h.wallet("Bob")
        await h.pm("Bob", "challenge @Eve 200")
        [answer] = await h.pm("Eve", "decline")
        assert "declined the challenge of Bob" in answer
        assert "Eve declined your challenge: your 200 Z are back" in told(h, "Bob")[-1]
        assert "Balance: 1,000 Z" in told(h, "Bob")[-1]
        assert (balances(h), held(h)) == ([1000, 1000, 1000], 0)
        after = h.wallet("Bob")
        assert earned is not None
        assert after is not None
        assert after.lifetime_earned_z == earned.lifetime_earned_z
        assert h.lines() == []


async def test_it_runs_out(tmp_path: Path) -> None:
    """After its time the stake is back, and both are told, once."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        await anyio.sleep(118)
        assert held(h) == 200
        await anyio.sleep(4)
        await h.settle()
        assert (balances(h), held(h)) == ([1000, 1000, 1000], 0)
        assert "Eve did not accept in time: your 200 Z are back" in told(h, "Bob")[-1]
        assert "The challenge of Bob has run out" in told(h, "Eve")[-1]
        [answer] = await h.pm("Eve", "accept")
        assert "No challenge is waiting" in answer
        assert (len(told(h, "Bob")), len(told(h, "Eve"))) == (2, 2)


async def test_one_that_is_overdue_ends_when_somebody_comes_to_it(tmp_path: Path) -> None:
    """Also in the moment before its time is told."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        h.context.clock.stall(130_000)  # type: ignore[attr-defined]
        [answer] = await h.pm("Eve", "accept")
        assert "No challenge is waiting" in answer
        assert (balances(h), held(h)) == ([1000, 1000, 1000], 0)
        assert "did not accept in time" in told(h, "Bob")[-1]
        await anyio.sleep(130)
        await h.settle()
        assert len(told(h, "Bob")) == 2


async def test_the_newest_is_accepted_or_the_one_that_is_named(tmp_path: Path) -> None:
    """Without a name the newest."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        await h.pm("Cy", "challenge @Eve 100")
        [answer] = await h.pm("Eve", "accept")
        assert "against Cy" in answer
        assert h.balance("Bob") == 800
        [answer] = await h.pm("Eve", "decline @Cy")
        assert "No challenge of Cy is waiting" in answer
        [answer] = await h.pm("Eve", "accept @BOB")
        assert "against Bob" in answer
        assert held(h) == 0


async def test_of_two_waiting_the_named_one_is_meant(tmp_path: Path) -> None:
    """The newer one stays."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        await h.pm("Cy", "challenge @Eve 100")
        [answer] = await h.pm("Eve", "accept bob")
        assert "against Bob" in answer
        assert held(h) == 100


async def test_who_cannot_pay_is_told_and_it_stays(tmp_path: Path) -> None:
    """With the money they accept the same one later."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        await set_balance(h, "Eve", 50)
        [answer] = await h.pm("Eve", "accept")
        assert "150 Z short" in answer
        assert held(h) == 200
        await set_balance(h, "Eve", 300)
        [answer] = await h.pm("Eve", "accept")
        assert "Balance:" in answer
        assert held(h) == 0


async def test_a_target_who_leaves_keeps_the_invitation(tmp_path: Path) -> None:
    """Leaving does not cancel: who comes back in time may accept."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        await h.leave("Eve")
        await anyio.sleep(60)
        await h.join("Eve")
        [answer] = await h.pm("Eve", "accept")
        assert "against Bob" in answer


@pytest.mark.parametrize("name", ["Bob", "Eve"])
async def test_a_ban_of_either_calls_it_off(tmp_path: Path, name: str) -> None:
    """The stake is back, and the other one is told."""
    async with card_room(tmp_path) as h:
        await h.join("Boss", rank=5)
        await h.pm("Bob", "challenge @Eve 200")
        await h.pm("Boss", f"ban {name}")
        assert (balances(h), held(h)) == ([1000, 1000, 1000], 0)
        assert any("your 200 Z are back" in each for each in h.pms("Bob"))
        if name == "Bob":
            assert "The challenge of Bob is off" in told(h, "Eve")[-1]
            assert "No challenge is waiting" in (await h.pm("Eve", "accept"))[0]


async def test_a_challenge_outlives_a_restart(tmp_path: Path) -> None:
    """It can be accepted after one, and runs out in its time."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        await h.pm("Bob", "challenge @Cy 100")
        now_ms = h.now_ms
    async with card_room(tmp_path, start_ms=now_ms + 5000) as h:
        assert held(h) == 300
        [answer] = await h.pm("Eve", "accept")
        assert "against Bob" in answer
        assert held(h) == 100
        await anyio.sleep(116)
        await h.settle()
        assert held(h) == 0
        assert h.balance("Cy") == 1000
        assert "Cy did not accept in time" in told(h, "Bob")[-1]


async def test_one_that_ran_out_while_nobody_looked(tmp_path: Path) -> None:
    """At the start the stake is back; a kill in between changes nothing."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        now_ms, left = h.now_ms, killed(tmp_path)
    async with card_room(left, start_ms=now_ms + 600_000) as h:
        await h.settle()
        assert (balances(h), held(h)) == ([1000, 1000, 1000], 0)


@pytest.mark.parametrize(("text", "both"), [("accept", 1980), ("decline", 2000)])
async def test_a_kill_after_the_answer(tmp_path: Path, text: str, both: int) -> None:
    """What was decided stays decided, and nothing is decided again."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        await h.pm("Eve", text)
        now_ms, after, left = h.now_ms, balances(h), killed(tmp_path)
    async with card_room(left, start_ms=now_ms + 1000) as h:
        [answer] = await h.pm("Eve", text)
        assert "No challenge is waiting" in answer
        await anyio.sleep(130)
        await h.settle()
        assert (balances(h), held(h)) == (after, 0)
        assert sum(after[:2]) == both


async def test_overdue_ones_of_every_channel_run_out(tmp_path: Path) -> None:
    """Each in its own channel, with its own refund (P-MON-6)."""
    async with card_room(tmp_path, channels=(CHANNEL, "Other")) as h:
        await h.pm("Bob", "challenge @Eve 200")
        other = h.context.channels["Other"]
        await h.settle()
        for name in ("Dan", "Flo"):
            other.tell(_joined(name, h.now_ms))
        await h.settle()
        other.tell(PrivateMessage("Dan", "challenge @Flo 300", h.now_ms))
        await h.settle()
        assert held(h) == 500
        await anyio.sleep(122)
        await h.settle()
        assert held(h) == 0
        assert h.balance("Bob") == 1000
        assert "Flo did not accept in time: your 300 Z are back" in told(h, "Dan")[-1]


def _joined(name: str, at_ms: int) -> Any:
    from economy_actors.messages.channel import Joined

    return Joined(name, 1, False, at_ms)


@pytest.mark.parametrize("text", ["accept", "decline"])
async def test_64_answers_at_once_decide_once(tmp_path: Path, text: str) -> None:
    """The first one acts, the others find nothing (P-MON-5)."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        await _crowd(h, ["Eve"] * 64, text)
        bob, eve, _ = balances(h)
        assert (bob + eve, held(h)) == (1980 if text == "accept" else 2000, 0)
        assert len([each for each in told(h, "Eve") if "challenges you" not in each]) == 1
        assert len(told(h, "Bob")) == 2


async def test_64_challenges_at_once_are_one(tmp_path: Path) -> None:
    """One for each target."""
    async with card_room(tmp_path) as h:
        await _crowd(h, ["Bob"] * 64, "challenge @Eve 50")
        assert (h.balance("Bob"), held(h)) == (950, 50)
        assert len(told(h, "Eve")) == 1


async def _crowd(h: House, names: Sequence[str], text: str) -> None:
    for name in names:
        h.channel.tell(PrivateMessage(name, text, h.now_ms))
    for _ in range(20):
        await h.settle()


async def test_the_same_message_again_challenges_once(tmp_path: Path) -> None:
    """A PM delivered twice under one trace holds one stake and invites once."""
    async with card_room(tmp_path) as h:
        first = await h.pm("Bob", "challenge @Eve 200", trace="t")
        assert await h.pm("Bob", "challenge @Eve 200", trace="t") == first
        assert (held(h), len(told(h, "Eve"))) == (200, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("challenge", "challenge @user <wager>"),
        ("challenge @Eve", "challenge @user <wager>"),
        ("challenge @Eve 1 2", "challenge @user <wager>"),
        ("challenge @Eve much", "is not an amount"),
        ("challenge @Eve 49", "the minimum is 50 Z"),
        ("challenge @Eve 5001", "the maximum is 5,000 Z"),
        ("challenge @Eve 1500", "500 Z short"),
        ("challenge @Bob 100", "can't challenge yourself"),
        ("challenge @Robo 100", "list of ignored users"),
        ("challenge @Spambot 100", "list of ignored users"),
        ("challenge @Ghost 100", "is not here"),
        ("challenge @Poor 100", "can't pay that stake"),
        ("challenge @Shady 100", "suspended"),
    ],
)
async def test_what_can_not_be_challenged(tmp_path: Path, text: str, words: str) -> None:
    """Each refusal says why; no stake is held and nobody is invited."""
    async with card_room(tmp_path, settings=_with_bots()) as h:
        await h.join("Boss", rank=5)
        for name in ("Poor", "Shady", "Spambot", "Robo"):
            await h.join(name)
        await set_balance(h, "Poor", 60)
        await h.pm("Boss", "ban Shady")
        [answer] = await h.pm("Bob", text)
        assert words in answer
        assert (h.balance("Bob"), held(h)) == (1000, 0)
        assert not any(told(h, name) for name in ("Eve", "Poor", "Shady", "Spambot", "Robo"))


def _with_bots(**sections: Any) -> Settings:
    return cards_settings(bot={"username": "Robo"}, ignored_users=["Spambot"], **sections)


async def test_the_young_neither_challenge_nor_are_challenged(tmp_path: Path) -> None:
    """The age rule holds for both (G1)."""
    settings = cards_settings({"min_account_age_minutes": 60})
    async with card_room(tmp_path, settings=settings) as h:
        [answer] = await h.pm("Bob", "challenge @Eve 100")
        assert "60 minutes" in answer
        await anyio.sleep(3700)
        await h.join("New")
        [answer] = await h.pm("Bob", "challenge @New 100")
        assert "New is too new here" in answer
        await h.pm("Bob", "challenge @Eve 100")
        assert held(h) == 100


async def test_another_name_of_oneself_is_no_opponent(tmp_path: Path) -> None:
    """Who is behind both names is one person (`users` of one alias list)."""
    async with card_room(tmp_path) as h:
        h.context.people = _OnePerson()
        [answer] = await h.pm("Bob", "challenge @Eve 100")
        assert "Eve is you under another name" in answer
        assert held(h) == 0


class _OnePerson:
    """Bob and Eve are one."""

    def at_hand(self, names: Sequence[str]) -> list[str]:
        return ["bob" if name in {"bob", "eve"} else name for name in names]

    async def canonical(self, name: str) -> str:
        return self.at_hand([name])[0]


async def test_three_may_wait_at_a_time(tmp_path: Path) -> None:
    """One for each target, three in all; an answer makes room."""
    async with card_room(tmp_path) as h:
        for name in ("Dan", "Flo"):
            await h.join(name)
        for name in ("Eve", "Cy", "Dan"):
            await h.pm("Bob", f"challenge @{name} 50")
        [answer] = await h.pm("Bob", "challenge @Eve 50")
        assert "still waiting" in answer
        [answer] = await h.pm("Bob", "challenge @Flo 50")
        assert "3 challenges waiting" in answer
        assert held(h) == 150
        await h.pm("Cy", "decline")
        await h.pm("Bob", "challenge @Flo 50")
        assert held(h) == 150


async def test_switched_off_nobody_challenges_and_what_waits_can_be_declined(
    tmp_path: Path,
) -> None:
    """No new rounds; what is under way ends (G12)."""
    async with card_room(tmp_path) as h:
        await h.pm("Bob", "challenge @Eve 200")
        h.context.live.swap(cards_settings({"challenge": {"enabled": False}}))
        for name, text in (("Bob", "challenge @Cy 100"), ("Eve", "accept")):
            [answer] = await h.pm(name, text)
            assert "switched off" in answer
        [answer] = await h.pm("Eve", "decline")
        assert "declined" in answer
        assert (balances(h), held(h)) == ([1000, 1000, 1000], 0)
