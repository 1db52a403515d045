"""Arithmetic of carrying a project out: pure, exact, no Django."""
