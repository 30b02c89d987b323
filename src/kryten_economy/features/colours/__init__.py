"""Chat colours: how well they can be read, where they stand in the stylesheet, what they cost."""
