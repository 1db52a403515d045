"""Beat, one at a time: of several, the one that holds PostgreSQL's advisory lock sends, the others wait for it to go."""

import logging
import os
from typing import Any

from celery.beat import PersistentScheduler
from django.db import Error, connection

log = logging.getLogger(__name__)
LOCK = 0x62656174  # "beat"
WAIT = float(os.environ.get("PORTAL_BEAT_WAIT", "10"))  # seconds between two looks of one that waits

HELD = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
AND classid = 0 AND objid = %s AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class SoleScheduler(PersistentScheduler):
    """Sends what is due only while it leads; says each time that it ticks."""

    is_leading = False

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Do one step; returns seconds until the next."""
        if not self._leads():
            return WAIT
        return float(super().tick(*args, **kwargs))

    def _leads(self) -> bool:
        """Whether this connection holds the lock. A lost connection has lost it too, and says so here."""
        from core import clock
        from jobs.services import note_beat

        try:
            with connection.cursor() as cursor:
                cursor.execute(HELD, [LOCK])
                (held,) = cursor.fetchone()
                if not held:
                    cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
                    (held,) = cursor.fetchone()
            if held:
                note_beat(at=clock.now())
        except Error as error:
            log.warning("beat waits for the database: %s", error)
            connection.close()
            held = False
        if bool(held) != self.is_leading:
            log.info("this beat %s", "leads" if held else "waits: another one leads, or the database is away")
            self.is_leading = bool(held)
        return self.is_leading
