"""The table of `storage.md` 2.1, row by row."""

import pytest

from kryten_economy.transaction_types import (
    NOTHING,
    TYPES,
    Counters,
    counters_of,
    is_multiplied,
    transaction_type,
)

EARNED = Counters(lifetime_earned_z=5, z_earned=5)
SPENT = Counters(lifetime_spent_z=5, z_spent=5)

TABLE = {
    ("earn", 5): EARNED,
    ("milestone", 5): EARNED,
    ("streak_bonus", 5): EARNED,
    ("welcome_wallet", 5): EARNED,
    ("welcome_back", 5): EARNED,
    ("rain", 5): EARNED,
    ("admin_rain", 5): EARNED,
    ("interest", 5): EARNED,
    ("decay", -5): Counters(z_spent=5),
    ("event_bonus", 5): EARNED,
    ("achievement", 5): EARNED,
    ("competition", 5): EARNED,
    ("gamble_stake", -5): Counters(lifetime_gambled_in_z=5, z_gambled_in=5),
    ("gamble_win", 5): Counters(lifetime_gambled_out_z=5, z_gambled_out=5),
    ("gamble_push", 5): Counters(lifetime_gambled_out_z=5, z_gambled_out=5),
    ("gamble_refund", 5): Counters(lifetime_gambled_in_z=-5, z_gambled_in=-5),
    ("tip_send", -5): Counters(lifetime_spent_z=5, tips_sent_z=5),
    ("tip_receive", 5): NOTHING,
    ("auction_sale", 5): NOTHING,
    ("spend", -5): SPENT,
    ("refund", 5): SPENT.negated(),
    ("bounty_create", -5): Counters(lifetime_spent_z=5),
    ("bounty_claim", 5): NOTHING,
    ("bounty_expired_refund", 5): Counters(lifetime_spent_z=-5),
    ("admin_grant", 5): EARNED,
    ("admin_deduct", -5): NOTHING,
    ("admin_adjust", 5): EARNED,
    ("admin_adjust", -5): NOTHING,
    ("admin_set_balance", 5): NOTHING,
    ("admin_set_balance", -5): NOTHING,
    ("prune", -5): NOTHING,
    ("admin_undo", 5): NOTHING,
    ("admin_undo", -5): NOTHING,
    ("admin_undo_earned", 5): EARNED,
    ("admin_undo_earned", -5): Counters(lifetime_earned_z=-5, z_earned=-5),
    ("migration", 5): NOTHING,
    ("migration", -5): NOTHING,
}


@pytest.mark.parametrize(("row", "counters"), TABLE.items(), ids=str)
def test_each_type_counts_as_the_table_says(row: tuple[str, int], counters: Counters) -> None:
    """Every type and sign raises exactly the marked counters."""
    assert counters_of(*row) == counters


def test_the_table_is_complete() -> None:
    """No type is left without a tested row for each of its signs."""
    signs = {(kind.name, sign) for kind in TYPES.values() for sign in _signs(kind.name)}
    assert signs == {(name, 1 if amount_z > 0 else -1) for name, amount_z in TABLE}


def _signs(name: str) -> list[int]:
    kind = transaction_type(name)
    return [sign for sign, may in ((1, kind.credits), (-1, kind.debits)) if may]


def test_only_the_net_part_of_a_house_win_is_earned() -> None:
    """A win earns what the request states as net; a push earns nothing (note 1)."""
    assert counters_of("gamble_win", 9, 4).lifetime_earned_z == 4
    assert counters_of("gamble_win", 9, 4).z_earned == 0
    assert counters_of("gamble_push", 9, 4).lifetime_earned_z == 0


@pytest.mark.parametrize(
    ("type_name", "trigger_id", "multiplied"),
    [
        ("earn", "presence.base", True),
        ("earn", "chat.long_message", True),
        ("earn", "content.like_current", True),
        ("earn", "social.bot_interaction", True),
        ("earn", "bridge.weekly", False),
        ("milestone", "dwell.3h", False),
        ("rain", "rain.ambient", False),
        ("tip_receive", "earn.tip", False),
    ],
)
def test_multipliers_apply_to_activity_only(
    type_name: str, trigger_id: str, multiplied: bool
) -> None:
    """Column M: presence, chat, content and social credits; rain by scheduled events only."""
    assert is_multiplied(type_name, trigger_id) is multiplied
    assert is_multiplied("rain", "rain.ambient", scheduled=True)


def test_an_unknown_type_is_a_defect() -> None:
    """A type outside the table is never booked."""
    with pytest.raises(KeyError):
        counters_of("gift", 5)
