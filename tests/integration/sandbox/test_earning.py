"""The demo's crowd earns in every way there is: the real service, its books, stepped time."""

from pathlib import Path

import pytest
from tests.integration.sandbox.evening import Evening, an_evening

from economy_actors.messages.workers import RainDue
from economy_sandbox.nats import NatsServer
from kryten_economy.features.chat.triggers import TRIGGERS
from kryten_economy.ledger.invariants import verify
from kryten_economy.transaction_types import TYPES

EVENING_MINUTES = 60
RAIN_AFTER_STEPS = 20

BY_HAND = {"admin_rain", "admin_grant", "admin_adjust"}
"""What only an operator gives."""

OTHERS = {
    "presence.base",
    "presence.night_watch",
    "dwell.1h",
    "streak.day7",
    "streak.milestone.7",
    "bridge.weekly",
    "rain.ambient",
}
"""Analytics ids beside the table of triggers."""

_TODAY = "hit_count > 0 AND day = date(:start / 1000, 'unixepoch')"


def _hits(evening: Evening) -> dict[str, int]:
    """How often each trigger has paid today."""
    return dict(
        evening.rows(f"SELECT trigger_id, hit_count FROM trigger_analytics WHERE {_TODAY}")  # noqa: S608
    )


def _missing(evening: Evening) -> set[str]:
    """The ways to earn that nobody has gone yet."""
    paid = evening.column("SELECT credit_type FROM transfer WHERE created_at_ms >= :start")
    wanted_types = {kind.name for kind in TYPES.values() if kind.earns} - BY_HAND
    wanted = {trigger.id for trigger in TRIGGERS} | OTHERS
    return (wanted_types - paid) | (wanted - _hits(evening).keys())


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_crowd_earns_in_every_way(
    nats_server: NatsServer, channel: str, tmp_path: Path
) -> None:
    """Within an hour every trigger and type of earning has paid, and the metrics say the same."""
    async with an_evening(nats_server, channel, tmp_path) as evening:
        while (missing := _missing(evening)) and evening.minutes < EVENING_MINUTES:
            await evening.step()
            if evening.steps == RAIN_AFTER_STEPS:
                # Clouds keep the time of the running loop, not of the stepped clock.
                evening.service.context.channel_events[channel].offer(RainDue())
        await evening.digested()
        metrics = evening.service.context.metrics
        counted = {
            trigger.id: metrics.registry.get_sample_value(
                "economy_trigger_hits_total", {"channel": channel, "trigger": trigger.id}
            )
            for trigger in TRIGGERS
        }
        totals = metrics.persistent()
    assert not missing, f"after {evening.steps} acts nobody has earned by {sorted(missing)}"
    assert "Key Grip" in evening.column("SELECT rank_name FROM account")
    hits = _hits(evening)
    assert {**hits, **counted} == hits
    assert (totals["rain_drops_total"], totals["competition_awards_total"]) == (1, 3)
    assert verify(evening.path).ok
