"""Rounds, stakes, hands, bets and limits."""

import json
from typing import Any

from hypothesis import strategies as st
from tests.unit.ledger.acts import DAY, NEXT_DAY, SETTINGS, key
from tests.unit.ledger.any_values import DAYS, NAMES, SOME_Z, TIMES, USERS, an_op, here
from tests.unit.ledger.socials import LOTS

from kryten_economy.features.games.auction import CloseAuction, PlaceBid
from kryten_economy.features.games.blackjack.operations import Deal, Play
from kryten_economy.features.games.blackjack.rules import MOVES
from kryten_economy.features.games.challenge.operations import AcceptChallenge, ChallengeSomebody
from kryten_economy.features.games.flip import Flip
from kryten_economy.features.games.heist import round_terms
from kryten_economy.features.games.limits import PausePlay, SetPlayLimit
from kryten_economy.features.games.prediction import CloseBets, Predict
from kryten_economy.features.games.questions import Question
from kryten_economy.features.games.race.operations import BetOnRace
from kryten_economy.features.games.raffle import BuyTickets, OpenRaffle
from kryten_economy.features.games.rounds import EnsureSeeds
from kryten_economy.features.games.rules import Terms
from kryten_economy.features.games.slots import FreeSpin, Spin
from kryten_economy.features.games.tables import (
    CancelRound,
    DrawRound,
    FinishRound,
    JoinRound,
    OpenRound,
)
from kryten_economy.features.games.trivia import AnswerTrivia, RevealQuestion
from kryten_economy.features.games.trivia import round_terms as trivia_terms
from kryten_economy.ledger.operation import Request

__all__ = ("KINDS",)

HEIST_TERMS = st.builds(Terms, st.just("heist"), st.just(1), st.just(7))
QUESTION = Question("Film", "easy", "Which ship?", "Titanic", ("Argo", "Bounty", "Victory"))
QUIZ = json.dumps(trivia_terms(SETTINGS.gambling.trivia, QUESTION, "Bob"))
PLAN = json.dumps(round_terms(SETTINGS.gambling.heist, 3, "Bob"))
ROUNDS = st.integers(1, 3)
HAND_TERMS = st.builds(Terms, st.just("blackjack"), st.just(1), st.just(7))
DUEL_TERMS = st.builds(Terms, st.just("challenge"), st.just(1), st.just(7))
ELSEWHERE = "Raffles"
"""What is opened there meets no other game; these three meet in `test_social_games`."""
STRANGERS = NAMES.map(lambda name: key(name, ELSEWHERE))
ROUND = st.integers(1, 3)
BETS = Terms("raffle", 1, 9)

KINDS: dict[type[Request[Any]], st.SearchStrategy[Request[Any]]] = {
    EnsureSeeds: st.builds(
        EnsureSeeds, here, st.just((DAY, NEXT_DAY)), st.just(("5eed" * 16, "feed" * 16))
    ),
    Spin: st.builds(
        Spin,
        an_op("spin"),
        USERS,
        SOME_Z,
        st.just((("win", "2.0", "0.5"),)),
        st.builds(Terms, st.just("spin"), st.just(1), st.just(7), daily_rounds=st.integers(0, 3)),
        st.just("dead" * 16),
        TIMES,
        DAYS,
    ),
    SetPlayLimit: st.builds(
        SetPlayLimit,
        an_op("limit"),
        USERS,
        st.sampled_from(["stakes", "losses"]),
        st.none() | SOME_Z,
        st.just(NEXT_DAY),
        TIMES,
        DAYS,
    ),
    PausePlay: st.builds(PausePlay, an_op("pause"), USERS, st.just(2_000), TIMES, DAYS),
    FreeSpin: st.builds(
        FreeSpin,
        an_op("free"),
        USERS,
        SOME_Z,
        st.just((("win", "2.0", "0.5"),)),
        st.just(0),
        st.just("dead" * 16),
        TIMES,
        DAYS,
    ),
    Flip: st.builds(
        Flip,
        an_op("flip"),
        USERS,
        SOME_Z,
        st.just("0.45"),
        st.builds(Terms, st.just("flip"), st.just(1), st.just(7), cooldown_ms=st.just(900)),
        st.just("dead" * 16),
        TIMES,
        DAYS,
    ),
    OpenRaffle: st.builds(
        lambda op_id, at_ms, day: OpenRaffle(op_id, ELSEWHERE, LOTS, "dead" * 16, at_ms, day),
        an_op("raffle"),
        TIMES,
        DAYS,
    ),
    Predict: st.builds(
        Predict, an_op("bet"), ROUND, STRANGERS, SOME_Z, SOME_Z, st.just(BETS), TIMES, DAYS
    ),
    CloseBets: st.builds(CloseBets, st.just(ELSEWHERE), ROUND, TIMES),
    BuyTickets: st.builds(
        BuyTickets, an_op("tickets"), ROUND, STRANGERS, SOME_Z, st.just(BETS), TIMES, DAYS
    ),
    PlaceBid: st.builds(
        PlaceBid, an_op("bid"), ROUND, STRANGERS, SOME_Z, st.just(BETS), TIMES, DAYS
    ),
    CloseAuction: st.builds(CloseAuction, an_op("close"), st.just(ELSEWHERE), ROUND, TIMES, DAYS),
    Deal: st.builds(
        Deal,
        an_op("deal"),
        USERS,
        SOME_Z,
        st.just("1.5"),
        st.booleans(),
        HAND_TERMS,
        st.just("dead" * 16),
        TIMES,
        DAYS,
    ),
    Play: st.builds(Play, an_op("move"), USERS, st.sampled_from(MOVES), HAND_TERMS, TIMES, DAYS),
    ChallengeSomebody: st.builds(
        ChallengeSomebody,
        an_op("dare"),
        USERS,
        USERS,
        SOME_Z,
        st.sampled_from(["0", "5", "100"]),
        st.sampled_from([1, 9000]),
        DUEL_TERMS,
        st.just("dead" * 16),
        TIMES,
        DAYS,
    ),
    AcceptChallenge: st.builds(
        AcceptChallenge, an_op("accept"), USERS, ROUNDS, DUEL_TERMS, TIMES, DAYS
    ),
    BetOnRace: st.builds(
        BetOnRace,
        an_op("bet"),
        here,
        st.integers(1, 3),
        USERS,
        SOME_Z,
        st.just("Blue"),
        st.builds(Terms, st.just("race"), st.just(1), st.just(7)),
        TIMES,
        DAYS,
    ),
    OpenRound: st.sampled_from([("heist", PLAN), ("trivia", QUIZ)]).flatmap(
        lambda opened: st.builds(
            OpenRound,
            an_op("open"),
            here,
            st.just(opened[0]),
            st.just(opened[1]),
            st.just(Terms(opened[0], 1, 7)),
            st.just("dead" * 16),
            TIMES,
            DAYS,
            USERS | st.none(),
            SOME_Z,
            several=st.booleans(),
        )
    ),
    RevealQuestion: st.builds(RevealQuestion, an_op("show"), here, ROUNDS, TIMES, DAYS),
    AnswerTrivia: st.builds(
        AnswerTrivia, an_op("say"), USERS, ROUNDS, st.sampled_from(["a", "Argo", "?"]), TIMES, DAYS
    ),
    JoinRound: st.builds(
        JoinRound, an_op("join"), here, ROUNDS, USERS, SOME_Z, HEIST_TERMS, TIMES, DAYS
    ),
    DrawRound: st.builds(DrawRound, an_op("draw"), here, ROUNDS, TIMES, DAYS),
    FinishRound: st.builds(FinishRound, an_op("finish"), here, ROUNDS, TIMES, DAYS),
    CancelRound: st.builds(
        CancelRound,
        an_op("cancel"),
        here,
        ROUNDS,
        st.just("Off"),
        TIMES,
        DAYS,
        USERS | st.none(),
    ),
}
