"""Pages of messages: one's inbox; the office's desk."""
