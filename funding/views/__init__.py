"""Pages of the money, a room per subject."""
