"""What the Makefile runs, and no program of a user needs."""
