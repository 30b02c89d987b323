"""What plays, and what it pays."""
