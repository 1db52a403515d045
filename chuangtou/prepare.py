"""`python -m chuangtou.prepare COMMAND [ARGUMENT...] [, COMMAND...]`: management commands in one process.

Starting Django takes longer than most of the commands do; the launcher runs all its steps after one start.
"""

import itertools
import os
import sys

import django
from django.core.management import call_command


def main(words: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chuangtou.settings")
    django.setup()
    for is_comma, group in itertools.groupby(words, key=lambda word: word == ","):
        if not is_comma:
            call_command(*group)


if __name__ == "__main__":
    main(sys.argv[1:])
