"""Slips of the hand: what does not read, or not as it looks, told by the mend that makes it read."""
