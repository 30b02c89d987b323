"""A small actor runtime on anyio: mailboxes, supervision, asks with deadlines, passivation.

Promises: one message at a time per actor, in order; every open reply is completed; everything
is bounded; a failing actor is restarted behind the same ref by its supervisor. Delivery is at
most once and inside one process. It knows nothing of the economy and runs on asyncio and trio.
"""

from economy_actors.runtime.actor import (
    Actor,
    Ended,
    Ref,
    Strategy,
    Supervision,
    Timer,
    current_trace,
)
from economy_actors.runtime.mailbox import (
    ActorGone,
    AskCycle,
    AskExpired,
    AskFailed,
    Escalated,
    MailboxFull,
    Reply,
    RootFailed,
    RuntimeFault,
    TooManyRequests,
)
from economy_actors.runtime.observer import (
    HANDLING_BUCKETS_S,
    ClassStats,
    DeadLetterReason,
    Observer,
)
from economy_actors.runtime.system import ActorSystem, DrainReport, open_system

__all__ = (
    "HANDLING_BUCKETS_S",
    "Actor",
    "ActorGone",
    "ActorSystem",
    "AskCycle",
    "AskExpired",
    "AskFailed",
    "ClassStats",
    "DeadLetterReason",
    "DrainReport",
    "Ended",
    "Escalated",
    "MailboxFull",
    "Observer",
    "Ref",
    "Reply",
    "RootFailed",
    "RuntimeFault",
    "Strategy",
    "Supervision",
    "Timer",
    "TooManyRequests",
    "current_trace",
    "open_system",
)
