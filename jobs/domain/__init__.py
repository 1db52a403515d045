"""Figures and words of background work; no Django."""
