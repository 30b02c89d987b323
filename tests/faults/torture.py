"""Kill the books at random moments, again and again, and prove that they balance.

``python -m tests.faults.torture`` starts the real ledger in a child process under the load of
64 askers, kills it with SIGKILL, and holds what it left on the disk against what the askers
were told; the next child goes on with the same file. ``--disk`` breaks the disk instead. A
failing round prints its seed, and ``--seed`` repeats it.
"""

import argparse
import gc
import json
import os
import secrets
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import anyio
from tests.faults import disk
from tests.faults.audit import Audit
from tests.faults.crowd import LAST_STEPS, LOADING, SWEPT, Report, Rig, run_crowd
from tests.faults.load import Crowd

from economy_actors import logs
from economy_actors.ledger import books_at, reports_at
from kryten_economy.ledger.operation import Act

__all__ = ("Child", "Kill", "main", "run_child", "run_life")

ROUNDS_OF_A_FILE = 5
"""So many runs share one file; then a run ends in peace and a new file begins."""

_LATEST_S = 1.0
_EARLIEST_S = 0.003
_STARTS_WITHIN_S = 0.5
_LOADING = json.dumps([LOADING]).encode()
_UNDER_LOAD = 0.5
"""How often the time until the kill is counted from the beginning of the load."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a child said before its end, and how it ended."""

    lines: list[Any]
    status: int


def run_life(folder: Path, seed: int, rounds: int = ROUNDS_OF_A_FILE) -> Counter[str]:
    """One file through ``rounds`` kills and a run in peace; answers what was seen, by name."""
    folder.mkdir(parents=True)
    dice, audit, path = Random(seed), Audit(), folder / "books.db"
    seen: Counter[str] = Counter()
    for generation in range(rounds + 1):
        last = generation == rounds
        crowd, replays = Crowd(seed, generation, dict(audit.numbers)), audit.replays()
        # Most moments are early ones, some of the start and of the repeating.
        since = _LOADING if dice.random() < _UNDER_LOAD else b""
        latest_s = _LATEST_S if since else _STARTS_WITHIN_S
        kill_after_s = _EARLIEST_S + latest_s * dice.random() ** 2
        # Now and then it is killed while it stops, or has just stopped, cleanly.
        stops = not last and dice.random() < 0.15
        load_s = kill_after_s * dice.random() if stops else None
        steps = LAST_STEPS if last else None
        child = Child(path, folder / "log", crowd, replays, steps, load_s)
        heard = run_child(child, None if last else Kill(kill_after_s, since))
        peaceful = heard.status == 0
        if not (peaceful if last else peaceful or heard.status == -signal.SIGKILL):
            raise AssertionError(f"ended with {heard.status}:\n{(folder / 'log').read_text()}")
        seen[_moment(heard)] += 1
        audit.witness(crowd, replays, heard.lines, steps)
        audit.examine(path, folder / "copy", generation, last=last)
    assert not audit.unanswered_but_done(), audit.unanswered_but_done()
    seen.update(audit.summary())
    return seen


def _moment(heard: Heard) -> str:
    """In what a kill fell."""
    if heard.status == 0:
        return "clean ends"
    if [SWEPT] not in heard.lines:
        return "killed at start"
    return "killed under load" if [LOADING] in heard.lines else "killed while repeating"


@dataclass(frozen=True, slots=True)
class Child:
    """A run of the service in a process of its own."""

    path: Path
    log: Path
    crowd: Crowd
    replays: Sequence[Act[Any]]
    steps: int | None = None
    load_s: float | None = None
    play: Callable[[Rig, Report], Awaitable[None]] = run_crowd

    def run(self, pipe: int) -> None:
        """In the child: tell each answer through the pipe before the asker goes on."""

        def report(line: list[object]) -> None:
            # Shorter than PIPE_BUF, so a line is written whole or not at all.
            os.write(pipe, json.dumps(line, separators=(",", ":")).encode() + b"\n")

        with self.log.open("w") as stream:
            logs.configure("WARNING", stream, as_json=False)
            peace = self.steps is not None
            books, reports = partial(books_at, self.path), partial(reports_at, self.path)
            rig = Rig(books, reports, self.crowd, self.replays, self.steps, self.load_s, peace)
            anyio.run(self.play, rig, report)


@dataclass(slots=True)
class Kill:
    """When a child is killed: so long after its start, or after it has said something."""

    after_s: float
    since: bytes = b""
    _at_s: float | None = None

    def left_s(self, said: bytes | bytearray) -> float | None:
        """How long it is until then; None as long as nobody knows."""
        if self._at_s is None and self.since in said:
            self._at_s = time.monotonic() + self.after_s
        return None if self._at_s is None else self._at_s - time.monotonic()


def run_child(child: Child, kill: Kill | None) -> Heard:
    """Fork, listen, kill; forking is safe because this process has neither threads nor books."""
    incoming, outgoing = os.pipe()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            os.close(incoming)
            child.run(outgoing)
            status = 0
        except BaseException:  # noqa: BLE001 - the child ends here, whatever happened
            with child.log.open("a") as stream:
                traceback.print_exc(file=stream)
        finally:
            os._exit(status)
    os.close(outgoing)
    with open(incoming, "rb") as pipe:  # noqa: PTH123 - a descriptor, not a path
        said = bytearray()
        while True:
            left_s = None if kill is None else kill.left_s(said)
            if left_s is not None and left_s <= 0:
                os.kill(process, signal.SIGKILL)
                said += pipe.read()
                break
            ready, _, _ = select.select([pipe], [], [], left_s)
            if ready:
                chunk = os.read(incoming, 1 << 16)
                if not chunk:
                    break
                said += chunk
    _, status = os.waitpid(process, 0)
    lines = [json.loads(line) for line in said.splitlines()]
    return Heard(lines, os.waitstatus_to_exitcode(status))


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; exit code 1 when a file failed, with the seed that repeats it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.torture", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how often to kill (or break)")
    parser.add_argument("--seed", type=int, help="repeat this file's fate")
    parser.add_argument("--disk", action="store_true", help="break the disk instead of killing")
    options = parser.parse_args(argv)
    gc.freeze()
    play = disk.run_life if options.disk else run_life
    began_s, left, seen = time.monotonic(), options.rounds, Counter[str]()
    while left > 0:
        seed = secrets.randbelow(2**32) if options.seed is None else options.seed
        folder = Path(tempfile.mkdtemp(prefix="torture-"))
        rounds = min(ROUNDS_OF_A_FILE, left)
        try:
            with (folder / "log").open("w") as stream:
                logs.configure("WARNING", stream, as_json=False)
                seen += play(folder / "life", seed, rounds)
        except Exception:  # noqa: BLE001 - told with the seed that repeats it
            traceback.print_exc()
            how = f"--rounds {rounds} --seed {seed}{' --disk' if options.disk else ''}"
            print(f"FAILED: repeat with {how}; books and log are in {folder}")
            return 1
        shutil.rmtree(folder)
        left -= rounds
        if options.seed is not None:
            break
    took_s = time.monotonic() - began_s
    told = ", ".join(f"{count} {name}" for name, count in sorted(seen.items()))
    print(f"{options.rounds - left} rounds in {took_s:.1f} s, each act there once: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
