"""What waited for somebody: challenges, bounties and requests that an operator decides on.

The old service had taken the money when they were made. Here it lies in the channel's escrow, in
a hold of each, and goes on from there: what is overdue is given back at the first start.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from kryten_economy.features.approvals import APPROVAL_PURPOSE
from kryten_economy.features.bounties.operations import BOUNTY_PURPOSE
from kryten_economy.features.games.challenge.operations import CHALLENGE
from kryten_economy.features.games.rounds import PURPOSE as GAME_PURPOSE
from kryten_economy.features.queue.settling import FORCE_PLAY
from kryten_economy.features.vanity.rules import GIF
from kryten_economy.ledger.channels import SystemKind
from kryten_economy.migration.people import Person
from kryten_economy.migration.values import Cell, day_of, json_text, moment_ms, text, whole
from kryten_economy.migration.work import Work
from kryten_economy.refusals import AMOUNT_MAX_Z
from kryten_economy.text.templates import thousands

__all__ = ("copy_waiting",)

_NEVER_MS: Final = 100 * 365 * 86_400_000
_HOLD = """
    INSERT INTO hold (
        id, channel_id, account_id, amount_z, purpose, type, trigger_id, refund_type,
        refund_trigger, reason, day, placed_at_ms, expires_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SEED = "INSERT INTO fair_seed (channel_id, day, seed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_ROUND = """
    INSERT INTO game_round (id, channel_id, game, day, state, terms, opened_at_ms)
    VALUES (?, ?, 'challenge', ?, 'open', ?, ?)
"""
_STAKE = "INSERT INTO game_stake (round_id, account_id, stake_z, hold_id) VALUES (?, ?, ?, ?)"
_BOUNTY = """
    INSERT INTO bounty (
        id, channel_id, account_id, hold_id, description, created_at_ms, expires_at_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_APPROVAL = """
    INSERT INTO approval (id, channel_id, account_id, type, data, hold_id, created_at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_PURCHASE = """
    INSERT INTO purchase (
        id, channel_id, account_id, action, media_type, media_id, title, seconds, price_z,
        hold_id, approval_id, state, day, bought_at_ms
    ) VALUES (?, ?, ?, 'forcenow', ?, ?, ?, ?, ?, ?, ?, 'asked', ?, ?)
"""
_UNKNOWN_LENGTH_S = 1
"""The old service kept no length of a film that was to be forced in; its price is paid."""

_NUMBERS_FROM = """
    INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)
"""
_NUMBERS_ON = "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1"


class _Hold(NamedTuple):
    """Money that waits; ``taken_by`` is where the old ledger has it."""

    id: str
    amount_z: int
    purpose: str
    type: str
    trigger_id: str
    refund_type: str
    refund_trigger: str
    reason: str
    at_ms: int
    taken_by: SystemKind


def copy_waiting(work: Work) -> None:
    """Everything of this page. Numbers stay, and none that was given out before comes again."""
    work.target.begin("import:held", work.now_ms)
    work.report.written["open challenges"] = _copy_challenges(work)
    work.report.written["open bounties"] = _copy_bounties(work)
    work.report.written["pending approvals"] = _copy_approvals(work)


def _waiting(
    work: Work, table: str, user: str, amount: str, state: str, columns: tuple[str, ...]
) -> Iterator[tuple[int, Person, int, tuple[Cell, ...]]]:
    """The rows of a table in a state, with number, owner and amount; the others are history."""
    highest = past = 0
    open_rows = 0
    wanted = ("id", amount, "status", *columns)
    for person, (id_, cell, status, *cells) in work.rows(table, wanted, user=user):
        number = whole(id_) or 0
        highest = max(highest, number)
        if text(status) != state:
            past += 1
            continue
        open_rows += 1
        amount_z = whole(cell)
        if not number or amount_z is None or not 0 < amount_z <= AMOUNT_MAX_Z:
            work.report.tell(f"{table} that can't wait on, left out", f"{id_}: {cell!r} Z")
            continue
        yield number, person, amount_z, tuple(cells)
    work.report.pass_over(f"{table} that are over: only their money is in the ledger", past)
    _tell_lost(work, table, user, amount, state)
    ours = {"pending_challenges": "game_round", "bounties": "bounty"}.get(table, "approval")
    work.target.run(_NUMBERS_FROM, ours, highest)
    work.target.run(_NUMBERS_ON, ours, highest)


def _tell_lost(work: Work, table: str, user: str, amount: str, state: str) -> None:
    """Money that waits for somebody who has no account is owed to nobody we know."""
    for username, channel, status, cell in work.source.rows(
        table, (user, "channel", "status", amount), "id"
    ):
        if text(status) == state and work.people.find(username, channel) is None:
            work.report.tell(
                f"{table} of somebody without an account, left out",
                f"{text(channel)}/{text(username)}: {thousands(whole(cell) or 0)} Z",
            )


def _hold(work: Work, person: Person, hold: _Hold) -> None:
    """Set money aside that a wallet has paid before."""
    channel = work.target.channels[person.channel]
    work.target.run(
        _HOLD,
        hold.id,
        channel.id,
        person.id,
        hold.amount_z,
        hold.purpose,
        hold.type,
        hold.trigger_id,
        hold.refund_type,
        hold.refund_trigger,
        hold.reason,
        day_of(hold.at_ms),
        hold.at_ms,
        hold.at_ms + _NEVER_MS,
    )
    taken_by = channel.system(hold.taken_by)
    work.target.move(channel, taken_by, channel.escrow, hold.amount_z, hold.reason, work.now_ms)


# Challenges


def _copy_challenges(work: Work) -> int:
    count = 0
    columns = ("target", "channel", "created_at", "expires_at")
    for number, person, stake_z, (against, channel, at, until) in _waiting(
        work, "pending_challenges", "challenger", "wager", "pending", columns
    ):
        target = work.people.find(against, channel)
        names = (person.name, person.display_name)
        others = (
            (text(against).lower(), text(against))
            if target is None
            else (target.name, target.display_name)
        )
        at_ms = moment_ms(at) or work.now_ms
        terms = {
            "challenger": names[0],
            "target": others[0],
            "names": [names[1], others[1]],
            "stake_z": stake_z,
            "rake": str(work.settings.gambling.challenge.rake_percent),
            "expires_at_ms": moment_ms(until) or at_ms,
        }
        _open_round(work, number, person, terms, at_ms)
        count += 1
    return count


def _open_round(
    work: Work, number: int, person: Person, terms: Mapping[str, object], at_ms: int
) -> None:
    """A round of today: the seed of an earlier day may be known to everybody."""
    stake_z = terms["stake_z"]
    assert isinstance(stake_z, int)
    day, channel_id = day_of(work.now_ms), work.target.channels[person.channel].id
    work.target.run(_SEED, channel_id, day, secrets.token_hex(32))
    work.target.run(_ROUND, number, channel_id, day, json.dumps(terms), at_ms)
    trigger_id = f"gambling.{CHALLENGE.name}"
    hold = _Hold(
        f"game:{number}:{person.name}",
        stake_z,
        GAME_PURPOSE,
        CHALLENGE.held_as,
        trigger_id,
        "gamble_refund",
        f"{trigger_id}.refund",
        f"Challenge {number}",
        at_ms,
        "house",
    )
    _hold(work, person, hold)
    work.target.run(_STAKE, number, person.id, stake_z, hold.id)


# Bounties


def _copy_bounties(work: Work) -> int:
    count = 0
    columns = ("description", "created_at", "expires_at")
    for number, person, amount_z, (about, at, until) in _waiting(
        work, "bounties", "creator", "amount", "open", columns
    ):
        at_ms, description = moment_ms(at) or work.now_ms, text(about) or "(no description)"
        hold = _Hold(
            f"bounty:import:{number}",
            amount_z,
            BOUNTY_PURPOSE,
            "bounty_create",
            "bounty.create",
            "bounty_expired_refund",
            "bounty.create.refund",
            f'Bounty "{description}"',
            at_ms,
            "sink",
        )
        _hold(work, person, hold)
        channel_id = work.target.channels[person.channel].id
        ends_ms = moment_ms(until) or at_ms + _NEVER_MS
        work.target.run(
            _BOUNTY, number, channel_id, person.id, hold.id, description, at_ms, ends_ms
        )
        count += 1
    return count


# Approvals


def _copy_approvals(work: Work) -> int:
    count = 0
    for number, person, cost_z, (type_, data, at) in _waiting(
        work, "pending_approvals", "username", "cost", "pending", ("type", "data", "created_at")
    ):
        about = _about(data)
        at_ms = moment_ms(at) or work.now_ms
        if text(type_) == GIF and isinstance(about.get("gif_url"), str):
            _open_approval(work, number, person, cost_z, GIF, about, at_ms)
        elif text(type_) == FORCE_PLAY and about.get("media_ext_id"):
            _open_force_play(work, number, person, cost_z, about, at_ms)
        else:
            work.report.tell(
                "pending_approvals of no known kind, left out",
                f"{number}: {text(type_)} of {person.channel}/{person.display_name},"
                f" {thousands(cost_z)} Z paid",
            )
            continue
        count += 1
    return count


def _about(data: Cell) -> Mapping[str, Any]:
    found = json.loads(json_text(data) or "{}")
    return found if isinstance(found, dict) else {}


def _open_approval(
    work: Work,
    number: int,
    person: Person,
    cost_z: int,
    type_: str,
    data: Mapping[str, object],
    at_ms: int,
) -> str:
    force_play = type_ == FORCE_PLAY
    hold = _Hold(
        f"approval:import:{number}",
        cost_z,
        APPROVAL_PURPOSE,
        "spend",
        "spend.forcenow" if force_play else "spend.vanity.channel_gif",
        "refund",
        "refund.force_play_rejected" if force_play else "refund.gif_rejected",
        "Force-play" if force_play else "Channel GIF",
        at_ms,
        "sink",
    )
    _hold(work, person, hold)
    channel_id = work.target.channels[person.channel].id
    work.target.run(
        _APPROVAL, number, channel_id, person.id, type_, json.dumps(data), hold.id, at_ms
    )
    return hold.id


def _open_force_play(
    work: Work, number: int, person: Person, cost_z: int, about: Mapping[str, object], at_ms: int
) -> None:
    """A film that an operator was asked for; it goes on the list when they say yes."""
    purchase_id, media_id = f"import:approval:{number}", text(about["media_ext_id"])
    media_type, title = text(about.get("media_type")) or "yt", text(about.get("title")) or media_id
    film = {
        "purchase_id": purchase_id,
        "title": title,
        "media_type": media_type,
        "media_id": media_id,
        "seconds": _UNKNOWN_LENGTH_S,
    }
    hold_id = _open_approval(work, number, person, cost_z, FORCE_PLAY, film, at_ms)
    work.target.run(
        _PURCHASE,
        purchase_id,
        work.target.channels[person.channel].id,
        person.id,
        media_type,
        media_id,
        title,
        _UNKNOWN_LENGTH_S,
        cost_z,
        hold_id,
        number,
        day_of(at_ms),
        at_ms,
    )
