"""What people buy to be seen by: greeting, title, shoutout, fortune, GIF, a name for the money."""
