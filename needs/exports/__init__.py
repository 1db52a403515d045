"""Excel reports of needs; each room registers its builders with jobs.registry."""

from needs.exports import ledger, salon  # noqa: F401 - registers
