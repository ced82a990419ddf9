"""What a stranger may try: each attack is a case of a test, with a limit of time."""
