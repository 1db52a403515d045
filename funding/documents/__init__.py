"""Word documents of the money side."""
