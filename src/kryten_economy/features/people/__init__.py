"""Everything stored about one person: telling it, forgetting it, and closing unused accounts."""
