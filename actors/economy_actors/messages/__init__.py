"""What the actors tell each other, by the one who is told."""
