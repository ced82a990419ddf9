"""The reference: what the docstrings and fields of the entries say, for the terminal, the manual and editors."""
