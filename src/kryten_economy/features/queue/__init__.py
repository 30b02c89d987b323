"""Paying for media: what it costs, when it may be, and what becomes of the payment."""
