"""Excel reports of the money; each room registers its builders with jobs.registry."""

from funding.exports import ledger, notice, payment, plan  # noqa: F401 - registers
