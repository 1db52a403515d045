"""Needs as pure rules: their life cycle, what is alike, what themes answer them."""
