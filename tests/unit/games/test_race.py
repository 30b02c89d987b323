"""The rules of the race: who wins, what it pays, how its picture is drawn (`gambling.md` 7)."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ledger.acts import SETTINGS

from kryten_economy.config import Settings
from kryten_economy.dice import Dice
from kryten_economy.features.games.fairness import FairDice
from kryten_economy.features.games.race import texts
from kryten_economy.features.games.race.rules import (
    DRIVERS,
    RACE,
    TRAITS,
    Course,
    Runner,
    lineup,
    payouts,
    race_id,
)
from kryten_economy.features.games.race.timeline import cutoff_s, moments, timeline
from kryten_economy.features.games.rules import GAMES, Stake
from kryten_economy.refusals import AMOUNT_MAX_Z

SHIPPED = SETTINGS.gambling.race
COLORS = [racer.color for racer in SHIPPED.odds_profiles[0].racers]


def course(seed: int = 1, **changes: object) -> Course:
    return lineup(SHIPPED, Dice(seed))._replace(**changes)  # type: ignore[arg-type]


def two(mode: str = "pool", rake: str = "0.05", live: bool = False) -> Course:
    runners = (
        Runner("Blue", "🔵", "", "steady", "0.75"),
        Runner("Red", "🔴", "", "steady", "0.25"),
    )
    return course(runners=runners, mode=mode, rake=rake, live=live)


@given(st.integers(0, 2**40))
def test_a_lineup_deals_names_and_traits(seed: int) -> None:
    """No driver drives twice, and every trait is dealt before one comes again."""
    dealt = lineup(SHIPPED, Dice(seed)).runners
    names = [each.name for each in dealt]
    assert len(set(names)) == len(names)
    assert set(names) <= set(DRIVERS)
    assert {each.trait for each in dealt[: len(TRAITS)]} == set(TRAITS)


def test_the_pool_of_drivers_is_large_enough() -> None:
    """There are at least 48 of them, all different."""
    assert len(set(DRIVERS)) == len(DRIVERS) >= 48


def test_names_and_traits_can_be_off_and_added() -> None:
    """Without traits all are steady, without names there is none, and extra ones join the pool."""
    changed = SHIPPED.model_copy(
        update={
            "traits": SHIPPED.traits.model_copy(update={"enabled": False}),
            "racer_names": SHIPPED.racer_names.model_copy(update={"enabled": False}),
        }
    )
    assert {(each.name, each.trait) for each in lineup(changed, Dice(3)).runners} == {
        ("", "steady")
    }
    extra = SHIPPED.racer_names.model_copy(update={"extra_names": ("My\nCar", *"abcdefgh")})
    more = SHIPPED.model_copy(update={"racer_names": extra})
    found = {each.name for seed in range(200) for each in lineup(more, Dice(seed)).runners}
    assert "My Car" in found


def test_terms_outlive_their_storing() -> None:
    """What is read from the books is the race that was opened."""
    opened = course()
    assert Course.of(json.loads(json.dumps(opened.as_terms()))) == opened


def test_colours_are_found_as_people_type_them() -> None:
    """Any casing, any spaces, and the emoji with or without its sign of colour."""
    known = course()
    for typed in ("blue", " BLUE ", "🔵", "🔵\ufe0f"):
        runner = known.runner(typed)
        assert runner is not None
        assert runner.color == "Blue"
    assert known.runner("mauve") is None
    assert known.runner("") is None


def test_odds_are_one_over_the_chance() -> None:
    """With one decimal."""
    assert [each.odds for each in two().runners] == ["1.3x", "4.0x"]


def test_the_winner_follows_from_the_first_draw() -> None:
    """Who knows the seed can work out who wins, with the numbers that are shown."""
    terms = two().as_terms()
    for number in range(50):
        seed, public = "ab" * 32, f"lounge/{number}"
        outcome = RACE.draw(FairDice(seed, public), terms, (), "")
        first = FairDice(seed, public).roll()
        assert outcome["winner"] == ("Blue" if first < 0.75 else "Red")
        assert RACE.draw(FairDice(seed, public), terms, (), "") == outcome


def test_winners_come_as_often_as_their_chances_say() -> None:
    """Chi-square over 20,000 races: 7 degrees of freedom stay below 24.3 but once in a thousand."""
    terms, dice, counts = course(4).as_terms(), Dice(11), dict.fromkeys(COLORS, 0)
    for _ in range(20_000):
        counts[RACE.draw(dice, terms, (), "")["winner"]] += 1
    expected = {each.color: 20_000 * float(each.chance) for each in Course.of(terms).runners}
    square = sum((counts[color] - mean) ** 2 / mean for color, mean in expected.items())
    assert square < 24.3


# Payouts

_BETS = st.lists(st.tuples(st.sampled_from(COLORS), st.integers(1, 10**6)), max_size=20)


@given(_BETS, st.sampled_from(COLORS), st.floats(0, 1))
def test_the_pool_is_shared_and_no_winner_loses(
    bets: list[tuple[str, int]], winner: str, rake: float
) -> None:
    """No winning bet pays less than itself, losers get nothing, and the house adds nothing."""
    paid = payouts(course(rake=str(rake)), winner, bets)
    pool_z, backed_z = sum(bet for _, bet in bets), sum(b for c, b in bets if c == winner)
    for (color, bet_z), payout_z in zip(bets, paid, strict=True):
        assert payout_z >= bet_z if color == winner else payout_z == 0
    assert sum(paid) <= pool_z
    if backed_z:
        rake_z = min(int(pool_z * Fraction(str(rake))), pool_z - backed_z)
        assert 0 <= pool_z - rake_z - sum(paid) < len(bets)


def test_who_backs_the_winner_alone_with_all_others_gets_the_stake_back() -> None:
    """The rake is never taken from a pool of winners only (P-GAM-15)."""
    assert payouts(two(rake="0.5"), "Red", [("Red", 10), ("Red", 33)]) == [10, 33]
    assert payouts(two(rake="0.05"), "Red", [("Red", 100), ("Blue", 100)]) == [190, 0]
    assert payouts(two(), "Red", [("Blue", 100)]) == [0]


def test_fixed_odds_pay_by_the_chance() -> None:
    """Bet by 1 / chance, less the rake, rounded down."""
    bets = [("Red", 33), ("Blue", 10)]
    assert payouts(two("fixed"), "Red", bets) == [125, 0]
    assert payouts(two("fixed"), "Blue", bets) == [0, 12]
    assert payouts(two("fixed"), "Red", [("Red", AMOUNT_MAX_Z)]) == [AMOUNT_MAX_Z]


def _with(**changes: object) -> Settings:
    race = SHIPPED.model_copy(update=changes)
    gambling = SETTINGS.gambling.model_copy(update={"race": race})
    return SETTINGS.model_copy(update={"gambling": gambling})


def test_the_edge_of_both_modes_is_known() -> None:
    """The pool returns all but the rake; at fixed odds each profile by what its chances make."""
    [pool] = GAMES["race"].edges(_with())
    assert pool.expected == Fraction("0.95")
    fixed = GAMES["race"].edges(_with(odds_mode="fixed", house_rake_pct=0.1))
    assert [each.expected for each in fixed] == [Fraction("0.9")] * 3


@pytest.mark.parametrize("mode", ["pool", "fixed"])
def test_what_bets_are_worth_adds_up(mode: str) -> None:
    """The mean and the spread of a race are those of all its outcomes, by their chances."""
    known, bets = two(mode), [("Red", 30), ("Blue", 50), ("Red", 7)]
    stakes = [Stake(str(i), str(i), z, {"color": color}) for i, (color, z) in enumerate(bets)]
    assert RACE.pay is not None
    paid = RACE.pay(known.as_terms(), {"winner": "Red", "pace": 1}, stakes)
    sums = {color: sum(payouts(known, color, bets)) for color in ("Blue", "Red")}
    mean = Fraction(3, 4) * sums["Blue"] + Fraction(1, 4) * sums["Red"]
    square = Fraction(3, 4) * sums["Blue"] ** 2 + Fraction(1, 4) * sums["Red"] ** 2
    prospects = [each.prospect for each in paid]
    assert None not in prospects
    worth = [
        (z * p.mean, z * z * p.variance) for (_, z), p in zip(bets, prospects, strict=True) if p
    ]
    assert sum(one for one, _ in worth) == mean
    assert sum(one for _, one in worth) == square - mean * mean
    assert {each.among_players for each in paid} == {mode == "pool"}


def test_races_with_late_bets_say_nothing_of_the_dice() -> None:
    """Whoever bets during the race knows something: such a race is left out of the comparison."""
    assert RACE.pay is not None
    stakes = [Stake("a", "A", 10, {"color": "Red"})]
    [paid] = RACE.pay(two(live=True).as_terms(), {"winner": "Red", "pace": 1}, stakes)
    assert paid.prospect is None


# The picture


@given(
    st.integers(0, 2**40),
    st.sampled_from(COLORS),
    st.floats(0, 1),
    st.floats(0.5, 60),
    st.floats(0.05, 3),
)
def test_only_the_winner_reaches_the_finish_in_the_last_frame(
    pace: int, winner: str, closeness: float, duration_s: float, frame_s: float
) -> None:
    """Curves begin at 0 and never go back; the others end where closeness lets them."""
    known = course(pace, closeness=closeness, duration_s=duration_s, frame_s=frame_s)
    outcome = {"winner": winner, "pace": pace}
    run = timeline(known, outcome)
    assert run == timeline(known, outcome)
    assert len(run.frames) >= 9
    assert set(run.frames[0]) == {0.0}
    low, high = 70 + 18 * closeness, 90 + 9 * closeness
    for runner, curve in zip(known.runners, zip(*run.frames, strict=True), strict=True):
        assert list(curve) == sorted(curve)
        if runner.color == winner:
            assert curve[-1] == 100
            assert curve[-2] < 100
        else:
            assert low - 0.01 <= curve[-1] <= high + 0.01


def test_the_picture_has_as_many_frames_as_asked_for_and_fits_the_bus() -> None:
    """By duration and interval; a very long race has longer frames and ends in time."""
    outcome = {"winner": "Blue", "pace": 5}
    run = timeline(course(), outcome)
    assert (len(run.frames), run.frame_s, run.duration_s) == (108, 0.3, 32.1)
    long = timeline(course(duration_s=3600.0, frame_s=0.01), outcome)
    assert long.duration_s == pytest.approx(3600)
    assert len(json.dumps(long.frames)) < 500_000


@given(st.integers(0, 2**40), st.floats(0.01, 1))
def test_bets_end_when_the_leader_has_come_so_far(pace: int, cutoff: float) -> None:
    """Until then nobody has; without live betting they end at once."""
    known = course(pace, live=True, cutoff=cutoff)
    run = timeline(known, {"winner": "Blue", "pace": pace})
    place = round(cutoff_s(known, run) / run.frame_s)
    assert max(run.frames[place]) >= 100 * cutoff
    assert max(run.frames[place - 1]) < 100 * cutoff
    assert cutoff_s(known._replace(live=False), run) == 0


@given(st.integers(0, 2**40), st.floats(0, 1), st.floats(1, 60))
def test_the_web_hears_few_lines_in_order(pace: int, events: float, duration_s: float) -> None:
    """At most nine and the winner's call, from the start on, the last straight two steps before."""
    known = course(pace, events=events, duration_s=duration_s)
    run = timeline(known, {"winner": "Red", "pace": pace})
    told = moments(known, run, Dice(pace))
    pools = texts.pools_of(SHIPPED.commentary)
    lines = texts.commentary(known, told, pools, "Red wins", run.duration_s, Dice(pace))
    times = [line["t"] for line in lines]
    assert times == sorted(times)  # type: ignore[type-var]
    assert times[0] == 0
    assert len(lines) <= 10
    assert lines[-1] == {"t": run.duration_s, "text": "Red wins"}
    assert times[-2] == pytest.approx((len(run.frames) - 3) * run.frame_s, abs=0.01)
    assert all(line["text"] for line in lines)


def test_a_race_has_an_id_of_twelve_hex_digits() -> None:
    """Another one for each channel, number and opening."""
    ids = {race_id(*key) for key in [("Lounge", 1, 5), ("Lounge", 2, 5), ("Bar", 1, 5)]}
    ids.add(race_id("Lounge", 1, 6))
    assert len(ids) == 4
    assert all(len(each) == 12 and int(each, 16) >= 0 for each in ids)
    assert race_id("lounge", 1, 5) == race_id("Lounge", 1, 5)


# The words


@given(st.integers(0, 2**40))
def test_the_headline_always_names_the_winners_colour(seed: int) -> None:
    """Also when every line that could be chosen forgets it, or hides it in another word."""
    winner = Runner("Red", "🔴", "Turbo Tortoise", "steady", "0.2")
    forgetful = {"finish": ("Incredible! {name} wins!", "It is over.", "{broken")}
    assert "Red" in texts.headline(winner, forgetful, Dice(seed)).split()
    built_in = texts.pools_of(SHIPPED.commentary)
    assert "Red" in texts.headline(winner, built_in, Dice(seed))


def test_placeholders_are_taken_in_all_their_names() -> None:
    """Colour, driver and emoji under every alias, in any casing; what is unknown is empty."""
    winner = Runner("Red", "🔴", "Turbo Tortoise", "steady", "0.2")
    line = "{RACER} {horse} {Car} {driver} {racer_name} {icon}{what}!"
    told = texts.headline(winner, {"finish": (line,)}, Dice(1))
    assert told == "🏁 Red Red Red Turbo Tortoise Turbo Tortoise 🔴!"
    nameless = winner._replace(name="")
    assert texts.headline(nameless, {"finish": ("{driver}",)}, Dice(1)) == "🏁 Red"


def test_own_lines_join_the_pools() -> None:
    """Those of the configuration of this moment, beside the built-in ones (P-TXT-6)."""
    own = SHIPPED.commentary.model_copy(update={"custom_finish_lines": ("Hooray {racer}",)})
    assert "Hooray {racer}" in texts.pools_of(own)["finish"]
    assert "Hooray {racer}" not in texts.pools_of(SHIPPED.commentary)["finish"]


@pytest.mark.slow
def test_a_million_bets_return_what_the_edge_says() -> None:
    """At fixed odds, on all colours by turns: within four standard errors of the mean."""
    known = course(5, mode="fixed", rake="0.05", live=False)
    terms, dice, bet_z, bets = known.as_terms(), Dice(12), 1_000_000, 1_000_000
    pays = {
        each.color: payouts(known, each.color, [(each.color, bet_z)])[0] for each in known.runners
    }
    chances = [(each.color, float(each.chance)) for each in known.runners]
    paid_z = square = 0
    for number in range(bets):
        color = COLORS[number % len(COLORS)]
        payout_z = pays[color] if dice.weighted(chances) == color else 0
        paid_z += payout_z
        square += payout_z**2
    mean = paid_z / bets
    error = ((square / bets - mean * mean) / bets) ** 0.5
    [edge] = {each.expected for each in GAMES["race"].edges(_with(odds_mode="fixed"))}
    assert abs(mean - bet_z * float(edge)) < 4 * error
    assert RACE.draw(Dice(12), terms, (), "")["winner"] == Dice(12).weighted(chances)
