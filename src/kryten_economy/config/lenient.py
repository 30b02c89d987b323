"""Reading a file as the old service did where that is harmless, with a warning for each finding.

The document is checked, every fault with a remedy is mended in the document and told with
its place, and the document is checked again, until it is good or only faults without a
remedy are left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from kryten_economy.config.document import Document, KeyPath
from kryten_economy.config.problems import Problem
from kryten_economy.config.remedies import DROPPED, Fault, Mend, Reading, Remedy
from kryten_economy.config.schema import shape
from kryten_economy.config.section import Section
from kryten_economy.config.settings import Settings
from kryten_economy.config.validation import (
    is_echo,
    is_unreadable,
    problems_of,
    written_path,
)

__all__ = ("Read", "read_leniently")

# Each round mends at least one fault; a file that needs more rounds is not worth the time.
_ROUNDS_MAX: Final = 500


@dataclass(slots=True)
class Read:
    """The settings, or what makes the file unusable; and what was read otherwise than written."""

    settings: Settings | None = None
    problems: list[Problem] = field(default_factory=list)
    findings: list[tuple[Problem, str]] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """The findings in the order of the file: place, key, found, allowed, what is done."""
        in_order = sorted(self.findings, key=lambda finding: finding[0].line or 0)
        return list(dict.fromkeys(f"{problem}; {words}" for problem, words in in_order))


def read_leniently(document: Document) -> Read:
    """Check the document; it is changed where a remedy mends it."""
    read = Read()
    error: ValidationError | None = None
    for _ in range(_ROUNDS_MAX):
        try:
            read.settings = _validated(document)
        except ValidationError as found:
            error = found
            if not _mend(error, document, read):
                break
        else:
            return read
    if error is not None and not read.problems:
        read.problems = list(problems_of(error, document))
    return read


def _validated(document: Document) -> Settings:
    # Only known sections go in: other keys might be taken for arguments of pydantic-settings.
    known = {key: value for key, value in document.data.items() if key in Settings.model_fields}
    return Settings.model_validate(known)


def _mend(error: ValidationError, document: Document, read: Read) -> bool:
    """Mend what has a remedy; whether anything was, for then the rest is looked at again.

    The faults are taken from the last to the first, so that a list that loses an entry
    keeps the positions of those still to come.
    """
    mends: list[Mend] = []
    found: list[tuple[Problem, str]] = []
    for detail in reversed(error.errors(include_url=False)):
        if is_echo(detail):
            continue
        fault = Fault(document, written_path(detail, document), detail)
        mend = _remedied(fault)
        (problem,) = problems_of(error, document, only=detail)
        if mend is not None:
            mends.append(mend)
            found.append((problem, mend.words))
        elif problem not in read.problems:
            # It stays, even if another fault beside it puts the whole section off.
            read.problems.append(problem)
    overwritten: list[KeyPath] = []
    for mend in mends:
        for path, value in mend.edits:
            if not any(path[: len(above)] == above for above in overwritten):
                _edit(document, path, value)
                overwritten.append(path)
    read.findings += reversed(found)
    return bool(mends)


def _edit(document: Document, path: KeyPath, value: object) -> None:
    if value is DROPPED:
        document.remove(path)
    else:
        document.put(path, value, document.place(path))


def _remedied(fault: Fault) -> Mend | None:
    """What the check offers, else what the nearest remedy on the way up to the root plans."""
    offered = fault.detail.get("ctx", {}).get("reading")
    if isinstance(offered, Reading):
        start = tuple(fault.detail["loc"])
        edits = tuple((start + below, value) for below, value in offered.edits.items())
        return Mend(edits, offered.words)
    if is_unreadable(fault.detail):
        return None
    for at, remedy in reversed(list(_declared(fault.path, Settings))):
        mend = remedy.plan(fault, at)
        if mend is not None:
            return mend
    return None


def _declared(path: KeyPath, model: type[Section]) -> Iterator[tuple[KeyPath, Remedy]]:
    """Every remedy between the root and the faulty value, with the path it is declared at."""
    length = 0
    while length < len(path):
        key = path[length]
        found = model.model_fields.get(key) if isinstance(key, str) else None
        if found is None:
            return
        length += 1
        for remedy in found.metadata:
            if isinstance(remedy, Remedy):
                yield path[:length], remedy
        held = shape(found)
        if held.section is None:
            return
        model = held.section
        length += held.container
        if model.if_broken is not None:
            yield path[:length], model.if_broken
