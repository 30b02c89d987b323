"""One actor per user and channel: that user's earning and spending, one act after the other."""
