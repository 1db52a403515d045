"""Pages, a room per subject."""
