"""Blackjack: one player against the dealer, a fresh deck for each hand."""
