"""Forms of the money pages, a room per subject."""
