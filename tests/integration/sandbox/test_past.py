"""What the demo's books hold before it begins."""

from pathlib import Path

import pytest

from economy_sandbox.past import PAST, write_past
from economy_sandbox.people import PERSONAS
from economy_sandbox.settings import demo_settings
from kryten_economy.config import load
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

CHANNEL = "demo"
WEDNESDAY_MS = 1_772_625_610_000
"""2026-03-04 12:00:10 UTC."""
DAY_MS = 86_400_000


def wallets(folder: Path, at_ms: int) -> dict[str, Wallet]:
    """The wallets of a demo that begins at this time, by display name."""
    path, database = folder / "config.yaml", folder / "economy.db"
    text = demo_settings("nats://127.0.0.1:1", "demo.local", CHANNEL, "Bot", database)
    path.write_text(text, encoding="utf-8")
    write_past(load(path, {}).settings, CHANNEL, at_ms)
    assert verify(database).ok
    reports = Reports.open(database)
    try:
        found = [reports.wallet(UserKey.of(CHANNEL, stay.name), "2026-03-04") for stay in PAST]
    finally:
        reports.close()
    return {wallet.display_name: wallet for wallet in found if wallet is not None}


@pytest.mark.parametrize("days_later", range(7))
def test_past_is_written_on_any_weekday(tmp_path: Path, days_later: int) -> None:
    """Everybody has a wallet and has left before the demo begins."""
    at_ms = WEDNESDAY_MS + days_later * DAY_MS
    known = wallets(tmp_path, at_ms)
    assert known.keys() == {stay.name for stay in PAST}
    for wallet in known.values():
        assert wallet.balance_z > 0
        assert wallet.last_departure_ms is not None
        assert wallet.last_departure_ms < at_ms


def test_nobody_was_here_longer_than_the_day_is_old(tmp_path: Path) -> None:
    """A demo shortly after midnight finds no minutes of today."""
    midnight_ms = WEDNESDAY_MS - WEDNESDAY_MS % DAY_MS
    known = wallets(tmp_path, midnight_ms + 300_000)
    assert {wallet.minutes_today for wallet in known.values()} == {0}


def test_ranks_and_achievements_are_up_to_date(tmp_path: Path) -> None:
    """What the past has earned is not promoted or awarded again when the demo begins."""
    known = wallets(tmp_path, WEDNESDAY_MS)
    assert known["Mara"].rank_name == "Grip"
    assert known["Quiet-Kay"].rank_name == ""


def test_who_has_a_past_is_of_the_crowd() -> None:
    """The past belongs to people who can come to the demo."""
    assert {stay.name for stay in PAST} <= {persona.name for persona in PERSONAS}
