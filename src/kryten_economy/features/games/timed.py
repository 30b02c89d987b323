"""What rounds share that go on for minutes or days: an end that moves, stakes that grow, a prize.

Everything works within the transaction of a game's operation.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kryten_economy.features.games import rounds
from kryten_economy.features.games.rules import GAMES, trigger_of
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.holds import (
    Captured,
    CaptureHold,
    Held,
    PlaceHold,
    Released,
    ReleaseHold,
    capture_hold,
    find_hold,
    place_hold,
    release_hold,
)
from kryten_economy.ledger.operation import Act
from kryten_economy.ledger.tx import Tx
from kryten_economy.users import UserKey

__all__ = (
    "give_prize_back",
    "hold_prize",
    "move_end",
    "own_stake",
    "raise_stake",
    "running",
    "take_prize",
)

_NEVER_MS = 100 * 365 * 86_400_000
_MOVE_END = "UPDATE game_round SET ends_at_ms = ? WHERE id = ? AND state = 'open'"


def running(tx: Tx, number: int, game: str, channel: str) -> rounds.StoredRound | None:
    """The round of this number if it is one of this game here, and neither drawn nor over."""
    known = rounds.round_of(tx, number)
    if known is None or (known.channel, known.game) != (channel, game):
        return None
    return known if known.state == "open" else None


def move_end(tx: Tx, number: int, ends_at_ms: int) -> None:
    """Have an open round end earlier or later."""
    moved = tx.run(_MOVE_END, ends_at_ms, number)
    assert moved, number


# Stakes that grow


def own_stake(held: Sequence[rounds.HeldStake], user: UserKey) -> rounds.HeldStake | None:
    """What somebody has in a round."""
    return next((each for each in held if each.stake.name == user.name), None)


def raise_stake(
    tx: Tx,
    ask: Act[Any],
    known: rounds.StoredRound,
    account: Account,
    own: rounds.HeldStake | None,
    total_z: int,
    day: str,
    data: Mapping[str, Any],
) -> None:
    """Hold ``total_z`` in place of what they had in the round, if anything."""
    number, game = known.number, known.game
    title, at_ms = f"{GAMES[game].title} {number}", ask.at_ms
    if own is not None:
        reason = f"{title}: raised"
        rounds.cancel(tx, number, game, own, reason, at_ms, day, channel=known.channel)
    rounds.hold_stake(
        tx,
        number,
        game,
        account,
        total_z,
        title,
        at_ms,
        day,
        op_id=ask.op_id,
        data=data,
    )


# A prize that somebody adds


def _prize_id(number: int) -> str:
    return f"game:{number}:prize"


def hold_prize(
    tx: Tx,
    number: int,
    game: str,
    giver: Account,
    prize_z: int,
    at_ms: int,
    day: str,
    *,
    op_id: str,
) -> None:
    """Set aside what somebody adds to a pot; that they can pay it was checked before."""
    held = place_hold(
        tx,
        PlaceHold(
            op_id,
            _prize_id(number),
            giver.user,
            prize_z,
            rounds.PURPOSE,
            "spend",
            f"{trigger_of(game)}.prize",
            f"Prize of {GAMES[game].title} {number}",
            at_ms + _NEVER_MS,
            at_ms,
            day,
        ),
    )
    assert isinstance(held, Held), held


def take_prize(tx: Tx, number: int, reason: str, at_ms: int, day: str) -> None:
    """The prize of a drawn round goes to the house, which pays it with the pot; if there is one."""
    hold = find_hold(tx, _prize_id(number))
    if hold is not None:
        ask = CaptureHold(
            f"round:{number}", hold.hold_id, hold.amount_z, "house", reason, at_ms, day
        )
        captured = capture_hold(tx, ask)
        assert isinstance(captured, Captured), captured


def give_prize_back(tx: Tx, number: int, reason: str, at_ms: int, day: str) -> Released | None:
    """The prize of a round that was called off; None if there is none."""
    hold = find_hold(tx, _prize_id(number))
    if hold is None:
        return None
    released = release_hold(
        tx, ReleaseHold(f"round:{number}", hold.hold_id, None, None, reason, at_ms, day)
    )
    assert isinstance(released, Released), released
    return released
