"""What a channel sells of its own."""
