"""Books, holds, people, keys, panic and records."""

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
    capture,
    earn,
    hold,
    key,
    pay,
    release,
    spend,
    undoing,
    win,
)
from tests.unit.ledger.any_values import (
    DAYS,
    HOLD_IDS,
    IDS,
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

from kryten_economy.features.api_keys import CreateKey, NoteKeyUse, RevokeKey
from kryten_economy.features.audit.operations import Undo
from kryten_economy.features.bans import Ban, Unban
from kryten_economy.features.config_versions import HOWS, NoteConfig
from kryten_economy.features.money.operations import Credit, Debit, MaintainBalances, SetBalance
from kryten_economy.features.money.resetting import ResetBalances
from kryten_economy.features.page_sessions import EndPageSession, EndPageSessions, OpenPageSession
from kryten_economy.features.panic import LEVELS, EndPanics, SetPanic, StopPanic
from kryten_economy.features.people.pruning import CloseAccount, Criteria
from kryten_economy.features.reports.snapshots import KeepSnapshot, Snapshot
from kryten_economy.ledger.audit import TellResult
from kryten_economy.ledger.expiry import ExpireHolds, ReleaseOrphans
from kryten_economy.ledger.holds import CaptureHold, PlaceHold, ReleaseHold
from kryten_economy.ledger.operation import Request
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

__all__ = ("KINDS",)

PREFIXES = st.sampled_from(["abcd2345", "bcde2345", "cdef2345"])
CREDITS = st.one_of(
    st.builds(earn, NAMES, SOME_Z, an_op("earn"), DAYS),
    st.builds(
        lambda name, op_id, kind, won_z: replace(
            pay(name, 3, kind, "gambling.slots", op_id), net_z=won_z
        ),
        NAMES,
        an_op("win"),
        st.sampled_from(["gamble_win", "gamble_push"]),
        st.integers(0, 3),
    ),
    st.builds(
        lambda name, op_id, day: replace(
            pay(name, 1, "refund", "spend.queue", op_id), spent_day=day
        ),
        NAMES,
        an_op("back"),
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
CAPTURES = st.one_of(
    st.builds(capture, HOLD_IDS, SOME_Z, an_op("use"), DAYS),
    st.builds(win, HOLD_IDS, SOME_Z, NAMES, an_op("prize")),
)
COOKIES = st.sampled_from([b"one", b"two", b"three"])

KINDS: dict[type[Request[Any]], st.SearchStrategy[Request[Any]]] = {
    Credit: CREDITS,
    Debit: st.builds(spend, NAMES, SOME_Z, an_op("spend")),
    SetBalance: st.builds(
        SetBalance, an_op("set"), USERS, SOME_Z, st.just(""), st.just("Boss"), now, DAYS
    ),
    PlaceHold: HOLDS,
    CaptureHold: CAPTURES,
    ReleaseHold: st.builds(release, HOLD_IDS, an_op("free"), DAYS),
    ExpireHolds: st.builds(ExpireHolds, st.integers(NOW, NOW + 9), DAYS, st.integers(1, 3)),
    ReleaseOrphans: st.builds(ReleaseOrphans, st.just(("heist",)), st.just("Over"), now, DAYS),
    CloseAccount: st.builds(
        lambda op_id, user, most_z, day: CloseAccount(
            op_id, user, Criteria(user.channel, 0, 0, most_z), NOW + 60_000, day
        ),
        an_op("close"),
        USERS,
        st.none() | st.integers(0, 5),
        DAYS,
    ),
    MaintainBalances: st.builds(
        MaintainBalances,
        an_op("keep"),
        here,
        st.sampled_from(["interest", "decay"]),
        st.just(Fraction(1, 3)),
        st.integers(0, 4),
        st.integers(0, 2),
        st.just("Daily"),
        now,
        DAYS,
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
    SettleNotices: st.builds(SettleNotices, NOTICE_IDS),
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
        an_op("reset"),
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
        an_op("undo"),
    ),
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
