"""Allocation: pure, exact, without Django. The contract is chuangtou/allocation@1."""
