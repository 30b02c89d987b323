"""The rules of blackjack, and what it pays."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.games.ends import ends_of_basic_strategy
from tests.unit.ledger.acts import SETTINGS

from kryten_economy.dice import Dice
from kryten_economy.features.games.blackjack import rules
from kryten_economy.features.games.blackjack.rules import (
    BLACKJACK,
    DECK,
    advice,
    deck_of,
    play,
    prospect,
    total,
)
from kryten_economy.features.games.fairness import FairDice
from kryten_economy.features.games.rules import Stake

SEED = "0123456789abcdef" * 4


def stacked(player: str, dealer: str, then: str = "") -> tuple[str, ...]:
    """A deck that deals these cards first, whatever their suits."""
    (first, second), (up, hole) = player.split(), dealer.split()
    ranks = [first, up, second, hole, *then.split()]
    return tuple(f"{rank}♠" for rank in ranks)


def ended(player: str, dealer: str, moves: str, then: str = "", *, h17: bool = True) -> str:
    return play(stacked(player, dealer, then), moves.split(), hits_soft_17=h17).end


@pytest.mark.parametrize(
    ("cards", "points", "soft"),
    [
        ("A K", 21, True),
        ("A A", 12, True),
        ("A 6", 17, True),
        ("A 6 10", 17, False),
        ("J Q", 20, False),
        ("2 3", 5, False),
        ("A A A A 7 10", 21, False),
        ("K Q 2", 22, False),
    ],
)
def test_what_cards_are_worth(cards: str, points: int, soft: bool) -> None:
    """Pictures count 10, an ace 11 as long as that does not bust."""
    assert total(f"{each}♠" for each in cards.split()) == (points, soft)


def test_a_deck_is_the_whole_one_and_the_same_again() -> None:
    """All 52 cards, in the order that seed and round give."""
    deck = deck_of(FairDice(SEED, "lounge/7"))
    assert sorted(deck) == sorted(DECK)
    assert len(set(DECK)) == 52
    assert deck == deck_of(FairDice(SEED, "lounge/7"))
    assert deck != deck_of(FairDice(SEED, "lounge/8"))


@pytest.mark.parametrize(
    ("player", "dealer", "moves", "then", "end"),
    [
        ("A K", "9 7", "", "", "natural"),
        ("A K", "A Q", "", "", "push"),
        ("10 9", "A Q", "", "", "dealer_natural"),
        ("10 9", "10 A", "", "", "dealer_natural"),
        ("10 9", "10 8", "stand", "", "win"),
        ("10 8", "10 9", "stand", "", "lose"),
        ("10 9", "10 9", "stand", "", "push"),
        ("10 6", "10 9", "hit", "K", "bust"),
        ("10 6", "10 6", "stand", "K", "dealer_bust"),
        ("10 6", "10 9", "hit hit", "2 3", "win"),
        ("10 2", "10 8", "hit", "9", "win"),
        ("5 6", "10 8", "double", "10", "win"),
        ("5 6", "10 8", "double", "2", "lose"),
        ("10 6", "10 8", "double", "K", "bust"),
        ("10 5", "10 4", "hit stand", "A 3", "lose"),
        ("10 4", "10 7", "hit", "7", "win"),
    ],
)
def test_how_hands_end(player: str, dealer: str, moves: str, then: str, end: str) -> None:
    """Naturals settle before anybody acts; 21 stands by itself; the higher wins, equal pushes."""
    assert ended(player, dealer, moves, then) == end


def test_a_drawn_21_does_not_tie_a_dealers_natural() -> None:
    """The dealer looks first, so there is never a move against a natural (P-GAM-30)."""
    hand = play(stacked("5 6", "A K", "10"), [], hits_soft_17=True)
    assert hand.end == "dealer_natural"
    assert not hand.may_double


def test_the_dealer_hits_a_soft_17_if_the_configuration_says_so() -> None:
    """With A-6 against 18: draws a 4 and wins, or stands and loses."""
    assert ended("10 8", "A 6", "stand", "4", h17=True) == "lose"
    assert ended("10 8", "A 6", "stand", "4", h17=False) == "win"
    assert ended("10 6", "10 7", "stand", "4", h17=True) == "lose"


def test_the_dealer_does_not_draw_against_a_bust() -> None:
    """Whoever has busted has lost; the dealer keeps two cards."""
    hand = play(stacked("10 6", "10 6", "K 5"), ["hit"], hits_soft_17=True)
    assert (hand.end, len(hand.dealer)) == ("bust", 2)


def test_a_hand_that_goes_on_has_no_end() -> None:
    """It waits for a move; doubling is for the first two cards."""
    deck = stacked("2 3", "10 6", "4 5")
    assert play(deck, [], hits_soft_17=True).may_double
    later = play(deck, ["hit"], hits_soft_17=True)
    assert (later.end, later.may_double) == ("", False)


@pytest.mark.parametrize(
    ("end", "natural", "paid_z"),
    [
        ("natural", "1.5", 52),
        ("natural", "1.2", 46),
        ("natural", "0", 21),
        ("win", "1.5", 42),
        ("dealer_bust", "1.5", 42),
        ("push", "1.5", 21),
        ("lose", "1.5", 0),
        ("bust", "1.5", 0),
        ("dealer_natural", "1.5", 0),
    ],
)
def test_what_an_end_pays(end: str, natural: str, paid_z: int) -> None:
    """21 Z staked: twice the stake, the stake, or nothing; a natural's share is rounded down."""
    terms = {"natural": natural, "hits_soft_17": True}
    assert BLACKJACK.pay is not None
    [paid] = BLACKJACK.pay(terms, {"end": end}, [Stake("bob", "Bob", 21, {})])
    assert paid.payout_z == paid_z
    assert paid.is_natural is (end == "natural")


@given(st.integers(0, 2**32), st.booleans(), st.data())
def test_any_play_ends_and_never_deals_a_card_twice(
    seed: int, h17: bool, data: st.DataObject
) -> None:
    """Whatever is done, a hand ends in one of seven ways, with cards that are all different."""
    deck, moves = deck_of(Dice(seed)), list[str]()
    hand = play(deck, moves, hits_soft_17=h17)
    while not hand.end:
        choices = ["hit", "stand", "double"] if hand.may_double else ["hit", "stand"]
        moves.append(data.draw(st.sampled_from(choices)))
        hand = play(deck, moves, hits_soft_17=h17)
    cards = (*hand.player, *hand.dealer)
    assert len(set(cards)) == len(cards)
    assert (total(hand.player).points > 21) is (hand.end == "bust")
    outcome = BLACKJACK.draw(Dice(seed), {"hits_soft_17": h17}, (), " ".join(moves))
    assert (outcome["end"], tuple(outcome["player"])) == (hand.end, hand.player)


@pytest.mark.slow
@pytest.mark.parametrize("h17", [True, False])
def test_the_chances_are_those_of_all_decks(h17: bool) -> None:
    """Going through every deck gives what the module says, card by card."""
    known = {(*each, False): chance for each, chance in rules._ENDS[h17].items()}
    known[1, 0, True] = rules._NATURAL
    assert ends_of_basic_strategy(hits_soft_17=h17) == pytest.approx(known, abs=1e-11)
    assert sum(known.values()) == pytest.approx(1, abs=1e-10)


def test_played_hands_bring_what_is_expected() -> None:
    """Twenty thousand hands by basic strategy lie within four standard errors of it."""
    worth = prospect("1.5", hits_soft_17=True)
    dice, ends, staked, paid, squares = Dice(11), Counter[str](), 0, Fraction(), 0
    assert BLACKJACK.pay is not None
    for _ in range(20_000):
        deck, moves = deck_of(dice), list[str]()
        hand = play(deck, moves, hits_soft_17=True)
        while not hand.end:
            moves.append(advice(hand.player, hand.dealer[0], hits_soft_17=True))
            hand = play(deck, moves, hits_soft_17=True)
        stake_z = 20 if hand.doubled else 10
        terms = {"natural": "1.5", "hits_soft_17": True}
        [each] = BLACKJACK.pay(terms, {"end": hand.end}, [Stake("b", "B", stake_z, {})])
        ends[hand.end] += 1
        staked, paid, squares = staked + stake_z, paid + each.payout_z, squares + stake_z**2
    off = float(paid - staked * worth.mean)
    assert abs(off) < 4 * (squares * float(worth.variance)) ** 0.5
    assert len(ends) == 7


@pytest.mark.parametrize(
    ("natural", "h17", "expected"),
    [
        ("1.5", True, 0.99493233),
        ("1.5", False, 0.99661300),
        ("1.2", True, 0.98234488),
        ("1.2", False, 0.98402555),
    ],
)
def test_the_edge_of_each_table(natural: str, h17: bool, expected: float) -> None:
    """What a coin brings back by basic strategy: below one coin at the usual payouts."""
    assert float(prospect(natural, hits_soft_17=h17).mean) == pytest.approx(expected, abs=1e-8)


def test_two_to_one_for_naturals_is_more_than_the_game_takes() -> None:
    """Such a table would pay more than is staked, and says so."""
    assert prospect("2", hits_soft_17=True).mean > 1
    [edge] = BLACKJACK.edges(SETTINGS)
    assert edge.label == "basic strategy"
    assert edge.expected + edge.error < 1
