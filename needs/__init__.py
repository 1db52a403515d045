"""Residents' needs, service orders, claims."""
