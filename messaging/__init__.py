"""Outbox, channels, inbox."""
