"""Pure rules of when a message goes and by which channel."""
