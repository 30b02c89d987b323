"""The paid queue."""
