"""Ten thousand requests from a seed: whatever is asked, the answer is a documented one."""

import os
from collections import Counter
from pathlib import Path

import anyio
import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.api.strangers import CODES, NAMES, Strangers, check
from tests.actors.colours.cytube import Page, dress
from tests.actors.conftest import VirtualLoop
from tests.actors.house import CHANNEL, settings_with

from economy_actors.handlers.registry import REQUESTS
from kryten_economy.config import Settings
from kryten_economy.ledger.invariants import verify

SEED = int(os.environ.get("STRANGERS_SEED", "20261129"))
REQUESTS_EACH = 2_500
AT_ONCE = 25


def everything_on() -> Settings:
    """A channel in which all that can be asked for can be had."""
    return settings_with(
        gambling={"min_account_age_minutes": 0},
        wallets={"enabled": True, "ttl_seconds": 3_600, "services": [{"name": "chatbot"}]},
        inflation={"enabled": True, "anchor_float": 10_000},
        shop={
            "items": [
                {"id": "wave", "name": "Wave", "price": 5, "effect": "announce", "text": "hi"},
                {"id": "hat", "name": "Hat", "price": 9, "effect": "approval", "stock": 20},
            ]
        },
    )


async def furnish(it: Api) -> None:
    """Four users with money, two of them here; bounties, approvals and a prediction are open."""
    dress(it.house, CHANNEL, Page())
    for name in NAMES[:-1]:
        await it.account(name, 200_000)
    for name in ("Boss", "alice", "Bob"):
        await it.house.join(name, 5 if name == "Boss" else 1)
    for name, text in (
        ("alice", "bounty 500 Find the film"),
        ("Bob", "bounty 700 Sing a song"),
        ("alice", "buy hat"),
        ("Bob", "buy hat"),
        ("alice", "buy gif https://example.org/a.gif"),
        ("Bob", "buy gif https://example.org/b.gif"),
    ):
        await it.house.pm(name, text)


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": VirtualLoop})], ids=["one"])
@pytest.mark.parametrize("part", range(4))
async def test_random_requests_get_documented_answers(tmp_path: Path, part: int) -> None:
    """Right, wrong, huge, nested and absurd, many at once: each is answered once and in shape,
    with a code that is documented and never ``internal``; afterwards the books add up."""
    print(f"STRANGERS_SEED={SEED}")
    strangers = Strangers(SEED * 10 + part, CHANNEL)
    ends: Counter[str] = Counter()
    done: set[str] = set()
    async with api(tmp_path, everything_on()) as it:
        await furnish(it)
        for _ in range(REQUESTS_EACH // AT_ONCE):
            inboxes = {it.post(body): body for body in (strangers.body() for _ in range(AT_ONCE))}
            with anyio.fail_after(60):
                while not inboxes.keys() <= it.bus.answers.keys():  # noqa: ASYNC110  # from outside
                    await anyio.sleep(0.01)
            for inbox, body in inboxes.items():
                answer = it.bus.answers.pop(inbox)
                try:
                    check(answer)
                except AssertionError as error:
                    raise AssertionError(f"asked {body[:500]!r}: {error}") from error
                strangers.learn(answer)
                ends[answer.get("error_code", "ok")] += 1
                if answer["success"]:
                    done.add(answer["command"])
            await anyio.sleep(600)
        errors = it.house.context.metrics.registry.get_sample_value(
            "economy_errors_total", {"component": "admin"}
        )
        assert not errors
        assert (await it.data("system.ping"))["pong"] is True
    assert verify(tmp_path / "economy.db").ok
    assert sum(ends.values()) == REQUESTS_EACH
    assert set(ends) <= CODES | {"ok"}
    # Strangers who are always refused would try nothing.
    assert ends["ok"] > REQUESTS_EACH / 4, ends
    assert len(done) > 0.75 * len(REQUESTS.names), sorted(REQUESTS.names - done)
