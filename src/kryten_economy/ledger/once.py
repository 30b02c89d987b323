"""Once per id: an operation that was done answers what it answered, and moves nothing.

The content of a request is everything but its id, its times, who happened to be there and what
only decorates it; a known id with other content is a Conflict. A refused operation did not
happen: its id stays free. A read-only channel refuses everything that was not done before.

With each operation a memo of its money facts is kept. A repetition is told from it; the
profile around the money (name, rank, last seen) is read as it is now.
"""

import json
from collections.abc import Callable
from dataclasses import fields
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic_core import to_json

from kryten_economy.ledger.answers import Answer, Wallet
from kryten_economy.ledger.requests import MoneyRequest
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import Conflict, ReadOnly
from kryten_economy.users import UserKey

__all__ = ("Kept", "Memo", "money_of", "once", "wallet_then")

Memo = list[Any]
"""JSON values; what they are is known to the act that wrote them."""

_ATTEMPT = frozenset({"op_id", "at_ms", "day", "display_name", "expires_at_ms", "present"})
_CONTENT = {
    kind: attrgetter(*(field.name for field in fields(kind) if field.name not in _ATTEMPT))
    for kind in get_args(MoneyRequest)
}

R = TypeVar("R", bound=MoneyRequest)


class Kept(NamedTuple):
    """The answer of an act that was done, and the memo to tell it again from."""

    answer: Answer
    memo: Memo


def once(
    tx: Tx,
    request: R,
    channel: str,
    act: Callable[[Tx, R], Kept | Answer],
    retell: Callable[[Tx, R, Memo], Answer],
) -> Answer:
    """Do ``act`` unless its id was done before.

    An act answers Kept for what it did, and anything else only if it moved nothing.
    """
    kind = type(request)
    digest = blake2b(repr(_CONTENT[kind](request)).encode(), digest_size=16).digest()
    done = tx.journal.find(request.op_id)
    if done is not None:
        if (done.kind, done.digest) != (kind.__name__, digest):
            return Conflict(request.op_id)
        return retell(tx, request, json.loads(done.memo))
    known = tx.channels.find(channel)
    if known is not None and known.read_only is not None:
        return ReadOnly(channel, known.read_only)
    result = act(tx, request)
    if not isinstance(result, Kept):
        assert not tx.journal.moving, (request, result)
        return result
    memo = to_json(result.memo).decode()
    tx.journal.finish(request.op_id, kind.__name__, digest, memo, request.at_ms)
    return result.answer


def money_of(wallet: Wallet) -> Memo:
    """The money facts of a wallet, for a memo."""
    return list(wallet[2:7])


def wallet_then(tx: Tx, user: UserKey, day: str, money: Memo) -> Wallet:
    """The wallet as it is now, with the money facts of then."""
    found = tx.find(user, day)
    assert found is not None, user
    now = found[1].facts
    return Wallet._make((*now[:2], *money, *now[7:]))
