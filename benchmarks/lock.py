"""From the lock to the ranked, stored result: 50 projects × 35 judges × 10 criteria, on copies of one database."""

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = (
    "import time\n"
    "from core import clock\n"
    "from django.db import connection\n"
    "from django.test.utils import CaptureQueriesContext\n"
    "from accounts.models import User\n"
    "from judging.domain.scoring import compute\n"
    "from judging.models import ScoreSheet, Session\n"
    "from judging.services import lock_session\n"
    "from judging.services.opening import scoring_document\n"
    "s = Session.objects.select_related('round__street').get(); by = User.objects.get(username='bench_office')\n"
    "began = time.perf_counter(); list(ScoreSheet.objects.filter(session=s).values_list('judge', 'entry', 'marks')); read = time.perf_counter() - began\n"
    "document = scoring_document(s)\n"
    "began = time.perf_counter(); compute(document); engine = time.perf_counter() - began\n"
    "began = time.perf_counter()\n"
    "with CaptureQueriesContext(connection) as seen: result = lock_session(session_id=s.pk, by=by, at=clock.now())\n"
    "lock = time.perf_counter() - began\n"
    "assert len(result.outcome['results']) == 50, result.outcome\n"
    "print(f'@@{1000 * read}|{1000 * engine}|{1000 * lock}|{len(seen)}|{ScoreSheet.objects.count()}')\n"
)


def report(urls: list[str]) -> None:
    """Lock each copy once; print medians and what the lock costs beside the engine alone."""
    rows = []
    for url in urls:
        env = os.environ | {"DATABASE_URL": url, "PORTAL_PLAIN_HTTP": "1", "PORTAL_HOSTS": "*"}
        run = [sys.executable, "manage.py", "shell", "-v0", "-c", CODE]
        out = subprocess.run(run, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout
        rows.append([float(x) for x in out.split("@@", 1)[1].split("|")])
    read, engine, lock, statements, sheets = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"锁定到结果：50 个项目 × 35 位评委 × 10 项（{sheets:.0f} 张评分表）")
    print(
        f"  读出全部评分表 {read:7.1f} 毫秒   引擎计算 {engine:7.1f} 毫秒   锁定到结果入库 {lock:7.1f} 毫秒，{statements:.0f} 条语句"
    )
    print(f"  比值（锁定/引擎） {lock / engine:.2f}")
