"""The portal's Celery app plus slow and faulty kinds of work, for tests that kill a worker half-way."""

import contextlib
import importlib
import os
import time
from pathlib import Path

import xlsxwriter
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_process_init
from django.db import OperationalError

from chuangtou.celery import app as celery
from core.queue import BULK, MAIL, Patient, queue_name
from jobs.registry import Work, register


@register("test.slow")
def slow(work: Work) -> None:
    """Write `rows` lines, a moment each."""
    total = work.params["rows"]
    with work.path.open("w") as out:
        for i in range(1, total + 1):
            out.write(f"{i}\n")
            out.flush()
            work.rows(i, total)
            time.sleep(work.params["pause"])


@register("test.long", size=lambda params: params["rows"])
def long(work: Work) -> None:
    """A report of `rows` rows, made as they are written."""
    total = work.params["rows"]
    book = xlsxwriter.Workbook(str(work.path), {"constant_memory": True})
    sheet = book.add_worksheet("长表")
    for i in range(1, total + 1):
        sheet.write_row(i, 0, [i, f"第 {i} 项", f"{i}".zfill(18)])
        work.rows(i, total)
    book.close()


@shared_task(name="test.flaky", base=Patient, lane=BULK)
def flaky(path: str) -> None:
    """The database is away at the first try; each try leaves a line with the queue it came from."""
    with Path(path).open("a") as out:
        out.write(f"{flaky.request.delivery_info['routing_key']}\n")
    if flaky.request.retries == 0:
        raise OperationalError("server closed the connection")


@shared_task(name="test.faulty", base=Patient)
def faulty(*ids: int) -> None:
    """Fails with somebody's number in the message."""
    raise ValueError("13800000000")


@shared_task(name="test.endless", base=Patient, soft_time_limit=1, time_limit=2)
def endless(number: int) -> None:
    """Takes no notice of the soft limit and runs into the hard one."""
    for _ in range(2):
        with contextlib.suppress(SoftTimeLimitExceeded):
            time.sleep(60)


@shared_task(name="test.tick")
def tick() -> None:
    """Nothing: its messages are counted."""


if os.environ.get("TEST_BEAT"):
    celery.conf.beat_schedule = {"tick": {"task": "test.tick", "schedule": 1.0}}
    celery.conf.beat_max_loop_interval = 1

if os.environ.get("TEST_SWEEPS"):
    celery.conf.beat_schedule = {
        "sweep": {"task": "reminders.sweep", "schedule": 1.0, "options": {"queue": queue_name(MAIL)}}
    }
    celery.conf.beat_max_loop_interval = 1


@worker_process_init.connect
def small_batches(**_: object) -> None:
    """A sweep of reminders in many transactions, so that there is a middle."""
    if size := os.environ.get("TEST_BATCH"):
        importlib.import_module("reminders.services.remind").BATCH = int(size)
