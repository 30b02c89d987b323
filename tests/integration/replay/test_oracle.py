"""Both recordings through the real service on a real bus, against an independent computation."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.actors.house import PRESENCE_ONLY, settings_with
from tests.integration.replay.oracle import BOT, Oracle, Person, expected
from tests.integration.sandbox.recordings import BASIC, RESTART, lines

from economy_actors.clock import Clock
from economy_actors.context import LiveSettings
from economy_actors.gateway.payloads import typed_line
from economy_actors.handlers.registry import COMMANDS
from economy_actors.metrics.metrics import Metrics
from economy_actors.service import Service, open_service
from economy_sandbox.replaying import Outcome, Standing, run
from economy_sandbox.trace import Trace
from kryten_economy.commands.grammar import parse
from kryten_economy.commands.table import help_text
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.text.markup import split

WHOLE_S = 1e9
CASES = [
    pytest.param(BASIC, 50.0, id="basic: all are here"),
    pytest.param(BASIC, 144.5, id="basic: after bounces, kick and ban"),
    pytest.param(BASIC, WHOLE_S, id="basic"),
    pytest.param(RESTART, 40.0, id="restart: after the first robot restart"),
    pytest.param(RESTART, 120.0, id="restart: after the restart of CyTube"),
    pytest.param(RESTART, WHOLE_S, id="restart"),
]


class Replayed:
    """A recording up to a moment, played to the service; and what should have come of it."""

    def __init__(self, path: Path, until_s: float, folder: Path) -> None:
        lines = Trace.load(path).lines
        self.trace = Trace([line for line in lines if line.at_s < until_s])
        self.oracle: Oracle = expected(path, until_s)
        self.folder = folder
        self.outcome: Outcome
        self.metrics: Metrics

    async def play(self, speed: float | None = None) -> None:
        """Run the service through it."""

        @asynccontextmanager
        async def opened(
            live: LiveSettings, *, clock: Clock | None = None
        ) -> AsyncIterator[Service]:
            async with open_service(live, clock=clock) as service:
                self.metrics = service.context.metrics
                yield service

        self.outcome = await run(
            self.trace, self.folder, speed, open_service=opened, rules=PRESENCE_ONLY
        )

    @property
    def standing(self) -> Standing:
        """The end in the recorded channel."""
        (standing,) = self.outcome.standings
        return standing

    def pms(self) -> list[tuple[str, str]]:
        """Recipient and text of all private messages that the service sent."""
        return [
            (str(each.args["to"]).lower(), str(each.args["msg"]))
            for each in self.outcome.report.commands
            if each.name == "pm"
        ]

    def said(self) -> list[str]:
        """All that the service did besides: it may do nothing but speak in the channel."""
        others = [each for each in self.outcome.report.commands if each.name != "pm"]
        assert {each.name for each in others} <= {"say"}
        return [str(each.args) for each in others]

    def dropped(self, reason: str) -> float:
        """How many events the edge has dropped for this reason."""
        name, labels = "economy_gateway_dropped_total", {"reason": reason}
        return self.metrics.registry.get_sample_value(name, labels) or 0

    def payments(self) -> dict[str, list[tuple[int, int]]]:
        """By user: the minutes that were paid, and with how much, from the books."""
        reports = Reports.open(self.folder / "economy.db")
        try:
            rows = {
                wallet.user.name: reports.transactions(wallet.user, 1000)
                for wallet in self.standing.wallets
            }
        finally:
            reports.close()
        return {
            name: [(row.created_at_ms, row.amount_z) for row in reversed(found) if is_minute(row)]
            for name, found in rows.items()
        }


def is_minute(row: TransactionRow) -> bool:
    """Whether a movement pays presence."""
    return row.trigger_id == "presence.base"


@pytest.mark.parametrize(("path", "until_s"), CASES)
async def test_a_recording_leads_to_what_the_specification_says(
    path: Path, until_s: float, tmp_path: Path
) -> None:
    """Presence, minutes, each payment, balances and counted lines are those of the oracle."""
    replayed = Replayed(path, until_s, tmp_path)
    await replayed.play()

    oracle, standing = replayed.oracle, replayed.standing
    assert {name.lower() for name in standing.present} == oracle.here
    assert {
        wallet.user.name: Person(
            wallet.display_name,
            wallet.balance_z,
            wallet.minutes_today,
            wallet.lifetime_messages,
            replayed.payments()[wallet.user.name],
        )
        for wallet in standing.wallets
    } == oracle.people
    assert {w.user.name for w in standing.wallets if w.welcome_wallet_claimed} == set(
        oracle.welcomed
    )
    assert replayed.outcome.books.ok
    assert_only_people_are_answered(replayed)


def assert_only_people_are_answered(replayed: Replayed) -> None:
    """One welcome per wallet, one answer per PM of a person, and thanks for what begins."""
    oracle, pms = replayed.oracle, replayed.pms()
    welcomes = [to for to, text in pms if text.startswith("Welcome!")]
    # The help of an ordinary user is longer than one PM.
    further = split(help_text(COMMANDS, None, is_admin=False, settings=settings_with()), 240)[1:]
    answers = [to for to, text in pms if not text.startswith("Welcome!") and text not in further]
    assert Counter(welcomes) == Counter(oracle.welcomed)
    assert Counter(answers) == Counter(oracle.answered)
    assert not {to for to, _ in pms if to == BOT or to.startswith("[")}
    said = replayed.said()
    thanks = [line for line in said if "Now playing:" in line]
    assert not [line for line in thanks if f"tip to {BOT}" in line]
    told = [line for line in said if line not in thanks]
    assert len(told) == len(oracle.announced)
    assert all(deed in line for deed, line in zip(oracle.announced, told, strict=True))
    assert replayed.dropped("echo") == oracle.dropped["echo"] + len(pms) + len(said)
    for reason in ("server_line", "shadow", "replayed"):
        assert replayed.dropped(reason) == oracle.dropped[reason], reason


async def test_the_recordings_hold_what_must_not_earn() -> None:
    """The comparison means something: echoes, notices and repeated lines are there to be met."""
    basic, restart = expected(BASIC, WHOLE_S), expected(RESTART, WHOLE_S)

    assert basic.dropped == {"echo": 53, "server_line": 31, "shadow": 1}
    assert restart.dropped == {"echo": 5, "server_line": 5, "replayed": 28}
    assert (len(basic.answered), len(restart.answered)) == (24, 5)


@pytest.mark.parametrize("speed", [60.0, 2000.0])
async def test_the_outcome_is_the_same_at_any_speed(speed: float, tmp_path: Path) -> None:
    """However fast a recording is played, its own time decides."""
    replayed = Replayed(RESTART, WHOLE_S, tmp_path)
    await replayed.play(speed)

    balances = {wallet.user.name: wallet.balance_z for wallet in replayed.standing.wallets}
    assert balances == {name: person.balance for name, person in replayed.oracle.people.items()}
    assert_only_people_are_answered(replayed)


async def test_private_messages_are_understood_as_typed(tmp_path: Path) -> None:
    """What filters made of a command is undone: its word and its arguments are those typed."""
    recorded = [
        line["data"]["payload"]["msg"]
        for line in lines(BASIC)
        if line["subject"].endswith(".pm") and line["data"]["payload"]["username"] == "carol"
    ]
    assert recorded[1] == "tip @Dr<em>Z</em>oid 10"
    parsed = parse(typed_line(recorded[1]))
    assert parsed is not None
    assert (parsed.word, list(parsed.args)) == ("tip", ["@Dr_Z_oid", "10"])

    replayed = Replayed(BASIC, 50.0, tmp_path)
    await replayed.play()

    to_carol = [text for to, text in replayed.pms() if to == "carol"]
    assert replayed.oracle.too_new["carol"] == [60, 30]
    assert to_carol[1:] == [
        f"Your account is too new for this: try again in {left} minutes."
        for left in replayed.oracle.too_new["carol"]
    ]
    to_alice = [text for to, text in replayed.pms() if to == "alice"]
    assert sum("Balance: 101 Z" in text for text in to_alice) == 2, "as typed twice by alice"
