"""Pages of the rounds."""

from rounds.views.calls import call, call_rules, call_word, calls
from rounds.views.graces import graces
from rounds.views.office import round_close, round_detail, round_edit, round_list, round_new, round_open, round_word
from rounds.views.questions import question, question_decline, questions

__all__ = [
    "call",
    "call_rules",
    "call_word",
    "calls",
    "graces",
    "question",
    "question_decline",
    "questions",
    "round_close",
    "round_detail",
    "round_edit",
    "round_list",
    "round_new",
    "round_open",
    "round_word",
]
