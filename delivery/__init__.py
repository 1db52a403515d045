"""Carrying out funded projects, and residents' rating of them."""
