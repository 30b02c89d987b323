"""Daily streaks and the weekend bridge."""
