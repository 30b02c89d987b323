"""What is read from the books, on a connection of its own."""
