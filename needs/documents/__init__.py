"""Office documents of needs as Word, a room per document."""
