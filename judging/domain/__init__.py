"""Scoring: pure, exact, without Django. The contract is chuangtou/scoring@1."""
