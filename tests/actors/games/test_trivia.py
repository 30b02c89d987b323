"""Trivia from the first message to balances, lines and private results (`gambling.md` 8)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.games.crew import balances, rounds_open, slot
from tests.actors.games.quiz import (
    ANSWERS_S,
    BETS_S,
    CITY,
    Shelf,
    after,
    asking,
    letters,
    quiz,
    said,
    trivia_settings,
)
from tests.actors.house import CHANNEL, House

from economy_actors.messages.channel import PrivateMessage, Said
from economy_actors.messages.questions import PickQuestion
from economy_actors.messages.tables import PlayerGone, SlotTaken
from economy_actors.outbox.message import Pm
from economy_actors.runtime import Actor
from kryten_economy.features.bans import Ban
from kryten_economy.features.games.questions import Question
from kryten_economy.refusals import CoolingDown
from kryten_economy.users import UserKey


async def bets(h: House, stake: str = "100") -> None:
    """Alice starts a round by PM, Bob bets in the channel and Cy by PM."""
    await h.pm("Alice", f"trivia {stake}")
    await h.chat("Bob", f"!trivia {stake}")
    await h.pm("Cy", f"trivia {stake}")


async def question(h: House) -> tuple[str, str]:
    """Let the time for bets pass; the right letter and a wrong one."""
    await after(h, BETS_S + 0.5)
    return letters(h)


# A round


async def test_a_start_tells_everything_but_the_question(tmp_path: Path) -> None:
    """Category, difficulty, factor, how to bet, seconds; the stake is set aside (P-GAM-17)."""
    async with quiz(tmp_path) as h:
        [answer] = await h.pm("Alice", "trivia 100")
        assert answer == (
            "🧠 You bet 100 Z on a question about Geography (medium); a right answer pays 200 Z."
            " The question comes in 15s. Balance: 900 Z."
        )
        [line] = said(h)
        assert line == (
            "🧠 Trivia! Geography (medium): a right answer pays 2x. Bet within 15s with"
            " '!trivia <wager>' or by PM (from 10 Z); then comes the question."
        )
        assert h.balance("Alice") == 900
        await after(h, BETS_S - 1)
        told = [*said(h), *(m.text for m in h.heard if isinstance(m, Pm))]
        assert not [text for text in told if "France" in text or "Paris" in text]


async def test_the_question_comes_when_the_bets_are_in(tmp_path: Path) -> None:
    """With its options A to D; the time for answers starts then."""
    async with quiz(tmp_path) as h:
        await bets(h)
        right, _ = await question(h)
        line = said(h)[-1]
        assert line.startswith("❓ What is the capital of France? A) ")
        assert f"{right}) Paris" in line
        assert line.endswith("(30s: say the letter)")
        assert balances(h) == [900] * 3


async def test_right_answers_are_paid_wrong_ones_and_none_are_not(tmp_path: Path) -> None:
    """⌊wager times factor⌋; a line names the answer, who had it and who had not, and PMs follow."""
    async with quiz(tmp_path) as h:
        await bets(h)
        right, wrong = await question(h)
        await h.chat("Alice", right)
        await h.pm("Bob", wrong)
        assert balances(h) == [900] * 3
        await after(h, ANSWERS_S)
        assert balances(h) == [1100, 900, 900]
        assert said(h)[-1] == (
            f"🧠 The answer is {right}) Paris. 🏆 Right: Alice +100 Z. Not this time: Bob, Cy."
        )
        assert h.pms("Alice")[-1] == (
            f"✅ Right: {right}) Paris. 100 Z became 200 Z (+100 Z). Balance: 1,100 Z. Round 1."
        )
        assert f"It was {right}) Paris; you said {wrong}) " in h.pms("Bob")[-1]
        assert "Your 100 Z are lost (-100 Z). Balance: 900 Z." in h.pms("Bob")[-1]
        assert "you gave no answer. Your 100 Z are lost" in h.pms("Cy")[-1]
        assert rounds_open(h) == []


@pytest.mark.parametrize(
    ("difficulty", "balance_z"), [("easy", 1016), ("medium", 1033), ("hard", 1066), ("", 1033)]
)
async def test_the_difficulty_of_the_question_decides(
    tmp_path: Path, difficulty: str, balance_z: int
) -> None:
    """33 Z at 1.5, 2 and 3 times; of a question nobody has rated, at twice."""
    asked = replace(CITY, difficulty=difficulty)
    wished = difficulty or "easy"
    async with quiz(tmp_path, trivia_settings(difficulty=wished), asked) as h:
        await h.pm("Alice", "trivia 33")
        right, _ = await question(h)
        await h.pm("Alice", right)
        await after(h, 1)
        assert h.balance("Alice") == balance_z


async def test_grading_waits_for_nobody_once_all_have_answered(tmp_path: Path) -> None:
    """At once with the last answer, not before."""
    async with quiz(tmp_path) as h:
        await bets(h)
        right, _ = await question(h)
        await h.chat("Alice", right)
        await h.chat("Bob", right)
        await after(h, 5)
        assert balances(h) == [900] * 3
        await h.chat("Cy", right)
        await after(h, 0.1)
        assert balances(h) == [1100] * 3
        before = len(h.heard)
        await after(h, ANSWERS_S)
        assert len(h.heard) == before, "the deadline finds nothing left to do"


async def test_nobody_was_right(tmp_path: Path) -> None:
    """The line says so."""
    async with quiz(tmp_path) as h:
        await bets(h)
        right, wrong = await question(h)
        for name in ("Alice", "Bob", "Cy"):
            await h.chat(name, wrong)
        await after(h, 0.1)
        assert said(h)[-1] == (
            f"🧠 The answer is {right}) Paris. Nobody had it. Not this time: Alice, Bob, Cy."
        )
        assert balances(h) == [900] * 3


# Answers


@pytest.mark.parametrize(
    "form", ["{low}", "{up}", "{low})", "{up}.", "  {low}  ", "paris", "PARIS"]
)
@pytest.mark.parametrize("in_chat", [True, False])
async def test_an_answer_is_a_letter_or_the_text(tmp_path: Path, form: str, in_chat: bool) -> None:
    """Any case, with a bracket or a full stop, in the channel or by PM; a PM confirms (P-USR-5)."""
    async with quiz(tmp_path) as h:
        await h.pm("ALICE", "trivia 100")
        right, _ = await question(h)
        text = form.format(low=right.lower(), up=right)
        await (h.chat("alice", text) if in_chat else h.pm("alice", text))
        await after(h, 0.1)
        assert f"🧠 Your answer: {right}) Paris." in h.pms("Alice")
        assert h.balance("Alice") == 1100


@pytest.mark.parametrize("form", ["!trivia {low}", "!trivia Paris"])
async def test_an_answer_with_the_command_counts_too(tmp_path: Path, form: str) -> None:
    """Whoever writes the command in front means the same."""
    async with quiz(tmp_path) as h:
        await h.pm("Alice", "trivia 100")
        right, _ = await question(h)
        await h.chat("Alice", form.format(low=right.lower()))
        await after(h, 0.1)
        assert h.balance("Alice") == 1100


async def test_talk_is_no_answer(tmp_path: Path) -> None:
    """People go on talking."""
    async with quiz(tmp_path) as h:
        await h.pm("Alice", "trivia 100")
        await question(h)
        before = len(h.heard)
        for text in ("a guess", "is it Paris?", "abcd", "e", "a b", "Paris!"):
            await h.chat("Alice", text)
        assert len(h.heard) == before


async def test_the_first_answer_counts(tmp_path: Path) -> None:
    """Whoever changes their mind is told which one does."""
    async with quiz(tmp_path) as h:
        await bets(h)
        right, wrong = await question(h)
        await h.chat("Alice", wrong)
        [answer] = await h.pm("Alice", right)
        assert answer.startswith(f"🧠 Your first answer counts: {wrong}) ")
        await after(h, ANSWERS_S)
        assert h.balance("Alice") == 900


async def test_only_who_has_bet_answers(tmp_path: Path) -> None:
    """In the channel others may say what they like; by PM they are told."""
    async with quiz(tmp_path) as h:
        await h.pm("Alice", "trivia 100")
        right, _ = await question(h)
        before = len(h.heard)
        await h.chat("Dan", right)
        assert len(h.heard) == before
        [answer] = await h.pm("Dan", right)
        assert answer == (
            "You have no bet in this round: only those who have bet before can answer."
        )
        await after(h, ANSWERS_S)
        assert h.balance("Dan") == 1000


async def test_letters_mean_nothing_without_a_question(tmp_path: Path) -> None:
    """Before, between and after rounds they are words, and commands stay commands."""
    async with quiz(tmp_path) as h:
        before = len(h.heard)
        await h.chat("Bob", "a")
        assert len(h.heard) == before
        [answer] = await h.pm("Bob", "trivia a")
        assert answer == "No question is out right now. Start a round with 'trivia <wager>'."
        await h.pm("Alice", "trivia 100")
        [answer] = await h.pm("Alice", "trivia b")
        assert answer.startswith("No question is out")
        right, _ = await question(h)
        await h.pm("Alice", right)
        await after(h, 0.1)
        before = len(h.heard)
        await h.chat("Alice", right)
        assert len(h.heard) == before


async def test_a_command_stays_one_whatever_the_options_are(tmp_path: Path) -> None:
    """By PM a word that is a command is that; the letter answers, and so does the channel."""
    tricky = Question("Money", "medium", "Which one?", "Balance", ("Rank up", "Queue", "Help me"))
    async with quiz(tmp_path, question=tricky) as h:
        await bets(h)
        await question(h)
        [answer] = await h.pm("Alice", "balance")
        assert "900 Z" in answer
        await h.chat("Alice", "balance")
        assert "Your answer" in h.pms("Alice")[-1]
        [answer] = await h.pm("Bob", "rank UP")
        assert "Your answer" in answer, "several words that are an option are an answer"


async def test_sixty_four_answers_at_once_are_one(tmp_path: Path) -> None:
    """Whatever a user sends at once, the first counts and one stake is paid."""
    settings = trivia_settings()
    commands = settings.commands.model_copy(update={"rate_limit_per_minute": 1000})
    settings = settings.model_copy(update={"commands": commands})
    async with quiz(tmp_path, settings) as h:
        for _ in range(32):
            h.channel.tell(Said("Bob", "!trivia 100", h.now_ms))
            h.channel.tell(PrivateMessage("Bob", "trivia 100", h.now_ms))
        await h.settle()
        await h.settle()
        assert h.balance("Bob") == 900
        right, wrong = await question(h)
        for _ in range(32):
            h.channel.tell(Said("Bob", right, h.now_ms))
            h.channel.tell(PrivateMessage("Bob", wrong, h.now_ms))
        await h.settle()
        await after(h, 1)
        assert h.balance("Bob") == 1100


# Bets


async def test_nobody_bets_when_sure(tmp_path: Path) -> None:
    """P-GAM-17: once the question is out the bets are closed."""
    async with quiz(tmp_path) as h:
        await h.pm("Alice", "trivia 100")
        await question(h)
        await h.chat("Bob", "!trivia 100")
        assert h.pms("Bob")[-1] == (
            "The bets of this round are closed, since its question is out. If you have bet, say the"
            " letter of your answer; if not, wait for the next round."
        )
        assert h.balance("Bob") == 1000


async def test_one_bet_each(tmp_path: Path) -> None:
    """In whatever case the name comes (P-USR-5)."""
    async with quiz(tmp_path) as h:
        await h.pm("Alice", "trivia 100")
        await h.chat("alice", "!trivia 50")
        assert "in already" in h.pms("Alice")[-1]
        assert h.balance("Alice") == 900


@pytest.mark.parametrize("in_chat", [True, False])
async def test_a_refused_bet_says_why_in_private(tmp_path: Path, in_chat: bool) -> None:
    """G1 at every entry (P-GAM-4): too new, too much, too poor, banned, badly written."""
    async with quiz(tmp_path) as h:

        async def bet(text: str = "trivia 600") -> str:
            await (h.chat("Bob", f"!{text}") if in_chat else h.pm("Bob", text))
            return h.pms("Bob")[-1]

        await h.pm("Alice", "trivia 100")
        lines = len(h.lines())
        assert "Usage: trivia <wager>" in await bet("trivia")
        assert "not an amount" in await bet("trivia lots")
        assert "Usage: trivia <wager>" in await bet("trivia 5 6")
        assert "the minimum is 10 Z" in await bet("trivia 5")
        assert "the maximum is 1,000 Z" in await bet("trivia 1001")
        h.context.live.swap(trivia_settings({"min_account_age_minutes": 60}))
        assert "too new" in await bet()
        h.context.live.swap(trivia_settings({"limits": {"daily_stakes": 500}}))
        assert "today's limit" in await bet()
        h.context.live.swap(trivia_settings(max_wager=5000))
        assert "500 Z short" in await bet("trivia 1500")
        await h.commit(Ban(UserKey.of(CHANNEL, "Bob"), "Bob", "Boss", "", h.now_ms))
        assert "suspended" in await bet()
        assert h.balance("Bob") == 1000
        assert len(h.lines()) == lines


def _too(gambling: dict[str, Any] | None = None, **trivia: Any) -> Any:
    return trivia_settings(gambling, **trivia)


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        ("trivia", _too(), "Usage: trivia <wager>"),
        ("trivia 1.5", _too(), "not an amount"),
        ("trivia -5", _too(), "not an amount"),
        ("trivia 5", _too(), "the minimum is 10 Z"),
        ("trivia 1001", _too(), "the maximum is 1,000 Z"),
        ("trivia 1500", _too(max_wager=5000), "500 Z short"),
        ("trivia 100", _too({"min_account_age_minutes": 60}), "too new"),
        ("trivia 100", _too(enabled=False), "switched off"),
        ("trivia 100", _too({"enabled": False}), "switched off"),
        ("trivia 100", _too({"limits": {"daily_losses": 50}}), "today's limit"),
    ],
)
async def test_a_refused_start_says_why_and_blocks_nobody(
    tmp_path: Path, text: str, settings: Any, words: str
) -> None:
    """G1 at the start: nothing moves, nothing is said, and the slot is free (P-GAM-9)."""
    async with quiz(tmp_path, settings) as h:
        [answer] = await h.pm("Alice", text)
        assert words in answer, answer
        assert h.balance("Alice") == 1000
        assert said(h) == []
        assert isinstance(await slot(h, "trivia"), SlotTaken)


# The stage


class Silent(Actor[PickQuestion]):
    """Has no question, and says nothing."""

    async def receive(self, message: PickQuestion) -> None:
        pass


async def test_without_a_question_nothing_is_charged(tmp_path: Path) -> None:
    """Unavailable; the slot is free at once, and nothing was said."""
    async with quiz(tmp_path, questions=lambda _: Silent()) as h:
        await h.pm("Alice", "trivia 100")
        await after(h, 13)
        assert h.pms("Alice")[-1] == (
            "There is no question for you at the moment; nothing was charged. Try again later."
        )
        assert h.balance("Alice") == 1000
        assert said(h) == []
        assert isinstance(await slot(h, "trivia"), SlotTaken)


async def test_a_slow_server_holds_up_nobody_else(tmp_path: Path) -> None:
    """Another one asked meanwhile; then one of our own comes, and the bets have their full time."""
    async with quiz(tmp_path, questions=asking(Shelf(CITY, takes_s=60))) as h:
        await h.pm("Alice", "trivia 100")
        [answer] = await h.pm("Bob", "balance")
        assert "1,000 Z" in answer
        await after(h, 9)
        assert "You bet 100 Z" in h.pms("Alice")[-1]
        await h.pm("Bob", "trivia 100")
        assert "You bet 100 Z" in h.pms("Bob")[-1]
        await after(h, BETS_S - 2)
        assert not [line for line in said(h) if line.startswith("❓")]
        await after(h, 2)
        assert [line for line in said(h) if line.startswith("❓")]


async def test_the_stage_is_free_after_the_last_line(tmp_path: Path) -> None:
    """One spectacle at a time until it is told; then comes the pause (P-GAM-7, P-GAM-10)."""
    async with quiz(tmp_path) as h:
        await h.pm("Alice", "trivia 100")
        await question(h)
        await h.pm("Dan", "trivia 100")
        assert "are closed" in h.pms("Dan")[-1]
        await after(h, ANSWERS_S)
        assert isinstance(await slot(h, "trivia"), CoolingDown)
        [answer] = await h.pm("Dan", "trivia 100")
        assert "cooling down" in answer
        await after(h, 60)
        [answer] = await h.pm("Dan", "trivia 100")
        assert "You bet 100 Z" in answer


async def test_switched_off_it_is_played_to_its_end(tmp_path: Path) -> None:
    """G12: no new bets and rounds, but the answers of the one under way count."""
    async with quiz(tmp_path) as h:
        await bets(h)
        right, wrong = await question(h)
        h.context.live.swap(trivia_settings(enabled=False))
        await h.chat("Alice", right)
        await h.pm("Bob", wrong)
        await h.chat("Cy", right)
        await after(h, 0.1)
        assert balances(h) == [1100, 900, 1100]
        [answer] = await h.pm("Alice", "trivia 100")
        assert "switched off" in answer


async def test_new_settings_hold_for_the_next_round(tmp_path: Path) -> None:
    """Factor and windows of a round are those of its start."""
    async with quiz(tmp_path) as h:
        await h.pm("Alice", "trivia 100")
        changed = {"payout_multipliers": {"medium": 9}, "betting_window_seconds": 99}
        h.context.live.swap(trivia_settings(**changed))
        right, _ = await question(h)
        await h.pm("Alice", right)
        await after(h, 0.1)
        assert h.balance("Alice") == 1100


async def test_without_public_lines_everything_comes_by_pm(tmp_path: Path) -> None:
    """`announce_public` off: the question goes to those who have bet, and nobody else hears it."""
    async with quiz(tmp_path, trivia_settings(announce_public=False)) as h:
        await bets(h)
        right, wrong = await question(h)
        assert said(h) == []
        for name in ("Alice", "Bob", "Cy"):
            assert "What is the capital of France?" in h.pms(name)[-1], name
        assert not [text for text in h.pms("Dan") if "France" in text]
        await h.pm("Alice", right)
        await h.chat("Bob", wrong)
        await after(h, ANSWERS_S)
        assert said(h) == []
        assert "(+100 Z)" in h.pms("Alice")[-1]
        assert "(-100 Z)" in h.pms("Bob")[-1]


async def test_a_long_question_takes_several_lines(tmp_path: Path) -> None:
    """No option is cut, and no line is longer than the channel takes."""
    wrong = tuple(letter * 120 for letter in "xyz")
    long = Question("Words", "medium", "word " * 80 + "?", "w" * 120, wrong)
    async with quiz(tmp_path, question=long) as h:
        await h.pm("Alice", "trivia 100")
        await question(h)
        lines = said(h)[1:]
        assert all(len(each) <= 240 for each in lines)
        for option in (long.right, *wrong):
            assert sum(option in each for each in lines) == 1


# What happens in between


async def test_who_leaves_stays_in(tmp_path: Path) -> None:
    """G11: leaving cancels nothing."""
    async with quiz(tmp_path) as h:
        await bets(h)
        right, _ = await question(h)
        await h.chat("Bob", right)
        await h.leave("Bob")
        await after(h, ANSWERS_S)
        assert balances(h) == [900, 1100, 900]


async def test_who_is_banned_gets_the_stake_back(tmp_path: Path) -> None:
    """The others need not wait for their answer."""
    async with quiz(tmp_path) as h:
        await bets(h)
        right, _ = await question(h)
        await h.chat("Alice", right)
        await h.chat("Bob", right)
        user = UserKey.of(CHANNEL, "Cy")
        await h.commit(Ban(user, "Cy", "Boss", "", h.now_ms))
        h.context.floors[CHANNEL].tell(PlayerGone(user))
        await after(h, 0.1)
        assert balances(h) == [1100, 1100, 1000]


@pytest.mark.parametrize("shown", [False, True])
async def test_a_round_without_anybody_is_called_off(tmp_path: Path, shown: bool) -> None:
    """The only one who has bet is banned: the channel hears of it, and the stage is free."""
    async with quiz(tmp_path) as h:
        await h.pm("Alice", "trivia 100")
        if shown:
            await question(h)
        user = UserKey.of(CHANNEL, "Alice")
        await h.commit(Ban(user, "Alice", "Boss", "", h.now_ms))
        h.context.floors[CHANNEL].tell(PlayerGone(user))
        await after(h, 0.1)
        assert h.balance("Alice") == 1000
        assert said(h)[-1] == "🧠 Trivia is called off: nobody is left who has bet."
        assert rounds_open(h) == []
        assert isinstance(await slot(h, "trivia"), CoolingDown)


@pytest.mark.parametrize("seconds", [1, BETS_S + 1])
async def test_a_stop_gives_the_stakes_back(tmp_path: Path, seconds: float) -> None:
    """Before the question and after it, answered or not: nothing was graded (G7)."""
    async with quiz(tmp_path) as h:
        await bets(h)
        await after(h, seconds)
        await h.chat("Alice", "a")
        await h.chat("Bob", "b")
    async with quiz(tmp_path) as h:
        await after(h, 1)
        assert balances(h) == [1000] * 3
        assert rounds_open(h) == []
        await h.pm("Alice", "trivia stats")
        assert "have not played" in h.pms("Alice")[-1]


async def test_a_table_that_dies_goes_on_where_it_stood(tmp_path: Path) -> None:
    """The answers before count, the question stays the same, and the time goes on."""
    async with quiz(tmp_path) as h:
        await bets(h)
        right, wrong = await question(h)
        await h.chat("Alice", right)
        from economy_actors.messages.tables import News

        [row] = rounds_open(h)
        h.context.floors[CHANNEL].tell(News(row.number, "nonsense"))
        await after(h, 2)
        assert letters(h) == (right, wrong)
        await h.chat("Bob", right)
        await after(h, ANSWERS_S)
        assert balances(h) == [1100, 1100, 900]


# Statistics


async def test_statistics_of_trivia(tmp_path: Path) -> None:
    """Right, wrong, streaks, stakes and payouts; no answer is a wrong one (G13)."""
    async with quiz(tmp_path, trivia_settings({"spectacle_cooldown_seconds": 0})) as h:
        for is_right in (True, True, False, True, None):
            await h.pm("Alice", "trivia 100")
            right, wrong = await question(h)
            if is_right is not None:
                await h.chat("Alice", right if is_right else wrong)
            await after(h, ANSWERS_S + 1)
        [answer] = await h.pm("Alice", "trivia stats")
        assert answer == (
            "🧠 Trivia: 3 right, 2 wrong. Streak 0, best 2. 5 rounds: 500 Z staked, 600 Z won."
        )
        wallet = h.wallet("Alice")
        assert wallet is not None
        assert (wallet.lifetime_gambled_in_z, wallet.lifetime_gambled_out_z) == (500, 600)
        assert wallet.balance_z == 1100
        [answer] = await h.pm("Bob", "TRIVIA Stats")
        assert "have not played" in answer


async def test_money_first_then_the_line(tmp_path: Path) -> None:
    """Everybody is paid before the channel hears of it (P-GAM-11)."""
    async with quiz(tmp_path) as h:
        await bets(h)
        right, _ = await question(h)
        await h.chat("Alice", right)
        lines = len(said(h))
        with anyio.fail_after(60):
            for _ in range(100_000):
                if len(said(h)) > lines:
                    break
                await anyio.sleep(0.01)
        assert balances(h) == [1100, 900, 900]
