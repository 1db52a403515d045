"""Forms, a room per subject."""
