"""Ranks and achievements: what was reached is stored once (`progression.md` 1, 2)."""

import json
from fractions import Fraction

from kryten_economy.ledger.answers import Answer, Awarded, RankStored
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.posting import Line, has_room, is_amount, post
from kryten_economy.ledger.progress_requests import Award, SetRank, StoreLevel, StoreRank
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import Banned, InvalidAmount, NoAccount

__all__ = ("award", "set_rank", "store_level", "store_rank")

_STORE = """
    UPDATE account SET rank_name = ?2, rank_held_from_z = NULL
    WHERE id = ?1 AND rank_name = ?3 AND rank_held_from_z IS ?4
"""
_SET = """
    UPDATE account SET
        rank_name = ?2, rank_held_from_z = CASE WHEN ?3 THEN lifetime_earned_z END
    WHERE id = ?1
"""
_LEVEL = "UPDATE account SET cytube_level = ?2 WHERE id = ?1 AND cytube_level < ?2"
_WIN = """
    INSERT INTO achievement (account_id, achievement_id, awarded_at_ms) VALUES (?, ?, ?)
    ON CONFLICT DO NOTHING
"""


def store_rank(tx: Tx, request: StoreRank) -> Answer:
    """Store a rank unless somebody else has stored one since; so a promotion is told once."""
    found = tx.find(request.user, request.day)
    if found is None:
        return NoAccount(request.user)
    holder = found[1]
    tx.sql.run(
        _STORE, holder.account_id, request.rank_name, request.was_name, request.was_held_from_z
    )
    if tx.sql.changed() != 1:
        return RankStored(False, holder.facts)
    if request.promoted:
        tx.journal.count("rank_promotions_total")
    facts = holder.facts._replace(rank_name=request.rank_name, rank_held_from_z=None)
    return RankStored(True, facts)


def set_rank(tx: Tx, request: SetRank) -> Answer:
    """An admin's setting, or the end of one."""
    found = tx.find(request.user, request.day)
    if found is None:
        return NoAccount(request.user)
    holder = found[1]
    tx.sql.run(_SET, holder.account_id, request.rank_name, request.held)
    from_z = holder.facts.lifetime_earned_z if request.held else None
    facts = holder.facts._replace(rank_name=request.rank_name, rank_held_from_z=from_z)
    return RankStored(True, facts)


def store_level(tx: Tx, request: StoreLevel) -> Answer:
    """The level CyTube has confirmed."""
    found = tx.find(request.user, request.day)
    if found is None:
        return NoAccount(request.user)
    holder = found[1]
    tx.sql.run(_LEVEL, holder.account_id, request.level)
    changed = tx.sql.changed() == 1
    if changed:
        tx.journal.count("cytube_promotions_total")
    level = max(request.level, holder.facts.cytube_level)
    return RankStored(changed, holder.facts._replace(cytube_level=level))


def award(tx: Tx, request: Award) -> Answer:
    """Award and reward in one; who has it already gets nothing."""
    return once(tx, request, request.user.channel, _award, _retell)


def _award(tx: Tx, request: Award) -> Kept | Answer:
    found = tx.find(request.user, request.day)
    if found is None:
        return NoAccount(request.user)
    channel, holder = found
    if holder.facts.banned:
        return Banned(request.user)
    reward_z = _reward(request, holder.facts.lifetime_earned_z)
    if reward_z and not (
        is_amount(reward_z)
        and has_room(holder, reward_z)
        and tx.journal.fits(channel.mint, -reward_z)
    ):
        return InvalidAmount(reward_z)
    tx.sql.run(_WIN, holder.account_id, request.achievement_id, request.at_ms)
    if tx.sql.changed() != 1:
        return Awarded(request.achievement_id, 0, False, holder.facts)
    tx.journal.count("achievements_awarded_total")
    if reward_z:
        line = Line(
            "achievement",
            f"achievement.{request.achievement_id}",
            f"Achievement: {request.description}",
            request.at_ms,
            request.day,
            metadata=_share(request, holder.facts.lifetime_earned_z),
        )
        holder, _ = post(tx, holder, reward_z, channel.mint, line)
    answer = Awarded(request.achievement_id, reward_z, True, holder.facts)
    return Kept(answer, [reward_z, money_of(holder.facts)])


def _reward(request: Award, lifetime_earned_z: int) -> int:
    # Through its text a percentage is the number that stands in the file (P-MON-14).
    percent = Fraction(str(request.reward_percent))
    if percent > 0:
        return max(1, int(lifetime_earned_z * percent / 100))
    return request.reward_z


def _share(request: Award, lifetime_earned_z: int) -> str | None:
    """What the reward was a part of; None where it was a fixed one."""
    if request.reward_percent <= 0:
        return None
    return json.dumps({"percent": request.reward_percent, "of": lifetime_earned_z})


def _retell(tx: Tx, request: Award, memo: Memo) -> Answer:
    reward_z, money = memo
    wallet = wallet_then(tx, request.user, request.day, money)
    return Awarded(request.achievement_id, reward_z, True, wallet, replayed=True)
