"""The systemd unit keeps the documented facts and systemd accepts it."""

from pathlib import Path

import pytest
from tests.unit.ops.tools import OPS, checked_by, run

UNIT = OPS / "kryten-economy.service"


def settings() -> dict[str, dict[str, str]]:
    """Section -> key -> value; of a repeated key the last value."""
    sections: dict[str, dict[str, str]] = {}
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            section = sections[line.strip("[]")] = {}
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section[key] = value
    return sections


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("Type", "notify"),
        ("User", "kryten"),
        ("Group", "kryten"),
        ("Restart", "on-failure"),
        ("RestartSec", "5"),
        ("RestartPreventExitStatus", "78"),
        ("MemoryMax", "512M"),
        ("CPUQuota", "50%"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("PrivateTmp", "yes"),
        ("ReadWritePaths", "/var/lib/kryten-economy"),
        ("WatchdogSec", "60"),
        ("StateDirectoryMode", "0700"),
        ("UMask", "0077"),
    ],
)
def test_documented_facts(key: str, expected: str) -> None:
    """User, limits, restarts and protection are those of `config.md` 12."""
    assert settings()["Service"][key] == expected


def test_start_order_and_limit() -> None:
    """It starts after network and NATS, at most five times in 60 s."""
    unit = settings()["Unit"]
    assert {"network-online.target", "nats-server.service"} <= set(unit["After"].split())
    assert (unit["StartLimitIntervalSec"], unit["StartLimitBurst"]) == ("60", "5")


def test_a_reload_is_the_signal_that_the_service_obeys() -> None:
    """`systemctl reload` sends SIGHUP to the service itself, which reads its settings again."""
    program, *arguments = settings()["Service"]["ExecReload"].split()
    assert program.endswith("/kill")
    assert arguments == ["-HUP", "$MAINPID"]
    assert settings()["Service"]["NotifyAccess"] == "main"


def test_a_stop_has_more_time_than_the_drain_takes() -> None:
    """SIGTERM to exit takes under 10 s (architecture.md 4); systemd waits longer than that."""
    assert int(settings()["Service"]["TimeoutStopSec"]) > 10


@pytest.mark.slow
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """systemd-analyze finds neither a wrong key nor a weak protection."""
    analyze = checked_by("systemd-analyze", required_in_ci=False)
    program = settings()["Service"]["ExecStart"].split()[0]
    here = tmp_path / UNIT.name
    # The program is not installed on the machine that runs the tests.
    here.write_text(UNIT.read_text().replace(program, "/bin/true"))
    run([analyze, "verify", here])
    run([analyze, "security", "--offline=true", "--threshold=20", here])
