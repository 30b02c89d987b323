"""Log lines: readable for people, one bounded JSON object with a level prefix for journald."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from economy_actors import logs
from economy_actors.runtime.observer import DeadLetterReason, Observer


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[tuple[str, dict[str, Any]]]:
    """Prefix and JSON object of every line."""
    found = []
    for line in stream.getvalue().splitlines():
        prefix, body = line[:3], line[3:]
        found.append((prefix, json.loads(body)))
    return found


def configured(level: str = "INFO", *, as_json: bool = True) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(level, stream, as_json=as_json)
    return stream


def test_a_line_for_journald_is_json_behind_its_level() -> None:
    """Each level has the prefix that journald turns into a priority."""
    stream = configured("DEBUG")
    log = structlog.get_logger("room")
    log.debug("a")
    log.info("b", amount_z=5)
    log.warning("c")
    log.error("d")
    log.critical("e")
    found = lines(stream)
    assert [prefix for prefix, _ in found] == ["<7>", "<6>", "<4>", "<3>", "<2>"]
    body = found[1][1]
    assert (body["event"], body["logger"], body["level"], body["amount_z"]) == (
        "b",
        "room",
        "info",
        5,
    )
    assert body["timestamp"].endswith("Z")


def test_library_lines_take_the_same_path() -> None:
    """kryten-py, nats and aiohttp log through ``logging`` and come out in the same form."""
    stream = configured()
    with logs.about(channel="lounge"):
        logging.getLogger("kryten.client").warning("Subscribed to: %s", "x.>")
    [(prefix, body)] = lines(stream)
    assert prefix == "<4>"
    assert body["event"] == "Subscribed to: x.>"
    assert body["logger"] == "kryten.client"
    assert body["channel"] == "lounge"


def test_the_level_holds_for_libraries_that_set_their_own() -> None:
    """kryten-py lowers its logger's level by itself; --log-level still decides."""
    stream = configured("WARNING")
    library = logging.getLogger("kryten.level_test")
    library.setLevel(logging.DEBUG)
    library.info("chatter")
    structlog.get_logger("room").info("chatter")
    assert stream.getvalue() == ""


def test_private_text_is_seen_at_debug_only() -> None:
    """What somebody typed never reaches a line at INFO or above."""
    stream = configured("DEBUG")
    log = structlog.get_logger("room")
    log.info("pm", text="my secret")
    log.error("pm failed", text="my secret")
    log.debug("pm", text="my secret")
    bodies = [body for _, body in lines(stream)]
    assert ["text" in body for body in bodies] == [False, False, True]


def test_what_a_line_is_about_is_added_and_taken_off_again() -> None:
    """Correlation id, channel and user are on each line inside the block, and on none after it."""
    stream = configured()
    log = structlog.get_logger("room")
    with logs.about(correlation_id="17b7", channel="lounge", user="bob"):
        log.info("inside")
    log.info("outside")
    inside, outside = (body for _, body in lines(stream))
    assert (inside["correlation_id"], inside["channel"], inside["user"]) == (
        "17b7",
        "lounge",
        "bob",
    )
    assert outside.keys().isdisjoint({"correlation_id", "channel", "user"})


def test_an_exception_is_one_line() -> None:
    """The stack is inside the JSON object, from structlog and from libraries alike."""
    stream = configured()
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger("room").exception("failed")
        logging.getLogger("nats.aio.client").exception("failed")
    found = lines(stream)
    assert len(found) == 2
    for _, body in found:
        assert body["exception"].startswith("Traceback")
        assert body["exception"].endswith("ValueError: broken")


def test_a_huge_value_does_not_split_the_line() -> None:
    """journald cuts lines above 48 KiB; the line stays below, keeping both ends of the value."""
    stream = configured()
    structlog.get_logger("room").error("failed", detail="a" * 60_000 + "end")
    [(_, body)] = lines(stream)
    assert len(stream.getvalue()) < 48 * 1024
    assert body["detail"].endswith("end")


def test_values_without_json_form_are_shown() -> None:
    """A logged object that JSON does not know is written by its repr."""
    stream = configured()
    structlog.get_logger("room").info("odd", who={1, 2}, what=object)
    [(_, body)] = lines(stream)
    assert body["who"] == "{1, 2}"


def test_readable_lines_begin_with_time_logger_level_message() -> None:
    """The order people know from the existing service, then key=value."""
    stream = configured(as_json=False)
    structlog.get_logger("room").info("tip sent", amount_z=5)
    time, logger, rest = stream.getvalue().split(" ", 2)
    assert time.endswith("Z")
    assert logger == "room"
    assert rest.split() == ["[info", "]", "tip", "sent", "amount_z=5"]


def test_no_value_can_forge_a_readable_line() -> None:
    """Line ends and terminal escapes in a value are shown, not obeyed."""
    stream = configured(as_json=False)
    structlog.get_logger("room").info("x", name="a\n2026 [error] fake \x1b[31m")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_readable_tracebacks_hide_local_variables() -> None:
    """Local variables hold secrets and private text."""
    stream = configured(as_json=False)
    password = "hunter" + "2"
    try:
        raise ValueError(len(password))
    except ValueError:
        structlog.get_logger("room").exception("failed")
    assert "ValueError: 7" in stream.getvalue()
    assert "hunter" not in stream.getvalue().replace('"hunter" + "2"', "")


def test_colours_are_for_terminals() -> None:
    """A terminal gets colours, a file none."""
    terminal = Terminal()
    logs.configure("INFO", terminal, as_json=False)
    structlog.get_logger("colours").info("hello")
    assert "\x1b[" in terminal.getvalue()


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (Terminal(), {}, False),
        (io.StringIO(), {}, True),
        (Terminal(), {"JOURNAL_STREAM": "8:1234"}, True),
    ],
)
def test_machines_read_json(stream: io.StringIO, environ: dict[str, str], expected: bool) -> None:
    """journald and pipes get JSON, a terminal gets readable lines."""
    assert logs.wants_json(stream, environ) is expected


def test_a_flood_is_one_line_and_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of equal lines one is written per minute, and then how many more there were."""
    now_s = [0.0]
    monkeypatch.setattr(logs._repeats, "_now_s", lambda: now_s[0])
    stream = configured()
    log = structlog.get_logger("room")
    for number in range(5000):
        log.warning("message lost", number=number, once_a_minute="a")
        log.info("other line")
        log.warning("message lost", number=number, once_a_minute="b")
    bodies = [body for _, body in lines(stream) if body["event"] == "message lost"]
    assert [body["number"] for body in bodies] == [0, 0]
    logs._repeats.tell()
    assert len(lines(stream)) == 5002
    now_s[0] = 60.0
    logs._repeats.tell()
    counted = [(prefix, body) for prefix, body in lines(stream) if "more" in body]
    assert [(prefix, body["kind"], body["more"]) for prefix, body in counted] == [
        ("<4>", "a", 4999),
        ("<4>", "b", 4999),
    ]
    log.warning("message lost", number=7, once_a_minute="a")
    assert lines(stream)[-1][1]["number"] == 7


def test_kinds_of_floods_are_bounded() -> None:
    """Ever new kinds fill no memory."""
    configured()
    log = structlog.get_logger("room")
    for number in range(2000):
        log.warning("message lost", once_a_minute=str(number))
    assert len(logs._repeats._kinds) <= 512


def test_lost_messages_of_many_sessions_are_one_kind() -> None:
    """A burst of dead letters in one channel is one line, whoever they were for."""
    stream = configured()
    observer = Observer()
    ends_of_windows: list[Callable[[], None]] = []
    observer.attach(lambda _, call: ends_of_windows.append(call))
    said = ("said", "x" * 9000)
    for number in range(1000):
        address = f"root/channels/lounge/user{number}"
        trace = f"id-{number}"
        observer.dead_letter(address, said, DeadLetterReason.FULL, trace, kind="session")
    ends_of_windows[0]()
    [(_, body)] = lines(stream)
    assert body["actor"] == "root/channels/lounge/user0"
    assert body["count"] == 1000
    assert len(body["message"]) <= 500
    assert observer.dead_letters[DeadLetterReason.FULL] == 1000


def test_an_unknown_level_is_refused() -> None:
    """A mistyped level is told at once, with what is allowed."""
    with pytest.raises(ValueError, match="DEBUG, INFO, WARNING, ERROR"):
        logs.configure("LOUD", io.StringIO(), as_json=True)
