"""Talk, presence, streaks, ranks, awards and events."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, SETTINGS, key, minute, present
from tests.unit.ledger.any_values import (
    DAYS,
    GATES,
    IDS,
    LOWER,
    NAMES,
    NOTICE_IDS,
    PRESENT,
    SOME_Z,
    TIMES,
    USERS,
    an_op,
    here,
    now,
    today,
)

from kryten_economy.features.achievements import Award
from kryten_economy.features.chat.operations import PayTriggers, RecordChat, RecordLines
from kryten_economy.features.chat.triggers import FirstOfDay, Tally, TriggerAward, Window
from kryten_economy.features.competitions import PayCompetitions, Prize
from kryten_economy.features.events.adhoc import StartAdHoc, StopAdHoc
from kryten_economy.features.events.operations import EndEvent, OpenEvent
from kryten_economy.features.events.rules import PLAIN, Factor
from kryten_economy.features.leaderboards import SetListed
from kryten_economy.features.notices import SetQuiet
from kryten_economy.features.presence.minutes import EarningTerms, MinuteRate
from kryten_economy.features.presence.operations import (
    Arrive,
    ClaimMilestone,
    Depart,
    FoldMinutes,
    PresenceMinute,
    RecordActivity,
)
from kryten_economy.features.ranks.operations import (
    IntendLevel,
    RankUpsTold,
    SetRank,
    StoreLevel,
    StoreRank,
)
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.features.streaks.operations import QualifyDay
from kryten_economy.features.streaks.rules import StreakTerms
from kryten_economy.ledger.folding import ClosedDay
from kryten_economy.ledger.operation import Request

__all__ = ("KINDS", "TALK")

RANKS = st.sampled_from(["", *Ladder(SETTINGS.ranks.tiers).names[:3], "Unheard of"])
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
PAY = st.builds(
    PayTriggers,
    an_op("pay"),
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
    an_op("minute"),
    st.lists(NAMES, unique_by=str.lower, max_size=3),
    DAYS,
    RATES,
    TERMS,
    GATES,
)
PRIZES = st.lists(
    st.builds(Prize, st.sampled_from("ab"), st.just("Best"), LOWER, SOME_Z), max_size=2
).map(tuple)
STREAKS = st.none() | st.just(StreakTerms(((1, 2), (2, 3)), 0, 0))

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
        an_op("arrive"),
        NAMES,
        TIMES,
        DAYS,
        SOME_Z,
        SOME_Z,
        st.sampled_from([0, 2000]),
    ),
    Depart: st.builds(Depart, here, st.lists(LOWER, max_size=2).map(tuple), TIMES, DAYS),
    ClaimMilestone: st.builds(
        ClaimMilestone, an_op("hours"), USERS, TIMES, DAYS, st.integers(1, 2), SOME_Z, GATES
    ),
    QualifyDay: st.builds(
        QualifyDay,
        an_op("day"),
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
        an_op("award"),
        USERS,
        st.sampled_from("ab"),
        st.just("Goal"),
        SOME_Z,
        st.sampled_from([0.0, 12.5]),
        now,
        DAYS,
    ),
    PayCompetitions: st.builds(PayCompetitions, an_op("best"), here, today, PRIZES, now, DAYS),
    OpenEvent: st.builds(
        OpenEvent,
        an_op("event"),
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
    SetListed: st.builds(
        lambda name, on: SetListed(key(name), name, on, NOW, DAY), NAMES, st.booleans()
    ),
    SetQuiet: st.builds(
        lambda name, on: SetQuiet(key(name), name, on, NOW, DAY), NAMES, st.booleans()
    ),
}
