"""The figures of background work."""

from datetime import timedelta

AT_ONCE = 2  # jobs of one person in the hands of workers; the others wait in their order
MOST_OPEN = 10  # jobs of one person that wait or run
MOST_ATTEMPTS = 3  # interrupted runs, counted anew when the owner asks again
BULK_FROM = 5000  # rows from which on work queues apart

KEPT = timedelta(days=7)  # a file can be fetched
STALE = timedelta(minutes=2)  # nobody seems to be doing it: handed out again
ABANDONED = timedelta(minutes=40)  # longer than any run may last: taken over even from one that seems alive
NOTABLE = timedelta(seconds=20)  # who waited longer has gone elsewhere and is told

# Seconds until a run is asked to stop. The hard end comes a minute later and stays below the broker's visibility
# timeout (1800 s), else a second worker would get the message of a run that still goes on.
SOFT_LIMIT = {"interactive": 600, "bulk": 1500}
HARD_AFTER = 60
