"""Logging for people on a terminal and for journald.

Promises: every line, also those of libraries that use ``logging``, takes one path; JSON lines are
single lines of bounded length with the syslog level prefix that journald reads (sd-daemon(3)); a
key ``text`` (what somebody typed) is seen at DEBUG only; of lines with a key ``once_a_minute`` one
of each kind is written per minute, and how many more there were is told after it. Configure before
the first line is written: loggers keep the level they were first used with.
"""

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TextIO

import anyio
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = ("LEVELS", "Repeats", "about", "configure", "drop_text", "tell_repeats", "wants_json")

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")

_SYSLOG_LEVELS: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_LONGEST_VALUE: Final = 16_000
"""Characters; journald splits lines above 48 KiB (LineMax), which would break the JSON."""


_MINUTE_S: Final = 60.0
_TELL_EVERY_S: Final = 5.0
_KINDS_MAX: Final = 512


def wants_json(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether lines are read by a machine: journald or a pipe, not a terminal."""
    return "JOURNAL_STREAM" in environ or not stream.isatty()


@contextlib.contextmanager
def about(
    *, correlation_id: str | None = None, channel: str | None = None, user: str | None = None
) -> Iterator[None]:
    """Every line written inside carries what is given here."""
    known = {"correlation_id": correlation_id, "channel": channel, "user": user}
    given = {name: value for name, value in known.items() if value is not None}
    with structlog.contextvars.bound_contextvars(**given):
        yield


def drop_text(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Take what somebody typed (key ``text``) out of every line above DEBUG."""
    if method != "debug":
        event.pop("text", None)
    return event


@dataclass(slots=True)
class _Kind:
    """Lines of one kind: until when further ones are only counted, and how many were."""

    until_s: float
    counted: int = 0


class Repeats:
    """Takes out lines that say again what has been said within the minute, and counts them.

    A line takes part by a key ``once_a_minute``, whose value tells kinds of one event apart.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._kinds: dict[tuple[str, str, str, str], _Kind] = {}

    def __call__(self, _logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """Let the first line of a minute pass; raises DropEvent for the others."""
        told_apart = event.pop("once_a_minute", None)
        if told_apart is None:
            return event
        what = (str(event.get("logger")), method, str(event.get("event")), str(told_apart))
        kind, now_s = self._kinds.get(what), self._now_s()
        if kind is not None and now_s < kind.until_s:
            kind.counted += 1
            raise structlog.DropEvent
        if kind is not None and kind.counted:
            event["more"] = kind.counted
        self._make_room()
        self._kinds[what] = _Kind(now_s + _MINUTE_S)
        return event

    def tell(self, *, all_kinds: bool = False) -> None:
        """Write how many lines were only counted, of kinds whose minute is over or of all."""
        now_s = self._now_s()
        for what, kind in tuple(self._kinds.items()):
            if not all_kinds and now_s < kind.until_s:
                continue
            del self._kinds[what]
            if kind.counted:
                logger, method, line, told_apart = what
                write: Any = getattr(structlog.get_logger(logger), _LEVEL_OF.get(method, method))
                write(line, more=kind.counted, kind=told_apart)

    def forget(self) -> None:
        """Start anew, as at the start of the process."""
        self._kinds.clear()

    def _make_room(self) -> None:
        """Forget the oldest kind without a count rather than grow without limit."""
        if len(self._kinds) >= _KINDS_MAX:
            quiet = next((what for what, kind in self._kinds.items() if not kind.counted), None)
            del self._kinds[quiet or next(iter(self._kinds))]


_LEVEL_OF: Final = {"exception": "error"}
_repeats: Final = Repeats()


async def tell_repeats() -> None:
    """Tell for ever of lines that were only counted; at the end of those that still are."""
    try:
        while True:
            await anyio.sleep(_TELL_EVERY_S)
            _repeats.tell()
    finally:
        _repeats.tell(all_kinds=True)


def _clip(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep a line readable for journald: the end of a long value tells more than its middle."""
    half = _LONGEST_VALUE // 2
    for key, value in event.items():
        if isinstance(value, str) and len(value) > _LONGEST_VALUE:
            event[key] = f"{value[:half]} … {value[-half:]}"
    return event


def _journal_line(_logger: WrappedLogger, method: str, event: EventDict) -> str:
    """One JSON object behind the level prefix, most useful keys first."""
    level = _SYSLOG_LEVELS[event.get("level", method)]
    first = ("timestamp", "logger", "level", "event")
    ordered = {key: event.pop(key) for key in first if key in event} | dict(event)
    return f"<{level}>{json.dumps(ordered, default=repr, ensure_ascii=False)}"


# One list for all configurations: cached loggers hold it, and so do test helpers of structlog.
_SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    drop_text,
    _repeats,
]
_STRUCTLOG: Final[list[Processor]] = [
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def _formatter(*, as_json: bool, colors: bool) -> logging.Formatter:
    drop_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    render: list[Processor] = (
        [structlog.processors.format_exc_info, _clip, _journal_line]
        if as_json
        else [_readable(colors=colors)]
    )
    return structlog.stdlib.ProcessorFormatter(
        processors=[drop_meta, *render], foreign_pre_chain=_SHARED
    )


def _value(value: object) -> str:
    """Words as they are; everything else quoted, so that no value can forge a line."""
    return value if isinstance(value, str) and value.isprintable() else repr(value)


def _readable(*, colors: bool) -> Processor:
    """Time, logger name, level, message, key=value (`config.md` 12)."""
    dev = structlog.dev
    styles = dev.ConsoleRenderer.get_default_column_styles(colors)
    levels = dev.ConsoleRenderer.get_default_level_styles(colors)

    def cell(style: str) -> dev.KeyValueColumnFormatter:
        return dev.KeyValueColumnFormatter(None, style, styles.reset, _value)

    columns = [
        dev.Column(
            "", dev.KeyValueColumnFormatter(styles.kv_key, styles.kv_value, styles.reset, _value)
        ),
        dev.Column("timestamp", cell(styles.timestamp)),
        dev.Column("logger", cell(styles.logger_name)),
        dev.Column("level", dev.LogLevelColumnFormatter(levels, styles.reset)),
        dev.Column("event", cell(styles.bright)),
    ]
    # Plain tracebacks: the rich ones show local variables, which hold secrets and private text.
    return dev.ConsoleRenderer(
        columns=columns, exception_formatter=dev.plain_traceback, sort_keys=False
    )


def configure(level: str, stream: TextIO, *, as_json: bool) -> None:
    """Send all log lines of at least ``level`` to ``stream``.

    Raises ValueError for a level outside ``LEVELS``.
    """
    if level not in LEVELS:
        raise ValueError(f"log level {level!r} is not one of {', '.join(LEVELS)}")
    number = logging.getLevelNamesMapping()[level]
    _repeats.forget()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(as_json=as_json, colors=stream.isatty()))
    # The handler has the level too: libraries set levels of their own on their loggers.
    handler.setLevel(number)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    structlog.configure(
        processors=_STRUCTLOG,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Not cached: whoever captures or reconfigures logging later reaches every logger.
        cache_logger_on_first_use=False,
    )
