"""Roadshow sessions, rubric, judges, draw, recusal, score sheets, results."""

from judging.models.entries import Draw, Entry, LotDraw
from judging.models.hall import Stage, SupervisorNote
from judging.models.judges import Absence, Assignment, Judge, KeptJudge, PoolJudge, Recusal, Relation, SeatPass
from judging.models.results import Result, ResultLine, RuleChange, Unlock
from judging.models.session import Session, SessionQuerySet
from judging.models.sheets import CarriedSheet, Move, ScoreSheet, ScoreSheetQuerySet

__all__ = [
    "Absence",
    "Assignment",
    "CarriedSheet",
    "Draw",
    "Entry",
    "Judge",
    "KeptJudge",
    "LotDraw",
    "Move",
    "PoolJudge",
    "Recusal",
    "Relation",
    "Result",
    "ResultLine",
    "RuleChange",
    "ScoreSheet",
    "ScoreSheetQuerySet",
    "SeatPass",
    "Session",
    "SessionQuerySet",
    "Stage",
    "SupervisorNote",
    "Unlock",
]
