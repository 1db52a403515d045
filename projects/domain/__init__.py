"""Proposals: states and budget arithmetic, pure."""
