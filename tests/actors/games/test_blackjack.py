"""Blackjack from the outside: a PM or a line of chat in, balances and messages out."""

from pathlib import Path

import anyio
import pytest
from tests.actors.games.cards import card_room, cards_settings, held, killed, seed_for
from tests.actors.house import CHANNEL, House

from economy_actors.messages.channel import PrivateMessage
from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

GOES_ON = seed_for("hit", "")


def told(h: House, name: str = "Bob") -> list[str]:
    """What somebody was told about cards."""
    return [each for each in h.pms(name) if "🃏" in each]


async def test_a_deal_shows_both_cards_one_of_the_dealer_and_the_balance(tmp_path: Path) -> None:
    """The stake is held; nothing is said in the channel."""
    async with card_room(tmp_path, GOES_ON) as h:
        [answer] = await h.pm("Bob", "blackjack 100")
        assert "You have" in answer
        assert "the dealer shows" in answer
        assert "hit, stand or double" in answer
        assert "Stake: 100 Z. Balance: 900 Z." in answer
        assert (h.balance("Bob"), held(h)) == (900, 100)
        assert h.lines() == []


@pytest.mark.parametrize(
    ("moves", "ends", "words", "balance"),
    [
        ("", ("natural",), "Blackjack!", 1150),
        ("", ("dealer_natural",), "The dealer has a blackjack.", 900),
        ("hit", ("bust",), "You bust.", 900),
        ("stand", ("lose",), "The dealer wins.", 900),
        ("stand", ("win",), "You win.", 1100),
        ("stand", ("dealer_bust",), "The dealer busts, you win.", 1100),
        ("stand", ("push",), "A push: nobody wins.", 1000),
        ("double", ("win", "dealer_bust"), "after doubling, result: +200 Z", 1200),
        ("double", ("lose", "bust"), "after doubling, result: -200 Z", 800),
    ],
)
async def test_every_end_is_told_in_its_own_words(
    tmp_path: Path, moves: str, ends: tuple[str, ...], words: str, balance: int
) -> None:
    """A bust is told from a dealer who had more (P-GAM-22); net and balance are with it."""
    async with card_room(tmp_path, seed_for(moves, *ends)) as h:
        [answer] = await h.pm("Bob", "bj 100")
        for each in moves.split():
            [answer] = await h.pm("Bob", each)
        assert words in answer
        assert f"Balance: {balance:,} Z." in answer
        assert f"result: {balance - 1000:+,} Z" in answer
        assert answer.endswith("(Round 1)")
        assert (h.balance("Bob"), held(h)) == (balance, 0)


async def test_dealing_again_shows_the_hand(tmp_path: Path) -> None:
    """No second stake is taken, with a wager or without one."""
    async with card_room(tmp_path, GOES_ON) as h:
        [first] = await h.pm("Bob", "blackjack 100")
        assert await h.pm("Bob", "blackjack 100") == [first]
        assert await h.pm("Bob", "blackjack") == [first]
        assert (h.balance("Bob"), held(h)) == (900, 100)


async def test_without_a_hand_it_says_how_to_start(tmp_path: Path) -> None:
    """By PM; and the command alone gives its usage."""
    async with card_room(tmp_path) as h:
        for move in ("hit", "stand", "double"):
            [answer] = await h.pm("Bob", move)
            assert "blackjack <wager>" in answer
        [answer] = await h.pm("Bob", "blackjack")
        assert "blackjack <wager" in answer


async def test_moves_in_the_channel_count_only_with_a_hand(tmp_path: Path) -> None:
    """Without one nobody answers; with one the reply comes by PM (`gambling.md` 9)."""
    async with card_room(tmp_path, GOES_ON) as h:
        for line in ("!hit", "!stand", "!double"):
            await h.chat("Bob", line)
        assert told(h) == []
        await h.pm("Bob", "blackjack 100")
        count = len(told(h))
        await h.chat("Bob", "!hit")
        await h.chat("Eve", "!stand")
        assert len(told(h)) == count + 1
        assert "hit or stand" in told(h)[-1]
        await h.chat("Bob", "!stand")
        assert "result:" in told(h)[-1]
        assert told(h, "Eve") == []
        assert h.lines() == []
        assert held(h) == 0


async def test_no_double_after_a_card(tmp_path: Path) -> None:
    """It is refused with what is allowed, and the hand goes on."""
    async with card_room(tmp_path, GOES_ON) as h:
        await h.pm("Bob", "blackjack 100")
        await h.pm("Bob", "hit")
        [answer] = await h.pm("Bob", "double")
        assert "first two cards only" in answer
        assert (h.balance("Bob"), held(h)) == (900, 100)


async def test_no_double_beyond_the_balance(tmp_path: Path) -> None:
    """It says what is missing; the hand can be played on."""
    async with card_room(tmp_path, GOES_ON) as h:
        await h.pm("Bob", "blackjack 600")
        [answer] = await h.pm("Bob", "double")
        assert "That takes 600 Z and you have 400 Z: 200 Z short." in answer
        assert "result:" in (await h.pm("Bob", "stand"))[0]


async def test_idle_players_are_warned_and_then_stand(tmp_path: Path) -> None:
    """After 90 s a reminder, after 120 s the hand is settled; once each."""
    async with card_room(tmp_path, seed_for("stand", "lose")) as h:
        await h.pm("Bob", "blackjack 100")
        await anyio.sleep(89)
        assert len(told(h)) == 1
        await anyio.sleep(1.5)
        assert "in 30 seconds you stand" in told(h)[-1]
        await anyio.sleep(29)
        assert held(h) == 100
        await anyio.sleep(1)
        await h.settle()
        assert "did not move for a while" in told(h)[-1]
        assert "The dealer wins." in told(h)[-1]
        assert (h.balance("Bob"), held(h)) == (900, 0)
        await anyio.sleep(300)
        assert len(told(h)) == 3


async def test_every_move_gives_the_whole_time_again(tmp_path: Path) -> None:
    """Both warning and stand wait from the last move on."""
    async with card_room(tmp_path, GOES_ON) as h:
        await h.pm("Bob", "blackjack 100")
        await anyio.sleep(85)
        await h.pm("Bob", "hit")
        await anyio.sleep(85)
        assert len(told(h)) == 2
        await anyio.sleep(6)
        assert "in 30 seconds you stand" in told(h)[-1]
        await anyio.sleep(31)
        await h.settle()
        assert "you stand" in told(h)[-1]
        assert held(h) == 0


async def test_a_hand_goes_on_without_its_player(tmp_path: Path) -> None:
    """Who leaves stands after the time like anybody who does not move (G11)."""
    async with card_room(tmp_path, seed_for("stand", "win")) as h:
        await h.pm("Bob", "blackjack 100")
        await h.leave("Bob")
        await anyio.sleep(125)
        await h.settle()
        assert (h.balance("Bob"), held(h)) == (1100, 0)


async def test_a_restart_gives_stake_and_count_back(tmp_path: Path) -> None:
    """Whatever was played of the hand; the day's count is as before (`gambling.md` 9)."""
    settings = cards_settings({"blackjack": {"daily_limit": 1, "cooldown_seconds": 0}})
    async with card_room(tmp_path, GOES_ON, settings) as h:
        await h.pm("Bob", "blackjack 100")
        await h.pm("Bob", "hit")
        now_ms, left = h.now_ms, killed(tmp_path)
    async with card_room(left, GOES_ON, settings, start_ms=now_ms + 1000) as h:
        await h.settle()
        assert (h.balance("Bob"), held(h)) == (1000, 0)
        assert any("Blackjack was called off: your 100 Z are back" in m for m in h.pms("Bob"))
        [answer] = await h.pm("Bob", "blackjack stats")
        assert "have not played" in answer
        [answer] = await h.pm("Bob", "blackjack 100")
        assert "🃏" in answer


@pytest.mark.parametrize(
    ("moves", "balance"), [((), 1000), (("hit",), 1000), (("stand",), 1100), (("double",), 1200)]
)
async def test_a_kill_after_any_move(tmp_path: Path, moves: tuple[str, ...], balance: int) -> None:
    """What was settled stays settled; of the rest the stake is back, exactly once."""
    seed = seed_for(moves[0], "win", "dealer_bust") if moves and moves[0] != "hit" else GOES_ON
    async with card_room(tmp_path, seed) as h:
        await h.pm("Bob", "blackjack 100")
        for each in moves:
            await h.pm("Bob", each)
        now_ms, left = h.now_ms, killed(tmp_path)
    for _ in range(2):
        async with card_room(left, seed, start_ms=now_ms + 1000) as h:
            await h.settle()
            assert (h.balance("Bob"), held(h)) == (balance, 0)


async def test_a_clean_stop_gives_the_stake_back(tmp_path: Path) -> None:
    """Nothing waits in the books when the service has ended."""
    async with card_room(tmp_path, GOES_ON) as h:
        await h.pm("Bob", "blackjack 100")
    async with card_room(tmp_path, GOES_ON) as h:
        assert (h.balance("Bob"), held(h)) == (1000, 0)


async def test_a_ban_ends_the_hand(tmp_path: Path) -> None:
    """The stake is back, and after the ban another hand can be dealt."""
    async with card_room(tmp_path, GOES_ON) as h:
        await h.join("Boss", rank=5)
        await h.pm("Bob", "blackjack 100")
        await h.pm("Boss", "ban Bob")
        assert (h.balance("Bob"), held(h)) == (1000, 0)
        await h.pm("Boss", "unban Bob")
        await anyio.sleep(10)
        [answer] = await h.pm("Bob", "blackjack 100")
        assert "Stake: 100 Z" in answer or "result:" in answer


@pytest.mark.parametrize("move", ["stand", "double", "hit"])
async def test_64_moves_at_once_settle_once(tmp_path: Path, move: str) -> None:
    """The first one plays, the others find no hand (P-MON-7)."""
    ends = {"hit": ("bust",), "stand": ("win",), "double": ("lose", "bust")}[move]
    async with card_room(tmp_path, seed_for(move, *ends)) as h:
        await h.pm("Bob", "blackjack 100")
        await _crowd(h, move, 64)
        played = [each for each in told(h) if "result:" in each]
        assert len(played) == 1
        balance = {"hit": 900, "stand": 1100, "double": 800}[move]
        assert (h.balance("Bob"), held(h)) == (balance, 0)


async def test_64_deals_at_once_take_one_stake(tmp_path: Path) -> None:
    """All the others show the same hand."""
    async with card_room(tmp_path, GOES_ON) as h:
        await _crowd(h, "blackjack 100", 64)
        assert (h.balance("Bob"), held(h)) == (900, 100)
        assert len(set(told(h))) == 1


async def _crowd(h: House, text: str, many: int) -> None:
    for _ in range(many):
        h.channel.tell(PrivateMessage("Bob", text, h.now_ms))
    for _ in range(20):
        await h.settle()


async def test_the_same_message_again_deals_once(tmp_path: Path) -> None:
    """A PM delivered twice under one trace is one hand."""
    async with card_room(tmp_path, seed_for("", "natural")) as h:
        first = await h.pm("Bob", "blackjack 100", trace="t")
        assert await h.pm("Bob", "blackjack 100", trace="t") == first
        assert h.balance("Bob") == 1150


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("blackjack 19", "the minimum is 20 Z"),
        ("blackjack 2001", "the maximum is 2,000 Z"),
        ("blackjack 1500", "500 Z short"),
        ("blackjack much", "is not an amount"),
        ("blackjack -5", "is not an amount"),
        ("blackjack 100 more", "blackjack <wager"),
    ],
)
async def test_what_can_not_be_dealt(tmp_path: Path, text: str, words: str) -> None:
    """Each refusal says the limit or what is missing, and nothing moves."""
    async with card_room(tmp_path, GOES_ON) as h:
        [answer] = await h.pm("Bob", text)
        assert words in answer
        assert (h.balance("Bob"), held(h)) == (1000, 0)


async def test_cooldown_and_daily_limit_hold(tmp_path: Path) -> None:
    """Ten seconds between hands, so many a day; 0 is no limit (P-GAM-5)."""
    settings = cards_settings({"blackjack": {"daily_limit": 2}})
    async with card_room(tmp_path, seed_for("", "natural"), settings) as h:
        await h.pm("Bob", "blackjack 100")
        [answer] = await h.pm("Bob", "blackjack 100")
        assert "cooling down" in answer
        await anyio.sleep(11)
        await h.pm("Bob", "blackjack 100")
        await h.pm("Bob", "stand")
        await anyio.sleep(11)
        [answer] = await h.pm("Bob", "blackjack 100")
        assert "today's limit" in answer


async def test_the_young_and_the_banned_are_dealt_nothing(tmp_path: Path) -> None:
    """G1: they are told why."""
    settings = cards_settings({"min_account_age_minutes": 60})
    async with card_room(tmp_path, GOES_ON, settings) as h:
        [answer] = await h.pm("Bob", "blackjack 100")
        assert "60 minutes" in answer
        await h.commit(Ban(UserKey.of(CHANNEL, "Eve"), "Eve", "Boss", "", h.now_ms))
        [answer] = await h.pm("Eve", "blackjack 100")
        assert "suspended" in answer
        assert held(h) == 0


async def test_a_hand_outlives_the_switch(tmp_path: Path) -> None:
    """Switched off at a reload: no new hands, and the one under way is played (G12)."""
    async with card_room(tmp_path, seed_for("stand", "win")) as h:
        await h.pm("Bob", "blackjack 100")
        h.context.live.swap(cards_settings({"blackjack": {"enabled": False}}))
        [answer] = await h.pm("Eve", "blackjack 100")
        assert "switched off" in answer
        [answer] = await h.pm("Eve", "hit")
        assert "switched off" in answer
        [answer] = await h.pm("Bob", "stand")
        assert "You win." in answer
        assert h.balance("Bob") == 1100
        assert "hit" not in (await h.pm("Bob", "help gambling"))[0].split()


async def test_statistics_tell_naturals(tmp_path: Path) -> None:
    """Hands, wins with naturals, losses, pushes, wagered and won."""
    async with card_room(tmp_path, seed_for("", "natural")) as h:
        [answer] = await h.pm("Bob", "blackjack stats")
        assert "have not played" in answer
        await h.pm("Bob", "blackjack 100")
        [answer] = await h.pm("Bob", "bj stats")
        assert "1 hand, 1 won (1 by a natural), 0 lost, 0 pushes" in answer
        assert "Wagered: 100 Z, won back: 250 Z" in answer
