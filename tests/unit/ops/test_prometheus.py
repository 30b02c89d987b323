"""Alert rules, dashboards and runbook agree with each other and with what is exported."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Counter, Gauge
from ruamel.yaml import YAML
from tests.unit.ops.tools import OPS, checked_by, run

from economy_actors.ledger import CHECK_EVERY_S
from economy_actors.metrics.metrics import Metrics

RULES = OPS / "prometheus" / "alerts.yml"
RULE_TESTS = (
    OPS / "prometheus" / "alerts_test.yml",
    OPS / "prometheus" / "alerts_days_test.yml",
)
DASHBOARDS = (OPS / "grafana" / "economy.json", OPS / "grafana" / "service.json")
RUNBOOK = OPS.parent / "docs" / "runbook.md"
REFERENCE = OPS.parent / "docs" / "reference" / "metrics.md"

NAMES: dict[str, str] = {
    "uptime_seconds service_status nats_connected pm_queue_depth pending_confirms"
    " tick_duration_seconds": "",
    "z_earned_total z_spent_total events_processed_total commands_processed_total tips_total"
    " tips_z_total queues_total vanity_purchases_total fortunes_total shoutouts_total"
    " rain_drops_total rain_z_distributed_total gambling_spins_total gambling_flips_total"
    " gambling_challenges_total gambling_heists_total gambling_races_total gambling_trivias_total"
    " gambling_blackjacks_total gambling_z_wagered_total gambling_z_won_total"
    " achievements_awarded_total rank_promotions_total competition_awards_total"
    " bounties_created_total bounties_claimed_total bounties_expired_total"
    " cytube_promotions_total adhoc_events_started_total refunds_total refunds_z_total": "",
    "active_users total_accounts total_circulation median_balance participation_rate"
    " active_multiplier daily_z_earned daily_z_spent daily_z_gambled_in daily_z_gambled_out"
    " daily_active_economy_users gambling_lifetime_wagered gambling_lifetime_won"
    " gambling_active_gamblers gambling_total_games open_bounties inflation_multiplier"
    " escrow_held_z ledger_mismatch_accounts": "channel",
    "rank_distribution": "channel rank",
    "trigger_hits_total trigger_z_total": "channel trigger",
    "spend_z_total": "channel type",
    "pm_commands_total api_requests_total": "command result",
    "events_total": "type",
    "multiplier_active": "channel source",
    "announcements_dropped_total": "channel reason",
    "errors_total": "component",
}
"""The names of existing dashboards, and those promised beside them, with their labels."""


def exported() -> set[str]:
    """Every sample name that the service can export, also of families without samples yet."""
    page = Metrics().render().decode()
    names = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE):
        suffixes = ("_bucket", "_count", "_sum") if kind == "histogram" else ("",)
        names |= {name + suffix for suffix in suffixes}
    return names


def used_in(text: str) -> set[str]:
    """The metric names in an expression."""
    return set(re.findall(r"\beconomy_[a-z0-9_]+", text))


def alerts() -> list[dict[str, Any]]:
    [group] = YAML(typ="safe").load(RULES)["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def panels() -> list[dict[str, Any]]:
    return [panel for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"]]


def expressions() -> Iterator[str]:
    """Every query of the dashboards, with its variables filled in."""
    for panel in panels():
        for target in panel.get("targets", ()):
            expr = target["expr"].replace("$__rate_interval", "5m")
            yield re.sub(r"\$(instance|channel)", ".*", expr)


def test_alerts_use_exported_names() -> None:
    """An alert on a name that does not exist never fires."""
    for rule in alerts():
        assert used_in(rule["expr"]) <= exported(), rule["alert"]


def test_the_dashboards_use_exported_names() -> None:
    """A panel on a name that does not exist stays empty."""
    for path in DASHBOARDS:
        assert used_in(path.read_text()) <= exported(), path


def test_everything_exported_is_on_a_dashboard() -> None:
    """Each family has a panel, so that nothing is measured for nobody."""
    page = Metrics().render().decode()
    shown = used_in("\n".join(expressions()))
    bases = {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}
    assert set(re.findall(r"^# TYPE (\S+) ", page, re.MULTILINE)) <= bases | shown


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_the_dashboards_are_importable(path: Path) -> None:
    """Panels have ids of their own, don't overlap, and take the data source from the variable."""
    board = json.loads(path.read_text())
    assert board["id"] is None
    variables = [variable["name"] for variable in board["templating"]["list"]]
    assert variables == ["datasource", "instance", "channel"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    cells: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        mine = {
            (place["x"] + dx, place["y"] + dy)
            for dx in range(place["w"])
            for dy in range(place["h"])
        }
        assert not cells & mine, panel["title"]
        cells |= mine
        if panel["type"] != "row":
            sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
            assert {source["uid"] for source in sources} == {"${datasource}"}


def test_no_panel_stands_on_both_dashboards() -> None:
    """The two have addresses of their own, and each thing is shown in one place."""
    boards = [json.loads(path.read_text()) for path in DASHBOARDS]
    assert len({board["uid"] for board in boards}) == 2
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))


def labelled() -> dict[str, tuple[str, ...]]:
    """Each family of the page with its labels, with samples or without."""
    metrics = Metrics()
    names: dict[str, tuple[str, ...]] = dict.fromkeys(
        re.findall(r"^# TYPE (\S+) ", metrics.render().decode(), re.MULTILINE), ()
    )
    for family in vars(metrics._families).values():
        each = family.values() if isinstance(family, dict) else (family,)
        for metric in each:
            if isinstance(metric, Counter | Gauge):
                suffix = "_total" if isinstance(metric, Counter) else ""
                names[f"{metric._name}{suffix}"] = tuple(metric._labelnames)
    return names


def test_the_promised_names_and_labels_are_exported() -> None:
    """Dashboards that exist go on working: each name is there, with these labels and no other."""
    have = labelled()
    for names, labels in NAMES.items():
        for name in names.split():
            assert have.get(f"economy_{name}") == tuple(labels.split()), name


def test_the_reference_names_what_is_exported() -> None:
    """The page of the metrics names every family, and none that does not exist."""
    text = REFERENCE.read_text()
    told = set(re.findall(r"`(economy_[a-z0-9_]+)`", text))
    told |= {f"economy_gambling{end}" for end in re.findall(r"`…(_[a-z_]+)`", text)}
    have = set(labelled())
    assert told <= have
    runtime = {name for name in have if name.startswith(("economy_actor", "economy_dead"))}
    assert have - runtime <= told


def test_every_alert_has_its_page_in_the_runbook() -> None:
    """Who is woken finds what to do under the alert's name, and no page is left over."""
    headings = re.findall(r"^## (Economy\w+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert headings == [rule["alert"] for rule in alerts()]
    for rule in alerts():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in {"critical", "warning"}


def test_every_page_of_the_runbook_says_what_to_do() -> None:
    """Each alert has its meaning, where to look and what to do, and its links lead somewhere."""
    text = RUNBOOK.read_text()
    headings = {heading.lower() for heading in re.findall(r"^## (Economy\w+)$", text, re.MULTILINE)}
    for page in text.split("\n## ")[1:]:
        parts = re.findall(r"^\*(Meaning|Look|Do)\.\*", page, re.MULTILINE)
        assert parts == ["Meaning", "Look", "Do"], page[:40]
    assert set(re.findall(r"\(#(\w+)\)", text)) <= headings


def test_books_out_of_balance_are_told_within_a_minute() -> None:
    """The check of the books, the scrape and the rule together take less than 60 s."""
    config = YAML(typ="safe").load(OPS / "prometheus" / "scrape.yml")["global"]
    waits_s = [
        int(config[key].removesuffix("s")) for key in ("scrape_interval", "evaluation_interval")
    ]
    [rule] = [rule for rule in alerts() if rule["alert"] == "EconomyLedgerMismatch"]
    assert "for" not in rule
    assert CHECK_EVERY_S + sum(waits_s) < 60


def test_every_alert_is_tested() -> None:
    """Each alert is seen firing, and seen quiet on a healthy service."""
    cases = [case for file in RULE_TESTS for case in YAML(typ="safe").load(file)["tests"]]
    checks = [check for case in cases for check in case["alert_rule_test"]]
    fired = {check["alertname"] for check in checks if check["exp_alerts"]}
    quiet = {check["alertname"] for check in cases[0]["alert_rule_test"]}
    assert fired == quiet == {rule["alert"] for rule in alerts()}


@pytest.mark.slow
def test_alert_rules_do_what_they_say() -> None:
    """promtool plays time series against the rules; a healthy service raises nothing."""
    promtool = checked_by("promtool", required_in_ci=True)
    run([promtool, "test", "rules", *RULE_TESTS])


def test_the_scrape_job_is_valid() -> None:
    """promtool takes the example as a whole configuration, rules included."""
    promtool = checked_by("promtool", required_in_ci=True)
    run([promtool, "check", "config", OPS / "prometheus" / "scrape.yml"])


def test_dashboard_queries_are_valid(tmp_path: Path) -> None:
    """promtool parses every query of the dashboards."""
    promtool = checked_by("promtool", required_in_ci=True)
    rules = [
        {"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions())
    ]
    assert rules
    path = tmp_path / "dashboard.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    run([promtool, "check", "rules", path])


def test_a_missing_checker_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """CI never passes because a checker was not installed."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception):
        checked_by("no-such-program", required_in_ci=True)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception):
        checked_by("no-such-program", required_in_ci=True)
