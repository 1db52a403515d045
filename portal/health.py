"""Is the portal well? Asked by load balancers, by monitoring and by the system administrator; no names, no secrets."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from core import clock
from core.queue import QUEUES
from jobs.models import Job, TaskFailure
from jobs.services import beat_seen, queue_lengths, workers_seen
from jobs.services.pulse import BEAT_GONE, WORKER_GONE, Worker
from messaging.models import Delivery

DRIFT_AT_MOST = 2.0  # seconds between this machine's clock and the database's
LANES = {"interactive": "即时任务", "bulk": "大批量导出", "mail": "消息发送"}
RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so."""

    key: str
    label: str
    is_well: bool
    words: str


@dataclass(frozen=True, slots=True)
class Broker:
    """What Redis says; None when it is away."""

    lengths: dict[str, int]
    workers: list[Worker]


def broker() -> Broker | None:
    """Queue lengths and workers' signs of life; None when Redis does not answer within about two seconds."""
    try:
        return Broker(queue_lengths(), workers_seen())
    except (redis.RedisError, OSError, ValueError):
        return None


def page_checks() -> list[Check]:
    """What pages cannot do without. Never raises."""
    found = [_database()]
    if found[0].is_well:
        found += [_migrations(), _disk()]
    return found


def checks(seen: Broker | None) -> list[Check]:
    """All checks in order; `seen` is what `broker()` returned. Never raises."""
    found = page_checks()
    if seen is None:
        found.append(Check("broker", "消息中间件", False, "连接不上：导出和邮件在排队，恢复后自动继续"))
    else:
        found += [Check("broker", "消息中间件", True, "正常"), _workers(seen)]
    if found[0].is_well:
        found += [_beat(), _clock()]
    return found


def _database() -> Check:
    try:
        clock.now()
    except Error:
        connection.close()
        return Check("database", "数据库", False, "连接不上：页面不能使用")
    return Check("database", "数据库", True, "正常")


_applied: list[bool] = []  # once all migrations of this code are applied, they stay so while this process lives


def _migrations() -> Check:
    try:
        if not _applied:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return Check("migrations", "数据库结构", False, "有未执行的升级，请执行 migrate")
            _applied.append(True)
    except Error:
        return Check("migrations", "数据库结构", False, "读不到升级记录")
    return Check("migrations", "数据库结构", True, "与程序一致")


def disk_free() -> int:
    """Bytes that are free where uploads and exports lie."""
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _disk() -> Check:
    free = disk_free()
    words = f"剩余 {free / 1024**3:.1f} GB"
    is_well = free >= settings.DISK_FREE_AT_LEAST
    return Check("disk", "磁盘空间", is_well, words if is_well else f"{words}，快满了，请尽快清理或扩容")


def _workers(seen: Broker) -> Check:
    alive = {lane for w in seen.workers if w.seconds_ago <= WORKER_GONE for lane in w.lanes}
    missing = [LANES[lane] for lane in QUEUES if lane not in alive]
    words = f"没有进程在处理：{'、'.join(missing)}" if missing else "三个队列都有进程在处理"
    return Check("workers", "后台进程", not missing, words)


def _beat() -> Check:
    try:
        last, now = beat_seen(), clock.now()
    except Error:
        return Check("beat", "定时进程", False, "读不到心跳")
    if last is None:
        return Check("beat", "定时进程", False, "从未运行：提醒、邮件和中断的导出不会继续")
    seconds = max(int((now - last).total_seconds()), 0)
    is_well = seconds <= BEAT_GONE
    words = f"{seconds} 秒前运行过" if is_well else f"已停 {seconds // 60} 分钟：提醒、邮件和中断的导出不会继续"
    return Check("beat", "定时进程", is_well, words)


def _clock() -> Check:
    try:
        drift = clock.drift()
    except Error:
        return Check("clock", "服务器时钟", False, "读不到数据库时间")
    is_well = abs(drift) <= DRIFT_AT_MOST
    words = "与数据库一致" if is_well else f"与数据库相差 {abs(drift):.0f} 秒，请检查对时"
    return Check("clock", "服务器时钟", is_well, words)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, and since when."""

    waiting: int
    running: int
    oldest_job_at: datetime | None
    deliveries: int
    oldest_delivery_at: datetime | None
    in_trouble: int
    failed_tasks: int


def backlog(at: datetime) -> Backlog:
    """Counts over all streets, without a name: what an operator needs."""
    states = list(
        Job.objects.filter(state__in=[Job.State.WAITING, Job.State.RUNNING]).order_by("created_at").values_list("state", "created_at")
    )  # fmt: skip
    waiting = [created for state, created in states if state == Job.State.WAITING]
    due = Delivery.objects.filter(state="due").exclude(not_before__gt=at)
    return Backlog(
        waiting=len(waiting),
        running=len(states) - len(waiting),
        oldest_job_at=waiting[0] if waiting else None,
        deliveries=due.count(),
        oldest_delivery_at=due.order_by("notice__created_at").values_list("notice__created_at", flat=True).first(),
        in_trouble=Delivery.objects.filter(state__in=["failed", "unknown"]).count(),
        failed_tasks=TaskFailure.objects.filter(failed_at__gt=at - RECENT).count(),
    )
