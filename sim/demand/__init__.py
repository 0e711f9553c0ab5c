"""What customers bring: arrivals, attributes, everything random about them, drawn before the run or read from a log."""
