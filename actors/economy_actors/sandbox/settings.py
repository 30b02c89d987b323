"""What the sandbox and the service it starts tell each other.

The configuration file is livelier than a real channel's: short waits, a bigger welcome.
"""

import json
import socket
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

__all__ = ("DemoConfig", "ServiceInfo", "StartService", "demo_settings")


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """Where the service finds the demo's bus and channel; ``config_path`` is written."""

    nats_url: str
    domain: str
    channel: str
    bot: str
    folder: Path
    config_path: Path

    @property
    def log_path(self) -> Path:
        """Where the service may write its log."""
        return self.folder / "service.log"


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """What a started service tells: its metrics' address and the commands it knows."""

    metrics_url: str | None = None
    commands: Collection[str] = ()


StartService = Callable[[DemoConfig], AbstractAsyncContextManager[ServiceInfo]]

_TEMPLATE = """\
# Written by `kryten-economy demo`; gone when it ends.
nats:
  servers: [{nats_url}]
  reconnect_time_wait: 1
channels:
  - {{domain: {domain}, channel: {channel}}}
bot: {{username: {bot}}}
database: {{path: {database}}}
metrics: {{port: {port}}}
onboarding: {{welcome_wallet: 500, welcome_delay_seconds: 3}}
presence: {{base_rate_per_minute: 5, join_debounce_minutes: 1}}
rain: {{interval_minutes: 3}}
commands: {{rate_limit_per_minute: 60}}
gambling:
  min_account_age_minutes: 0
  spectacle_cooldown_seconds: 20
  spin: {{cooldown_seconds: 3}}
  flip: {{cooldown_seconds: 3}}
  heist: {{enabled: true, join_window_seconds: 30, cooldown_seconds: 30, max_payout_factor: 2.1}}
"""


def demo_settings(nats_url: str, domain: str, channel: str, bot: str, database: Path) -> str:
    """The text of a ``config.yaml`` for the demo's bus, with a free port for the metrics."""
    return _TEMPLATE.format(
        nats_url=json.dumps(nats_url),
        domain=domain,
        channel=channel,
        bot=bot,
        database=json.dumps(str(database)),
        port=_free_port(),
    )


def _free_port() -> int:
    # The configuration wants a number; nobody else is likely to take it within the second.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
