"""What the last days would have brought under another configuration, from the books alone."""
