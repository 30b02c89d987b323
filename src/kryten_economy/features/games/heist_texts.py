"""What is said of a heist: the story in the channel, the result in private.

Lines of the pools are templates: ``{user}`` is who planned the heist (in join lines who joins),
``{payout}`` what a win pays each, ``{symbol}`` the sign of the currency.
"""

from collections.abc import Sequence
from fractions import Fraction

from kryten_economy.text.markup import clip, name_shown
from kryten_economy.text.templates import ByPm, factor, money, plural

__all__ = (
    "JOIN_LINES",
    "LOSE_LINES",
    "PROMPT",
    "PUSH_LINES",
    "SCENARIOS",
    "WIN_LINES",
    "crew_of",
    "joined",
    "joined_several",
    "no_heist",
    "opening",
    "own_join",
    "own_result",
    "started",
    "summary",
    "too_few",
    "too_few_pm",
)

PROMPT = (
    "Write one new heist: a crew planned by {user} tries to get rich in an unlikely place."
    " Answer with the JSON object only."
)
"""What a model is asked; it holds no word of any user."""

SCENARIOS = (
    "🏦 At midnight {user} leads the crew through the cellar of the Pudding Bank.",
    "🚂 {user} has a timetable, a lasso and a plan for the 23:40 gold train.",
    "🖼️ The museum's alarm is being repaired. {user} happens to be the electrician tonight.",
    "🎰 {user} walks the crew into the Lucky Flamingo casino, dressed as the house band.",
    "🛰️ Codes for the moon vault are in {user}'s lunch box. The countdown runs.",
    "🧀 The cheese reserve of a small alpine nation, one cable car, and {user} at the lever.",
    "🎬 {user} rents a film crew: nobody stops people who carry lights and shout 'quiet, please'.",
    "🚢 The yacht 'Tax Haven' has a new cook. The cook is {user}, and the soup sends all to sleep.",
    "🐧 Nobody guards the vault of the zoo but forty penguins. {user} has brought fish.",
    "🎂 A cake two metres high is rolled into the mint. Inside, {user} counts to a hundred.",
    "🧊 {user} knows which iceberg the pirates hid their chest in. The crew has hair dryers.",
    "🎻 During the slow movement {user} lowers a rope from the opera's chandelier.",
    "🚁 The helicopter was sold as 'nearly complete'. {user} says that this will do.",
    "🧦 Three security doors, all opened by a lost sock. {user} has been to every laundry in town.",
    "📚 The library keeps its first editions behind a door marked 'boring'. {user} goes in.",
    "🌋 The villain is on holiday and {user} waters the plants of the volcano lair.",
    "🏰 The castle's ghost owes {user} a favour, and tonight it opens the treasury.",
    "🚗 {user} parks a tow truck at the armoured van and puts up a sign: 'back in five minutes'.",
    "🪩 In the Disco Vault the lasers move to the beat. {user} has taught the crew to dance.",
    "🍝 The mob's recipe book is worth a fortune. {user} waits until the sauce needs stirring.",
    "🦆 A thousand rubber ducks float toward the harbour safe. Under one of them swims {user}.",
    "🛗 {user} sends the guards to the 13th floor. The building has twelve.",
    "🎪 The circus pays in cash tonight, and {user} has got the crew a job as a very long horse.",
    "🧳 Two equal suitcases, one airport, and {user} with the face of an honest tourist.",
)

WIN_LINES = (
    "💰 The door swings open! {payout} {symbol} for each of the crew, and a bow from {user}.",
    "💰 Nobody saw a thing. Each one carries home {payout} {symbol}.",
    "💎 It was the right wire after all! {user} hands out {payout} {symbol} to everybody.",
    "🚐 The van is full and the road is empty: {payout} {symbol} each.",
    "🎉 The guards even held the door. {payout} {symbol} for everybody in on it.",
    "🤑 {user} whistles, the crew runs, the bags hold: {payout} {symbol} each.",
    "🕶️ Walk slowly, don't look back. Each pocket holds {payout} {symbol}.",
    "🧠 The plan of {user} was mad, and it worked: {payout} {symbol} each.",
    "🎈 Out through the roof by balloon, with {payout} {symbol} for each of them.",
    "🥂 Tomorrow's paper will call it impossible. Tonight it is {payout} {symbol} each.",
    "🔑 The spare key was under the mat. {payout} {symbol} for each, and no scratch on the door.",
)

LOSE_LINES = (
    "🚨 The alarm was not that broken. The crew leaves everything behind.",
    "🚔 {user} waves to the getaway car. It has a blue light on top.",
    "🐕 Nobody had mentioned the dog. The stakes are gone, and so is a trouser leg.",
    "🕳️ The tunnel ends in the police canteen. All is lost but the appetite.",
    "📸 Smile, {user}: eleven cameras, all of them working.",
    "🧨 Too much dynamite, too little vault. What was not blown away was confiscated.",
    "🛑 The bag with the money was the bag with the sandwiches. The stakes are gone.",
    "👮 The guard on duty is {user}'s aunt, and she is not amused.",
    "💸 The notes fly over the whole town, and the crew runs the other way.",
    "🪤 It was a trap from the start. Nothing comes home but the crew.",
    "🧯 Sprinklers, foam, sirens: this vault keeps what it has.",
)

PUSH_LINES = (
    "😅 Half way in {user} hears sirens. Everybody out, and most of the stakes with them.",
    "🚪 The vault was empty. The crew sells the tools and gets nearly everything back.",
    "🤷 Wrong bank. {user} apologises, and the crew leaves with most of its own money.",
    "🌧️ The rain washes out the plan. The deposit for the van is all that is lost.",
    "🐈 A cat sits on the switch, and nobody dares to move it. Most of the stakes come back.",
    "🕰️ {user} forgot that the clocks went back. Too early, so home again, with a small loss.",
    "🎭 Another crew was there first. They pay for the silence, not quite all of it.",
    "🧾 The loot just about covers the costs.",
    "🚧 Road works on the way: the crew turns round, a little poorer for the petrol.",
    "🍕 The plan gets cold and so does the pizza. The stakes come back, nearly.",
)

JOIN_LINES = (
    "🕵️ A knock, the password, and {user} is in.",
    "🎒 With a bag full of tools comes {user}.",
    "🧤 Gloves on: {user} joins the crew.",
    "🔦 Somebody has to hold the torch, says {user}.",
    "🚐 There is one more seat in the van for {user}.",
    "🗝️ Old friends know every lock, and {user} knows old friends.",
    "🥷 Out of the shadows steps {user}.",
    "📋 The plan gets another name: {user}.",
    "🎧 'Can everybody hear me?' asks {user} over the radio.",
    "💼 The suitcase comes with {user}.",
    "🍩 Doughnuts for the guards: a fine idea of {user}.",
)

_NAMES_SHOWN = 5


def crew_of(size: int) -> str:
    """``crew of 4``."""
    return f"crew of {size:,}"


def opening(starter: str, stake_z: int, window_s: int, crew_min: int, symbol: str) -> str:
    """The channel hears of it: who, for how much, how to get in, until when."""
    return (
        f"🏦 {name_shown(starter)} plans a heist! Buy-in {money(stake_z, symbol)}: type 'join' or"
        f" PM me 'heist join' within {window_s:,}s. It takes {plural(crew_min, 'robber')}."
    )


def joined(line: str, size: int) -> str:
    """Somebody is in; ``line`` is of the pool."""
    return f"{line} ({crew_of(size).capitalize()})"


def joined_several(names: Sequence[str], size: int) -> str:
    """Several are in since the line before."""
    shown = ", ".join(name_shown(each) for each in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    rest = f" and {more:,} more" if more > 0 else ""
    return f"🕵️ In on it: {shown}{rest}. ({crew_of(size).capitalize()})"


def started(stake_z: int, balance_z: int, window_s: int, crew_min: int, symbol: str) -> str:
    """To whoever has started it."""
    return (
        f"🏦 You stake {money(stake_z, symbol)} on a heist. Others have {window_s:,}s to join with"
        f" 'join' in the channel; below {crew_min:,} it is called off and your stake comes back."
        f" Balance: {money(balance_z, symbol)}."
    )


def own_join(stake_z: int, size: int, balance_z: int, symbol: str) -> str:
    """To whoever has joined."""
    return (
        f"🕵️ You're in for {money(stake_z, symbol)}, in a {crew_of(size)}."
        f" Balance: {money(balance_z, symbol)}."
    )


def no_heist() -> str:
    """There is nothing to join."""
    return ByPm("No heist is being planned right now.", " Start one with 'heist <wager>'.")


def too_few(size: int, crew_min: int) -> str:
    """The channel hears that it does not take place."""
    return (
        f"🏦 The heist is called off: it takes {crew_min:,} and there"
        f" {'was' if size == 1 else 'were'} {size:,}. All stakes are back."
    )


def too_few_pm(stake_z: int, balance_z: int, symbol: str) -> str:
    """To each who was in on it."""
    return (
        f"🏦 Too few for the heist: your {money(stake_z, symbol)} are back."
        f" Balance: {money(balance_z, symbol)}."
    )


def summary(result: str, size: int, staked_z: int, paid_z: int, by: Fraction, symbol: str) -> str:
    """The last line: what went in and what came out."""
    crew, staked = crew_of(size).capitalize(), money(staked_z, symbol)
    if result == "lose":
        return f"🏦 {crew}: {staked} lost."
    paid = money(paid_z, symbol)
    if result == "push":
        return f"🏦 {crew}: {paid} of {staked} come back ({factor(by)})."
    return f"🏦 {crew}: {staked} became {paid} ({factor(by)})."


def own_result(
    result: str, stake_z: int, payout_z: int, balance_z: int, number: int, symbol: str
) -> str:
    """To each: their own net and balance."""
    staked, paid, balance = (money(each, symbol) for each in (stake_z, payout_z, balance_z))
    net_z = payout_z - stake_z
    told = {
        "win": f"💰 The heist worked: {staked} became {paid}",
        "push": f"😅 The heist broke off: {paid} of your {staked} come back",
        "lose": f"🚨 The heist failed: your {staked} are lost",
    }[result]
    return clip(f"{told} ({net_z:+,} {symbol}). Balance: {balance}. Round {number}.", 240)
