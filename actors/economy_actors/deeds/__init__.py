"""What an operator can cause, once for private messages and requests alike.

Each deed is one act on the books (or one swap of the settings) under an id from its cause. It
answers a value of a closed set and tells the user it concerns after the commit. Who may ask for it
is decided by the caller, and so is the line in the audit log (`audit`).
"""

from economy_actors.deeds.announce import Announced, NothingToSay, announce
from economy_actors.deeds.audit import audit
from economy_actors.deeds.bans import ban, unban
from economy_actors.deeds.cause import Cause
from economy_actors.deeds.money import (
    AdjustAnswer,
    Busy,
    Ignored,
    adjust,
    deduct,
    grant,
    set_balance,
)
from economy_actors.deeds.occasions import RainAnswer, is_event, rain, start_event, stop_event
from economy_actors.deeds.ranks import RankSet, UnknownRank, set_rank
from economy_actors.deeds.reload import Reloaded, ReloadFailed, reload

__all__ = (
    "AdjustAnswer",
    "Announced",
    "Busy",
    "Cause",
    "Ignored",
    "NothingToSay",
    "RainAnswer",
    "RankSet",
    "ReloadFailed",
    "Reloaded",
    "UnknownRank",
    "adjust",
    "announce",
    "audit",
    "ban",
    "deduct",
    "grant",
    "is_event",
    "rain",
    "reload",
    "set_balance",
    "set_rank",
    "start_event",
    "stop_event",
    "unban",
)
