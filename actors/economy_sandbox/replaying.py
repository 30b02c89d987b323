"""``kryten-economy replay FILE``: what the real service makes of a recording.

The service runs on the recorded times, on a bus and books of its own, with the default settings
but for what a replay has no time for: messages go out at once and as many as anybody asks for.
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

from economy_actors.clock import SteppedClock
from economy_actors.messages.channel import ShowPresence
from economy_actors.messages.ledger import query
from economy_actors.service import Service
from economy_actors.service import open_service as open_real_service
from economy_sandbox.nats import NatsServer
from economy_sandbox.outbox import SandboxError, connect, make_bucket
from economy_sandbox.replay import Progress, ReplayReport, replay
from economy_sandbox.timekeeper import OpenService, Timekeeper, hosted
from economy_sandbox.trace import Trace, TraceError
from kryten_economy.ledger.invariants import VerifyReport, verify
from kryten_economy.ledger.wallet import Wallet

__all__ = ("Outcome", "Standing", "main", "run")

_BOT = "ZCoinBot"
_BEFORE_MS = 1000
"""The service comes up so long before the first line."""
_ANSWER_S = 5.0
_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """A channel when the last recorded minute is over: who is present, what the books say."""

    channel: str
    present: tuple[str, ...]
    wallets: tuple[Wallet, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a replay; ``books`` were checked after the service had stopped."""

    report: ReplayReport
    standings: tuple[Standing, ...]
    books: VerifyReport


async def main(
    path: Path,
    *,
    speed: float | None = None,
    open_service: OpenService = open_real_service,
    sink: TextIO | None = None,
) -> int:
    """Start a bus and the service, feed it the recording, print what it made of it.

    Returns the exit code: 1 if the recording or the sandbox can't be used, or the books are wrong.
    """
    sink = sink or sys.stdout
    try:
        trace = Trace.load(path)
        with tempfile.TemporaryDirectory(prefix="kryten-economy-replay-") as name:
            outcome = await run(
                trace, Path(name), speed, open_service=open_service, on_progress=_progress(sink)
            )
    except (TraceError, SandboxError) as error:
        print(f"kryten-economy: {error}", file=sys.stderr)  # noqa: T201 - a command line prints
        return 1
    sink.write(_summary(trace, outcome))
    return 0 if outcome.books.ok else 1


async def run(
    trace: Trace,
    folder: Path,
    speed: float | None = None,
    *,
    open_service: OpenService = open_real_service,
    on_progress: Callable[[Progress], None] | None = None,
    rules: Mapping[str, object] = MappingProxyType({}),
) -> Outcome:
    """Replay a recording to a service in ``folder``, on the recorded times.

    ``rules`` are sections of the configuration that differ from their defaults.

    Raises:
        TraceError: nothing is recorded that a service could hear.
        SandboxError: there is no bus to be had, or the service hangs.
    """
    if not trace.channels or trace.began_s is None:
        raise TraceError("The recording holds no events of a channel")
    clock = SteppedClock(round((trace.began_s + trace.lines[0].at_s) * 1000) - _BEFORE_MS)
    database = folder / "economy.db"
    async with NatsServer(store_dir=folder / "nats") as server:
        await _empty_the_channels(server.url, trace)
        path = folder / "config.yaml"
        path.write_text(_settings(server.url, trace, database, rules), encoding="utf-8")
        async with hosted(open_service, path, clock) as service:
            report = await replay(
                server.url,
                trace,
                speed,
                on_progress,
                keep_times=True,
                awaits_service=True,
                timekeeper=Timekeeper(service, clock),
            )
            standings = tuple([await _standing(service, channel) for _, channel in trace.channels])
    return Outcome(report, standings, verify(database))


async def _empty_the_channels(url: str, trace: Trace) -> None:
    """Store that nobody is there: a service that finds no list looks again when it likes."""
    connection = await connect(url, "kryten-economy-replay")
    try:
        jetstream = connection.jetstream()
        for _, channel in trace.channels:
            bucket = f"kryten_{channel}_userlist"
            await make_bucket(jetstream, bucket)
            await (await jetstream.key_value(bucket)).put("users", b"[]")
    finally:
        await connection.close()


def _settings(url: str, trace: Trace, database: Path, rules: Mapping[str, object]) -> str:
    """The text of a ``config.yaml``; JSON is YAML."""
    settings = {
        "nats": {"servers": [url], "reconnect_time_wait": 1},
        "channels": [{"domain": domain, "channel": channel} for domain, channel in trace.channels],
        "bot": {"username": trace.bot or _BOT},
        "database": {"path": str(database), "backup_interval_hours": 0},
        "metrics": {"enabled": False},
        "chat_min_delay": 0,
        "chat_jitter": 0,
        "commands": {"rate_limit_per_minute": 1000},
        "onboarding": {"welcome_delay_seconds": 0},
        "gambling": {"trivia": {"api_url": ""}},
    }
    return json.dumps({**settings, **rules}, indent=1)


async def _standing(service: Service, channel: str) -> Standing:
    context = service.context
    view = await context.channels[channel].ask(ShowPresence, timeout_s=_ANSWER_S)
    day = context.live.calendar.day(context.clock.now_ms())
    wallets = await query(context.reader, lambda reports: reports.wallets(channel, day))
    present = sorted((user.name for user in view.users), key=str.lower)
    by_name = sorted(wallets.values(), key=lambda wallet: wallet.user.name)
    return Standing(channel, tuple(present), tuple(by_name))


def _progress(sink: TextIO) -> Callable[[Progress], None] | None:
    """A line that counts up, on a terminal only."""
    if not sink.isatty():
        return None

    def show(progress: Progress) -> None:
        done = progress.lines * 100 // progress.lines_total
        end = "\n" if progress.lines == progress.lines_total else "\r"
        sink.write(f"{done:3} %  {progress.at_s:7.1f} s of {progress.duration_s:.1f} s{end}")
        sink.flush()

    return show


def _summary(trace: Trace, outcome: Outcome) -> str:
    lines = _told(trace, outcome.report)
    for standing in outcome.standings:
        lines += _table(standing)
    books = outcome.books
    if books.ok:
        lines.append(f"The books balance: {books.accounts} wallets, {books.transfers} transfers.")
    else:
        lines.append("THE BOOKS DO NOT BALANCE:")
        lines += [f"  {fault}" for fault in (*books.problems, *books.violations)]
    return "\n".join(lines) + "\n"


def _told(trace: Trace, report: ReplayReport) -> list[str]:
    pms = [command for command in report.commands if command.name == "pm"]
    kinds = Counter(command.name for command in report.commands)
    counted = ", ".join(f"{count} {name}" for name, count in kinds.most_common()) or "nothing"
    replayed = (
        f"{len(trace.lines)} lines, {trace.duration_s:.0f} s recorded: "
        f"{report.events} events and {report.kv_values} KV values replayed, "
        f"{report.skipped} lines of others left out."
    )
    lines = [replayed, f"The service sent: {counted}."]
    for command in pms[:_SHOWN_MAX]:
        first = str(command.args.get("msg", "")).split("\n", 1)[0]
        lines.append(f"  PM to {command.args.get('to')}: {first}")
    if len(pms) > _SHOWN_MAX:
        lines.append(f"  … and {len(pms) - _SHOWN_MAX} more")
    return lines


def _table(standing: Standing) -> list[str]:
    present = ", ".join(standing.present) or "nobody"
    lines = [f"Present at the end in {standing.channel}: {present}."]
    if standing.wallets:
        lines.append(f"  {'user':20} {'minutes':>7} {'messages':>8} {'balance':>9}")
    lines += [
        f"  {wallet.display_name:20} {wallet.minutes_today:7}"
        f" {wallet.lifetime_messages:8} {wallet.balance_z:9,}"
        for wallet in standing.wallets
    ]
    return lines
