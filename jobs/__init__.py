"""Background jobs with progress, stored files, downloads that expire."""
