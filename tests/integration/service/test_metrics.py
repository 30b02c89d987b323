"""The pages that operators see, over HTTP (`metrics.md`)."""

import json
import re
from typing import Any

import pytest
from tests.integration.service.house import House, OpenHouse, free_port, get, until

from kryten_economy import __version__

PLAIN = [
    "economy_uptime_seconds",
    "economy_service_status",
    "economy_nats_connected",
    "economy_z_earned_total",
    "economy_z_spent_total",
    "economy_events_processed_total",
    "economy_commands_processed_total",
    "economy_pm_queue_depth",
    "economy_last_tick_age_seconds",
    "economy_tick_duration_seconds",
]
PER_CHANNEL = [
    "economy_active_users",
    "economy_total_accounts",
    "economy_total_circulation",
    "economy_median_balance",
    "economy_participation_rate",
    "economy_daily_z_earned",
    "economy_daily_z_spent",
    "economy_daily_z_gambled_in",
    "economy_daily_z_gambled_out",
    "economy_daily_active_economy_users",
    "economy_escrow_held_z",
    "economy_outbox_depth",
]
LABELLED = {
    "economy_rank_distribution": {"channel", "rank"},
    "economy_trigger_hits_total": {"channel", "trigger"},
    "economy_trigger_z_total": {"channel", "trigger"},
    "economy_pm_commands_total": {"command", "result"},
    "economy_api_requests_total": {"command", "result"},
    "economy_events_total": {"type"},
    "economy_announcements_dropped_total": {"channel", "reason"},
    "economy_errors_total": {"component"},
    "economy_gateway_dropped_total": {"reason"},
    "economy_pm_undeliverable_total": {"reason"},
}
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")


@pytest.fixture
async def served(make_house: OpenHouse) -> House:
    """A service with its HTTP server on."""
    return await make_house(metrics={"enabled": True, "port": free_port()})


def url(house: House, page: str) -> str:
    """The address of a page."""
    return f"http://127.0.0.1:{house.settings['metrics']['port']}/{page}"


async def samples(house: House) -> dict[str, dict[str, float]]:
    """The page: family, then labels as text, then value."""
    status, text = await get(url(house, "metrics"))
    assert status == 200
    found: dict[str, dict[str, float]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            name, labels, value = match.groups()
            found.setdefault(name, {})[labels or ""] = float(value)
    return found


async def test_the_names_are_there(served: House) -> None:
    """Every family has its exact name and its label names, and carries HELP and TYPE."""
    await served.minutes(1)
    await served.restart()
    await served.ask("alice", "balance")
    await served.data("system.ping")
    await served.minutes(1)
    await until(lambda: served.metric("economy_total_accounts", channel=served.channel) == 4)
    found = await samples(served)
    _, text = await get(url(served, "metrics"))

    for name in PLAIN:
        assert list(found[name]) == [""], name
    for name in PER_CHANNEL:
        assert f'channel="{served.channel}"' in found[name], name
    for name, labels in LABELLED.items():
        for sample in found[name]:
            assert set(re.findall(r'(\w+)="', sample)) == labels, name
    for name in (*PLAIN, *PER_CHANNEL, *LABELLED):
        assert f"# HELP {name} " in text, name
        kind = "counter" if name.endswith("_total") else "gauge"
        assert f"# TYPE {name} {kind}\n" in text, name


async def test_families_are_not_mixed(served: House) -> None:
    """HELP and TYPE come once per family, before its samples, and all samples follow."""
    _, text = await get(url(served, "metrics"))
    helped = [line.split()[2] for line in text.splitlines() if line.startswith("# HELP")]
    typed = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]

    assert helped == typed
    assert len(set(typed)) == len(typed)
    assert text.endswith("\n")


async def test_counters_move(served: House) -> None:
    """Minutes, commands, requests and events are counted, and Z earned is the Z in the books."""
    before = await samples(served)
    await served.minutes(2)
    await served.ask("alice", "balance")
    await served.ask("alice", "nosuch")
    await served.ask("alice", "grant alice 5")
    await served.data("balance.adjust", username="alice", amount=7)
    await served.code("balance.adjust", username="nobody", amount=-7)
    await served.code("no.such")
    await served.say("alice", "hello")
    await served.settled()
    after = await samples(served)

    def moved(name: str, labels: str = "") -> float:
        return after[name].get(labels, 0) - before.get(name, {}).get(labels, 0)

    assert moved("economy_z_earned_total") == 4 * 2 + 7
    assert served.rows("SELECT sum(lifetime_earned_z) FROM account") == [(15,)]
    assert moved("economy_pm_commands_total", 'command="balance",result="ok"') == 1
    assert moved("economy_pm_commands_total", 'command="unknown",result="refused"') == 1
    assert moved("economy_pm_commands_total", 'command="grant",result="refused"') == 1
    assert moved("economy_api_requests_total", 'command="balance.adjust",result="ok"') == 1
    assert moved("economy_api_requests_total", 'command="balance.adjust",result="refused"') == 1
    assert moved("economy_api_requests_total", 'command="unknown",result="refused"') == 1
    assert moved("economy_events_total", 'type="chatmsg"') == 1
    assert moved("economy_events_processed_total") >= 10
    trigger = f'channel="{served.channel}",trigger="presence.base"'
    assert moved("economy_trigger_hits_total", trigger) == 8
    assert moved("economy_trigger_z_total", trigger) == 8


async def test_user_text_is_no_label(served: House) -> None:
    """Neither names nor unknown words of users become label values."""
    await served.ask("alice", "evil_word_1")
    await served.api("evil.command")
    _, text = await get(url(served, "metrics"))

    assert "evil" not in text
    assert "alice" not in text


async def test_lifetime_counters_outlive_the_service(served: House) -> None:
    """After a restart the lifetime counters go on where they were; the others start anew."""
    await served.minutes(3)
    await served.ask("alice", "balance")
    before = await samples(served)
    await served.restart()
    after = await samples(served)

    for name in PLAIN:
        if name.endswith("_total"):
            assert after[name][""] >= before[name][""], name
    assert after["economy_z_earned_total"][""] == 12
    assert 'command="balance",result="ok"' not in after.get("economy_pm_commands_total", {})


async def test_health(served: House) -> None:
    """The health page is JSON with exactly these fields, and 200 when all is well."""
    await served.minutes(1)
    status, text = await get(url(served, "health"))
    body: dict[str, Any] = json.loads(text)

    assert status == 200
    assert body.pop("uptime_seconds") >= 0
    assert body.pop("last_tick_age_seconds") >= 0
    assert body == {
        "service": "economy",
        "status": "healthy",
        "nats_connected": True,
        "database": "connected",
        "channels_configured": 1,
        "active_sessions": 4,
        "panic": [],
        "problems": [],
        "version": __version__,
    }


async def test_configured_paths(make_house: OpenHouse) -> None:
    """The pages live where the configuration says, and nowhere else."""
    house = await make_house(
        metrics={"enabled": True, "port": free_port(), "metrics_path": "/m", "health_path": "/h"}
    )

    assert (await get(url(house, "m")))[0] == 200
    assert (await get(url(house, "h")))[0] == 200
    assert (await get(url(house, "metrics")))[0] == 404


async def test_the_endpoints_are_published(served: House) -> None:
    """The robot learns where health and metrics are from the service's announcement."""
    services = await served.client.nats_request(
        "kryten.robot.command", {"service": "robot", "command": "system.services"}, timeout=30
    )
    [entry] = [each for each in services["data"]["services"] if each["name"] == "economy"]

    assert entry["version"] == __version__
    assert entry["health_port"] == entry["metrics_port"] == served.settings["metrics"]["port"]
