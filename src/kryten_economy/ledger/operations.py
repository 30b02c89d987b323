"""Which act answers which request."""

from collections.abc import Sequence
from typing import assert_never

from kryten_economy.ledger import (
    activity,
    chat,
    competitions,
    distribution,
    events,
    expiry,
    holds,
    maintenance,
    milestones,
    money,
    people,
    presence,
    progress,
    streaks,
    triggers,
    upkeep,
)
from kryten_economy.ledger.answers import Answer
from kryten_economy.ledger.occasion_requests import (
    AdminRain,
    EndEvent,
    MaintainBalances,
    OpenEvent,
    PayCompetitions,
    RainDrop,
    StartAdHoc,
)
from kryten_economy.ledger.progress_requests import (
    Award,
    SetListed,
    SetRank,
    StoreLevel,
    StoreRank,
)
from kryten_economy.ledger.requests import (
    Arrive,
    Audit,
    Ban,
    CaptureHold,
    ClaimJob,
    ClaimMilestone,
    Credit,
    Debit,
    Depart,
    ExpireHolds,
    FinishJob,
    MoneyRequest,
    PayTriggers,
    PlaceHold,
    PresenceMinute,
    PruneHelpers,
    QualifyDay,
    RecordActivity,
    RecordChat,
    ReleaseHold,
    ReleaseOrphans,
    Reopen,
    Request,
    SaveCounters,
    SetBalance,
    SetQuiet,
    SetReadOnly,
    Transfer,
    Unban,
)
from kryten_economy.ledger.tx import Tx

__all__ = ("answer", "ids_of")

_ON_THE_SLATE = (RecordActivity, RecordChat, PayTriggers, Debit, Transfer)
"""What works on `Tx.slate`, as plain credits do; everything else works on the tables."""


def ids_of(batch: Sequence[Request]) -> list[str]:
    """The ids under which these will be looked for."""
    return [
        request.op_id
        for request in batch
        if isinstance(request, MoneyRequest)
        and not (isinstance(request, RecordChat) and request.is_only_counted)
    ]


def _works_on_the_slate(request: Request) -> bool:
    if isinstance(request, Credit):
        return money.is_plain(request)
    return isinstance(request, _ON_THE_SLATE)


def answer(tx: Tx, request: Request) -> Answer:  # noqa: C901, PLR0911, PLR0912 - one line each
    """Do what is asked, inside the transaction of the batch."""
    if not _works_on_the_slate(request):
        tx.slate.close()
    match request:
        case RecordActivity():
            return activity.record_activity(tx, request)
        case RecordChat():
            return chat.record_chat(tx, request)
        case PayTriggers():
            return triggers.pay_triggers(tx, request)
        case PresenceMinute():
            return presence.presence_minute(tx, request)
        case ClaimMilestone():
            return milestones.claim_milestone(tx, request)
        case QualifyDay():
            return streaks.qualify_day(tx, request)
        case Credit():
            return money.credit(tx, request)
        case Debit():
            return money.debit(tx, request)
        case Transfer():
            return money.transfer(tx, request)
        case PlaceHold():
            return holds.place_hold(tx, request)
        case CaptureHold():
            return holds.capture_hold(tx, request)
        case ReleaseHold():
            return holds.release_hold(tx, request)
        case Arrive():
            return activity.arrive(tx, request)
        case Depart():
            return activity.depart(tx, request)
        case SetBalance():
            return money.set_balance(tx, request)
        case ExpireHolds():
            return expiry.expire_holds(tx, request)
        case ReleaseOrphans():
            return expiry.release_orphans(tx, request)
        case Ban():
            return people.ban(tx, request)
        case Unban():
            return people.unban(tx, request)
        case SetQuiet():
            return people.set_quiet(tx, request)
        case SetListed():
            return people.set_listed(tx, request)
        case StoreRank():
            return progress.store_rank(tx, request)
        case StoreLevel():
            return progress.store_level(tx, request)
        case SetRank():
            return progress.set_rank(tx, request)
        case Award():
            return progress.award(tx, request)
        case RainDrop():
            return distribution.rain_drop(tx, request)
        case AdminRain():
            return distribution.admin_rain(tx, request)
        case OpenEvent():
            return events.open_event(tx, request)
        case StartAdHoc():
            return events.start_adhoc(tx, request)
        case EndEvent():
            return events.end_event(tx, request)
        case MaintainBalances():
            return maintenance.maintain_balances(tx, request)
        case PayCompetitions():
            return competitions.pay_competitions(tx, request)
        case SaveCounters():
            return upkeep.save_counters(tx, request)
        case Audit():
            return upkeep.audit(tx, request)
        case ClaimJob():
            return upkeep.claim_job(tx, request)
        case FinishJob():
            return upkeep.finish_job(tx, request)
        case PruneHelpers():
            return upkeep.prune_helpers(tx, request)
        case SetReadOnly():
            return upkeep.set_read_only(tx, request)
        case Reopen():
            return upkeep.reopen(tx, request)
        case _:
            assert_never(request)
