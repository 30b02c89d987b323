"""The race: bets on a colour, a picture that never tells too early, and a pool to be shared."""
