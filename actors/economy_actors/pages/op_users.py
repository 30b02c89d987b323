"""Users as operators see them: found by the beginning of a name, with all that happened to each.

What is done to somebody here is `grant`, `deduct`, `ban`, `unban`, `set_rank` and `freeze`.
"""

from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.context import halted_in
from economy_actors.handlers import kit
from economy_actors.handlers.approvals import about_approval
from economy_actors.handlers.balance import never_given
from economy_actors.pages.op_kit import (
    BAD_NAME,
    REASON_MAX,
    field,
    is_sure,
    name_in,
    problem,
    show,
    shown_first,
)
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.commands import refusals
from kryten_economy.commands.grammar import BadAmount, amount
from kryten_economy.features.approvals import Approval, approvals_of
from kryten_economy.features.audit import texts as audit_texts
from kryten_economy.features.audit.queries import found
from kryten_economy.features.audit.rules import Entry, Wanted
from kryten_economy.features.bans import BanState, already_banned, never_banned, not_banned
from kryten_economy.features.games.limits import OwnLimits, limits_of
from kryten_economy.features.games.returns import games_of
from kryten_economy.features.games.rules import title_of
from kryten_economy.features.games.stakes import Stats
from kryten_economy.features.history.rules import explain
from kryten_economy.features.history.texts import rule_in_words
from kryten_economy.features.panic import Halt, halts_of
from kryten_economy.features.reports.figures import (
    TIP_DAYS,
    TippedWith,
    of_one_moment,
    tips_since,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.features.vanity.texts import label
from kryten_economy.ledger.operation import READ_ONLY
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import AnyRefusal, Insufficient, NoAccount
from kryten_economy.text.templates import money
from kryten_economy.users import UserKey

__all__ = ()

ROWS: Final = 50
LINES: Final = 25
_BANS_MAX: Final = 100
_LAST: Final = 10
_DAY_MS: Final = 86_400_000
_AUTO: Final = "auto"


# Finding somebody


@page("/op/users", who=Who.OPERATOR, nav="Users", at=70, group="People")
async def users(view: View) -> Response:
    """Names that begin so, and those who are kept out."""
    asked = view.request.query_params
    typed = asked.get("q", "").strip().removeprefix("@")[:20]
    behind = asked.get("behind", "")[:20]
    channel, day = view.channel, view.day
    wallets, bans, halts = await view.read(
        lambda reports: (
            reports.named_from(channel, day, typed, ROWS + 1, behind),
            reports.bans(channel, _BANS_MAX),
            halts_of(reports, channel),
        )
    )
    shown = wallets[:ROWS]
    here = view.context.presence[channel].value.users
    return show(
        view,
        "op/users.html",
        typed=typed,
        behind=behind,
        rows=[(each, kit.rank_name(view.context, each), each.user.name in here) for each in shown],
        following=shown[-1].user.name if len(wallets) > ROWS else None,
        bans=bans,
        more_bans=len(bans) == _BANS_MAX,
        frozen=[each for each in halts if each.what == "freeze"],
    )


# All about one


class _Story(NamedTuple):
    """What the books know of a user, all of one moment; ``more``: there are older movements."""

    wallet: Wallet | None
    ban: BanState | None
    frozen: Halt | None
    rows: list[TransactionRow]
    more: bool
    approvals: tuple[Approval, ...]
    games: dict[str, Stats]
    limits: OwnLimits
    tips: tuple[TippedWith, ...]
    acts: tuple[Entry, ...]


def _story(reports: Reports, user: UserKey, day: str, now_ms: int, before: int | None) -> _Story:
    with of_one_moment(reports):
        rows = reports.transactions(user, LINES + 1, before=before)
        halts = halts_of(reports, user.channel)
        return _Story(
            reports.wallet(user, day),
            reports.ban_of(user),
            next((each for each in halts if (each.what, each.name) == ("freeze", user.name)), None),
            kit.spelled_as_shown(reports, user.channel, day, rows[:LINES]),
            len(rows) > LINES,
            approvals_of(reports, user, _LAST),
            games_of(reports, user),
            limits_of(reports, user),
            tips_since(reports, user, now_ms - TIP_DAYS * _DAY_MS)[:_LAST],
            found(reports, user.channel, Wanted(user=user.name), _LAST),
        )


@page("/op/user/{name}", who=Who.OPERATOR)
async def user(view: View) -> Response:
    """Somebody who has an account here, or whose name is banned or frozen."""
    name = name_in(view.place("name"))
    if name is None:
        raise HTTPException(404, "That is no name a user can have.")
    key, day, now_ms = UserKey.of(view.channel, name), view.day, view.now_ms
    before = view.number("before", low=1, high=999_999_999, default=0) or None
    story = await view.read(lambda reports: _story(reports, key, day, now_ms, before))
    if story.wallet is None and story.ban is None and story.frozen is None:
        raise HTTPException(404, "Nobody of this name has an account in this channel.")
    settings, wallet = view.settings, story.wallet
    return show(
        view,
        "op/user.html",
        name=_spelled(story, name),
        story=story,
        wallet=wallet,
        rank="" if wallet is None else kit.rank_name(view.context, wallet),
        ranks=view.context.live.ladder.names,
        lines=[
            (
                row,
                rule_in_words(
                    row.movement, explain(row.movement, settings), settings, everything=True
                ),
            )
            for row in story.rows
        ],
        is_first=before is None,
        approvals=[(each, label(each.type), about_approval(each)) for each in story.approvals],
        games=[(title_of(game), stats) for game, stats in story.games.items()],
        limits=_limits(view, story.limits),
        paused_until=story.limits.paused_until_ms if story.limits.pauses(now_ms) else None,
        acts=[(each, audit_texts.said(each)) for each in story.acts],
        is_here=key.name in view.context.presence[view.channel].value.users,
        tip_days=TIP_DAYS,
    )


def _spelled(story: _Story, name: str) -> str:
    for each in (story.wallet, story.ban, story.frozen):
        if each is not None:
            return each.display_name
    return name


def _limits(view: View, own: OwnLimits) -> list[tuple[str, str, str]]:
    """What they allow themselves in a day: of what, how much, and what follows from when."""
    found_limits = []
    for what, each in (
        ("Stakes", own.stakes.as_of(view.day)),
        ("Losses", own.losses.as_of(view.day)),
    ):
        now = "no limit" if each.now_z is None else view.money(each.now_z)
        after = ""
        if each.next_from is not None:
            raised = "no limit" if each.next_z is None else view.money(each.next_z)
            after = f"{raised} from {each.next_from}"
        found_limits.append((what, now, after))
    return found_limits


# Acting


def _of(name: str) -> str:
    return f"/op/user/{name}"


async def _whom(view: View) -> tuple[str, Wallet | None] | Response:
    """The name in the form as its owner spells it, and their wallet."""
    name = name_in(field(view, "name"))
    if name is None:
        return problem(view, f"{BAD_NAME} Nothing was done.", "/op/users")
    key, day = UserKey.of(view.channel, name), view.day
    wallet = await view.read(lambda reports: reports.wallet(key, day))
    return (name if wallet is None else wallet.display_name), wallet


def _reason(view: View) -> str:
    return field(view, "reason")[:REASON_MAX]


@form("/op/grant", who=Who.OPERATOR)
async def grant(view: View) -> Response:
    """Give money."""
    return await _move(view, "grant", 1)


@form("/op/deduct", who=Who.OPERATOR)
async def deduct(view: View) -> Response:
    """Take money."""
    return await _move(view, "deduct", -1)


async def _move(view: View, command: str, sign: int) -> Response:
    whom = await _whom(view)
    if isinstance(whom, Response):
        return whom
    (name, wallet), typed, reason = whom, field(view, "amount"), _reason(view)
    if not reason:
        text = "Say why: the reason is told to the user and stands in the audit log."
        return problem(view, f"{text} Nothing was done.", _of(name))
    if is_sure(view):
        answer = await view.act(command, f"@{name}", typed, text=reason)
        return view.answered(answer, _of(name))
    amount_z = amount(typed)
    if isinstance(amount_z, BadAmount):
        text = refusals.bad_amount(typed, amount_z.reason)
        return problem(view, f"{text} Nothing was done.", _of(name))
    never = _never_moved(view, name, wallet, sign * amount_z)
    if never is not None:
        text = refusals.in_words(never, view.symbol, name=name)
        return problem(view, text, "/op/users" if wallet is None else _of(name))
    verb, held_z = command.capitalize(), 0 if wallet is None else wallet.balance_z
    after_z = held_z + sign * amount_z
    return shown_first(
        view,
        f"/op/{command}",
        title=f"{verb} {view.money(amount_z)} {'to' if sign > 0 else 'from'} {name}",
        lines=[
            f"Balance of {name}: {money(held_z, view.symbol)} → {money(after_z, view.symbol)}",
            *(["This opens an account for them."] if wallet is None else []),
            f"They are told the amount and the reason: {reason}",
            "It stands in the audit log, where it can be undone.",
        ],
        button=verb,
        fields={"name": name, "amount": str(amount_z), "reason": reason},
        back=_of(name) if wallet is not None else "/op/users",
        is_dangerous=sign < 0,
    )


def _never_moved(view: View, name: str, wallet: Wallet | None, delta_z: int) -> AnyRefusal | None:
    """Why the books would refuse it as they are now; when it is asked of them, they decide."""
    refusal = never_given(view.context, name, delta_z)
    if refusal is not None:
        return refusal
    if wallet is None and delta_z < 0:
        return NoAccount(UserKey.of(view.channel, name))
    after_z = delta_z + (0 if wallet is None else wallet.balance_z)
    if wallet is not None and after_z < 0:
        return Insufficient(wallet.balance_z, -after_z)
    return halted_in(view.context, view.channel, READ_ONLY)


@form("/op/ban", who=Who.OPERATOR)
async def ban(view: View) -> Response:
    """Keep a name out of the economy; it needs no account."""
    whom = await _whom(view)
    if isinstance(whom, Response):
        return whom
    (name, wallet), reason = whom, _reason(view)
    if is_sure(view):
        return view.answered(await view.act("ban", f"@{name}", text=reason), _of(name))
    never = never_banned(name, bot=view.settings.bot.username, by=view.user.name)
    if never is None and await _is_banned(view, name):
        never = already_banned(name)
    if never is not None:
        return problem(view, never, "/op/users" if wallet is None else _of(name))
    kept = (
        "Nobody of this name has an account here yet: is it spelled right?"
        if wallet is None
        else f"Their balance of {view.money(wallet.balance_z)} is kept."
    )
    return shown_first(
        view,
        "/op/ban",
        title=f"Ban {name} from the economy",
        lines=[
            f"{name} can't use commands, earns nothing and gets nothing from others.",
            kept,
            f"They are told, with the reason: {reason}" if reason else "They are told.",
        ],
        button="Ban",
        fields={"name": name, "reason": reason},
        back="/op/users" if wallet is None else _of(name),
        is_dangerous=True,
    )


@form("/op/unban", who=Who.OPERATOR)
async def unban(view: View) -> Response:
    """Lift a ban."""
    whom = await _whom(view)
    if isinstance(whom, Response):
        return whom
    name, wallet = whom
    back = "/op/users" if wallet is None else _of(name)
    if is_sure(view):
        return view.answered(await view.act("unban", f"@{name}"), back)
    if not await _is_banned(view, name):
        return problem(view, not_banned(name), back)
    return shown_first(
        view,
        "/op/unban",
        title=f"Lift the ban of {name}",
        lines=[f"{name} may use the economy again, with the balance they had.", "They are told."],
        button="Lift the ban",
        fields={"name": name},
        back=back,
    )


async def _is_banned(view: View, name: str) -> bool:
    key = UserKey.of(view.channel, name)
    return await view.read(lambda reports: reports.ban_of(key)) is not None


@form("/op/rank", who=Who.OPERATOR)
async def rank(view: View) -> Response:
    """Set a rank, or let it follow their earnings."""
    whom = await _whom(view)
    if isinstance(whom, Response):
        return whom
    (name, wallet), wanted = whom, field(view, "rank")
    if is_sure(view):
        return view.answered(await view.act("set_rank", f"@{name}", text=wanted), _of(name))
    ladder = view.context.live.ladder
    if wallet is None:
        raise HTTPException(404, "Nobody of this name has an account in this channel.")
    if wanted not in {*ladder.names, _AUTO}:
        text = f"Choose one of {', '.join(ladder.names)}, or {_AUTO}. Nothing was done."
        return problem(view, text, _of(name))
    now = kit.rank_name(view.context, wallet)
    is_auto = wanted == _AUTO
    after = ladder.names[ladder.computed(wallet.lifetime_earned_z)] if is_auto else wanted
    holds = (
        "It follows their earnings from now on."
        if is_auto
        else "It holds until their earnings cross a threshold above those of now."
    )
    return shown_first(
        view,
        "/op/rank",
        title=f"Rank of {name}",
        lines=[f"Rank of {name}: {now} → {after}", holds, "They are told."],
        button="Set the rank",
        fields={"name": name, "rank": wanted},
        back=_of(name),
    )
