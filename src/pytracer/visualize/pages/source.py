"""The source: the lines from which calls were made."""
