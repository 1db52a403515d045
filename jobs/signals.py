"""What apps above may want to hear of."""

from django.dispatch import Signal

# A job came to its end by itself: done or failed. Sent inside the transaction that says so, with `job` and `at`.
job_ended = Signal()
