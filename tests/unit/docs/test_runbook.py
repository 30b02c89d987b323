"""What the runbook tells an operator to look at, and to write, exists under that name."""

import json
import re

from tests.unit.docs.pages import ROOT, page, spans
from tests.unit.ops.test_prometheus import DASHBOARDS, alerts, exported, used_in

from economy_actors.handlers.registry import COMMANDS, REQUESTS
from kryten_economy.commands.grammar import parse

OTHERS_SAY = {"Authorization Violation", "start request repeated too quickly"}
"""Of NATS and of systemd."""
PROGRAMS = (
    "kryten-economy", "journalctl", "systemctl", "nats-server", "curl", "ss ", "iostat", "dmesg",
    "timedatectl", "systemd-cgtop", "kryten-robot",
)  # fmt: skip
REASONS = {
    *("missing", "expired", "not_yet_valid", "unknown_key", "no_keys", "issuer", "audience"),
    *("claims", "signature", "algorithm", "malformed"),
    *("full", "crashed", "gone", "stopped", "absent", "no_echo", "send_failed", "overflow"),
}
"""Values of labels, which the code or the page of the metrics has."""
WORDS = {
    # states, levels and fields of systemd, the log and /health
    *("failed", "error", "critical", "activating", "degraded", "problems", "/health", "CPUQuota"),
    # subjects and events of the robot, labels, components
    *("kryten.economy.command", "kryten.robot.command", "cooldown", "errorMsg", "reason", "actor"),
    *("session", "gateway"),
    # what stands behind `resume`
    *("games", "@user", "all"),
}


def _code() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for place in ("src", "actors")
        for path in sorted((ROOT / place).rglob("*.py"))
    )


def _unquoted() -> str:
    """The page without what is in code font, which has quotes of its own."""
    return re.sub(r"`[^`\n]*`|```.*?```", "", page("runbook.md"), flags=re.DOTALL)


def test_every_quoted_text_is_shown_or_logged() -> None:
    """Quoted is the title of a panel, a line of the log, or what another program says."""
    boards = [json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS]
    titles = {panel["title"] for board in boards for panel in board["panels"]}
    code = _code()
    quoted = set(re.findall(r'"([^"\n]+)"', _unquoted()))
    assert len(quoted) > 15
    assert {each for each in quoted - titles - OTHERS_SAY if each not in code} == set()


def test_every_metric_exists() -> None:
    """A metric that the runbook or the page of operations names is exported."""
    for name in ("runbook.md", "operations.md", "operators-guide.md"):
        tables = {"economy_snapshots", "economy_sandbox"}
        assert used_in(page(name)) - tables - {"economy_actors"} <= exported(), name


def test_everything_in_code_font_exists() -> None:
    """It is a command, a request, a key, a metric, a label's value, a file or a known program."""
    sample = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    code, metrics = _code(), page("reference/metrics.md")
    strange = []
    for each in spans(page("runbook.md")):
        parsed = parse(each)
        key = re.sub(r"<\w+>\.|: .*", "", each).split(".")
        known = (
            each.startswith((*PROGRAMS, "-"))
            or each in WORDS
            or each in {rule["alert"] for rule in alerts()}
            or (parsed is not None and COMMANDS.find(parsed.word) is not None)
            or each in REQUESTS.names
            or each in exported()
            or each in REASONS & set(re.findall(r"\w+", metrics + code))
            or all(re.search(rf"(?m)(?:^|[\s{{#-]){part}:", sample) for part in key)
            or (ROOT / each).exists()
            or (ROOT / "ops" / each).exists()
        )
        if not known:
            strange.append(each)
    assert strange == []
