"""Wallets for other services: reserve up to a budget, pay what it did cost, read what is left."""
