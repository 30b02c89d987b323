"""Games of chance and of wits: fair dice, stakes that are never lost, an edge that is known."""
