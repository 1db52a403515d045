"""Allocation, public notice, agreements, instalments, payments."""
