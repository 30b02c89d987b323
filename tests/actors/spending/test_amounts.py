"""Amounts as people type them, on the commands of operators too."""

from pathlib import Path

import pytest
from tests.actors.house import house, settings_with


@pytest.mark.parametrize(
    ("text", "balance_z"),
    [
        ("grant bob 5k", 6_000),
        ("grant bob 1.5K well done", 2_500),
        ("deduct bob 0.5k", 500),
        ("deduct bob 1,000", 0),
        ("set_balance bob 1m", 1_000_000),
        ("set_balance bob 0k", 0),
        ("rain 2k", 2_000),
    ],
)
async def test_operators_write_them_so(tmp_path: Path, text: str, balance_z: int) -> None:
    """Thousands and millions are understood wherever an operator names an amount."""
    async with house(tmp_path / "e.db", settings_with(onboarding={"welcome_wallet": 1000})) as h:
        await h.join("Boss", 4)
        await h.join("Bob")
        await h.pm("Boss", text)
        assert h.balance("bob") == balance_z


@pytest.mark.parametrize("command", ["grant bob", "deduct bob", "set_balance bob", "rain"])
@pytest.mark.parametrize("amount", ["half", "all", "50%"])
async def test_operators_name_no_shares(tmp_path: Path, command: str, amount: str) -> None:
    """Whose share would it be? Nothing moves, and it is said what to write."""
    async with house(tmp_path / "e.db", settings_with(onboarding={"welcome_wallet": 1000})) as h:
        await h.join("Boss", 4)
        await h.join("Bob")
        [answer] = await h.pm("Boss", f"{command} {amount}")
        assert f"'{amount}' is not an amount: half, all and percents are of one's own" in answer
        assert "write a number here" in answer
        assert (h.balance("boss"), h.balance("bob")) == (1000, 1000)
