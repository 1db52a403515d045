"""Asking for, running, handing out and clearing away background jobs; what is known of the workers.

A run is known by the job's attempt number, which only grows. Whoever starts last counts: a run that finds a higher
number, or a job that was cancelled, stops at its next row. Whether a run still lives is told by an advisory lock of
PostgreSQL, which ends with the process that holds it: a message delivered twice does nothing, and one that comes back
because a worker was killed is taken up at once.
"""

from jobs.domain.limits import AT_ONCE, KEPT, MOST_ATTEMPTS, MOST_OPEN, STALE
from jobs.services.ask import TooManyJobs, cancel_job, retry_job, start_job
from jobs.services.failures import failures, note_failure
from jobs.services.line import sweep
from jobs.services.pulse import beat_seen, note_beat, note_worker, queue_lengths, workers_seen
from jobs.services.run import Superseded, run_job
from jobs.services.tidy import tidy

__all__ = [
    "AT_ONCE",
    "KEPT",
    "MOST_ATTEMPTS",
    "MOST_OPEN",
    "STALE",
    "Superseded",
    "TooManyJobs",
    "beat_seen",
    "cancel_job",
    "failures",
    "note_beat",
    "note_failure",
    "note_worker",
    "queue_lengths",
    "retry_job",
    "run_job",
    "start_job",
    "sweep",
    "tidy",
    "workers_seen",
]
