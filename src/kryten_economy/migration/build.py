"""An import from beginning to end: read, build beside the books, prove, put in place.

Until the very last step, a rename, nothing that exists is changed: a run that fails, is refused
or is killed leaves what was there before, and at most a file ``<name>.importing``, which the next
run removes.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import apsw

from kryten_economy.calendar import Calendar, day_after
from kryten_economy.config import Settings
from kryten_economy.features.jobs import COMPETITIONS, jobs_due
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.displacement import FileLock, refuse_after_a_loss
from kryten_economy.ledger.errors import UnwritableBooks, UsedBooks
from kryten_economy.ledger.invariants import verify
from kryten_economy.migration.activity import copy_activity
from kryten_economy.migration.belongings import copy_belongings, referred_to, write_accounts
from kryten_economy.migration.games import copy_games
from kryten_economy.migration.opening import is_dsn, open_source
from kryten_economy.migration.people import People, read_people
from kryten_economy.migration.progress import Progress
from kryten_economy.migration.report import ChannelTotals, ImportFailed, Report
from kryten_economy.migration.source import Source, SourceError
from kryten_economy.migration.target import build_at, remove_file, sync
from kryten_economy.migration.transfers import Written, survey, write_transfers
from kryten_economy.migration.values import Cell, key_of, text, whole
from kryten_economy.migration.waiting import copy_waiting
from kryten_economy.migration.work import Work

__all__ = ("import_books",)

_JOB = """
    INSERT INTO job_runs (job, channel, period, started_at_ms, finished_at_ms)
    VALUES (?1, ?2, ?3, ?4, ?4)
"""
_AUDIT = """
    INSERT INTO audit_log (at_ms, admin, channel, command, arguments, result)
    VALUES (?1, 'system', ?2, 'import', ?3, ?4)
"""
_HELD = "SELECT count(*) FROM account WHERE kind = 'wallet'"
_MOVED = "SELECT EXISTS (SELECT 1 FROM transfer)"
_WALLETS = """
    SELECT c.name, a.name, a.balance_z FROM account AS a JOIN channel AS c ON c.id = a.channel_id
    WHERE a.kind = 'wallet'
"""


def import_books(
    said: str,
    path: Path,
    settings: Settings,
    environ: Mapping[str, str],
    now_ms: int,
    progress: Progress,
    decide: Callable[[Report], bool],
) -> bool:
    """Build books at ``path`` from a source; whether ``decide`` had them put in place.

    Raises SourceError, ImportFailed, and the errors of `kryten_economy.ledger.errors`.
    """
    if not is_dsn(said) and path.exists() and path.samefile(said):
        raise SourceError(
            f"{said}: this is where the configuration has the new books (database.path). Name"
            " another file there: the old one is only read and stays as it is"
        )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableBooks(f"{path.parent}: {error.strerror}") from error
    refuse_after_a_loss(path)
    lock = FileLock(path, create=False)
    fresh = path.with_name(f"{path.name}.importing")
    try:
        _require_empty(path)
        with open_source(said, environ) as source:
            report = _build(source, fresh, settings, now_ms, progress)
        progress.clear()
        if not decide(report):
            return False
        _put_in_place(fresh, path)
        return True
    finally:
        remove_file(fresh)
        lock.release()


def _require_empty(path: Path) -> None:
    if not path.exists() or not path.stat().st_size:
        return
    reader = Reader.open(path)
    try:
        if reader.sql.only(_HELD)[0] or reader.sql.only(_MOVED)[0]:
            raise UsedBooks(str(path))
    finally:
        reader.close()


def _build(
    source: Source, fresh: Path, settings: Settings, now_ms: int, progress: Progress
) -> Report:
    report = Report(source.name)
    configured = tuple(each.channel for each in settings.channels)
    ladder = Ladder(settings.ranks.tiers)
    progress.doing("accounts")
    people = read_people(source, report, configured, ladder, now_ms)
    _require_room(report)
    try:
        with build_at(fresh) as target:
            work = Work(source, target, people, report, progress, settings, now_ms)
            _fill(work)
    except apsw.ConstraintError as error:
        raise ImportFailed(f"the source has what books can't hold: {error}") from error
    report.read["race_results"] = source.count("race_results")
    progress.doing("proving that it adds up")
    _prove(source, fresh, people, report)
    return report


def _require_room(report: Report) -> None:
    too_much = report.odd.get("more money than books can hold")
    if too_much:
        raise ImportFailed(f"more money than books can hold: {', '.join(too_much)}")


def _fill(work: Work) -> None:
    target = work.target
    survey(work)
    with target.stage():
        target.open_channels(work.people.channels.values(), len(work.people))
        written = write_transfers(work, referred_to(work))
        copy_waiting(work)
    with target.stage():
        copy_activity(work)
        copy_belongings(work, written)
        copy_games(work)
        _mark_jobs(work, written)
    with target.stage():
        write_accounts(work)
        for channel in target.channels.values():
            told = f"{target.transfers} transfers"
            target.run(_AUDIT, work.now_ms, channel.name, work.source.name, told)


def _mark_jobs(work: Work, written: Written) -> None:
    """What the old service has done today is not done again: nobody is paid twice."""
    calendar = Calendar(work.settings.timezone)
    for job, channel, day in jobs_due(
        work.settings, calendar, work.now_ms, work.people.channels.values()
    ):
        if job == COMPETITIONS:
            fired_ms = calendar.day_start_ms(day_after(day)) - _JUDGED_BEFORE_MS
        else:
            fired_ms = calendar.day_start_ms(day) + _MAINTAINED_MS
        if written.last_ms >= fired_ms + _DONE_BY_MS:
            work.target.run(_JOB, job, channel, day, work.now_ms)
            work.report.tell("daily jobs that were done before", f"{channel}: {job} of {day}")


_JUDGED_BEFORE_MS = 60_000
_MAINTAINED_MS = 3 * 3_600_000
"""The old service judged competitions a minute before midnight and paid interest at three."""

_DONE_BY_MS = 30_000
"""A service that lived half a minute after the time of a job has done it."""


# The proof


def _prove(source: Source, fresh: Path, people: People, report: Report) -> None:
    """Look at the built file and at the source once more, by other ways than it was built."""
    checked = verify(fresh)
    if not checked.ok:
        raise ImportFailed(f"what was built does not add up: {checked.first}")
    wanted = _balances_of(source, people)
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    reader = Reader.open(fresh)
    try:
        for channel, name, balance_z in reader.sql.rows(_WALLETS):
            found[channel][name] = balance_z
    finally:
        reader.close()
    for channel in people.channels.values():
        expected, built = wanted[channel], found[channel]
        if expected != built:
            raise ImportFailed(_unlike(channel, expected, built))
        report.channels.append(
            ChannelTotals(
                channel, len(built), sum(built.values()), channel.lower() in people.configured
            )
        )


def _balances_of(source: Source, people: People) -> defaultdict[str, dict[str, int]]:
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    row: tuple[Cell, ...]
    for row in source.rows("accounts", ("username", "channel", "balance")):
        username, written, balance = row
        of_channel, name = found[people.channel(written)], key_of(text(username))
        of_channel[name] = of_channel.get(name, 0) + max(0, whole(balance) or 0)
    return found


def _unlike(channel: str, expected: Mapping[str, int], built: Mapping[str, int]) -> str:
    names = [name for name in {**expected, **built} if expected.get(name) != built.get(name)]
    first = names[0]
    return (
        f"{channel}: {len(names)} balances are not those of the source, the first is {first}:"
        f" expected {expected.get(first)}, built {built.get(first)}"
    )


def _put_in_place(fresh: Path, path: Path) -> None:
    sync(fresh)
    # The logs of the empty books that are replaced would be taken for those of the new ones.
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    fresh.replace(path)
    sync(path.parent)
