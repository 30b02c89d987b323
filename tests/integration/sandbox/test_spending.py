"""The demo's crowd spends in every way there is: the real service, its books, stepped time."""

from pathlib import Path

import pytest
from tests.integration.sandbox.evening import Evening, an_evening

from economy_sandbox.nats import NatsServer
from kryten_economy.ledger.invariants import verify

EVENING_MINUTES = 240

WAYS = {
    "spend.tip",
    "bounty.create",
    "spend.queue",
    "spend.vanity.channel_gif",
    "spend.vanity.chat_color",
    "spend.vanity.custom_greeting",
    "spend.vanity.custom_title",
    "spend.vanity.fortune",
    "spend.vanity.rename_currency",
    "spend.vanity.shoutout",
    "spend.shop.double",
    "spend.shop.lamp",
    "spend.shop.popcorn",
    "spend.shop.poster",
    "spend.shop.usher",
}
"""What a debit is for, by its trigger."""


def _missing(evening: Evening) -> set[str]:
    paid = "SELECT debit_trigger FROM transfer WHERE created_at_ms >= :start"
    return WAYS - evening.column(paid)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_crowd_spends_in_every_way(
    nats_server: NatsServer, channel: str, tmp_path: Path
) -> None:
    """Within an evening all that is for sale is bought, films are put on, and the books balance."""
    async with an_evening(nats_server, channel, tmp_path) as evening:
        while (missing := _missing(evening)) and evening.minutes < EVENING_MINUTES:
            await evening.step()
        await evening.digested()
        put_on = evening.column("SELECT title FROM purchase WHERE state IN ('queued', 'played')")
        told = [heard.text for heard in evening.robot.heard if heard.sender == evening.robot.bot]
    assert not missing, f"after {evening.minutes:.0f} minutes nobody has spent by {sorted(missing)}"
    assert len(put_on) > 1
    # The outbox keeps the time of the running loop, so most public lines of an evening that is
    # over in a minute are never said, and what was paid for them comes back.
    assert any("is on the playlist. You paid" in text for text in told)
    assert not any("something went wrong on my side" in text for text in told)
    assert verify(evening.path).ok
