"""Anything that may be asked of the books: requests of every kind, at random and in conflict."""

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    SETTINGS,
    capture,
    earn,
    hold,
    key,
    minute,
    on_record,
    pay,
    present,
    release,
    spend,
    tip,
    undoing,
    win,
)
from tests.unit.ledger.socials import LOTS

from kryten_economy.features.achievements import Award
from kryten_economy.features.api_keys import CreateKey, NoteKeyUse, RevokeKey
from kryten_economy.features.approvals import ResolveApproval
from kryten_economy.features.audit.operations import Undo
from kryten_economy.features.bans import Ban, Unban
from kryten_economy.features.bounties.operations import ClaimBounty, CreateBounty, EndBounty
from kryten_economy.features.chat.operations import PayTriggers, RecordChat, RecordLines
from kryten_economy.features.chat.triggers import FirstOfDay, Tally, TriggerAward, Window
from kryten_economy.features.colours.operations import (
    KeepFoundColours,
    ReserveColour,
    SettleColour,
)
from kryten_economy.features.competitions import PayCompetitions, Prize
from kryten_economy.features.config_versions import HOWS, NoteConfig
from kryten_economy.features.events.adhoc import StartAdHoc, StopAdHoc
from kryten_economy.features.events.operations import EndEvent, OpenEvent
from kryten_economy.features.events.rules import PLAIN, Factor
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
from kryten_economy.features.gifts import AdminRain, RainDrop, RainShare
from kryten_economy.features.leaderboards import SetListed
from kryten_economy.features.money.operations import (
    Credit,
    Debit,
    MaintainBalances,
    SetBalance,
)
from kryten_economy.features.money.resetting import ResetBalances
from kryten_economy.features.notices import SetQuiet
from kryten_economy.features.page_sessions import (
    EndPageSession,
    EndPageSessions,
    OpenPageSession,
)
from kryten_economy.features.panic import LEVELS, EndPanics, SetPanic, StopPanic
from kryten_economy.features.people.pruning import CloseAccount, Criteria
from kryten_economy.features.presence.minutes import EarningTerms, MinuteRate
from kryten_economy.features.presence.operations import (
    Arrive,
    ClaimMilestone,
    Depart,
    FoldMinutes,
    PresenceMinute,
    RecordActivity,
)
from kryten_economy.features.presence.rules import EarningGate
from kryten_economy.features.queue.buying import ApproveForcePlay, BuyMedia
from kryten_economy.features.queue.purchases import standing_in
from kryten_economy.features.queue.rules import Media, QueueLimits
from kryten_economy.features.queue.settling import (
    EndPurchases,
    MovePurchase,
    QueueConfirmed,
    QueueRefused,
)
from kryten_economy.features.queue.spends import RefundQueueSpend, SpendOnQueue
from kryten_economy.features.ranks.operations import (
    IntendLevel,
    RankUpsTold,
    SetRank,
    StoreLevel,
    StoreRank,
)
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.features.reports.snapshots import KeepSnapshot, Snapshot
from kryten_economy.features.shop.operations import (
    BuyShopItem,
    DefineItem,
    RemoveItem,
    SetStock,
)
from kryten_economy.features.shop.rules import Item
from kryten_economy.features.streaks.operations import QualifyDay
from kryten_economy.features.streaks.rules import StreakTerms
from kryten_economy.features.tips import Tip
from kryten_economy.features.vanity.operations import (
    LEVEL,
    SHOUTOUT,
    AskForGif,
    BuyItem,
    SetAside,
    SettlePurchase,
    TellFortune,
)
from kryten_economy.features.wallets.operations import Finalize, Release, Reserve
from kryten_economy.features.wallets.rules import Caps
from kryten_economy.ledger.audit import OnRecord, TellResult
from kryten_economy.ledger.expiry import ExpireHolds, ReleaseOrphans
from kryten_economy.ledger.folding import ClosedDay
from kryten_economy.ledger.holds import CaptureHold, PlaceHold, ReleaseHold
from kryten_economy.ledger.operation import AndRead, Request
from kryten_economy.ledger.records import (
    Audit,
    ClaimJob,
    FinishJob,
    PruneHelpers,
    Reopen,
    SaveCounters,
    SetReadOnly,
    SettleNotices,
)
from kryten_economy.users import Present

__all__ = ("KINDS", "TALK")

NAMES = st.sampled_from(["Al", "Bob", "Cy", "al", "BOB"])
USERS = NAMES.map(key)
LOWER = st.sampled_from(["al", "bob", "cy", "nobody"])
TIMES = st.integers(0, 5).map(lambda step: NOW + step * 1000)
DAYS = st.sampled_from([DAY, DAY, DAY, NEXT_DAY])
IDS = st.integers(0, 9).map(str)
PREFIXES = st.sampled_from(["abcd2345", "bcde2345", "cdef2345"])
SOME_Z = st.integers(0, 9)
GATES = st.sampled_from([EarningGate(), EarningGate(min_messages=3), EarningGate(2000)])
RANKS = st.sampled_from(["", *Ladder(SETTINGS.ranks.tiers).names[:3], "Unheard of"])
PRESENT = st.lists(LOWER, unique=True).map(lambda names: tuple(Present(n, n) for n in names))
TERMS = st.sampled_from(
    [
        EarningTerms(
            SETTINGS, Ladder(SETTINGS.ranks.tiers), PLAIN.also(Factor("x", Fraction(many, 4), "x"))
        )
        for many in (2, 4, 7)
    ]
)
RATES = st.builds(
    MinuteRate, st.integers(0, 3), st.integers(0, 2), st.sampled_from([1.0, 1.5]), st.integers(0, 1)
)
LIMITS = st.one_of(
    st.none(),
    st.just(FirstOfDay()),
    st.builds(Window, st.sampled_from("kl"), st.integers(NOW, NOW + 4000), st.integers(0, 3)),
)
AWARDS = st.builds(
    TriggerAward,
    LOWER,
    st.sampled_from(["chat.long_message", "content.comment_during_media"]),
    st.sampled_from(["Talked"] * 20 + [None]),  # a row without a reason can't be written
    st.sampled_from([0.25, 0.5, 1.0, 1.5, 3.0]),
    LIMITS,
    st.none(),
    st.sampled_from([None, '{"base": 1}']),
)
TALLIES = st.builds(
    Tally, LOWER, st.sampled_from(["kudos_given", "laughs_received"]), st.sampled_from(["", "bob"])
)


ITEMS = st.builds(
    lambda id_, effect, stock, per_user, by_hand: Item(
        id_, "Thing", 3, effect, "Text", "", stock, per_user, by_hand=by_hand
    ),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["announce", "approval", "event", "title"]),
    st.sampled_from([None, 2]),
    st.sampled_from([None, 2]),
    st.booleans(),
)
BY_HAND = ITEMS.map(lambda item: replace(item, by_hand=True))


def _line(op_id: int, name: str, **parts: Any) -> RecordChat:
    return RecordChat(f"chat:{op_id}", key(name), name, **parts)


TALK = st.builds(
    _line,
    st.integers(0, 60),
    NAMES,
    at_ms=TIMES,
    day=DAYS,
    long_messages=st.integers(0, 1),
    emotes=st.sets(st.sampled_from(["x", "y"])).map(lambda each: tuple(sorted(each))),
    tallies=st.lists(TALLIES, max_size=2).map(tuple),
    awards=st.lists(AWARDS, max_size=3).map(tuple),
    gate=GATES,
    terms=st.none() | TERMS,
)


def _op(kind: str) -> st.SearchStrategy[str]:
    return IDS.map(lambda number: f"{kind}:{number}")


PAY = st.builds(
    PayTriggers,
    _op("pay"),
    st.just(CHANNEL),
    TIMES,
    st.just(DAY),
    st.lists(AWARDS, max_size=2).map(tuple),
    st.lists(TALLIES, max_size=1).map(tuple),
    GATES,
    st.none() | TERMS,
)
MINUTES = st.builds(
    lambda op_id, names, day, rate, terms, gate: replace(
        minute(op_id, *(present(name, 1) for name in names), day=day),
        rate=rate,
        terms=terms,
        gate=gate,
    ),
    _op("minute"),
    st.lists(NAMES, unique_by=str.lower, max_size=3),
    DAYS,
    RATES,
    TERMS,
    GATES,
)
CREDITS = st.one_of(
    st.builds(earn, NAMES, SOME_Z, _op("earn"), DAYS),
    st.builds(
        lambda name, op_id, kind, won_z: replace(
            pay(name, 3, kind, "gambling.slots", op_id), net_z=won_z
        ),
        NAMES,
        _op("win"),
        st.sampled_from(["gamble_win", "gamble_push"]),
        st.integers(0, 3),
    ),
    st.builds(
        lambda name, op_id, day: replace(
            pay(name, 1, "refund", "spend.queue", op_id), spent_day=day
        ),
        NAMES,
        _op("back"),
        st.sampled_from([None, DAY, NEXT_DAY]),
    ),
)
HOLDS = st.builds(
    lambda name, number, amount_z, kind, purpose, due: hold(
        name,
        amount_z,
        f"h{number}",
        op_id=f"hold:{number}",
        type_name=kind,
        purpose=purpose,
        expires_at_ms=NOW + due,
    ),
    NAMES,
    IDS,
    SOME_Z,
    st.sampled_from(["spend", "gamble_stake", "bounty_create"]),
    st.sampled_from(["queue", "heist"]),
    st.integers(1, 9),
)
HOLD_IDS = IDS.map(lambda number: f"h{number}")
CAPTURES = st.one_of(
    st.builds(capture, HOLD_IDS, SOME_Z, _op("use"), DAYS),
    st.builds(win, HOLD_IDS, SOME_Z, NAMES, _op("prize")),
)
SHARES = st.lists(LOWER, unique=True).flatmap(
    lambda names: st.tuples(*(st.builds(RainShare, st.just(n), st.just(n), SOME_Z) for n in names))
)
PRIZES = st.lists(
    st.builds(Prize, st.sampled_from("ab"), st.just("Best"), LOWER, SOME_Z), max_size=2
).map(tuple)
STREAKS = st.none() | st.just(StreakTerms(((1, 2), (2, 3)), 0, 0))
here, today, now = st.just(CHANNEL), st.just(DAY), st.just(NOW)

HEIST_TERMS = st.builds(Terms, st.just("heist"), st.just(1), st.just(7))
QUESTION = Question("Film", "easy", "Which ship?", "Titanic", ("Argo", "Bounty", "Victory"))
QUIZ = json.dumps(trivia_terms(SETTINGS.gambling.trivia, QUESTION, "Bob"))
PLAN = json.dumps(round_terms(SETTINGS.gambling.heist, 3, "Bob"))
ROUNDS = st.integers(1, 3)
MEDIA_IDS = IDS.map(lambda number: f"media:{number}")
QUEUE_LIMITS = st.builds(QueueLimits, st.integers(0, 3), st.sampled_from([0, 2000]))
SERVICES = st.sampled_from(["bot", "bingo"])
CAPS = st.sampled_from([Caps(), Caps(9, 6, 12)])
RESERVATIONS = IDS.map(lambda number: f"wallet:reserve:{number}")
HAND_TERMS = st.builds(Terms, st.just("blackjack"), st.just(1), st.just(7))
DUEL_TERMS = st.builds(Terms, st.just("challenge"), st.just(1), st.just(7))

ELSEWHERE = "Raffles"
"""What is opened there meets no other game; these three meet in `test_social_games`."""
STRANGERS = NAMES.map(lambda name: key(name, ELSEWHERE))
ROUND = st.integers(1, 3)
BETS = Terms("raffle", 1, 9)

NOTICE_IDS = st.lists(st.integers(1, 6), max_size=2).map(tuple)

KINDS: dict[type[Request[Any]], st.SearchStrategy[Request[Any]]] = {
    RecordChat: TALK,
    PayTriggers: PAY,
    RecordLines: st.builds(RecordLines, here, IDS, st.lists(TALK | PAY, max_size=4).map(tuple)),
    RecordActivity: st.builds(
        lambda name, at_ms, day, commands: RecordActivity(
            key(name), name, at_ms, day, commands=commands
        ),
        NAMES,
        TIMES,
        DAYS,
        st.integers(0, 1),
    ),
    Credit: CREDITS,
    Debit: st.builds(spend, NAMES, SOME_Z, _op("spend")),
    Tip: st.builds(tip, NAMES, NAMES, SOME_Z, _op("tip")),
    SetBalance: st.builds(
        SetBalance, _op("set"), USERS, SOME_Z, st.just(""), st.just("Boss"), now, DAYS
    ),
    PlaceHold: HOLDS,
    EnsureSeeds: st.builds(
        EnsureSeeds, here, st.just((DAY, NEXT_DAY)), st.just(("5eed" * 16, "feed" * 16))
    ),
    Spin: st.builds(
        Spin,
        _op("spin"),
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
        _op("limit"),
        USERS,
        st.sampled_from(["stakes", "losses"]),
        st.none() | SOME_Z,
        st.just(NEXT_DAY),
        TIMES,
        DAYS,
    ),
    PausePlay: st.builds(PausePlay, _op("pause"), USERS, st.just(2_000), TIMES, DAYS),
    FreeSpin: st.builds(
        FreeSpin,
        _op("free"),
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
        _op("flip"),
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
        _op("raffle"),
        TIMES,
        DAYS,
    ),
    Predict: st.builds(
        Predict, _op("bet"), ROUND, STRANGERS, SOME_Z, SOME_Z, st.just(BETS), TIMES, DAYS
    ),
    CloseBets: st.builds(CloseBets, st.just(ELSEWHERE), ROUND, TIMES),
    BuyTickets: st.builds(
        BuyTickets, _op("tickets"), ROUND, STRANGERS, SOME_Z, st.just(BETS), TIMES, DAYS
    ),
    PlaceBid: st.builds(PlaceBid, _op("bid"), ROUND, STRANGERS, SOME_Z, st.just(BETS), TIMES, DAYS),
    CloseAuction: st.builds(CloseAuction, _op("close"), st.just(ELSEWHERE), ROUND, TIMES, DAYS),
    Deal: st.builds(
        Deal,
        _op("deal"),
        USERS,
        SOME_Z,
        st.just("1.5"),
        st.booleans(),
        HAND_TERMS,
        st.just("dead" * 16),
        TIMES,
        DAYS,
    ),
    Play: st.builds(Play, _op("move"), USERS, st.sampled_from(MOVES), HAND_TERMS, TIMES, DAYS),
    ChallengeSomebody: st.builds(
        ChallengeSomebody,
        _op("dare"),
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
        AcceptChallenge, _op("accept"), USERS, ROUNDS, DUEL_TERMS, TIMES, DAYS
    ),
    BetOnRace: st.builds(
        BetOnRace,
        _op("bet"),
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
            _op("open"),
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
    RevealQuestion: st.builds(RevealQuestion, _op("show"), here, ROUNDS, TIMES, DAYS),
    AnswerTrivia: st.builds(
        AnswerTrivia, _op("say"), USERS, ROUNDS, st.sampled_from(["a", "Argo", "?"]), TIMES, DAYS
    ),
    JoinRound: st.builds(
        JoinRound, _op("join"), here, ROUNDS, USERS, SOME_Z, HEIST_TERMS, TIMES, DAYS
    ),
    DrawRound: st.builds(DrawRound, _op("draw"), here, ROUNDS, TIMES, DAYS),
    FinishRound: st.builds(FinishRound, _op("finish"), here, ROUNDS, TIMES, DAYS),
    CancelRound: st.builds(
        CancelRound,
        _op("cancel"),
        here,
        ROUNDS,
        st.just("Off"),
        TIMES,
        DAYS,
        USERS | st.none(),
    ),
    ResolveApproval: st.builds(
        ResolveApproval,
        _op("decide"),
        here,
        st.integers(1, 3),
        st.booleans(),
        st.just("Boss"),
        st.just(""),
        now,
        DAYS,
    ),
    BuyItem: st.builds(
        BuyItem,
        _op("buy"),
        USERS,
        st.sampled_from(["custom_title", "custom_greeting"]),
        st.sampled_from(["Sir", "Dame"]),
        SOME_Z,
        st.just("spend.vanity.custom_title"),
        st.just("Title"),
        now,
        DAYS,
    ),
    DefineItem: st.builds(DefineItem, here, BY_HAND, st.just("Boss"), now),
    RemoveItem: st.builds(RemoveItem, here, st.sampled_from(["a", "b"])),
    SetStock: st.builds(SetStock, here, ITEMS, st.one_of(st.none(), st.integers(0, 3))),
    BuyShopItem: st.builds(
        lambda op_id, user, item, price_z, at_ms, day: BuyShopItem(
            op_id, user, item.id, "", item, price_z, at_ms, day
        ),
        _op("shop"),
        USERS,
        ITEMS,
        SOME_Z,
        TIMES,
        DAYS,
    ),
    TellFortune: st.builds(
        TellFortune, _op("fortune"), USERS, SOME_Z, st.just(NOW - 5), TIMES, DAYS
    ),
    AskForGif: st.builds(
        AskForGif, _op("gif"), USERS, st.just("https://x.test/a.gif"), SOME_Z, now, DAYS
    ),
    SetAside: st.builds(
        lambda op_id, user, purpose, price_z, cooldown_ms, at_ms, day: SetAside(
            op_id, user, purpose, "2", price_z, "s", "r", "Bought", cooldown_ms, NOW + 9, at_ms, day
        ),
        _op("aside"),
        USERS,
        st.sampled_from([SHOUTOUT, LEVEL]),
        SOME_Z,
        st.sampled_from([0, 2000]),
        TIMES,
        DAYS,
    ),
    SettlePurchase: st.builds(
        SettlePurchase,
        _op("settle"),
        IDS.map(lambda number: f"purchase:aside:{number}")
        | IDS.map(lambda number: f"shop:shop:{number}")
        | HOLD_IDS,
        st.booleans(),
        st.just("Settled"),
        now,
        DAYS,
    ),
    CreateBounty: st.builds(
        lambda op_id, name, amount_z, most: CreateBounty(
            op_id, key(name), amount_z, "Sing", NOW + 5, most, NOW, DAY
        ),
        _op("bounty"),
        NAMES,
        SOME_Z,
        st.integers(0, 2),
    ),
    ClaimBounty: st.builds(
        ClaimBounty, _op("won"), here, st.integers(1, 3), USERS, st.just("Boss"), now, DAYS
    ),
    EndBounty: st.builds(
        EndBounty,
        _op("end"),
        here,
        st.integers(1, 3),
        st.sampled_from(["cancelled", "expired"]),
        NAMES,
        st.integers(0, 100),
        st.integers(NOW, NOW + 9),
        DAYS,
        st.booleans(),
    ),
    BuyMedia: st.builds(
        lambda op_id, user, action, price_z, limits, forced, at_ms, day: BuyMedia(
            op_id,
            user,
            "forcenow" if forced else action,
            Media("cm", "film", "Film", 60),
            price_z,
            limits,
            at_ms,
            day,
            needs_approval=forced,
        ),
        _op("media"),
        USERS,
        st.sampled_from(["queue", "playnext", "forcenow"]),
        SOME_Z,
        QUEUE_LIMITS,
        st.booleans(),
        TIMES,
        DAYS,
    ),
    ApproveForcePlay: st.builds(ApproveForcePlay, _op("force"), here, st.integers(1, 3), now, DAYS),
    QueueConfirmed: st.builds(
        QueueConfirmed, _op("queued"), here, MEDIA_IDS, st.integers(1, 9), now, DAYS
    ),
    QueueRefused: st.builds(
        QueueRefused, _op("unqueued"), here, MEDIA_IDS, st.just("Not there"), now, DAYS
    ),
    EndPurchases: st.builds(
        EndPurchases,
        here,
        st.lists(MEDIA_IDS, max_size=2).map(tuple),
        st.sampled_from(["played", "gone"]),
    ),
    MovePurchase: st.builds(MovePurchase, here, MEDIA_IDS, st.integers(1, 9)),
    SpendOnQueue: st.builds(
        lambda number, user, attempt, price_z, limits, at_ms, day: SpendOnQueue(
            f"web:{number}",
            user,
            f"r{number}",
            attempt,
            price_z,
            "queue",
            "Queued",
            limits,
            at_ms,
            day,
        ),
        IDS,
        USERS,
        st.sampled_from(["one", "two"]),
        SOME_Z,
        QUEUE_LIMITS,
        TIMES,
        DAYS,
    ),
    RefundQueueSpend: st.builds(
        RefundQueueSpend,
        _op("web back"),
        USERS,
        IDS.map(lambda number: f"r{number}"),
        st.just("Failed"),
        now,
        DAYS,
        st.sampled_from([None, "one"]),
    ),
    ReserveColour: st.builds(
        ReserveColour,
        _op("colour"),
        USERS,
        st.sampled_from(["#FFD700", "#50C878"]),
        SOME_Z,
        st.just(0.1),
        now,
        DAYS,
    ),
    SettleColour: st.builds(
        SettleColour,
        _op("shown"),
        IDS.map(lambda number: f"colour:colour:{number}") | HOLD_IDS,
        st.booleans(),
        now,
        DAYS,
    ),
    KeepFoundColours: st.builds(
        KeepFoundColours,
        here,
        st.lists(st.tuples(NAMES, st.just("#AAAAAA")), max_size=2).map(tuple),
        now,
        DAYS,
    ),
    CaptureHold: CAPTURES,
    ReleaseHold: st.builds(release, HOLD_IDS, _op("free"), DAYS),
    Reserve: st.builds(
        lambda op_id, user, service, budget_z, partial, caps, due, day: Reserve(
            op_id, user, service, budget_z, partial, caps, NOW + due, NOW, day
        ),
        _op("reserve"),
        USERS,
        SERVICES,
        SOME_Z,
        st.booleans(),
        CAPS,
        st.integers(1, 9),
        DAYS,
    ),
    Finalize: st.builds(
        Finalize, _op("finalize"), here, SERVICES, RESERVATIONS, SOME_Z, CAPS, now, DAYS
    ),
    Release: st.builds(Release, _op("unreserve"), here, SERVICES, RESERVATIONS, now, DAYS),
    ExpireHolds: st.builds(ExpireHolds, st.integers(NOW, NOW + 9), DAYS, st.integers(1, 3)),
    ReleaseOrphans: st.builds(ReleaseOrphans, st.just(("heist",)), st.just("Over"), now, DAYS),
    PresenceMinute: MINUTES,
    FoldMinutes: st.builds(
        FoldMinutes,
        here,
        st.just(ClosedDay(DAY, NOW - 60_000, NOW + 3_500)),
        st.just(NOW + 9_000),
        st.integers(1, 20),
    ),
    Arrive: st.builds(
        lambda op_id, name, at_ms, day, wallet_z, back_z, window_ms: Arrive(
            op_id, key(name), name, at_ms, day, wallet_z, back_z, 0, window_ms
        ),
        _op("arrive"),
        NAMES,
        TIMES,
        DAYS,
        SOME_Z,
        SOME_Z,
        st.sampled_from([0, 2000]),
    ),
    Depart: st.builds(Depart, here, st.lists(LOWER, max_size=2).map(tuple), TIMES, DAYS),
    ClaimMilestone: st.builds(
        ClaimMilestone, _op("hours"), USERS, TIMES, DAYS, st.integers(1, 2), SOME_Z, GATES
    ),
    QualifyDay: st.builds(
        QualifyDay,
        _op("day"),
        USERS,
        TIMES,
        DAYS,
        STREAKS,
        st.sampled_from([None, 4]),
        st.booleans(),
        GATES,
    ),
    Award: st.builds(
        Award,
        _op("award"),
        USERS,
        st.sampled_from("ab"),
        st.just("Goal"),
        SOME_Z,
        st.sampled_from([0.0, 12.5]),
        now,
        DAYS,
    ),
    CloseAccount: st.builds(
        lambda op_id, user, most_z, day: CloseAccount(
            op_id, user, Criteria(user.channel, 0, 0, most_z), NOW + 60_000, day
        ),
        _op("close"),
        USERS,
        st.none() | st.integers(0, 5),
        DAYS,
    ),
    RainDrop: st.builds(RainDrop, _op("drop"), here, SHARES, GATES, now, DAYS),
    AdminRain: st.builds(AdminRain, _op("rain"), here, PRESENT, SOME_Z, st.just("Boss"), now, DAYS),
    MaintainBalances: st.builds(
        MaintainBalances,
        _op("keep"),
        here,
        st.sampled_from(["interest", "decay"]),
        st.just(Fraction(1, 3)),
        st.integers(0, 4),
        st.integers(0, 2),
        st.just("Daily"),
        now,
        DAYS,
    ),
    PayCompetitions: st.builds(PayCompetitions, _op("best"), here, today, PRIZES, now, DAYS),
    OpenEvent: st.builds(
        OpenEvent,
        _op("event"),
        here,
        st.sampled_from("ab"),
        st.just(Fraction(3, 2)),
        TIMES,
        st.just(NOW + 9000),
        st.booleans(),
        SOME_Z,
        PRESENT,
        now,
        DAYS,
    ),
    StartAdHoc: st.builds(
        StartAdHoc, here, st.sampled_from("ab"), st.just(Fraction(2)), st.just(NOW + 9000), TIMES
    ),
    StopAdHoc: st.builds(StopAdHoc, here, now),
    EndEvent: st.builds(
        EndEvent, here, st.sampled_from(["scheduled", "adhoc"]), st.sampled_from("ab"), TIMES, now
    ),
    Ban: st.builds(lambda name, day: Ban(key(name), name, "Boss", "", NOW, day), NAMES, DAYS),
    Unban: st.builds(Unban, USERS, DAYS),
    CreateKey: st.builds(
        CreateKey,
        IDS,
        USERS,
        NAMES,
        st.sampled_from(["read", "read,spend", "operate"]),
        st.booleans(),
        PREFIXES,
        st.just(bytes(16)),
        st.just(bytes(32)),
        st.just("Boss"),
        now,
        DAYS,
    ),
    RevokeKey: st.builds(RevokeKey, here, PREFIXES),
    NoteKeyUse: st.builds(NoteKeyUse, PREFIXES, TIMES),
    SetPanic: st.one_of(
        st.builds(
            SetPanic,
            here,
            st.sampled_from(LEVELS),
            st.just("Boss"),
            st.just(""),
            st.none() | TIMES,
            now,
        ),
        st.builds(
            SetPanic,
            here,
            st.just("freeze"),
            st.just("Boss"),
            st.just(""),
            st.none() | TIMES,
            now,
            USERS,
        ),
    ),
    StopPanic: st.one_of(
        st.builds(StopPanic, here, st.sampled_from([None, *LEVELS])),
        st.builds(StopPanic, here, st.just("freeze"), USERS),
    ),
    EndPanics: st.builds(EndPanics, here, TIMES),
    SetRank: st.builds(SetRank, USERS, RANKS, st.booleans(), DAYS),
    StoreRank: st.builds(
        StoreRank,
        USERS,
        RANKS,
        RANKS,
        st.none(),
        st.booleans(),
        now,
        DAYS,
        st.sampled_from([None, 1]),
    ),
    RankUpsTold: st.builds(RankUpsTold, here, NOTICE_IDS, now, st.integers(0, 2)),
    IntendLevel: st.builds(IntendLevel, USERS, st.integers(0, 3), now, DAYS),
    StoreLevel: st.builds(StoreLevel, USERS, st.integers(0, 3), now, DAYS),
    SettleNotices: st.builds(SettleNotices, NOTICE_IDS),
    SetListed: st.builds(
        lambda name, on: SetListed(key(name), name, on, NOW, DAY), NAMES, st.booleans()
    ),
    SetQuiet: st.builds(
        lambda name, on: SetQuiet(key(name), name, on, NOW, DAY), NAMES, st.booleans()
    ),
    KeepSnapshot: st.builds(
        lambda at_ms, z: KeepSnapshot(CHANNEL, Snapshot(at_ms, z, z, z, z, z, z, z, 0.5, 1.0)),
        TIMES,
        SOME_Z,
    ),
    NoteConfig: st.builds(
        NoteConfig,
        now,
        st.sampled_from(HOWS),
        st.just("Boss"),
        st.sampled_from("ab"),
        SOME_Z.map(lambda z: json.dumps({"rain.max_amount": z})),
    ),
    Audit: st.builds(Audit, now, st.just("Boss"), here, st.just("give"), st.just(""), st.just("")),
    SaveCounters: st.builds(SaveCounters, SOME_Z.map(lambda z: (("commands_processed", z),)), now),
    ClaimJob: st.builds(ClaimJob, st.sampled_from("ab"), here, today, TIMES),
    FinishJob: st.builds(FinishJob, st.sampled_from("ab"), here, today, TIMES),
    SetReadOnly: st.builds(SetReadOnly, here, st.just("odd"), now),
    Reopen: st.builds(Reopen, here),
    PruneHelpers: st.just(PruneHelpers(DAY)),
    ResetBalances: st.builds(
        ResetBalances,
        _op("reset"),
        here,
        SOME_Z,
        st.just("Reset"),
        st.just("Boss"),
        PRESENT,
        TIMES,
        DAYS,
    ),
    TellResult: st.builds(TellResult, st.integers(1, 5), st.just("told")),
    Undo: st.builds(
        lambda number, partial, op_id: undoing(number, op_id, partial=partial),
        st.none() | st.integers(1, 9),
        st.booleans(),
        _op("undo"),
    ),
}
KINDS[OnRecord] = st.one_of(
    *(
        KINDS[kind]
        for kind in (
            Credit,
            Debit,
            SetBalance,
            AdminRain,
            ResetBalances,
            Ban,
            Unban,
            SetRank,
            StartAdHoc,
            StopAdHoc,
            DefineItem,
            RemoveItem,
            SetStock,
            EndBounty,
        )
    )
).map(on_record)
"""How each kind of request comes about; few names, ids and amounts, so that they meet."""
KINDS[AndRead] = st.builds(
    lambda counted: AndRead(counted, lambda tx: standing_in(tx, counted.user, counted.day)),
    KINDS[RecordActivity],
)

COOKIES = st.sampled_from([b"one", b"two", b"three"])
KINDS |= {
    OpenPageSession: st.builds(
        lambda name, token, replaced, at_ms, day: OpenPageSession(
            key(name), name, token, replaced, at_ms, day, at_ms + 60_000
        ),
        NAMES,
        COOKIES,
        st.none() | COOKIES,
        TIMES,
        DAYS,
    ),
    EndPageSession: st.builds(EndPageSession, COOKIES),
    EndPageSessions: st.builds(EndPageSessions, USERS, DAYS),
}
