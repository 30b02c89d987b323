"""``transactions.explain``: the whole truth about one movement."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.actors.api.helpers import api
from tests.actors.house import CHANNEL, PLAIN_MULTIPLIERS, settings_with

NO_WALLET: dict[str, Any] = {"onboarding": {"welcome_wallet": 0}}


async def test_a_request_is_told_everything(tmp_path: Path) -> None:
    """The row as in the list, the rule, each factor with its setting, hidden ones included."""
    crowd = {"min_users": 1, "multiplier": 1.5}
    settings = settings_with(
        **NO_WALLET, multipliers=PLAIN_MULTIPLIERS | {"high_population": crowd}
    )
    async with api(tmp_path, settings) as it:
        await it.house.join("Alice")
        await it.house.minutes(2)
        [row, _] = (await it.data("transactions.list", username="alice"))["transactions"]
        [same, _] = (await it.data("transactions.recent"))["transactions"]
        for secret in ("population", "1.5", "multiplier", "carried", "base"):
            assert secret not in json.dumps([row["metadata"], same["metadata"]])
        answer = await it.data("transactions.explain", transaction_id=str(row["id"]))
        assert answer == {
            "channel": CHANNEL,
            "transaction": row | {"metadata": answer["transaction"]["metadata"]},
            "rule": {
                "id": "presence.base",
                "type": "earn",
                "words": "Being here, minute by minute",
            },
            "base": 1,
            "minutes": 1,
            "active_bonus": 0,
            "night_bonus": 0,
            "sources": [
                {"source": "population", "label": "crowd bonus", "mult": 1.5, "hidden": True}
            ],
            "multiplier": 1.5,
            "carried_in": 0.5,
            "carried": 0.0,
            "by": None,
            "settings": [
                {"key": "presence.base_rate_per_minute", "then": 1, "now": 1, "hidden": False},
                {
                    "key": "multipliers.high_population.multiplier",
                    "then": 1.5,
                    "now": 1.5,
                    "hidden": True,
                },
            ],
        }
        assert "population" in answer["transaction"]["metadata"]
        assert it.audit() == []


async def test_a_grant_by_request_is_explained(tmp_path: Path) -> None:
    """By whom it was given stands in a field of its own."""
    async with api(tmp_path, settings_with(**NO_WALLET)) as it:
        await it.account("Alice", 1)
        await it.data("balance.adjust", username="alice", amount=5, reason="prize", admin="Zed")
        answer = await it.data("transactions.explain", transaction_id=it.rows("alice")[-1].id)
        assert answer["by"] == "Zed"
        assert answer["rule"]["words"] == "Corrected by Zed: prize"


async def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """No such number, or one of another channel: the same answer."""
    async with api(tmp_path, channels=(CHANNEL, "Other")) as it:
        await it.account("Alice", 1)
        number = it.rows("alice")[0].id
        assert (await it.refused("transactions.explain", transaction_id=number + 9))[0] == (
            "not_found"
        )
        code, _ = await it.refused("transactions.explain", transaction_id=number, channel="other")
        assert code == "not_found"
        assert it.counted("transactions.explain", "refused") == 2


@pytest.mark.parametrize("number", [None, 0, -1, 1.5, "x", True, 2**60])
async def test_a_number_is_required(tmp_path: Path, number: object) -> None:
    """Anything but a positive whole number is an invalid request."""
    async with api(tmp_path) as it:
        code, text = await it.refused("transactions.explain", transaction_id=number)
        assert code == "invalid_request"
        assert "transaction_id" in text
