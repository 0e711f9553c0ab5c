"""One run: the clock, the two floors, what control does, what is recorded."""
