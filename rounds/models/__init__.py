"""Rows of the round: its settings, its themes, what was asked about its call, who may hand in later."""

from rounds.models.grace import Grace
from rounds.models.question import Question
from rounds.models.round import MICRO_CAP, MOST_GRACE_HOURS, Round, RoundQuerySet, Theme

__all__ = ["MICRO_CAP", "MOST_GRACE_HOURS", "Grace", "Question", "Round", "RoundQuerySet", "Theme"]
