"""One actor per channel: who is here, since when, and the minutes that pass."""
