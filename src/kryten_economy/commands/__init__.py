"""The grammar of private messages and the table of commands. Pure functions of values."""
