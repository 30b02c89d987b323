"""What a check of the installation has found, one line each, for people and for scripts."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

from kryten_economy import __version__

__all__ = ("Finding", "Status", "as_json", "as_lines", "failed", "fine", "odd", "wrong")

Status = Literal["PASS", "WARN", "FAIL"]

_COLUMN: Final = 14


@dataclass(frozen=True, slots=True)
class Finding:
    """``check`` is the same in every version, for scripts; ``to_do`` is "" where all is well."""

    check: str
    status: Status
    found: str
    to_do: str = ""


def fine(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "PASS", found)


def odd(check: str, found: str, to_do: str) -> Finding:
    """The service works, and somebody should know."""
    return Finding(check, "WARN", found, to_do)


def wrong(check: str, found: str, to_do: str) -> Finding:
    """The service, or something that the settings ask for, can't work."""
    return Finding(check, "FAIL", found, to_do)


def failed(findings: Sequence[Finding]) -> bool:
    """Whether something must be mended."""
    return any(each.status == "FAIL" for each in findings)


def as_lines(findings: Sequence[Finding]) -> str:
    """One line each; what to do stands behind an arrow."""
    width = max([_COLUMN, *(len(each.check) for each in findings)])
    return "\n".join(_line(each, width) for each in findings)


def _line(finding: Finding, width: int) -> str:
    text = f"{finding.status}  {finding.check:<{width}}  {finding.found}"
    text = f"{text} -> {finding.to_do}" if finding.to_do else text
    return " ".join(text.splitlines())


def as_json(findings: Sequence[Finding]) -> str:
    """One object for scripts."""
    told = {
        "ok": not failed(findings),
        "version": __version__,
        "checks": [asdict(each) for each in findings],
    }
    return json.dumps(told, indent=2, ensure_ascii=False)
