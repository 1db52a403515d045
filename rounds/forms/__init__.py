"""Forms of the round."""

from rounds.forms.grace import GraceForm
from rounds.forms.question import AnswerForm, AskForm, DeclineForm
from rounds.forms.round import RoundForm, initial_of

__all__ = ["AnswerForm", "AskForm", "DeclineForm", "GraceForm", "RoundForm", "initial_of"]
