"""Working days, holidays and their yearly override table."""
