"""Alert rules, dashboard and runbook agree with each other and with what is exported."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.unit.ops.tools import OPS, checked_by, run

from economy_actors.metrics.metrics import Metrics

RULES = OPS / "prometheus" / "alerts.yml"
RULE_TESTS = (
    OPS / "prometheus" / "alerts_test.yml",
    OPS / "prometheus" / "alerts_days_test.yml",
)
DASHBOARD = OPS / "grafana" / "kryten-economy.json"


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
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def expressions() -> Iterator[str]:
    """Every query of the dashboard, with its variables filled in."""
    for panel in panels():
        for target in panel.get("targets", ()):
            expr = target["expr"].replace("$__rate_interval", "5m")
            yield re.sub(r"\$(instance|channel)", ".*", expr)


def test_alerts_use_exported_names() -> None:
    """An alert on a name that does not exist never fires."""
    for rule in alerts():
        assert used_in(rule["expr"]) <= exported(), rule["alert"]


def test_the_dashboard_uses_exported_names() -> None:
    """A panel on a name that does not exist stays empty."""
    assert used_in(DASHBOARD.read_text().replace("kryten-economy", "")) <= exported()


def test_everything_exported_is_on_the_dashboard() -> None:
    """Each family has a panel, so that nothing is measured for nobody."""
    page = Metrics().render().decode()
    shown = used_in("\n".join(expressions()))
    bases = {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}
    assert set(re.findall(r"^# TYPE (\S+) ", page, re.MULTILINE)) <= bases | shown


def test_the_dashboard_is_importable() -> None:
    """Panels have ids of their own, don't overlap, and take the data source from the variable."""
    board = json.loads(DASHBOARD.read_text())
    assert board["id"] is None
    variables = [variable["name"] for variable in board["templating"]["list"]]
    assert variables == ["datasource", "instance", "channel"]
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
    cells: set[tuple[int, int]] = set()
    for panel in panels():
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


def test_every_alert_has_its_page_in_the_runbook() -> None:
    """Who is woken finds what to do under the alert's name, and no page is left over."""
    headings = re.findall(r"^## (Economy\w+)$", (OPS / "runbook.md").read_text(), re.MULTILINE)
    assert headings == [rule["alert"] for rule in alerts()]
    for rule in alerts():
        assert rule["annotations"]["runbook"] == f"ops/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in {"critical", "warning"}


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
    """promtool parses every query of the dashboard."""
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
