"""Judging as arithmetic: the rule, the sheets, the score, the rank, the draw. Pure and exact, without Django.

`scoring.compute` turns a `chuangtou/scoring@1` document into a `chuangtou/result@1` document; the screens and
`manage.py score_file` call the same function.
"""
