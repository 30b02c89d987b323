"""Only new money is earned: no passing about of what there is makes anybody rise (P-MON-2)."""

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    capture,
    earn,
    hold,
    key,
    minute,
    op,
    pay,
    present,
    release,
    spend,
    tip,
    win,
)
from tests.unit.ledger.minting import LADDER, minted, rank_of

from kryten_economy.features.achievements import Award
from kryten_economy.features.ranks.operations import SetRank
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.expiry import ExpireHolds, ReleaseOrphans
from kryten_economy.ledger.invariants import ConservationGuard
from kryten_economy.ledger.operation import Act, Failed, Request
from kryten_economy.ledger.wallet import Wallet

NAMES = st.sampled_from(["Al", "Bob", "Cy", "Dee"])
HOLD_TYPES = st.sampled_from(["spend", "gamble_stake", "bounty_create"])
HOLD_IDS = st.sampled_from(["h1", "h2", "h3"])
SOME_Z = st.integers(1, 20)


def between_people() -> st.SearchStrategy[Request[Any]]:
    """Acts that move money between people or give it back, and mint none."""
    return st.one_of(
        st.builds(tip, NAMES, NAMES, SOME_Z),
        st.builds(spend, NAMES, SOME_Z),
        st.builds(
            lambda name, amount_z, hold_id, kind, due: hold(
                name, amount_z, hold_id, type_name=kind, expires_at_ms=NOW + due
            ),
            NAMES,
            SOME_Z,
            HOLD_IDS,
            HOLD_TYPES,
            st.integers(1, 9),
        ),
        st.builds(release, HOLD_IDS),
        st.builds(capture, HOLD_IDS, st.integers(0, 20)),
        st.builds(lambda hold_id: replace(capture(hold_id, 20), to="house"), HOLD_IDS),
        st.builds(win, HOLD_IDS, SOME_Z, NAMES),
        st.builds(
            lambda hold_id, amount_z, name: replace(
                win(hold_id, amount_z, name),
                credit_type="bounty_claim",
                credit_trigger="bounty.claim.1",
            ),
            HOLD_IDS,
            SOME_Z,
            NAMES,
        ),
        st.builds(
            lambda name, amount_z, kind: pay(name, amount_z, kind, "refund.x"),
            NAMES,
            SOME_Z,
            st.sampled_from(["refund", "gamble_refund", "gamble_push", "bounty_expired_refund"]),
        ),
        st.builds(ExpireHolds, st.integers(NOW, NOW + 9), st.just(NEXT_DAY)),
        st.just(ReleaseOrphans(("queue",), "Restarted", NOW, NEXT_DAY)),
    )


def minting() -> st.SearchStrategy[Request[Any]]:
    """Acts that bring new money that counts as earned."""
    return st.one_of(
        st.builds(earn, NAMES, SOME_Z),
        st.builds(
            lambda name, net_z: replace(
                pay(name, net_z + 5, "gamble_win", "gambling.flip"), net_z=net_z
            ),
            NAMES,
            st.integers(0, 20),
        ),
        st.builds(
            lambda name, goal, reward_z: Award(
                op(), key(name), goal, "Goal", reward_z, 0, NOW, DAY
            ),
            NAMES,
            st.sampled_from("ab"),
            st.integers(0, 20),
        ),
        st.builds(
            lambda credits_z: minute(op(), *(present(*each) for each in credits_z.items())),
            st.dictionaries(NAMES, st.integers(0, 9)),
        ),
    )


def held_ranks() -> st.SearchStrategy[dict[str, str]]:
    """Some have a rank that an admin has set, above or below what they have earned."""
    return st.dictionaries(NAMES, st.sampled_from(LADDER.names))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books in which everybody has earned 50."""
    path = tmp_path_factory.mktemp("begun") / "books.db"
    books = Books.open(path)
    books.commit([earn(name, 50) for name in ("Al", "Bob", "Cy", "Dee")])
    books.close()
    return path


def played(
    begun: Path, requests: list[Request[Any]], ranks: dict[str, str]
) -> tuple[dict[str, Wallet], dict[str, Wallet], Counter[str]]:
    """Everybody before and after, and what was minted meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(begun, folder))
        books, reports = Books.open(path), Reports.open(path)
        books.commit([SetRank(key(name), rank, True, DAY) for name, rank in ranks.items()])
        before = reports.wallets(CHANNEL, DAY)
        fresh = [
            replace(each, op_id=op()) if isinstance(each, Act) else each  # type: ignore[type-var]
            for each in requests
        ]
        answers = books.commit(fresh).answers
        assert not [answer for answer in answers if isinstance(answer, Failed)]
        rose: Counter[str] = Counter()
        for request, answer in zip(fresh, answers, strict=True):
            rose.update(minted(request, answer))
        after = reports.wallets(CHANNEL, DAY)
        assert ConservationGuard(reports.connection).check() == ()
        reports.close()
        books.close()
    return before, after, rose


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(requests=st.lists(between_people(), max_size=40), ranks=held_ranks())
def test_moving_money_about_raises_neither_earnings_nor_rank(
    begun: Path, requests: list[Request[Any]], ranks: dict[str, str]
) -> None:
    """No sequence of tips, prizes, stakes, refunds and returns makes anybody rise."""
    before, after, _ = played(begun, requests, ranks)
    for name, wallet in after.items():
        assert wallet.lifetime_earned_z == 50
        assert rank_of(wallet) == rank_of(before[name])


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(requests=st.lists(between_people() | minting(), max_size=40), ranks=held_ranks())
def test_minting_raises_earnings_by_exactly_its_amount(
    begun: Path, requests: list[Request[Any]], ranks: dict[str, str]
) -> None:
    """And the rank to what these earnings make, or leaves the one that an admin has set."""
    before, after, rose = played(begun, requests, ranks)
    for name, wallet in after.items():
        assert wallet.lifetime_earned_z == 50 + rose[name]
        reached = LADDER.computed(50 + rose[name])
        stood = rank_of(before[name])
        assert rank_of(wallet) == (max(reached, stood) if reached else stood)
