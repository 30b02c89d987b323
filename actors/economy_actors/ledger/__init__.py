"""The actors around the books: one writer, one reader, and how others ask them."""
