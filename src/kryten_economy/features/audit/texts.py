"""The replies to `audit`, `undo` and what asks for a code, and what users are told."""

import json
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from kryten_economy.features.audit.rules import Entry, Outcome, Preview, Restored
from kryten_economy.text.markup import clip, name_shown, user_text
from kryten_economy.text.templates import ByPm, minute_of, money, plural, signed_money, thousands

__all__ = (
    "ORIGINS",
    "audit_detail",
    "audit_list",
    "changes",
    "no_such_entry",
    "nothing_logged",
    "rain_question",
    "rank_notice",
    "reset_done",
    "reset_notice",
    "reset_question",
    "said",
    "undo_question",
    "undone",
    "undone_notice",
)

_COMMAND_UNITS_MAX = 60
_STATE_UNITS_MAX = 120
_ALL_MAX = 500
ORIGINS = {
    "pm": "by PM",
    "page": "on the pages",
    "api": "by request",
    "key": "with a key",
    "cli": "at the command line",
    "clock": "by itself",
}
_KINDS = {
    "ban": "the ban",
    "rank": "the rank",
    "event": "the event",
    "shop_item": "the item",
    "shop_stock": "the stock",
}


def nothing_logged(name: str | None) -> str:
    """Nobody has done anything yet."""
    about = "" if name is None else f" to or by {name_shown(name)}"
    return f"Nothing was done{about} here so far."


def no_such_entry(number: int) -> str:
    """The channel has no row of this number."""
    return f"There is no entry #{number:,} in this channel. 'audit' shows the last ones."


def audit_list(entries: Sequence[Entry], zone: ZoneInfo) -> str:
    """One line for each act, the newest first."""
    lines = []
    for each in entries:
        mark = f" ↩️ undone by #{each.undone_by:,}" if each.undone_by is not None else ""
        when = minute_of(each.at_ms, zone)[5:]
        lines.append(f"#{each.id:,} {when} {name_shown(each.admin)}: {said(each)}{mark}")
    return "\n".join(lines)


def said(entry: Entry) -> str:
    """What was typed, or what the request was."""
    return clip(user_text(f"{entry.command} {entry.arguments}"), _COMMAND_UNITS_MAX)


def audit_detail(entry: Entry, zone: ZoneInfo) -> str:
    """All that is known of one row."""
    lines = [
        f"#{entry.id:,} {said(entry)}",
        f"{name_shown(entry.admin)}, {ORIGINS[entry.origin]}, {minute_of(entry.at_ms, zone)}",
    ]
    if entry.reason:
        lines.append(f"Reason: {clip(user_text(entry.reason), _STATE_UNITS_MAX)}")
    if entry.before is not None or entry.after is not None:
        lines.append(f"{_state(entry.was)} → {_state(entry.became)}")
    lines.append(f"Result: {clip(user_text(entry.result), _STATE_UNITS_MAX)}")
    if entry.undoes is not None:
        lines.append(f"It has undone #{entry.undoes:,}.")
    if entry.undone_by is not None:
        lines.append(f"It was undone by #{entry.undone_by:,}.")
    elif entry.undoable:
        lines.append(f"'undo {entry.id}' takes it back.")
    return "\n".join(lines)


def _state(told: object) -> str:
    if not isinstance(told, dict):
        return "nothing"
    words = ", ".join(f"{key}: {_value(value)}" for key, value in told.items())
    return clip(user_text(words), _STATE_UNITS_MAX)


def _value(value: object) -> str:
    if value is None:
        return "none"
    return thousands(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)


def changes(entry: Entry, zone: ZoneInfo) -> list[tuple[str, str, str]]:
    """What an act has changed, each with how it was and is; empty where nothing is known."""
    was, became = _leaves(entry.was), _leaves(entry.became)
    return [
        (_named(key), _leaf(key, was.get(key), zone), _leaf(key, became.get(key), zone))
        for key in {**was, **became}
        if (was.get(key) or None) != (became.get(key) or None)
    ]


def _leaves(told: object) -> dict[tuple[str, ...], object]:
    """What is told of each state, with the state and the part of it as the key."""
    found: dict[tuple[str, ...], object] = {}
    for kind, state in told.items() if isinstance(told, dict) else ():
        if not isinstance(state, dict):
            found[kind.replace("_", " "),] = state
            continue
        for part, value in state.items():
            parts = value if isinstance(value, dict) else {part: value}
            found |= {(kind.replace("_", " "), name): each for name, each in parts.items()}
    return found


def _named(key: tuple[str, ...]) -> str:
    *of, part = key
    return " ".join([*of, part.removesuffix("_ms").removesuffix("_z").replace("_", " ")])


def _leaf(key: tuple[str, ...], value: object, zone: ZoneInfo) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return minute_of(value, zone) if key[-1].endswith("at_ms") else thousands(value)
    return clip(user_text(value if isinstance(value, str) else json.dumps(value)), _ALL_MAX)


# Questions


def _confirm(what: str, code: str) -> str:
    how = f" Reply with 'confirm {code}' to do it."
    return ByPm(what, how, for_page=f" The code that confirms it: {code}.")


def rain_question(names: Sequence[str], total_z: int, symbol: str, code: str) -> str:
    """How many get how much, and who comes first."""
    each_z = total_z // len(names)
    shown = ", ".join(name_shown(each) for each in names[:5])
    more = len(names) - 5
    others = f" and {more:,} more" if more > 0 else ""
    what = (
        f"☔ {money(total_z, symbol)} for {plural(len(names), 'person', 'people')},"
        f" {money(each_z, symbol)} each: {shown}{others}."
    )
    return _confirm(what, code)


def reset_question(
    accounts: int,
    given_z: int,
    taken_z: int,
    top: Sequence[tuple[str, int]],
    amount_z: int,
    symbol: str,
    code: str,
) -> str:
    """How many balances change, by how much, and the largest changes."""
    what = (
        f"⚠️ This sets {plural(accounts, 'balance')} to {money(amount_z, symbol)}:"
        f" {money(taken_z, symbol)} taken, {money(given_z, symbol)} given."
        f" The largest: {_largest(top, symbol)}."
    )
    return _confirm(what, code)


def undo_question(preview: Preview, symbol: str, code: str, *, partial: bool) -> str:
    """What an undo of an act on many would move."""
    reach = ""
    if preview.short and partial:
        people = plural(preview.short, "person has", "people have")
        reach = f" {people} less; all they have is taken."
    what = (
        f"↩️ Undoing #{preview.id:,} ({preview.command}) moves {money(preview.total_z, symbol)} of"
        f" {plural(preview.accounts, 'person', 'people')}."
        f" The largest: {_largest(preview.top, symbol)}.{reach}"
    )
    return _confirm(what, code)


def _largest(top: Sequence[tuple[str, int]], symbol: str) -> str:
    return ", ".join(f"{name_shown(name)} {signed_money(delta_z, symbol)}" for name, delta_z in top)


# Answers


def reset_done(accounts: int, amount_z: int, symbol: str) -> str:
    """To the operator: it is done, and how it is taken back."""
    return (
        f"✅ {plural(accounts, 'balance')} set to {money(amount_z, symbol)}."
        " 'undo last' takes it back."
    )


def undone(done: Outcome, symbol: str) -> str:
    """To the operator: what was moved and changed, and what was out of reach."""
    again = "stands again" if done.stands else "is undone"
    lines = [f"✅ #{done.undo_id:,} ({done.command}): {_verb(done)} (this is #{done.audit_id:,})."]
    if done.stands:
        lines = [f"✅ The undo #{done.undo_id:,} is taken back: what it had undone {again}."]
    if done.one is not None:
        moved, has = signed_money(done.one.delta_z, symbol), money(done.one.balance_z, symbol)
        lines.append(f"{name_shown(done.one.name)}: {moved}, balance {has}.")
    elif done.accounts:
        people = plural(done.accounts, "person", "people")
        lines.append(f"{money(done.total_z, symbol)} moved for {people}.")
    if done.missing_z:
        lines.append(f"{money(done.missing_z, symbol)} could not be taken: it is not there.")
    lines += [_restored(each) for each in done.restored]
    return " ".join(lines)


def _verb(done: Outcome) -> str:
    return "undone" if done.accounts or done.restored else "undone, nothing had to be changed"


def _restored(each: Restored) -> str:
    what = _KINDS.get(each.kind, each.kind)
    of = f" of {name_shown(each.subject)}" if each.kind in {"ban", "rank"} else ""
    if each.kind in {"shop_item", "shop_stock"}:
        of = f" {each.subject}"
    if each.before == each.after:
        return f"Left as it is: {what}{of}, which was changed otherwise since."
    if each.kind == "rank" and each.after is not None:
        return f"The rank{of} is {json.loads(each.after)['rank'] or 'the first one'}."
    state = "is over" if each.after is None else "is back"
    return f"{what.capitalize()}{of} {state}."


def undone_notice(delta_z: int, balance_z: int, command: str, symbol: str) -> str:
    """To the user whose money was moved."""
    moved = "were taken back" if delta_z < 0 else "came back to you"
    return (
        f"↩️ An admin has undone an earlier '{command}': {money(abs(delta_z), symbol)} {moved}."
        f" Your balance: {money(balance_z, symbol)}."
    )


def rank_notice(rank: str) -> str:
    """To the user whose rank is another one now."""
    return f"↩️ An admin has undone an earlier change. Your rank is now {rank}."


def reset_notice(delta_z: int, balance_z: int, symbol: str) -> str:
    """To a user, when all balances of the channel begin anew."""
    return (
        f"An admin has reset all balances of the channel. Yours is {money(balance_z, symbol)} now"
        f" ({signed_money(delta_z, symbol)})."
    )
