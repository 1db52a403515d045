"""The arithmetic of money given: pure Python, no Django, no database, no clock."""
