"""``kryten-economy init``: a small configuration for one channel, tried before it is written.

It asks for what has no answer that fits everybody, or takes it from flags, and looks whether NATS
and the channel's robot are there. An existing file is left alone unless one says so.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import anyio

from economy_actors.gateway.probe import BusFacts, look_at_bus
from kryten_economy.cli.doctor import bus_findings
from kryten_economy.cli.findings import Finding, as_lines, failed, fine, odd
from kryten_economy.config import ConfigError, Settings, load

__all__ = ("DEFAULT_OUTPUT", "QUESTIONS", "init")

DEFAULT_OUTPUT: Final = Path("config.yaml")

_TEXT = """\
# kryten-economy in {channel}, as `kryten-economy init` has written it.
# Every key and its default: config.example.yaml. After a change:
#   kryten-economy --config FILE --validate-config    is it valid?
#   kryten-economy --config FILE doctor               does everything else fit?

nats:
  servers: [{nats}]
  # If the server asks who we are; the password is taken from the environment.
  # user: economy
  # password: "${{NATS_PASSWORD}}"

channels:
  - domain: {domain}    # the same host as in the robot's configuration
    channel: {channel}    # exact case

bot:
  username: {bot}    # the robot's account in CyTube; people write to it

admin:
  owner_level: 4    # the CyTube rank that admin commands need{who}

ignored_users: []    # other bots of the channel: they neither earn nor count

timezone: UTC    # IANA zone of every day, week and hour, such as Europe/Berlin

database:
  path: economy.db    # the books; a relative path lies where the service is started
"""


class _Question(NamedTuple):
    """One thing to know; ``default`` None means that there is none, "" that it may be left out."""

    key: str
    text: str
    default: str | None


QUESTIONS: Final = (
    _Question("channel", "The channel's name, in its exact case", None),
    _Question("domain", "The CyTube server", "cytu.be"),
    _Question("bot", "The robot's account in the channel", "ZCoinBot"),
    _Question("owner", "Your own account, which shall give admin commands", ""),
    _Question("nats", "The address of NATS", "nats://localhost:4222"),
)


class _NotAnsweredError(Exception):
    """Something must be known and was not told."""


@dataclass(frozen=True, slots=True)
class _Answers:
    channel: str
    domain: str
    bot: str
    owner: str
    nats: str


def init(options: argparse.Namespace) -> int:
    """Ask, try, write; the exit code is 1 if nothing was written."""
    output: Path = options.output
    if output.exists() and not options.force:
        return _failed(f"{output} exists already; --force replaces it, --output names another")
    try:
        answers = _answers(options)
        settings = _tried(_text(answers, None))
        bus = anyio.run(partial(look_at_bus, settings, lambda: time.time_ns() // 1_000_000))
        findings = [*_findings(settings, bus, answers)]
        print(as_lines(findings))
        if failed(findings) and not _goes_on(options):
            return _failed("nothing was written")
        _write(output, _text(answers, _rank(bus, answers)), replace=options.force)
    except _NotAnsweredError as error:
        return _failed(str(error))
    except ConfigError as error:
        return _failed("\n".join(f"{each.key_path}: {each.allowed}" for each in error.problems))
    except OSError as error:
        return _failed(f"{output}: {error.strerror}")
    print(f"\n{output} was written. Next:")
    print(f"  kryten-economy --config {output} doctor")
    print(f"  kryten-economy --config {output}")
    return 0


def _answers(options: argparse.Namespace) -> _Answers:
    told = {each.key: _answer(options, each) for each in QUESTIONS}
    told["domain"] = _host(told["domain"])
    return _Answers(**told)


def _answer(options: argparse.Namespace, question: _Question) -> str:
    given = getattr(options, question.key)
    if given is not None:
        return str(given).strip()
    if options.yes:
        if question.default is None:
            raise _NotAnsweredError(f"with --yes please give --{question.key}, too")
        return question.default
    hint = f" [{question.default}]" if question.default else ""
    while True:
        said = _said(f"{question.text}{hint}: ") or question.default
        if said is not None:
            return said


def _said(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError:
        raise _NotAnsweredError("nobody answers: please give flags and --yes") from None


def _goes_on(options: argparse.Namespace) -> bool:
    """What was found is told either way; --yes has decided beforehand."""
    if options.yes:
        print("warning: written all the same; mend what failed before the start", file=sys.stderr)
        return True
    return _said("Something is not as it should be. Write it all the same? [y/N]: ") in {"y", "yes"}


def _host(domain: str) -> str:
    """The host of a page's address, too: people copy it from their browser."""
    return urlsplit(domain).hostname or domain if "://" in domain else domain


def _text(answers: _Answers, owner_rank: float | None) -> str:
    """The file. A text in JSON is one in YAML, whatever is in it."""

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    who = ""
    if owner_rank is not None:
        who = f"; {' '.join(answers.owner.split())} has {owner_rank:g}"
    return _TEXT.format(
        channel=quoted(answers.channel),
        domain=quoted(answers.domain),
        bot=quoted(answers.bot),
        nats=quoted(answers.nats),
        who=who,
    )


def _tried(text: str) -> Settings:
    """What the service would read in it, whatever the environment says; raises ConfigError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, {}).settings


def _findings(settings: Settings, bus: BusFacts, answers: _Answers) -> Iterator[Finding]:
    """What of the doctor's findings is about the answers."""
    for each in bus_findings(settings, bus):
        if each.check.partition(" ")[0] in {"nats", "jetstream", "robot"}:
            yield each
    if not answers.owner or bus.why_not:
        return
    rank, level = _rank(bus, answers), settings.admin.owner_level
    if rank is None:
        to_do = f"come in, and see that you have rank {level} there"
        yield odd("owner", f"{answers.owner} is not in the channel now", to_do)
    elif rank < level:
        found = f"{answers.owner} has rank {rank:g}; admin commands need {level}"
        yield odd("owner", found, "take another account, or lower admin.owner_level")
    else:
        yield fine("owner", f"{answers.owner} has rank {rank:g} and may give admin commands")


def _rank(bus: BusFacts, answers: _Answers) -> float | None:
    room = (bus.rooms or {}).get(answers.channel)
    return room.rank_of(answers.owner) if room is not None else None


def _write(output: Path, text: str, *, replace: bool) -> None:
    """For its owner's eyes only, since passwords come into such a file; whole or not at all."""
    fresh = output.with_name(f".{output.name}.new")
    fresh.unlink(missing_ok=True)
    with open(fresh, "x", encoding="utf-8", opener=partial(os.open, mode=0o600)) as file:
        file.write(text)
    try:
        if replace:
            fresh.replace(output)
        else:
            output.hardlink_to(fresh)  # fails if somebody else was faster
    finally:
        fresh.unlink(missing_ok=True)


def _failed(why: str) -> int:
    print(f"kryten-economy: {why}", file=sys.stderr)
    return 1
