"""The portal's settings plus one extra URL: the bare upsert that storing a score is held against."""

from chuangtou.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
