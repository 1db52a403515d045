"""办理记录 of one record: who did what when and why, and what it changed from what to what."""
