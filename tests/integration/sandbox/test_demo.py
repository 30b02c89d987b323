"""The demo with a tiny service, and once with the real one."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from kryten import ChatMessageEvent, KrytenClient
from tests.integration.sandbox.recordings import BASIC

from economy_actors.catalogue.client import MediaCmsServer, search
from economy_actors.service import open_service
from economy_sandbox import replaying
from economy_sandbox.demo import main, run_demo
from economy_sandbox.settings import DemoConfig, ServiceInfo, demo_settings
from economy_sandbox.timekeeper import hosted, starter
from kryten_economy.config import load
from kryten_economy.features.catalogue import CatalogueItem


@asynccontextmanager
async def tiny_service(config: DemoConfig) -> AsyncIterator[ServiceInfo]:
    """Answers each PM with its own words."""
    client = KrytenClient(
        {
            "nats": {"servers": [config.nats_url]},
            "channels": [{"domain": config.domain, "channel": config.channel}],
            "service": {"name": "economy", "version": "1.0.0"},
            "chat_min_delay": 0.0,
            "chat_jitter": 0.0,
        }
    )

    async def answer(event: ChatMessageEvent) -> None:
        if event.username != config.bot:
            await client.send_pm(config.channel, event.username, f"you said {event.message}")
            if event.message == "all of it":
                await asyncio.sleep(0.3)
                await client.send_pm(config.channel, event.username, "and this as well")

    client.on("pm")(answer)
    await client.connect()
    try:
        yield ServiceInfo("http://127.0.0.1:1/metrics", ("balance",))
    finally:
        await client.disconnect()


async def _played(*lines: str) -> str:
    sink = io.StringIO()
    source = io.StringIO("".join(f"{line}\n" for line in lines))
    async with asyncio.timeout(20):
        await run_demo(tiny_service, user="Kim", seed=3, source=source, sink=sink)
    return sink.getvalue()


async def test_piped_lines_are_pms_with_answers() -> None:
    """Each piped line is a PM to the bot, its answer follows, and the end of input is the end."""
    text = await _played("balance", "help me")
    assert "you are called Kim and are an owner (rank 4)" in text
    assert "Metrics: http://127.0.0.1:1/metrics" in text
    asked, answered = text.index("Kim → ZCoinBot: help me"), text.index("Kim: you said help me")
    assert text.index("Kim: you said balance") < asked < answered
    assert text.endswith("Bye.\n")


async def test_a_script_waits_for_whole_answers() -> None:
    """What is piped behind a line comes after all parts of its answer."""
    text = await _played("all of it", "help me")
    assert text.index("Kim: and this as well") < text.index("Kim → ZCoinBot: help me")


async def test_chat_and_orders() -> None:
    """A quote or /say goes to chat; orders act on the demo; /quit ends it."""
    text = await _played(
        "'hello all", "/say and again", "/who", "/pms off", "/crowd off", "/crowd", "/quit", "never"
    )
    assert "<Kim> hello all" in text
    assert "<Kim> and again" in text
    assert "Here: " in text
    assert "PMs of others are hidden." in text
    assert "The crowd is resting." in text
    assert text.count("/crowd on|off") == 2
    assert "never" not in text


async def test_a_mistyped_order_is_told_at_once() -> None:
    """What begins with a slash and is neither an order nor a command does not go to the bot."""
    text = await _played("/quti", "/balance")
    assert "There is no /quti here." in text
    assert "you said /quti" not in text
    assert "you said /balance" in text


async def test_robot_restart_is_survived() -> None:
    """After /restart the service still answers."""
    text = await _played("/restart", "balance")
    assert "Kim: you said balance" in text


async def test_real_service_answers_in_the_demo() -> None:
    """The real service, on the written configuration, knows the person's balance."""
    sink = io.StringIO()
    source = io.StringIO("balance\n")
    async with asyncio.timeout(30):
        await run_demo(starter(open_service), user="Kim", seed=3, source=source, sink=sink)
    text = sink.getvalue()
    assert "ZCoinBot → Kim: " in text
    assert "Metrics: http://127.0.0.1:" in text
    assert "In your browser: http://127.0.0.1:" in text


async def test_the_demo_has_a_catalogue_to_search() -> None:
    """The service is told of a server with films, and `search` and the rest are not redirected."""
    found: list[str] = []

    @asynccontextmanager
    async def looking_service(config: DemoConfig) -> AsyncIterator[ServiceInfo]:
        mediacms = load(config.config_path, {}).settings.mediacms
        assert mediacms.configured
        assert not mediacms.web_queue_redirect
        answer = await client.ask(search("harbor patrol", mediacms))
        assert isinstance(answer, tuple)
        found.extend(each.title for each in answer if isinstance(each, CatalogueItem))
        async with tiny_service(config) as info:
            yield info

    client = MediaCmsServer(lambda _result: None, connections_max=1)
    sink = io.StringIO()
    try:
        async with asyncio.timeout(20):
            await run_demo(looking_service, user="Kim", seed=3, source=io.StringIO(), sink=sink)
    finally:
        await client.close()
    assert "Harbor Patrol S01E01: The Quiet Dock" in found
    assert sink.getvalue().endswith("Bye.\n")


async def test_replay_tells_what_the_service_made_of_it() -> None:
    """The replay command ends with what was replayed and what the service sent."""
    sink = io.StringIO()
    assert await replaying.main(BASIC, sink=sink) == 0
    first, second, *pms = sink.getvalue().splitlines()
    assert first.startswith("889 lines, 310 s recorded: ")
    assert second.startswith("The service sent: ")
    assert pms


async def test_replay_of_a_bad_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no recording is refused before anything is started."""
    path = tmp_path / "bad.jsonl"
    path.write_text("{oops\n")
    assert await replaying.main(path) == 1
    assert capsys.readouterr().err.startswith("kryten-economy: Line 1: not JSON")


def test_demo_settings_are_valid(tmp_path: Path) -> None:
    """The written configuration loads without a fault or a warning about unknown keys."""
    path = tmp_path / "config.yaml"
    text = demo_settings("nats://127.0.0.1:1", "demo.local", "demo", "Bot", tmp_path / "a b.db")
    path.write_text(text, encoding="utf-8")
    loaded = load(path, {})
    assert not [warning for warning in loaded.warnings if "known" in warning]
    assert loaded.settings.database.path == str(tmp_path / "a b.db")


def test_bad_arguments_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A name CyTube would not take is refused at once."""
    assert main(user="no name!", seed=1, speed=1.0, open_service=open_service) == 2
    assert "--user takes a CyTube name" in capsys.readouterr().err


@pytest.mark.slow
def test_interrupt_ends_without_traceback(tmp_path: Path) -> None:
    """Ctrl-C ends the demo cleanly within seconds and leaves no folder and no server."""
    program = (
        "import sys; from economy_actors.service import open_service;"
        "from economy_sandbox.demo import main;"
        "sys.exit(main(user='Kim', seed=1, speed=1.0, open_service=open_service))"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if "Kim joined" in line:
                    break
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, "")
    assert list(tmp_path.iterdir()) == []


async def test_hosting_ignores_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings of a real installation in the environment do not reach the sandbox."""
    monkeypatch.setenv("KRYTEN_ECONOMY__CURRENCY__NAME", "Doubloon")
    path = tmp_path / "config.yaml"
    text = demo_settings("nats://127.0.0.1:1", "demo.local", "demo", "Bot", tmp_path / "e.db")
    path.write_text(text, encoding="utf-8")
    async with hosted(open_service, path) as service:
        assert service.context.live.settings.currency.name == "Z-Coin"
