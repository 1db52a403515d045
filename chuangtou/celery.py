"""Celery entry point: worker and beat. Due dates live in the database; beat only polls them each minute.

Two things are wired here and done in jobs: a worker's main process gives a sign of life, and a task that was given up is
noted for the system administrator.
"""

import logging
import os
from types import TracebackType
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chuangtou.settings")
app = Celery("chuangtou")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = logging.getLogger(__name__)
_state: dict[str, Any] = {"is_main": False, "timer": None}


@signals.worker_init.connect
def _in_the_main_process(**_: Any) -> None:
    _state["is_main"] = True


@signals.worker_process_init.connect
def _in_a_child(**_: Any) -> None:
    _state["is_main"] = False


@signals.worker_ready.connect
def _give_signs_of_life(sender: Any, **_: Any) -> None:
    """Also after the broker was away: the consumer is made anew, and its timer with it."""
    from redis import RedisError

    from jobs.services.pulse import WORKER_EVERY, note_worker

    def sign() -> None:
        try:
            note_worker(name=sender.hostname, queues=list(sender.app.amqp.queues.consume_from))
        except (RedisError, OSError) as error:
            log.warning("no sign of life: %s", error)

    if _state["timer"] is not None:
        _state["timer"].cancel()
    sign()
    _state["timer"] = sender.timer.call_repeatedly(WORKER_EVERY, sign)


@signals.task_failure.connect
def _given_up(
    sender: Any, task_id: str, exception: BaseException, args: Any = (), traceback: Any = None, **_: Any
) -> None:
    _note(sender.name, task_id, args, exception, traceback if isinstance(traceback, TracebackType) else None)


@signals.task_unknown.connect
def _unknown(name: str, id: str, exc: BaseException, **_: Any) -> None:  # noqa: A002 - Celery's name
    _note(name or "", id or "", (), exc, None)


def _note(name: str, key: str, args: Any, error: BaseException, trace: TracebackType | None) -> None:
    from django.db import Error, connection

    from core import clock
    from jobs.services import note_failure

    try:
        connection.close_if_unusable_or_obsolete()
        note_failure(name=name, task_key=key, args=args, error=error, at=clock.now(), trace=trace)
    except Error:
        log.exception("a failed task could not be noted: %s %s", name, key)
    finally:
        if _state["is_main"]:  # children are forked from here and must not inherit a connection
            connection.close()
