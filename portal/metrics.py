"""The state of the portal as Prometheus reads it. Gauges only, made when asked: the processes share nothing to count in."""

from collections.abc import Iterable

from django.db import Error
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core import clock
from portal import health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class State(Collector):
    """Checks, queues, workers and what waits."""

    def collect(self) -> Iterable[Metric]:
        seen = health.broker()
        well = GaugeMetricFamily("chuangtou_check", "1 when a check of /readyz passes", labels=["check"])
        for check in health.checks(seen):
            well.add_metric([check.key], float(check.is_well))
        yield well
        yield GaugeMetricFamily("chuangtou_disk_free_bytes", "Free space for uploads and exports", health.disk_free())
        if seen is not None:
            queues = GaugeMetricFamily("chuangtou_queue_messages", "Messages that wait in a queue", labels=["queue"])
            for lane, length in seen.lengths.items():
                queues.add_metric([lane], length)
            yield queues
            signs = GaugeMetricFamily(
                "chuangtou_worker_sign_seconds", "Seconds since a sign of life", labels=["worker"]
            )
            for worker in seen.workers:
                signs.add_metric([worker.name], worker.seconds_ago)
            yield signs
        yield from self._backlog()

    def _backlog(self) -> Iterable[Metric]:
        try:
            at = clock.now()
            found = health.backlog(at)
        except Error:
            return
        age = (at - found.oldest_job_at).total_seconds() if found.oldest_job_at else 0.0
        letters = (at - found.oldest_delivery_at).total_seconds() if found.oldest_delivery_at else 0.0
        yield GaugeMetricFamily("chuangtou_jobs_waiting", "Exports that wait", found.waiting)
        yield GaugeMetricFamily("chuangtou_jobs_running", "Exports that run", found.running)
        yield GaugeMetricFamily("chuangtou_jobs_oldest_waiting_seconds", "Age of the oldest export that waits", age)
        yield GaugeMetricFamily("chuangtou_deliveries_due", "E-mails and texts that are due", found.deliveries)
        yield GaugeMetricFamily("chuangtou_deliveries_oldest_due_seconds", "Age of the oldest of them", letters)
        yield GaugeMetricFamily("chuangtou_deliveries_in_trouble", "Not delivered, or unknown", found.in_trouble)
        yield GaugeMetricFamily("chuangtou_tasks_given_up", "Tasks given up in the last seven days", found.failed_tasks)


def exposition() -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(State())
    return generate_latest(registry)
