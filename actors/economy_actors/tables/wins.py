"""Which wins of a channel are told in public (`gambling.md` 1.2).

Every jackpot is; of other wins the first of a day, each that is higher than those told that day,
and one an hour. What was told is kept by the floor of the channel, which lets one win in at a time.
"""

from dataclasses import dataclass

from economy_actors.context import Context, shown_name
from economy_actors.messages.tables import GameWon
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.features.games import texts
from kryten_economy.features.games.slots import jackpot_from_z
from kryten_economy.features.money.texts import currency_variables

__all__ = ("GATE", "WinBoard")

GATE = "gambling_jackpot"
_PAUSE_S = 3600.0


@dataclass(slots=True)
class WinBoard:
    """The last win told, and the highest one of its day."""

    day: str = ""
    highest_z: int = 0
    told_at_s: float = 0.0

    def line_for(self, context: Context, won: GameWon, now_s: float) -> Line | None:
        """The line for a win, if it is told; then it counts as told."""
        settings = context.live.settings
        day = context.live.calendar.day(context.clock.now_ms())
        is_jackpot = won.what == "spin" and won.payout_z >= jackpot_from_z(settings)
        if is_jackpot:
            if not settings.gambling.spin.announce_jackpots_public:
                return None
        elif not self._is_due(day, won.payout_z, now_s):
            return None
        self.highest_z = max(won.payout_z, self.highest_z if day == self.day else 0)
        self.day, self.told_at_s = day, now_s
        templates = settings.announcements.templates
        what = "jackpot" if is_jackpot else won.what
        template = {
            "jackpot": templates.jackpot,
            "flip": templates.flip_win,
            "free_spin": templates.free_spin_win,
        }.get(what, "")
        name = shown_name(context, won.user, won.display_name)
        words = currency_variables(settings.currency)
        text = texts.announced(what, template, name, won.payout_z, won.stake_z, words)
        kind = LineKind.RESULT if is_jackpot else LineKind.ORDINARY
        return Line(text, kind=kind, gate=GATE)

    def _is_due(self, day: str, payout_z: int, now_s: float) -> bool:
        return day != self.day or payout_z > self.highest_z or now_s - self.told_at_s >= _PAUSE_S
