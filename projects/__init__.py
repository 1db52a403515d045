"""Proposals and their versions, budgets, eligibility check."""
