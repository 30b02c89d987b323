"""Pure decisions: what was seen and what is known go in, awards and notices come out."""
