"""What people bought and staked costs and brings what the other configuration says."""

from typing import Any

from tests.unit.whatif.made import MINUTE_MS, Made, settings

from kryten_economy.config import Settings
from kryten_economy.whatif.past import Hold, Purchase, Stake

PLAIN = settings()
SHOUT = "spend.vanity.shoutout"


def shouting(cost: int, **more: Any) -> Settings:
    return settings(vanity_shop={"shoutout": {"cost": cost, **more}})


def flipping(chance: float, **more: Any) -> Settings:
    return settings(gambling={"flip": {"win_chance": chance, **more}})


def flipped(*payouts: int) -> Made:
    """Ann flips for 10 each time; the house pays at once."""
    made = Made()
    ann = made.open("ann", 1000)
    for number, payout_z in enumerate(payouts, 1):
        made.give(ann, 10, "gambling.flip", "gamble_stake", "house")
        if payout_z:
            made.win(ann, payout_z, "gambling.flip")
        stake = Stake(number, "flip", ann, 10, payout_z, made.at_ms, {}, {"payout_z": payout_z})
        made.stakes.append(stake)
    return made


def test_a_purchase_costs_its_new_price() -> None:
    """The rank's discount is taken from the new price as it was from the old one."""
    made = Made()
    ann = made.open("ann", 2000)
    made.give(ann, 500, SHOUT)
    assert made.under(shouting(500), shouting(700)).wallets["ann"] == (1500, 1300)
    assert made.under(shouting(500), shouting(700, enabled=False)).wallets["ann"] == (1500, 2000)


def test_who_can_not_pay_the_new_price_does_without() -> None:
    """The wallet keeps its coins, and the report counts what was not bought."""
    made = Made()
    ann = made.open("ann", 600)
    made.give(ann, 500, SHOUT)
    outcome = made.under(shouting(500), shouting(601))
    assert outcome.wallets["ann"] == (100, 600)
    assert (outcome.skipped, outcome.skipped_z) == (1, 601)


def test_what_is_given_back_is_what_was_paid() -> None:
    """A film that never came: the hold gives back the new price, not the old one."""
    made = Made()
    ann = made.open("ann", 9000)
    made.give(ann, 2500, "spend.queue", to="escrow")
    placed_ms = made.at_ms
    made.back(ann, 2500, "refund.queue", after_ms=MINUTE_MS)
    made.holds = [
        Hold("film", ann, 2500, "spend", "spend.queue", placed_ms, made.at_ms, 0, "released")
    ]
    made.purchases = {"film": Purchase("queue", 600)}
    tier = {"max_minutes": 999, "label": "All", "cost": 4000}
    outcome = made.under(PLAIN, settings(spending={"queue_tiers": [tier]}))
    assert outcome.wallets["ann"] == (9000, 9000)
    assert outcome.system["escrow"] == (0, 0)
    assert outcome.paid[1]["ann", "refund.queue"] == 4000


def test_prices_follow_what_circulates_in_the_other_world() -> None:
    """With twice the coins in circulation a thing costs twice as much."""
    made = Made()
    ann, bob = made.open("ann", 1000), made.open("bob")
    made.earn(bob, 1000, "onboarding.wallet", "welcome_wallet")
    made.give(ann, 500, SHOUT)
    rising = {"enabled": True, "anchor_float": 2000, "max_multiplier": 8}
    shout = {"shoutout": {"cost": 500}}
    before = settings(inflation=rising, vanity_shop=shout, onboarding={"welcome_wallet": 1000})
    after = settings(inflation=rising, vanity_shop=shout, onboarding={"welcome_wallet": 2000})
    assert made.under(before, after).wallets["ann"] == (500, 250)


def test_a_stake_and_its_payout_stay_what_they_were() -> None:
    """Of a game that did not change the recorded outcome stands."""
    outcome = flipped(20, 0, 20).under(flipping(0.45), flipping(0.45))
    assert outcome.wallets["ann"] == (1010, 1010)


def test_another_chance_is_drawn_anew_and_the_same_seed_draws_the_same() -> None:
    """Sure to win, sure to lose, and between them as the seed says."""
    made = flipped(*[20, 0] * 20)
    assert made.under(flipping(0.45), flipping(1.0)).wallets["ann"] == (1000, 1400)
    assert made.under(flipping(0.45), flipping(0.0)).wallets["ann"] == (1000, 600)
    drawn = [made.under(flipping(0.45), flipping(0.5), seed).wallets["ann"] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_stake_is_brought_to_new_bounds() -> None:
    """At most 4 may be staked: the recorded outcome pays as much of it."""
    made = flipped(20, 0)
    assert made.under(flipping(0.45), flipping(0.45, min_wager=1, max_wager=4)).wallets["ann"] == (
        1000,
        1000,
    )
    won = flipped(20)
    after = flipping(0.45, min_wager=1, max_wager=4)
    assert won.under(flipping(0.45), after).wallets["ann"] == (1010, 1004)


def test_a_game_that_is_off_takes_and_pays_nothing() -> None:
    """Neither stake nor payout."""
    outcome = flipped(20, 0).under(flipping(0.45), flipping(0.45, enabled=False))
    assert outcome.wallets["ann"] == (1000, 1000)
    assert outcome.system["house"] == (0, 0)


def test_what_an_operator_has_set_is_set_in_both_worlds() -> None:
    """Whatever somebody had, they have so much now."""
    made = Made()
    ann = made.open("ann")
    made.earn(ann, 100, "onboarding.wallet", "welcome_wallet")
    made.set(ann, 50, 150)
    after = settings(onboarding={"welcome_wallet": 400})
    assert made.under(PLAIN, after).wallets["ann"] == (150, 150)
