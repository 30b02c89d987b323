"""Daily competitions."""
