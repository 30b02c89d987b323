"""An independent opinion of a month: what everybody must have, from what went in.

Written from the specification (earning.md, progression.md 1 and 2) with plain data, whole
numbers and Python's own calendar; it shares no code with the service. Numbers in brackets are
sections of earning.md. Where the specification leaves something open, a comment says what was
decided here.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from random import Random

from tests.actors.month.cases import Case
from tests.actors.month.events import (
    AdHoc,
    Afk,
    BotLine,
    DayOver,
    Event,
    In,
    Like,
    List,
    Listed,
    Media,
    Out,
    Room,
    Say,
    Start,
    Stop,
)
from tests.actors.month.oracle_people import UNIT, OwnLedger, Person
from tests.actors.month.oracle_talk import Ears
from tests.actors.month.oracle_time import MINUTE_MS, WallClock, fraction

__all__ = ("Oracle",)

DAY_MS = 24 * 60 * MINUTE_MS
LATE_MS = 5 * MINUTE_MS
RAIN_SEED = 7
"""The seed of the house's dice."""


class Oracle:
    """Follows the events of one channel; feed it in order."""

    def __init__(self, case: Case) -> None:
        self._terms = case.terms
        self._clock = WallClock(case.zone, case.first_day, case.days, case.terms)
        self.people: dict[str, Person] = {}
        self.ledger = OwnLedger(case.terms)
        self._ears = Ears(case.terms, self.people, self.ledger, self._clock, self._factor)
        self._room: dict[str, Person] = {}
        self._up = False
        self._adhoc: tuple[Fraction, int, int] | None = None
        self._opened: set[tuple[str, int]] = set()
        self._judged: set[date] = set()
        self._maintained: set[date] = set()
        self._tick_ms = self._half_ms = self._nothing_due_until_ms = 0
        self._rain_ms = 0.0
        self._dice = Random(RAIN_SEED)
        presence = case.terms["presence"]
        self._window_ms = presence["join_debounce_minutes"] * MINUTE_MS
        self._milestones = {
            1438 if hours == 24 else 60 * hours: (hours, reward)
            for hours, reward in presence["hourly_milestones"].items()
        }
        self._enough = case.terms["streaks"]["daily"]["min_presence_minutes"]
        self._marks = sorted([*self._milestones, self._enough])
        self._units: dict[Fraction, list[int]] = {}

    def hear(self, event: Event) -> None:
        """Let time pass up to the event, then take it in."""
        self._pass(event.at_ms)
        at_ms = event.at_ms
        match event:
            case In(name=name):
                self._came(name, at_ms, afk=False)
            case Out(name=name):
                self._went(self._person(name), at_ms)
            case Afk(name=name, afk=afk):
                self._person(name).afk = afk
                if not afk:
                    self._person(name).active_ms = at_ms
            case Say(name=name, text=text):
                person = self._person(name)
                if person.here:
                    person.active_ms, person.afk = at_ms, False
                    self._ears.said(person, at_ms, text)
            case BotLine(text=text):
                self._ears.bot_said(at_ms, text)
            case Like(name=name):
                if self._person(name).here:
                    self._ears.liked(self._person(name), at_ms)
            case Media(key=key, duration_s=duration_s, begins=begins):
                self._ears.shown(key, duration_s, at_ms, begins=begins)
            case Room(emotes=emotes, item=item):
                self._ears.found(emotes, item)
            case AdHoc(name=name, multiplier=multiplier, minutes=minutes):
                if self._person(name).here:
                    self._adhoc = (Fraction(multiplier), at_ms, at_ms + minutes * MINUTE_MS)
            case List(users=users, stored=stored):
                self._list(users, at_ms, stored=stored)
            case Start():
                self._start(at_ms)
            case Stop(killed=killed):
                self._stop(at_ms, killed=killed)
            case DayOver():
                pass

    # Coming and going (3.1, 3.2)

    def _person(self, name: str) -> Person:
        key = name.lower()
        if key not in self.people:
            self.people[key] = Person(key)
        return self.people[key]

    def _came(self, name: str, at_ms: int, *, afk: bool) -> None:
        person = self._person(name)
        if not person.here and self._enters(person, at_ms, afk=afk):
            self._arrives(person, at_ms)

    def _enters(self, person: Person, at_ms: int, *, afk: bool) -> bool:
        """Go on with a visit or begin one; whether it was begun."""
        returns = person.left_ms is not None and at_ms - person.left_ms < self._window_ms
        if not returns:
            person.since_ms = at_ms
            person.held = person.held_active = 0
        person.here, person.left_ms, person.afk, person.active_ms = True, None, afk, at_ms
        self._room[person.name] = person
        return not returns

    def _arrives(self, person: Person, at_ms: int) -> None:
        """Welcome whom the store has not seen for the window (7)."""
        day = self._clock.local(at_ms).date()
        away_ms = None if person.seen_ms is None else at_ms - person.seen_ms
        if away_ms is None or away_ms >= self._window_ms:
            self._ears.arrived(person.name, at_ms)
            back = self._terms["retention"]["welcome_back"]
            if not person.wallet_claimed:
                person.wallet_claimed = True
                wallet = self._terms["onboarding"]["welcome_wallet"]
                self.ledger.credit(person, day, wallet, "onboarding.wallet")
            elif away_ms is not None and away_ms // DAY_MS >= back["days_absent"]:
                self.ledger.credit(person, day, back["bonus"], "retention.welcome_back")
        person.known = True
        person.seen_ms = at_ms
        self.ledger.look(person, day)

    def _went(self, person: Person, at_ms: int) -> None:
        if person.here:
            person.here = False
            person.left_ms = person.seen_ms = at_ms

    def _list(self, users: Iterable[Listed], at_ms: int, *, stored: bool) -> None:
        """Make presence equal to a list; at a start nobody arrives by it."""
        names = set()
        for each in users:
            person = self._person(each.name)
            names.add(person.name)
            if person.here:
                person.afk = each.afk
            elif stored:
                self._enters(person, at_ms, afk=each.afk)
            else:
                self._came(each.name, at_ms, afk=each.afk)
        for person in [each for each in self._room.values() if each.here]:
            if person.name not in names:
                self._went(person, at_ms)

    def _start(self, at_ms: int) -> None:
        self._up = True
        self._tick_ms = (at_ms // MINUTE_MS + 1) * MINUTE_MS
        self._half_ms = (at_ms + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS + MINUTE_MS // 2
        self._dice = Random(RAIN_SEED)
        self._rain_ms = at_ms + self._pause_ms()
        self._ears.started()
        self._jobs(at_ms)

    def _stop(self, at_ms: int, *, killed: bool) -> None:
        """A clean stop stores that all leave now; of a killed one only the last minute is known.

        What was held back for those who are about to return is in memory only and lost; the
        parts of a coin are in the books (2.2).
        """
        self._up = False
        for person in self._room.values():
            if person.here and not killed:
                person.seen_ms = at_ms
            person.here, person.left_ms = False, None
        self._room.clear()

    # Time (3.3, 9.4, 10)

    def _pass(self, until_ms: int) -> None:
        """Let minutes pass, with the half minutes in which the jobs of the day are done.

        Prizes are due half a minute after midnight (10). For interest 03:00 is written; the
        minute that ends then is counted first, so it is taken half a minute later too.
        """
        while self._up and (at_ms := min(self._tick_ms, self._half_ms)) <= until_ms:
            self._rain(at_ms)
            if at_ms == self._tick_ms:
                self._tick(at_ms)
                self._tick_ms += MINUTE_MS
            else:
                self._jobs(at_ms)
                self._half_ms += MINUTE_MS
        if self._up:
            self._rain(until_ms)

    def _factor(self, at_ms: int) -> Fraction:
        """Everything that is active in the channel (9)."""
        found = self._clock.product(self._clock.local(at_ms), at_ms)
        crowd = self._terms["multipliers"]["high_population"]
        if sum(1 for person in self._room.values() if person.here) >= crowd["min_users"]:
            found *= fraction(crowd["multiplier"])
        if self._adhoc is not None and self._adhoc[1] <= at_ms < self._adhoc[2]:
            found *= self._adhoc[0]
        return found

    def _tick(self, at_ms: int) -> None:
        wall = self._clock.local(at_ms)
        day = wall.date()
        self._open_events(at_ms, day)
        if not self._room:
            return
        presence, ledger = self._terms["presence"], self.ledger
        base, bonus = presence["base_rate_per_minute"], presence["active_bonus_per_minute"]
        afk_ms = presence["afk_threshold_minutes"] * MINUTE_MS
        factor = self._factor(at_ms) * self._clock.night(wall) * UNIT
        units = self._units.get(factor)
        if units is None:
            ranks = range(len(self._terms["ranks"]["tiers"]))
            units = [int(factor * ledger.rank_factor(rank)) for rank in ranks]
            self._units[factor] = units
        for person in list(self._room.values()):
            active = int(not person.afk and at_ms - person.active_ms < afk_ms)
            if person.left_ms is not None:
                if at_ms - person.left_ms >= self._window_ms:
                    person.left_ms = None
                    del self._room[person.name]
                else:
                    person.held += 1
                    person.held_active += active
                continue
            # What was held back is paid by the rate of the minute that pays it.
            minutes, active = 1 + person.held, active + person.held_active
            person.held = person.held_active = 0
            person.known, person.seen_ms = True, at_ms
            worth = (base * minutes + bonus * active) * units[ledger.rank(person)]
            ledger.earn(person, day, worth, "presence.base")
            counts = person.today(day)
            counts["minutes_present"] += minutes
            counts["minutes_active"] += active
            person.minutes += minutes
            ledger.look(person, day)
            reached = counts["minutes_present"]
            if bisect_right(self._marks, reached) > bisect_right(self._marks, reached - minutes):
                self._dwelt(person, day, reached)

    def _dwelt(self, person: Person, day: date, minutes: int) -> None:
        """Streak, bridge and milestones (4, 5, 6)."""
        if minutes >= self._enough and person.streak_day != day:
            self._streak(person, day)
            self._bridge(person, day)
            self.ledger.look(person, day)
        for needed, (hours, reward) in self._milestones.items():
            if minutes >= needed and (day, hours) not in person.claims:
                person.claims.add((day, hours))
                self.ledger.credit(person, day, reward, f"dwell.{hours}h")
                self.ledger.look(person, day)

    def _streak(self, person: Person, day: date) -> None:
        terms = self._terms["streaks"]["daily"]
        goes_on = person.streak_day == day - timedelta(days=1)
        person.streak = person.streak + 1 if goes_on else 1
        person.longest = max(person.longest, person.streak)
        person.streak_day = day
        steps = [step for step in terms["rewards"] if step <= person.streak]
        if steps:
            reward = terms["rewards"][max(steps)]
            self.ledger.credit(person, day, reward, f"streak.day{person.streak}")
        if person.streak in {7, 30}:
            bonus = terms[f"milestone_{person.streak}_bonus"]
            self.ledger.credit(person, day, bonus, f"streak.milestone.{person.streak}")

    def _bridge(self, person: Person, day: date) -> None:
        week, weekend = day - timedelta(days=day.weekday()), day.weekday() >= 5
        (person.weekends if weekend else person.weekdays).add(week)
        inside = week in person.weekends and week in person.weekdays
        across = not weekend and week - timedelta(days=7) in person.weekends
        if week not in person.bridges and (inside or across):
            person.bridges.add(week)
            bonus = self._terms["streaks"]["weekend_weekday_bridge"]["bonus"]
            self.ledger.credit(person, day, bonus, "bridge.weekly")

    # ChannelEvents (7, 9.4, 10)

    def _open_events(self, at_ms: int, day: date) -> None:
        here = [person for person in self._room.values() if person.here]
        for name, from_ms, until_ms, event in self._clock.events:
            if from_ms <= at_ms < until_ms and (name, from_ms) not in self._opened:
                self._opened.add((name, from_ms))
                default = self._terms["content_triggers"]["present_at_event_start"]
                pool = event.get("presence_bonus", default["default_reward"])
                if not pool or not here or at_ms - from_ms > LATE_MS:
                    continue
                for person in here:
                    person.known = True
                    each = max(1, pool // len(here))
                    self.ledger.credit(person, day, each, f"event.{name}.presence")
                    self.ledger.look(person, day)

    def _pause_ms(self) -> float:
        minutes: int = self._terms["rain"]["interval_minutes"]
        return max(60_000.0, minutes * MINUTE_MS * (1 + 0.3 * (2 * self._dice.random() - 1)))

    def _rain(self, until_ms: int) -> None:
        """The drops up to an instant. First the next pause is thrown, then the amount."""
        terms = self._terms["rain"]
        while self._rain_ms <= until_ms:
            at_ms = round(self._rain_ms)
            self._rain_ms += self._pause_ms()
            here = [person for person in self._room.values() if person.here]
            if not here:
                continue
            span = terms["max_amount"] - terms["min_amount"] + 1
            base = terms["min_amount"] + int(self._dice.random() * span)
            day, events = self._clock.local(at_ms).date(), self._clock.scheduled(at_ms)
            for person in here:
                person.known = True
                percent = 100 + self.ledger.rain_percent(self.ledger.rank(person))
                amount = int(base * events * Fraction(percent, 100) + Fraction(1, 2))
                self.ledger.credit(person, day, max(1, amount), "rain.ambient")
                self.ledger.look(person, day)

    def _jobs(self, at_ms: int) -> None:
        """What is due once a day and has not been done: the oldest first."""
        if at_ms < self._nothing_due_until_ms:
            return
        today = self._clock.local(at_ms).date()
        if at_ms >= self._clock.instant(today, 0) + 30_000:
            for back in (2, 1):
                self._judge(today - timedelta(days=back), today)
        if at_ms >= self._clock.instant(today, 3) and today not in self._maintained:
            self._maintained.add(today)
            self._maintain(today)
        later = (self._clock.instant(today, 3), self._clock.instant(today + timedelta(days=1), 0))
        self._nothing_due_until_ms = min(due_ms for due_ms in later if due_ms > at_ms)

    def _judge(self, judged: date, today: date) -> None:
        if judged in self._judged:
            return
        self._judged.add(judged)
        played = [(each, each.days[judged]) for each in self.people.values() if judged in each.days]
        prizes = []
        for each in self._terms["daily_competitions"]:
            condition, field = each["condition"], each["condition"]["field"]
            best = max((counts[field] for _, counts in played), default=0)
            needed = condition.get("threshold", max(1, best))
            for person, counts in played:
                if counts[field] >= needed:
                    percent = each.get("reward_percent_of_earnings")
                    share = max(1, counts["z_earned"] * percent // 100) if percent else None
                    prizes.append((person, share or each["reward"], each["id"]))
        for person, amount, name in prizes:
            self.ledger.credit(person, today, amount, f"competition.{name}")
        for person in {id(person): person for person, _, _ in prizes}.values():
            self.ledger.look(person, today)

    def _maintain(self, today: date) -> None:
        """Interest or decay. What interest reaches is noticed in the owner's next minute."""
        terms = self._terms["balance_maintenance"]
        interest, decay = terms["interest"], terms["decay"]
        for person in self.people.values():
            if terms["mode"] == "interest" and person.balance >= interest["min_balance_to_earn"]:
                part = int(person.balance * fraction(interest["daily_rate"]))
                amount = min(part, interest["max_daily_interest"])
                self.ledger.credit(person, today, amount, "maintenance.interest")
            elif terms["mode"] == "decay" and person.balance >= decay["exempt_below"]:
                part = int(person.balance * fraction(decay["daily_rate"]))
                self.ledger.fee(person, today, part)
