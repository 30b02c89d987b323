"""An id is done once; its repetition answers alike and moves nothing (architecture.md 6)."""

import json
import pkgutil
from dataclasses import MISSING, Field, fields, replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    SETTINGS,
    ask,
    capture,
    earn,
    hold,
    key,
    look,
    minute,
    on_record,
    present,
    release,
    spend,
    tip,
    told,
    undoing,
    win,
)
from tests.unit.ledger.socials import ASKED, LOTS, SALE, opened
from tests.unit.ledger.test_approvals import AskForPoster
from tests.unit.ledger.test_items import LAMP
from tests.unit.ledger.test_vanity import fortune, gif, shoutout, title

from kryten_economy import features
from kryten_economy.config.gambling import Heist, Trivia
from kryten_economy.dice import Dice
from kryten_economy.features.achievements import Award
from kryten_economy.features.api_keys import CreateKey
from kryten_economy.features.approvals import ResolveApproval
from kryten_economy.features.bounties.operations import ClaimBounty, CreateBounty, EndBounty
from kryten_economy.features.chat.operations import PayTriggers, RecordChat
from kryten_economy.features.chat.triggers import TriggerAward
from kryten_economy.features.colours.operations import ReserveColour, SettleColour
from kryten_economy.features.competitions import PayCompetitions, Prize
from kryten_economy.features.events.operations import OpenEvent
from kryten_economy.features.games.auction import CloseAuction, PlaceBid
from kryten_economy.features.games.blackjack.operations import Deal, Play
from kryten_economy.features.games.challenge.operations import AcceptChallenge, ChallengeSomebody
from kryten_economy.features.games.flip import Flip
from kryten_economy.features.games.heist import round_terms
from kryten_economy.features.games.limits import PausePlay, SetPlayLimit
from kryten_economy.features.games.prediction import Predict
from kryten_economy.features.games.questions import Question
from kryten_economy.features.games.race.operations import BetOnRace
from kryten_economy.features.games.race.rules import lineup
from kryten_economy.features.games.raffle import BuyTickets, OpenRaffle
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
from kryten_economy.features.gifts import AdminRain, RainDrop, RainShare
from kryten_economy.features.money.operations import (
    MaintainBalances,
    Posted,
    SetBalance,
)
from kryten_economy.features.money.resetting import ResetBalances
from kryten_economy.features.people.pruning import CloseAccount, Criteria
from kryten_economy.features.presence.operations import Arrive, ClaimMilestone, PresencePaid
from kryten_economy.features.presence.rules import OPEN
from kryten_economy.features.queue.buying import ApproveForcePlay, BuyMedia
from kryten_economy.features.queue.rules import Media, QueueLimits
from kryten_economy.features.queue.settling import QueueConfirmed, QueueRefused
from kryten_economy.features.queue.spends import RefundQueueSpend, SpendOnQueue
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.shop.operations import BuyShopItem
from kryten_economy.features.streaks.operations import QualifyDay
from kryten_economy.features.streaks.rules import StreakTerms
from kryten_economy.features.tips import Tipped
from kryten_economy.features.vanity.operations import SettlePurchase
from kryten_economy.features.wallets.operations import Finalize, Release, Reserve
from kryten_economy.features.wallets.rules import Caps
from kryten_economy.ledger.audit import OnRecord
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import _OPERATIONS, Act
from kryten_economy.refusals import Conflict, Insufficient
from kryten_economy.users import Present

TALKED = TriggerAward("bob", "chat.long_message", "Long message", 2)
PRESENT = (Present("bob", "Bob"), Present("eve", "Eve"))
RAIN = (RainShare("bob", "Bob", 2), RainShare("eve", "Eve", 3))
PRIZES = (Prize("top_chatter", "Top chatter", "bob", 7), Prize("top_tipper", "Tips", "ghost", 7))
BOUNTY = CreateBounty("bounty", key("Bob"), 5, "Sing", NOW + 9, 3, NOW, DAY)
STREAK = StreakTerms(((1, 5),), 0, 0)
FILM = Media("cm", "https://media.test/api/v1/media/cytube/m.json", "Metropolis", 9_000)
SPEND = SpendOnQueue(
    "act", key("Bob"), "r-1", "try", 30, "queue", "Queued", QueueLimits(3, 0), NOW, DAY
)
BUY = BuyMedia("act", key("Bob"), "queue", FILM, 30, QueueLimits(3, 0), NOW, DAY)

SEED = "5eed" * 16
TABLE = (("win", "2.0", "0.5"), ("partial", "0.5", "0.25"))
SPIN_TERMS, FLIP_TERMS = Terms("spin", 1, 100), Terms("flip", 1, 100)
RACE_TERMS = Terms("race", 1, 100)
COURSE = json.dumps(lineup(SETTINGS.gambling.race, Dice(1)).as_terms())
RACE = OpenRound("race", CHANNEL, "race", COURSE, RACE_TERMS, SEED, NOW, DAY)
RESERVED = Reserve("r", key("Bob"), "bot", 30, False, Caps(), NOW + 9, NOW, DAY)
HEIST_TERMS = Terms("heist", 1, 100)
PLAN = json.dumps(round_terms(Heist(), 20, "Bob"))
OPENED = OpenRound(
    "open", CHANNEL, "heist", PLAN, HEIST_TERMS, SEED, NOW, DAY, key("Bob"), stake_z=20
)
HAND_TERMS, DUEL_TERMS = Terms("blackjack", 1, 100), Terms("challenge", 1, 100)
DEALT = Deal("deal", key("Bob"), 20, "1.5", True, HAND_TERMS, SEED, NOW, DAY)
DARED = ChallengeSomebody("dare", key("Bob"), key("Eve"), 20, "5", 9, DUEL_TERMS, SEED, NOW, DAY)
API_KEY = CreateKey(
    "act", key("Bob"), "Bob", "read", False, "abcd2345", bytes(16), bytes(32), "Boss", NOW, DAY
)
DRAWN = DrawRound("draw", CHANNEL, 1, NOW, DAY)
BETS, TICKETS, BIDS = (Terms(game, 1, 100) for game in ("prediction", "raffle", "auction"))
Before = Act[Any] | OnRecord
SOCIAL_ACTS: list[tuple[list[Before], Act[Any]]] = [
    (
        [earn("Bob", 50), opened("prediction", ASKED)],
        Predict("act", 1, key("Bob"), 20, 0, BETS, NOW, DAY),
    ),
    ([earn("Bob", 50)], OpenRaffle("act", CHANNEL, LOTS, SEED, NOW, DAY, key("Bob"))),
    (
        [earn("Bob", 50), opened("raffle", LOTS)],
        BuyTickets("act", 1, key("Bob"), 2, TICKETS, NOW, DAY),
    ),
    (
        [earn("Bob", 50), opened("auction", SALE)],
        PlaceBid("act", 1, key("Bob"), 20, BIDS, NOW, DAY),
    ),
    (
        [
            earn("Bob", 50),
            earn("Eve", 5),
            opened("auction", SALE),
            PlaceBid("bid", 1, key("Bob"), 20, BIDS, NOW, DAY),
        ],
        CloseAuction("act", CHANNEL, 1, NOW + 60_000, DAY),
    ),
]
QUESTION = Question("Film", "easy", "Which ship?", "Titanic", ("Argo", "Bounty", "Victory"))
QUIZ = replace(
    OPENED,
    game="trivia",
    terms=json.dumps(trivia_terms(Trivia(), QUESTION, "Bob")),
    limits=Terms("trivia", 1, 100),
)
SHOWN = RevealQuestion("show", CHANNEL, 1, NOW, DAY)

ACTS: list[tuple[list[Before], Act[Any]]] = [
    ([], earn("Bob", 5, "act")),
    ([earn("Bob", 5)], spend("Bob", 5, "act")),
    ([earn("Bob", 5), earn("Eve", 1)], tip("Bob", "Eve", 5, "act")),
    ([earn("Bob", 5)], SetBalance("act", key("Bob"), 9, "Mended", "Boss", NOW, DAY)),
    ([], Arrive("act", key("Bob"), "Bob", NOW, DAY, 100)),
    ([earn("Bob", 5)], hold("Bob", 5, "h", op_id="act")),
    ([earn("Bob", 5), hold("Bob", 5, "h")], capture("h", 3, "act")),
    ([earn("Bob", 5), hold("Bob", 5, "h")], release("h", "act")),
    (
        [earn("Bob", 5), earn("Eve", 1), hold("Bob", 5, "h", type_name="gamble_stake")],
        win("h", 5, "Eve", "act"),
    ),
    ([earn("Bob", 5)], ClaimMilestone("act", key("Bob"), NOW, DAY, 3, 30)),
    ([earn("Bob", 5)], QualifyDay("act", key("Bob"), NOW, DAY, STREAK, 500, remind=True)),
    ([earn("Bob", 5)], minute("act", present("Bob", 2), present("Eve", 0))),
    ([earn("Bob", 50)], Award("act", key("Bob"), "goal", "Goal", 0, 10.0, NOW, DAY)),
    (
        [earn("Bob", 50), earn("Eve", 5)],
        MaintainBalances("act", CHANNEL, "interest", Fraction(1, 10), 10, 0, "Interest", NOW, DAY),
    ),
    ([earn("Bob", 5)], CloseAccount("act", key("Bob"), Criteria(CHANNEL, 0), NOW + 9, DAY)),
    ([], RainDrop("act", CHANNEL, RAIN, OPEN, NOW, DAY)),
    ([], AdminRain("act", CHANNEL, PRESENT, 5, "Boss", NOW, DAY)),
    (
        [earn("Bob", 5), earn("Eve", 7)],
        ResetBalances("act", CHANNEL, 6, "Reset", "Boss", PRESENT, NOW, DAY),
    ),
    ([earn("Bob", 5), on_record(earn("Bob", 5))], undoing(1, "act")),
    ([earn("Bob", 5)], PayCompetitions("act", CHANNEL, DAY, PRIZES, NOW, NEXT_DAY)),
    ([], RecordChat("act", key("Bob"), "Bob", NOW, DAY, emotes=(":a:",), awards=(TALKED,))),
    ([earn("Bob", 5)], PayTriggers("act", CHANNEL, NOW, DAY, (TALKED,))),
    (
        [],
        OpenEvent("act", CHANNEL, "Gala", Fraction(2), NOW, NOW + 9, True, 4, PRESENT, NOW, DAY),
    ),
    ([earn("Bob", 50)], Spin("act", key("Bob"), 20, TABLE, SPIN_TERMS, SEED, NOW, DAY)),
    ([earn("Bob", 50)], FreeSpin("act", key("Bob"), 20, TABLE, 0, SEED, NOW, DAY)),
    *SOCIAL_ACTS,
    ([earn("Bob", 50)], Flip("act", key("Bob"), 20, "0.45", FLIP_TERMS, SEED, NOW, DAY)),
    ([earn("Bob", 50)], SetPlayLimit("act", key("Bob"), "losses", 20, NEXT_DAY, NOW, DAY)),
    ([earn("Bob", 50)], PausePlay("act", key("Bob"), 3_600_000, NOW, DAY)),
    ([earn("Bob", 50)], replace(OPENED, op_id="act")),
    (
        [earn("Bob", 50), earn("Eve", 50), OPENED],
        JoinRound("act", CHANNEL, 1, key("Eve"), 20, HEIST_TERMS, NOW, DAY),
    ),
    ([earn("Bob", 50), OPENED], replace(DRAWN, op_id="act")),
    ([earn("Bob", 50), OPENED, DRAWN], FinishRound("act", CHANNEL, 1, NOW, DAY)),
    ([earn("Bob", 50), QUIZ], replace(SHOWN, op_id="act")),
    ([earn("Bob", 50), QUIZ, SHOWN], AnswerTrivia("act", key("Bob"), 1, "argo", NOW, DAY)),
    ([earn("Bob", 50), OPENED], CancelRound("act", CHANNEL, 1, "Off", NOW, DAY)),
    (
        [earn("Bob", 50), RACE],
        BetOnRace("act", CHANNEL, 1, key("Bob"), 20, "Blue", RACE_TERMS, NOW, DAY),
    ),
    (
        [earn("Bob", 50)],
        BuyShopItem("act", key("Bob"), "lamp", "", LAMP, 7, NOW, DAY),
    ),
    ([earn("Bob", 50)], replace(DEALT, op_id="act")),
    ([earn("Bob", 50), DEALT], Play("act", key("Bob"), "double", HAND_TERMS, NOW, DAY)),
    ([earn("Bob", 50), earn("Eve", 50)], replace(DARED, op_id="act")),
    (
        [earn("Bob", 50), earn("Eve", 50), DARED],
        AcceptChallenge("act", key("Eve"), 1, DUEL_TERMS, NOW, DAY),
    ),
    (
        [earn("Bob", 50), AskForPoster("ask", key("Bob"), 30, "Metropolis", NOW, DAY)],
        ResolveApproval("act", CHANNEL, 1, False, "Boss", "Poster", NOW, DAY),
    ),
    ([earn("Bob", 50)], BUY),
    ([earn("Bob", 50), BUY], QueueConfirmed("act", CHANNEL, "before-1", 7, NOW, DAY)),
    ([earn("Bob", 50), BUY], QueueRefused("act", CHANNEL, "before-1", "No room", NOW, DAY)),
    (
        [earn("Bob", 50), replace(BUY, action="forcenow", needs_approval=True)],
        ApproveForcePlay("act", CHANNEL, 1, NOW, DAY),
    ),
    ([earn("Bob", 50)], SPEND),
    (
        [earn("Bob", 50), SPEND],
        RefundQueueSpend("act", key("Bob"), "r-1", "Add failed", NOW, DAY),
    ),
    ([earn("Bob", 50)], title("Bob", "The Quick", 30, "act")),
    ([earn("Bob", 50)], fortune("Bob", 5, "act")),
    ([earn("Bob", 50)], gif("Bob", "https://x.test/a.gif", 30, "act")),
    ([earn("Bob", 50)], shoutout("Bob", "Hello", 20, "act")),
    (
        [earn("Bob", 50), shoutout("Bob", "Hello", 20, "ask")],
        SettlePurchase("act", "purchase:before-1", True, "Shoutout", NOW, DAY),
    ),
    ([earn("Bob", 5)], replace(BOUNTY, op_id="act")),
    (
        [earn("Bob", 5), earn("Eve", 1), BOUNTY],
        ClaimBounty("act", CHANNEL, 1, key("Eve"), "Boss", NOW, DAY),
    ),
    (
        [earn("Bob", 5), BOUNTY],
        EndBounty("act", CHANNEL, 1, "cancelled", "Bob", 50, NOW, DAY, creator_only=True),
    ),
    ([earn("Bob", 9)], ReserveColour("act", key("Bob"), "#FFD700", 7, 0.1, NOW, DAY)),
    (
        [earn("Bob", 9), ReserveColour("before-1", key("Bob"), "#FFD700", 7, 0.1, NOW, DAY)],
        SettleColour("act", "colour:before-1", True, NOW, DAY),
    ),
    ([earn("Bob", 50)], replace(RESERVED, op_id="act")),
    (
        [earn("Bob", 50), RESERVED],
        Finalize("act", CHANNEL, "bot", "wallet:before-1", 20, Caps(), NOW, DAY, 5, 6),
    ),
    (
        [earn("Bob", 50), RESERVED],
        Release("act", CHANNEL, "bot", "wallet:before-1", NOW, DAY),
    ),
    ([], API_KEY),
]
IDS = [type(act).__name__ for _, act in ACTS]
each_act = pytest.mark.parametrize(("before", "act"), ACTS, ids=IDS)


def _prepare(books: Books, before: list[Before]) -> None:
    for number, request in enumerate(before):
        named = request
        if isinstance(request, Act):
            named = replace(request, op_id=f"before-{number}")  # type: ignore[type-var]
        books.commit([named])


def _again(first: Any, **other: object) -> object:
    return replace(first, replayed=True, **other)


def test_every_act_is_repeated_here() -> None:
    """Whoever adds an act to some feature adds it to the list above."""
    for module in pkgutil.walk_packages(features.__path__, f"{features.__name__}."):
        import_module(module.name)
    ours = [each for each in _OPERATIONS if each.__module__.startswith("kryten_economy.")]
    assert {type(act) for _, act in ACTS} == {each for each in ours if issubclass(each, Act)}


@each_act
def test_a_repetition_answers_the_same(
    books: Books, reports: Reports, before: list[Before], act: Act[Any]
) -> None:
    """The same id again, in a later batch or the same one, answers alike and moves nothing."""
    _prepare(books, before)
    first, at_once = books.commit([act, act]).answers
    rows, counters = reports.recent(CHANNEL), reports.counters()
    wallets = reports.wallets(CHANNEL, DAY)
    later = books.commit([replace(act, at_ms=NOW + 1)])  # type: ignore[type-var]
    assert at_once == _again(first)
    assert later.answers == (at_once,)
    assert (later.facts, later.counts) == ((), {})
    assert (reports.recent(CHANNEL), reports.counters()) == (rows, counters)
    assert reports.wallets(CHANNEL, DAY) == wallets


@each_act
def test_a_repetition_survives_a_restart(path: Path, before: list[Before], act: Act[Any]) -> None:
    """What was done is known after closing and opening."""
    books = Books.open(path)
    _prepare(books, before)
    first = ask(books, act)
    books.close()
    books = Books.open(path)
    assert ask(books, act) == _again(first)
    books.close()


@each_act
def test_an_answer_that_has_gained_a_field_since(
    path: Path, before: list[Before], act: Act[Any]
) -> None:
    """What an older version stored is told with the defaults of what it did not know."""
    books = Books.open(path)
    _prepare(books, before)
    first = ask(books, act)
    books.close()
    younger = [each for each in fields(first) if _has_default(each) and each.name != "replayed"]
    _make_older(path, [each.name for each in younger])
    books = Books.open(path)
    assert ask(books, act) == _again(first, **{each.name: each.default for each in younger})
    books.close()


def _has_default(field: "Field[Any]") -> bool:
    return field.default is not MISSING


def _make_older(path: Path, unknown: list[str]) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("DROP TRIGGER operation_is_never_changed")
    [(stored,)] = connection.execute("SELECT answer FROM operation WHERE id = 'act'")
    [(kind, answer)] = json.loads(stored).items()
    older = {kind: {name: each for name, each in answer.items() if name not in unknown}}
    connection.execute("UPDATE operation SET answer = ? WHERE id = 'act'", (json.dumps(older),))
    connection.close()


@each_act
def test_the_same_id_for_something_else_conflicts(
    books: Books, before: list[Before], act: Act[Any]
) -> None:
    """An id that was used for other content, or by another kind of act, is a conflict."""
    _prepare(books, [*before, earn("Zoe", 3)])
    ask(books, act)
    standing = look(books, "Zoe").balance_z
    assert ask(books, spend("Zoe", 2, "act")) == Conflict("act")
    assert look(books, "Zoe").balance_z == standing


def test_other_amount_conflicts(books: Books) -> None:
    """The amount is content; the time of the attempt is not."""
    books.commit([earn("Bob", 5, "a")])
    assert ask(books, earn("Bob", 6, "a")) == Conflict("a")
    assert isinstance(ask(books, earn("Bob", 5, "a", day=NEXT_DAY)), Posted)
    assert look(books, "Bob").balance_z == 5


def test_a_repetition_tells_the_money_of_then(books: Books) -> None:
    """Later movements do not change what a repetition answers about money."""
    first = ask(books, earn("Bob", 5, "a"))
    books.commit([earn("Bob", 7), spend("Bob", 2)])
    now = look(books, "Bob")
    again = told(books, earn("Bob", 5, "a"), Posted)
    assert again == _again(first)
    assert (again.wallet.balance_z, now.balance_z) == (5, 10)


def test_a_repetition_knows_what_was_said_in_its_batch(books: Books) -> None:
    """Money is told as it was, the rest of the wallet as it is now."""
    books.commit([earn("Al", 9, "e"), earn("Bob", 9), tip("Al", "Bob", 2, "t")])
    said = RecordChat("", key("Al"), "AL", NOW + 1, DAY)
    repeated = ((earn("Al", 9, "e"), 9), (tip("Al", "Bob", 2, "t"), 7))
    for lines, (again, balance_z) in enumerate(repeated, 1):
        _, answer = books.commit([said, again]).answers
        assert isinstance(answer, Posted | Tipped)
        wallet = answer.wallet if isinstance(answer, Posted) else answer.giver
        assert wallet.lifetime_messages == lines
        assert (wallet.display_name, wallet.balance_z) == ("AL", balance_z)


def test_presence_tells_the_credits_of_then(books: Books) -> None:
    """A repeated tick tells what it paid, and counts no minute."""
    tick = minute("m1", present("Bob", 2))
    ask(books, tick)
    ask(books, minute("m2", present("Bob", 3)))
    assert ask(books, tick) == PresencePaid(1, 2, replayed=True)
    assert (look(books, "Bob").balance_z, look(books, "Bob").minutes_today) == (5, 2)


def test_a_refused_id_stays_free(books: Books) -> None:
    """What was refused did not happen: the same request may succeed later."""
    books.commit([earn("Bob", 3)])
    assert ask(books, spend("Bob", 5, "a")) == Insufficient(3, 2)
    books.commit([earn("Bob", 3)])
    assert isinstance(ask(books, spend("Bob", 5, "a")), Posted)
