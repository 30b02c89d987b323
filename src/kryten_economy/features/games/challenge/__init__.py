"""Challenges: two players, one stake each, the dice decide."""
