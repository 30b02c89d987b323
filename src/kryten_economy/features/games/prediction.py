"""Predictions: a question, two to six outcomes, and the pool goes to those who were right.

Whoever has opened it, or an admin, says what came true. The pool is shared by stakes, in whole
coins; the rake is cut so that nobody who was right gets less than their stake. If nobody was
right, everybody gets their stake back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kryten_economy.config import Settings
from kryten_economy.dice import Chance
from kryten_economy.features.games import rounds, timed
from kryten_economy.features.games.rules import Edge, Game, Payout, Stake, Terms, exact, game
from kryten_economy.features.games.stakes import StakeRefused, may_stake
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.operation import STAKING, Act, Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AboveMaximum, AgainstTheRules, NotPending
from kryten_economy.text.markup import user_text
from kryten_economy.users import UserKey

__all__ = (
    "OUTCOMES_MAX",
    "OUTCOME_UNITS_MAX",
    "PREDICTION",
    "QUESTION_UNITS_MAX",
    "BadQuestion",
    "CloseBets",
    "Closed",
    "Predict",
    "Predicted",
    "Question",
    "close_bets",
    "limits_of",
    "outcome_of",
    "pools",
    "predict",
    "question_from",
    "question_of",
    "round_terms",
    "shares",
)

OUTCOMES_MAX = 6
QUESTION_UNITS_MAX = 150
OUTCOME_UNITS_MAX = 30

_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»"}


# The question


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what may come true."""

    text: str
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadQuestion:
    """Why a text is no question with outcomes, as a sentence."""

    problem: str


def question_from(text: str) -> Question | BadQuestion:
    """Read ``"Question?" a | b``; without quotes it ends at its ``?`` or the first ``|``."""
    typed = text.strip()
    closing = _QUOTES.get(typed[:1], "")
    end = typed.find(closing, 1) if closing else -1
    if end > 0:
        asked, rest = typed[1:end], typed[end + 1 :]
    elif "?" in typed.partition("|")[0]:
        asked, _, rest = typed.partition("?")
        asked += "?"
    else:
        asked, _, rest = typed.partition("|")
    outcomes = rest.strip().strip("|").split("|") if rest.strip() else []
    return question_of(asked, outcomes)


def question_of(asked: str, outcomes: Sequence[str]) -> Question | BadQuestion:
    """A question that can be bet on, or what is wrong with it."""
    text = user_text(asked)
    named = tuple(user_text(each) for each in outcomes)
    if not text or len(text) > QUESTION_UNITS_MAX:
        return BadQuestion(f"The question needs 1 to {QUESTION_UNITS_MAX} characters.")
    if not 2 <= len(named) <= OUTCOMES_MAX:
        return BadQuestion(f"It takes 2 to {OUTCOMES_MAX} outcomes with '|' between them.")
    if any(not each or len(each) > OUTCOME_UNITS_MAX for each in named):
        return BadQuestion(f"Each outcome needs 1 to {OUTCOME_UNITS_MAX} characters.")
    if len({each.casefold() for each in named}) < len(named):
        return BadQuestion("The outcomes must be different.")
    places = {str(place) for place in range(1, len(named) + 1)}
    if any(each in places and each != str(place) for place, each in enumerate(named, 1)):
        return BadQuestion("An outcome that is a number must stand at its own place.")
    return Question(text, named)


def outcome_of(outcomes: Sequence[str], typed: str) -> int | None:
    """The place (from 0) of the outcome somebody means: its number, its text or its beginning."""
    said = user_text(typed).casefold()
    names = [each.casefold() for each in outcomes]
    if said in names:
        return names.index(said)
    if said.isascii() and said.isdecimal() and len(said) < 3:
        place = int(said) - 1
        return place if 0 <= place < len(names) else None
    alike = [place for place, name in enumerate(names) if said and name.startswith(said)]
    return alike[0] if len(alike) == 1 else None


# What it pays


def limits_of(settings: Settings) -> Terms:
    """What a stake on an outcome has to keep to."""
    prediction, limits = settings.gambling.prediction, settings.gambling.limits
    return Terms(
        "prediction",
        prediction.min_wager,
        prediction.max_wager,
        settings.gambling.min_account_age_minutes * 60_000,
        stakes_z=limits.daily_stakes,
        losses_z=limits.daily_losses,
    )


def round_terms(
    settings: Settings, question: Question, window_s: int, opener: str
) -> dict[str, Any]:
    """What a prediction is played by; ``opener`` is "" where no user has opened it."""
    prediction = settings.gambling.prediction
    return {
        "question": question.text,
        "outcomes": list(question.outcomes),
        "opener": opener,
        "window_s": window_s,
        "void_s": prediction.void_after_hours * 3600,
        "rake": str(exact(prediction.rake_percent)),
    }


def pools(terms: Mapping[str, Any], stakes: Sequence[Stake]) -> list[int]:
    """How much lies on each outcome."""
    on = [0] * len(terms["outcomes"])
    for each in stakes:
        on[each.data["outcome"]] += each.stake_z
    return on


def shares(terms: Mapping[str, Any], won: int, stakes: Sequence[Stake]) -> list[int]:
    """What each stake brings if ``won`` came true; never more in all than was staked."""
    pool_z = sum(each.stake_z for each in stakes)
    right_z = pools(terms, stakes)[won]
    if not right_z:
        return [each.stake_z for each in stakes]
    rake_z = min(int(pool_z * Fraction(terms["rake"]) / 100), pool_z - right_z)
    return [
        (pool_z - rake_z) * each.stake_z // right_z if each.data["outcome"] == won else 0
        for each in stakes
    ]


def _edges(settings: Settings) -> tuple[Edge, ...]:
    return (
        Edge(
            "the pool, after the rake", 1 - exact(settings.gambling.prediction.rake_percent) / 100
        ),
    )


def _draw(
    _dice: Chance, terms: Mapping[str, Any], _stakes: Sequence[Stake], said: str
) -> Mapping[str, Any]:
    """No dice: what came true is what people say."""
    won = int(said)
    return {"won": won, "outcome": terms["outcomes"][won], "said": said}


def _pay(
    terms: Mapping[str, Any], outcome: Mapping[str, Any], stakes: Sequence[Stake]
) -> Sequence[Payout]:
    return [Payout(payout_z) for payout_z in shares(terms, outcome["won"], stakes)]


PREDICTION = game(
    Game(
        "prediction",
        "Prediction",
        "predictions",
        lambda settings: settings.gambling.prediction.enabled,
        _edges,
        _draw,
        _pay,
        among_players=True,
        resumes=True,
    )
)


# Betting


@dataclass(frozen=True, slots=True)
class Predicted:
    """The bet stands: the wallet, the whole stake, what lies on its outcome, and on all."""

    number: int
    wallet: Wallet
    stake_z: int
    backed_z: int
    pool_z: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Predict(Act[Predicted | NotPending | AgainstTheRules | StakeRefused]):
    """Put so much on an outcome; more on the same one raises the stake."""

    HALTED_BY = STAKING
    ATTEMPT = Act.ATTEMPT | {"limits"}

    op_id: str
    number: int
    user: UserKey
    amount_z: int
    outcome: int
    limits: Terms
    at_ms: int
    day: str


@operation
def predict(tx: Tx, ask: Predict) -> Predicted | NotPending | AgainstTheRules | StakeRefused:
    """Hold the stake while bets are taken."""
    known = timed.running(tx, ask.number, "prediction", ask.user.channel)
    if known is None or not 0 <= ask.outcome < len(known.terms["outcomes"]):
        return NotPending()
    held = rounds.stakes_of(tx, ask.number)
    own = timed.own_stake(held, ask.user)
    if (refusal := _against(known, own, ask)) is not None:
        return refusal
    account = may_stake(tx, ask.user, ask.amount_z, ask.limits, ask.at_ms, ask.day)
    if not isinstance(account, Account):
        return account
    total_z = ask.amount_z + (0 if own is None else own.stake.stake_z)
    if total_z > ask.limits.highest_z:
        return AboveMaximum(total_z, ask.limits.highest_z)
    timed.raise_stake(tx, ask, known, account, own, total_z, ask.day, {"outcome": ask.outcome})
    stakes = [each.stake for each in held]
    backed_z = pools(known.terms, stakes)[ask.outcome] + ask.amount_z
    pool_z = sum(each.stake_z for each in stakes) + ask.amount_z
    return Predicted(ask.number, account.wallet, total_z, backed_z, pool_z)


def _against(
    known: rounds.StoredRound, own: rounds.HeldStake | None, ask: Predict
) -> AgainstTheRules | None:
    if ask.at_ms >= known.end_ms:
        return AgainstTheRules("Bets are closed.")
    if own is not None and own.stake.data["outcome"] != ask.outcome:
        backed = known.terms["outcomes"][own.stake.data["outcome"]]
        return AgainstTheRules(f"You have bet on '{backed}'; you can only raise that.")
    return None


@dataclass(frozen=True, slots=True)
class Closed:
    """Bets are taken no longer; ``changed`` is False where they were not before."""

    ends_at_ms: int
    changed: bool


@dataclass(frozen=True, slots=True)
class CloseBets(Request[Closed | NotPending]):
    """Take no more bets on a prediction."""

    channel: str
    number: int
    at_ms: int


@operation
def close_bets(tx: Tx, ask: CloseBets) -> Closed | NotPending:
    """The end comes earlier; once it has come it stays."""
    known = timed.running(tx, ask.number, "prediction", ask.channel)
    if known is None:
        return NotPending()
    if known.end_ms <= ask.at_ms:
        return Closed(known.end_ms, changed=False)
    timed.move_end(tx, ask.number, ask.at_ms)
    return Closed(ask.at_ms, changed=True)
