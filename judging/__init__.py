"""Rubric, sessions, judges, recusal, score sheets, results."""
