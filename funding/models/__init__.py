"""Allocation plans, awards, public notices, objections; agreements, funds, instalments, payments."""

from funding.models.agreement import (
    Agreement,
    AgreementVersion,
    Fund,
    FundDraw,
    FundPaper,
    Instalment,
)
from funding.models.payment import Payment, PaymentPart, Repayment
from funding.models.plan import AllocationPlan, Award, Objection, PublicNotice

__all__ = [
    "Agreement",
    "AgreementVersion",
    "AllocationPlan",
    "Award",
    "Fund",
    "FundDraw",
    "FundPaper",
    "Instalment",
    "Objection",
    "Payment",
    "PaymentPart",
    "PublicNotice",
    "Repayment",
]
