"""What is said of trivia: in the channel, and in private to who has bet."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from kryten_economy.features.games.questions import LETTERS
from kryten_economy.features.games.stakes import Stats
from kryten_economy.text.markup import clip, name_shown, public_parts, units
from kryten_economy.text.templates import ByPm, factor, money, plural, signed_money

__all__ = (
    "answered",
    "bet_placed",
    "bets_closed",
    "called_off",
    "no_question",
    "not_in",
    "nothing_to_answer",
    "opening",
    "own_result",
    "question_lines",
    "result_lines",
    "started",
    "stats",
    "too_late",
)

_LINE_UNITS_MAX = 240
_NAMES_SHOWN = 5
_CATEGORY_UNITS_SHOWN = 60


def _kind(terms: Mapping[str, Any]) -> str:
    category = clip(terms["category"], _CATEGORY_UNITS_SHOWN)
    return f"{category} ({terms['difficulty']})" if terms["difficulty"] else category


def opening(terms: Mapping[str, Any], symbol: str) -> str:
    """The channel hears of it; the question stays a secret until the bets are in (P-GAM-17)."""
    return (
        f"🧠 Trivia! {_kind(terms)}: a right answer pays {factor(Fraction(terms['factor']))}."
        f" Bet within {terms['bets_s']:,}s with '!trivia <wager>' or by PM"
        f" (from {money(terms['lowest_z'], symbol)}); then comes the question."
    )


def question_lines(
    question: str, options: Sequence[str], answers_s: int, units_max: int = _LINE_UNITS_MAX
) -> list[str]:
    """The question and its options; long ones take several lines, and no option is cut."""
    lines = public_parts(f"❓ {question}", units_max)
    shown = [f"{letter}) {each}" for letter, each in zip(LETTERS, options, strict=False)]
    ending = f"({answers_s:,}s: say the letter)"
    whole = f"{lines[-1]} {' · '.join(shown)} {ending}"
    if units(whole) <= units_max:
        return [*lines[:-1], whole]
    lines.append(shown[0])
    for part, glue in (*((each, " · ") for each in shown[1:]), (ending, " ")):
        if units(lines[-1] + glue + part) <= units_max:
            lines[-1] += glue + part
        else:
            lines.append(part)
    return lines


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    rest = f" and {more:,} more" if more > 0 else ""
    return ", ".join(names[:_NAMES_SHOWN]) + rest


def result_lines(
    letter: str, option: str, winners: Sequence[tuple[str, int]], losers: Sequence[str], symbol: str
) -> list[str]:
    """The right answer, who had it with their net, and who had not."""
    told = f"🧠 The answer is {letter}) {option}."
    won = [f"{name_shown(name)} {signed_money(net_z, symbol)}" for name, net_z in winners]
    right = f"🏆 Right: {_listed(won)}." if won else "🧠 Nobody had it."
    wrong = f" Not this time: {_listed([name_shown(each) for each in losers])}." if losers else ""
    one = f"{told} {right.removeprefix('🧠 ')}{wrong}"
    return [one] if units(one) <= _LINE_UNITS_MAX else [told, right + wrong]


def called_off() -> str:
    """Nobody is left who has bet."""
    return "🧠 Trivia is called off: nobody is left who has bet."


# In private


def started(stake_z: int, balance_z: int, terms: Mapping[str, Any], symbol: str) -> str:
    """To whoever has started it."""
    return (
        f"🧠 You bet {money(stake_z, symbol)} on a question about {_kind(terms)}; a right answer"
        f" pays {money(_prize(stake_z, terms), symbol)}. The question comes in"
        f" {terms['bets_s']:,}s. Balance: {money(balance_z, symbol)}."
    )


def bet_placed(stake_z: int, balance_z: int, terms: Mapping[str, Any], symbol: str) -> str:
    """To whoever bets on a round of somebody else."""
    return (
        f"🧠 You bet {money(stake_z, symbol)}; a right answer pays"
        f" {money(_prize(stake_z, terms), symbol)}. The question comes as soon as the bets are"
        f" in. Balance: {money(balance_z, symbol)}."
    )


def _prize(stake_z: int, terms: Mapping[str, Any]) -> int:
    return int(stake_z * Fraction(terms["factor"]))


def answered(letter: str, option: str, *, first: bool) -> str:
    """Which answer counts."""
    told = f"{letter}) {option}"
    if first:
        return f"🧠 Your answer: {told}."
    return f"🧠 Your first answer counts: {told}."


def own_result(
    said: str | None,
    outcome: Mapping[str, Any],
    stake_z: int,
    payout_z: int,
    balance_z: int,
    number: int,
    symbol: str,
) -> str:
    """To each: what was right, what they have said, their own net and balance."""
    options: Sequence[str] = outcome["options"]
    right = f"{outcome['right']}) {_option(options, outcome['right'])}"
    net = signed_money(payout_z - stake_z, symbol)
    if said == outcome["right"]:
        told = f"✅ Right: {right}. {money(stake_z, symbol)} became {money(payout_z, symbol)}"
    else:
        yours = f"you said {said}) {_option(options, said)}" if said else "you gave no answer"
        told = f"❌ It was {right}; {yours}. Your {money(stake_z, symbol)} are lost"
    return f"{told} ({net}). Balance: {money(balance_z, symbol)}. Round {number}."


def _option(options: Sequence[str], letter: str) -> str:
    return options[LETTERS.index(letter)]


def stats(known: Stats, symbol: str) -> str:
    """A player's questions so far."""
    if not known.rounds:
        return "🧠 You have not played trivia yet. Start a round with 'trivia <wager>'."
    return (
        f"🧠 Trivia: {known.won:,} right, {known.lost:,} wrong. Streak {known.streak:,},"
        f" best {known.best_streak:,}. {plural(known.rounds, 'round')}:"
        f" {money(known.staked_z, symbol)} staked, {money(known.paid_z, symbol)} won."
    )


# Refusals


def no_question() -> str:
    """There is none at the moment."""
    return "There is no question for you at the moment; nothing was charged. Try again later."


def bets_closed() -> str:
    """The question is out."""
    return (
        "The bets of this round are closed, since its question is out. If you have bet, say the"
        " letter of your answer; if not, wait for the next round."
    )


def nothing_to_answer() -> str:
    """No question is out."""
    return ByPm("No question is out right now.", " Start a round with 'trivia <wager>'.")


def not_in() -> str:
    """Only who has bet answers."""
    return "You have no bet in this round: only those who have bet before can answer."


def too_late() -> str:
    """The answers are in."""
    return "That came too late: the answers are in."
