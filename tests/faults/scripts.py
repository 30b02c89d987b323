"""Every game of several steps, killed at each of them.

``python -m tests.faults.scripts heist`` starts the real ledger, floor and tables in a child
process, has a round played act by act, and kills it with SIGKILL after each act, and while each
one is under way. The next child, an hour later, ends what was left; then the books are held
against what the players were told.
"""

import gc
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.audit import Audit
from tests.faults.crowd import ASKING, REPLAY, run_script
from tests.faults.load import CHANNEL, DAY, NOW_MS, Crowd
from tests.faults.play import SETTINGS, TICKET_Z
from tests.faults.torture import Child, Kill, run_child

from kryten_economy.config.gambling import Heist, Trivia
from kryten_economy.dice import Dice
from kryten_economy.features.games import auction, prediction, raffle
from kryten_economy.features.games.auction import CloseAuction, PlaceBid
from kryten_economy.features.games.blackjack.operations import Deal, Play
from kryten_economy.features.games.challenge.operations import AcceptChallenge, ChallengeSomebody
from kryten_economy.features.games.heist import round_terms as heist_terms
from kryten_economy.features.games.prediction import Predict
from kryten_economy.features.games.questions import Question
from kryten_economy.features.games.race.operations import BetOnRace
from kryten_economy.features.games.race.rules import POOL, lineup
from kryten_economy.features.games.raffle import BuyTickets, OpenRaffle
from kryten_economy.features.games.rules import Terms
from kryten_economy.features.games.tables import (
    CancelRound,
    DrawRound,
    FinishRound,
    JoinRound,
    OpenRound,
)
from kryten_economy.features.games.trivia import AnswerTrivia, RevealQuestion
from kryten_economy.features.games.trivia import round_terms as trivia_terms
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import Act
from kryten_economy.users import UserKey

__all__ = ("SCRIPTS", "Step", "main")

WEALTH_Z = 100
_SEED = "beef" * 16
"""The first hand of the day goes on after a hit."""
_NAMES = ("Ann", "Bob", "Eve")
ANN, BOB, EVE = (UserKey.of(CHANNEL, name) for name in _NAMES)
_WINDOW_S = 60

BACK, PAID = "cancelled", "settled"


@dataclass(frozen=True, slots=True)
class Step:
    """An act, and how the round ends if the service is killed once it is done."""

    act: Act[Any]
    ends: str


def _limits(game: str) -> Terms:
    return Terms(game, 1, 100)


def _opened(game: str, terms: dict[str, Any], player: UserKey | None = None) -> OpenRound:
    stake_z = 20 if player is not None else 0
    about = (_limits(game), _SEED, NOW_MS, DAY, player, stake_z)
    return OpenRound("open", CHANNEL, game, json.dumps(terms), *about)


def _joined(game: str, user: UserKey = BOB) -> JoinRound:
    return JoinRound("join", CHANNEL, 1, user, 20, _limits(game), NOW_MS, DAY)


def _drawn(said: str = "") -> Step:
    return Step(DrawRound("draw", CHANNEL, 1, NOW_MS, DAY, said), PAID)


_FINISHED = Step(FinishRound("finish", CHANNEL, 1, NOW_MS, DAY), PAID)
_CALLED_OFF = Step(CancelRound("off", CHANNEL, 1, "Called off", NOW_MS, DAY), BACK)


def _heist() -> list[Step]:
    opened = _opened("heist", heist_terms(Heist(), 20, "Ann"), ANN)
    return [Step(opened, BACK), Step(_joined("heist"), BACK), _drawn(), _FINISHED]


def _race() -> list[Step]:
    course = lineup(SETTINGS.gambling.race, Dice(1))._replace(live=True, mode=POOL)
    colors = [each.color for each in course.runners]
    bets = [
        BetOnRace(f"bet {n}", CHANNEL, 1, who, 20, colors[n], _limits("race"), NOW_MS, DAY)
        for n, who in enumerate((ANN, BOB))
    ]
    opened = Step(_opened("race", course.as_terms()), BACK)
    return [opened, Step(bets[0], BACK), _drawn(), Step(bets[1], PAID), _FINISHED]


def _trivia() -> list[Step]:
    question = Question("Film", "easy", "Which ship?", "Titanic", ("Argo", "Bounty", "Victory"))
    opened = _opened("trivia", trivia_terms(Trivia(), question, "Ann"), ANN)
    shown = RevealQuestion("show", CHANNEL, 1, NOW_MS, DAY)
    answered = AnswerTrivia("answer", ANN, 1, "titanic", NOW_MS, DAY)
    before = [Step(each, BACK) for each in (opened, _joined("trivia"), shown, answered)]
    return [*before, _drawn(), _FINISHED]


def _blackjack(*moves: str) -> Callable[[], list[Step]]:
    def script() -> list[Step]:
        limits = _limits("blackjack")
        dealt = Deal("deal", ANN, 20, "1.5", True, limits, _SEED, NOW_MS, DAY)
        plays = [Play(f"move {n}", ANN, move, limits, NOW_MS, DAY) for n, move in enumerate(moves)]
        waits = [Step(each, BACK) for each in (dealt, *plays[:-1])]
        return [*waits, Step(plays[-1], PAID)]

    return script


def _challenge(*, accepted: bool) -> Callable[[], list[Step]]:
    def script() -> list[Step]:
        limits = _limits("challenge")
        about = (20, "5", _WINDOW_S * 1000, limits, _SEED, NOW_MS, DAY)
        dared = Step(ChallengeSomebody("dare", ANN, BOB, *about), BACK)
        answer = Step(AcceptChallenge("accept", BOB, 1, limits, NOW_MS, DAY), PAID)
        return [dared, answer if accepted else _CALLED_OFF]

    return script


def _prediction() -> list[Step]:
    question = prediction.Question("Rain?", ("yes", "no"))
    terms = prediction.round_terms(SETTINGS, question, _WINDOW_S, "Ann") | {"void_s": 0}
    limits = _limits("prediction")
    bets = [
        Predict(f"bet {n}", 1, who, 20, outcome, limits, NOW_MS, DAY)
        for n, (who, outcome) in enumerate(((ANN, 0), (BOB, 1), (ANN, 0)))
    ]
    opened = _opened("prediction", terms)
    return [Step(each, BACK) for each in (opened, *bets)] + [_drawn("0"), _FINISHED]


def _raffle() -> list[Step]:
    terms = raffle.round_terms(SETTINGS, _WINDOW_S, TICKET_Z, 7, "Eve") | {"least": 2}
    opened = OpenRaffle("open", CHANNEL, json.dumps(terms), _SEED, NOW_MS, DAY, EVE)
    limits = _limits("raffle")
    bought = [
        BuyTickets(f"buy {n}", 1, who, 1 + n, limits, NOW_MS, DAY)
        for n, who in enumerate((ANN, BOB, ANN))
    ]
    # What is overdue at the restart is drawn, if enough take part.
    ends = (BACK, BACK, PAID, PAID)
    sold = [Step(act, end) for act, end in zip((opened, *bought), ends, strict=True)]
    return [*sold, _drawn(), _FINISHED]


def _auction() -> list[Step]:
    terms = auction.round_terms(SETTINGS, "A lamp", _WINDOW_S, 5, "Ann", "Ann") | {"step_z": 1}
    bids = [
        PlaceBid(f"bid {n}", 1, who, 20 + n, _limits("auction"), NOW_MS, DAY)
        for n, who in enumerate((BOB, EVE, EVE))
    ]
    closed = CloseAuction("close", CHANNEL, 1, NOW_MS + 2 * _WINDOW_S * 1000, DAY)
    opened = Step(_opened("auction", terms), BACK)
    return [opened, *(Step(each, PAID) for each in (*bids, closed))]


SCRIPTS: dict[str, Callable[[], list[Step]]] = {
    "heist": _heist,
    "race": _race,
    "trivia": _trivia,
    "blackjack": _blackjack("hit", "stand"),
    "doubled": _blackjack("double"),
    "challenge": _challenge(accepted=True),
    "declined": _challenge(accepted=False),
    "prediction": _prediction,
    "raffle": _raffle,
    "auction": _auction,
}

_MONEY = [
    Credit(
        f"earn {name}",
        UserKey.of(CHANNEL, name),
        WEALTH_Z,
        "admin_grant",
        "admin.grant",
        "Wealth",
        NOW_MS,
        DAY,
        create=True,
        display_name=name,
    )
    for name in _NAMES
]


def _killed(folder: Path, steps: Sequence[Step], at: int, *, under_way: bool) -> str:
    """Kill it at one step, let the next run end what was left, and examine the books."""
    folder.mkdir()
    audit, path = Audit(), folder / "books.db"
    acts = [*_MONEY, *(each.act for each in steps)][: len(_MONEY) + at + 1]
    marker = [ASKING, len(acts) - 1] if under_way else [REPLAY, len(acts) - 1]
    since = json.dumps(marker, separators=(",", ":")).encode()[:-1]
    child = Child(path, folder / "log", Crowd(0, 0), acts, play=run_script)
    heard = run_child(child, Kill(0.0, since))
    audit.witness(Crowd(0, 0), acts, heard.lines, None)
    if under_way:
        audit.asked(acts[-1])
    audit.examine(path, folder / "copy", 0)
    told = [each.request for each in audit.done.values()]
    assert len(told) >= len(acts) - under_way, (told, (folder / "log").read_text())
    child = Child(path, folder / "log", Crowd(0, 1), told, steps=0)
    heard = run_child(child, None)
    assert heard.status == 0, (folder / "log").read_text()
    audit.witness(Crowd(0, 1), told, heard.lines, 0)
    audit.examine(path, folder / "copy", 1, last=True)
    return _end_of(path)


def _end_of(path: Path) -> str:
    """How the round has ended; of what was called off everybody has everything back."""
    report = verify(path)
    assert report.ok, report
    assert not report.open_holds, report
    reports = Reports.open(path)
    try:
        run = reports.connection.execute
        states = [state for (state,) in run("SELECT state FROM game_round")]
        wallets: list[int] = [
            z for (z,) in run("SELECT balance_z FROM account WHERE kind = 'wallet'")
        ]
    finally:
        reports.close()
    if states in ([], [BACK]):
        assert wallets == [WEALTH_Z] * len(_NAMES), wallets
    return states[0] if states else "never"


def main(names: Sequence[str]) -> int:
    """Kill these games at every step; the exit code is 1 when one ended otherwise."""
    gc.freeze()
    seen: Counter[str] = Counter()
    for name in names:
        steps = SCRIPTS[name]()
        with tempfile.TemporaryDirectory(prefix="scripts-") as folder:
            for at, step in enumerate(steps):
                before = steps[at - 1].ends if at else "never"
                for under_way in (False, True):
                    moment = f"{at}-{'during' if under_way else 'after'}"
                    ended = _killed(Path(folder) / moment, steps, at, under_way=under_way)
                    allowed = {step.ends, before} if under_way else {step.ends}
                    assert ended in allowed, (name, moment, step.act, ended)
                    seen[ended] += 1
    print(f"{seen.total()} kills: {dict(seen)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(SCRIPTS)))
