"""A spec in an editor: what to show, offer and mend at a place of its text, whether or not it reads."""
