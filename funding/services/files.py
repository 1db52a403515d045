"""Files that people hand in with money matters."""

from jobs.evidence import KINDS, MOST_BYTES, MOST_FILES, BadEvidence, check_evidence, keep

__all__ = ["KINDS", "MOST_BYTES", "MOST_FILES", "BadEvidence", "check_evidence", "keep"]
