"""Keys of scripts: operators make, list and revoke them.

The secret is told once, to the operator who has made the key, and stands in no log. It is told
with hyphens in a private message, where the chat filters would take underscores for marks; both
are the same key.
"""

import os
from collections.abc import Mapping
from typing import Final

from economy_actors.handlers import kit
from economy_actors.handlers.answers import Code, PmAnswer, Private, Refused
from economy_actors.handlers.registry import Call, PmCall, command
from kryten_economy.commands.table import Section
from kryten_economy.features.api_keys import (
    KEYS_MAX,
    PEPPER_CHARS_MIN,
    ApiKey,
    CreateKey,
    KeyCreated,
    RevokeKey,
    Scope,
    keys_of,
    new_key,
    prefix_in,
    scopes_in,
    without_secrets,
)
from kryten_economy.features.panic import never_seen
from kryten_economy.refusals import LimitReached
from kryten_economy.text.markup import name_shown

__all__ = ("PEPPER_NAME", "keys_off", "pepper")

PEPPER_NAME: Final = "KRYTEN_ECONOMY_PEPPER"

_SHOWN = 20
_DAY_MS = 86_400_000
_TEST = "test"


def pepper(environ: Mapping[str, str] | None = None) -> str | None:
    """What is mixed into the hashes of all secrets; None where it is missing or too short."""
    found = (os.environ if environ is None else environ).get(PEPPER_NAME, "").strip()
    return found if len(found) >= PEPPER_CHARS_MIN else None


def keys_off() -> str | None:
    """Why there are no keys here, if so."""
    if pepper() is None:
        return (
            f"API keys are off: set {PEPPER_NAME} in the environment of the service"
            f" ({PEPPER_CHARS_MIN} characters or more) and start it again."
        )
    return None


@command(
    "key",
    syntax="key add @user <scopes> [test] | list | revoke <prefix>",
    summary="keys of scripts for the API",
    section=Section.ADMIN,
)
async def key(call: PmCall) -> PmAnswer:
    """Make a key for a user, list those of the channel, or revoke one."""
    if call.record is not None:
        # Somebody may paste a whole key.
        call.record.arguments = without_secrets(call.parsed.rest)
    what = call.args[0].lower() if call.args else ""
    run = {"add": _add, "list": _list, "revoke": _revoke}.get(what)
    if run is None:
        return call.usage()
    if what == "add" and (why := keys_off()) is not None:
        return Refused(Code.DISABLED, why)
    return await run(call)


async def _add(call: PmCall) -> PmAnswer:
    name = call.name_at(1)
    if isinstance(name, Refused):
        return name
    words = [each.lower() for each in call.args[2:]]
    scopes = scopes_in(words[0]) if words else None
    if scopes is None:
        allowed = ", ".join(Scope)
        return call.usage(f"The scopes are {allowed}, with commas between them.")
    if words[1:] not in ([], [_TEST]):
        return call.usage()
    is_test = len(words) > 1
    refusal = _impossible(call, name, is_test=is_test)
    return await _made(call, name, scopes, is_test=is_test) if refusal is None else refusal


def _impossible(call: PmCall, name: str, *, is_test: bool) -> Refused | None:
    """Why there can be no such key here."""
    web = call.settings.web
    if web is None:
        return Refused(Code.DISABLED, "API keys are off: the configuration has no section 'web'.")
    if is_test != web.is_test(call.channel):
        return Refused(Code.REJECTED, _elsewhere(web.test_channel, is_test=is_test))
    if call.context.live.ignores(name):
        return Refused(Code.IGNORED_USER, f"{name_shown(name)} takes no part in the economy.")
    return None


def _elsewhere(test_channel: str, *, is_test: bool) -> str:
    if not is_test:
        return "This is the channel for tests: write 'test' behind the scopes."
    if test_channel:
        return f"Keys for tests are made in {test_channel} and act nowhere else."
    return "There is no channel for tests: web.test_channel names one."


async def _made(call: PmCall, name: str, scopes: frozenset[Scope], *, is_test: bool) -> PmAnswer:
    secret = pepper()
    assert secret is not None, "looked at before"
    made = new_key(secret, is_test=is_test)
    shown = await kit.spelling(call, name)
    seen = await kit.was_ever_here(call, call.named(name))
    answer = await call.commit(
        CreateKey.of(
            call.op_id,
            call.named(name),
            shown,
            scopes,
            made,
            is_test=is_test,
            by=call.by,
            at_ms=call.now_ms,
            day=call.day,
        )
    )
    if isinstance(answer, LimitReached):
        text = f"This channel has {KEYS_MAX} keys already. Revoke one that is not needed."
        return Refused(Code.LIMIT_REACHED, text)
    if not isinstance(answer, KeyCreated):
        return call.refused(answer)
    whose = f"{name_shown(answer.display_name)} ({answer.scopes.replace(',', ', ')})"
    if answer.prefix != made.prefix:
        return Private(f"The key {answer.prefix} for {whose} was made already, and shown then.")
    is_page = call.record is not None and call.record.origin == "page"
    told = made.text if is_page else made.text.replace("_", "-")
    slip = "" if seen else f" {never_seen()}"
    return Private(f"Key for {whose}, shown only now: {told}{slip}")


async def _list(call: PmCall) -> PmAnswer:
    if len(call.args) > 1:
        return call.usage()
    found = await call.read(lambda reports: keys_of(reports, call.channel))
    if not found:
        return "No keys. Make one with: key add @user read"
    lines = [_line(call, each) for each in found[:_SHOWN]]
    more = len(found) - len(lines)
    return "\n".join([*lines, f"and {more} older ones"] if more else lines)


def _line(call: Call, found: ApiKey) -> str:
    kind = "test, " if found.is_test else ""
    return (
        f"{found.prefix}: {name_shown(found.display_name)}, {kind}{found.scopes_text},"
        f" by {name_shown(found.created_by)}, {_last_used(call, found)}"
    )


def _last_used(call: Call, found: ApiKey) -> str:
    if found.last_used_at_ms is None:
        return "never used"
    days = (call.now_ms - found.last_used_at_ms) // _DAY_MS
    return "used today" if days < 1 else f"used {days} d ago"


async def _revoke(call: PmCall) -> PmAnswer:
    prefix = prefix_in(call.args[1]) if len(call.args) == 2 else None
    if prefix is None:
        return call.usage("The prefix is the 8 letters and digits behind ke_live_ or ke_test_.")
    answer = await call.commit(RevokeKey(call.channel, prefix))
    if not answer.display_name:
        return Refused(Code.NOT_FOUND, f"This channel has no key {prefix}.")
    return f"Revoked: the key {prefix} of {name_shown(answer.display_name)} opens nothing any more."
