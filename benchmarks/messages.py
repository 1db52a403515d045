"""Ten thousand messages: telling in one transaction, then sending against an SMTP server on this machine.

    python -m benchmarks --only messages        (DATABASE_URL: a role that may create databases)

Counted at the SMTP server, which runs in a process of its own: every Message-ID once. Read the statements; the times are
this machine's. Beside them a bare loop of `smtplib.sendmail`, which notes nothing, and a person with six messages.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
MANY = 10_000

SINK = (
    "import sys, time\n"
    "from tests.messaging.smtp import post_office\n"
    "with post_office() as post:\n"
    "    print(post.port, flush=True)\n"
    "    for line in sys.stdin:\n"
    "        n = post.numbers(); print(len(n), len(set(n)), post.connections, flush=True)\n"
    "        post.taken.clear()\n"
)

START = (
    "import time\n"
    "from django.db import connection, transaction\n"
    "from core import clock\n"
    "from accounts.models import User\n"
    "from messaging import services\n"
    "from messaging.models import Delivery\n"
    "class Count:\n"
    "    n = 0\n"
    "    def __call__(self, run, *rest):\n"
    "        self.n += 1\n"
    "        return run(*rest)\n"
    "count = Count()\n"
)

PEOPLE = START + (
    "User.objects.bulk_create([User(username=f'b{i}', display_name=f'测试{i}', email=f'b{i}@test.invalid', password='!')\n"
    f"    for i in range({MANY})], batch_size=2000)\n"
)

TELL = START + (
    "import sys; ids = list(User.objects.order_by('pk').values_list('pk', flat=True)); sizes = (100, len(ids))\n"
    "for size in sizes:\n"
    "    count.n = 0; began = time.perf_counter()\n"
    "    with connection.execute_wrapper(count), transaction.atomic():\n"
    "        made = services.notify(recipients=ids[-size:], occasion=f'bench:{size}:{time.time()}', subject='截止提醒', body='还有三天截止。',\n"
    "            link='/home/', at=clock.now(), scope_id=1)\n"
    "    assert len(made) == size\n"
    "    print(f'@@{size}|{count.n}|{time.perf_counter() - began}')\n"
    "    if size == 100: Delivery.objects.filter(state='due').update(state='recalled')\n"
)

SEND = START + (
    "from messaging.services import send\n"
    "send.BUDGET = 3600\n"
    "began = time.perf_counter()\n"
    "with connection.execute_wrapper(count): sent = services.send_due_deliveries()\n"
    "print(f'@@{sent}|{count.n}|{time.perf_counter() - began}')\n"
)

FLOOD = START + (
    "ids = list(User.objects.order_by('pk').values_list('pk', flat=True)[:1000])\n"
    "for i in range(6):\n"
    "    with transaction.atomic():\n"
    "        services.notify(recipients=ids, occasion=f'flood:{i}', subject='提醒', body='文', link='/home/', at=clock.now(), scope_id=1)\n"
)


@contextlib.contextmanager
def database(name: str) -> Iterator[str]:
    """An empty, migrated database; yields its URL."""
    base = os.environ["DATABASE_URL"]
    url = urlsplit(base)._replace(path=f"/{name}").geturl()
    with contextlib.closing(psycopg2.connect(base)) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}"')
        env = os.environ | {"DATABASE_URL": url}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
        try:
            yield url
        finally:
            with admin.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def sink() -> Iterator["subprocess.Popen[str]"]:
    """The SMTP server; the first line it says is its port, each line it hears is answered with its counts."""
    process = subprocess.Popen(
        [sys.executable, "-c", SINK], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def counted(process: "subprocess.Popen[str]") -> list[int]:
    """Arrived, of them different, connections."""
    process.stdin.write("\n")
    process.stdin.flush()
    return [int(n) for n in process.stdout.readline().split()]


def start(code: str, url: str, port: str) -> "subprocess.Popen[str]":
    env = os.environ | {
        "DATABASE_URL": url, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port, "PORTAL_PLAIN_HTTP": "1", "LOG_LEVEL": "ERROR",
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "DJANGO_SETTINGS_MODULE": "chuangtou.settings",
    }  # fmt: skip
    code = f"import django; django.setup()\n{code}"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)


def run(code: str, url: str, port: str, processes: int = 1) -> list[list[float]]:
    """The figures after each `@@` of so many processes at once."""
    together = [start(code, url, port) for _ in range(processes)]
    said = [process.communicate()[0] for process in together]
    assert all(process.returncode == 0 for process in together), said
    return [[float(x) for x in line[2:].split("|")] for text in said for line in text.splitlines() if line[:2] == "@@"]


def bare(port: str) -> float:
    """Messages per second of smtplib alone over one connection."""
    import smtplib

    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", int(port)) as smtp:
        for i in range(2000):
            smtp.sendmail(
                "a@test.invalid", [f"b{i}@test.invalid"], f"Message-ID: <{i}@bench>\r\nSubject: x\r\n\r\nx\r\n"
            )
    return 2000 / (time.perf_counter() - began)


def report() -> None:
    """Tell ten thousand, send with one and with two senders, then a flood of six messages to each of a thousand."""
    print(f"消息：{MANY:,} 人")
    with database("bench_messages") as url, sink() as post:
        port = post.stdout.readline().strip()
        rate = bare(port)
        counted(post)
        run(PEOPLE, url, port)
        for size, statements, seconds in run(TELL, url, port):
            print(f"  告知 {size:6.0f} 人：{statements:4.0f} 条语句，{seconds:5.2f} 秒（一个事务）")
        for processes in (1, 2):
            if processes == 2:
                run(TELL, url, port)
            began = time.perf_counter()
            rows = run(SEND, url, port, processes)
            sent, statements = sum(r[0] for r in rows), sum(r[1] for r in rows)
            seconds = max(r[2] for r in rows)
            arrived, different, connections = counted(post)
            assert sent == arrived == different == MANY, (sent, arrived, different)
            print(
                f"  发送（{processes} 个进程）：{sent / seconds:6.0f} 封/秒，每 100 封 {100 * statements / sent:5.1f} 条语句，"
                f"到达 {arrived:.0f} 封，不重复 {different:.0f} 封，连接 {connections} 个，共 {time.perf_counter() - began:.1f} 秒"
            )
        print(f"  只用 smtplib，不记任何状态：{rate:6.0f} 封/秒")
        run(FLOOD, url, port)
        sent, statements, seconds = run(SEND, url, port)[0]
        arrived, different, _ = counted(post)
        print(
            f"  停机后 1,000 人各 6 条：发出 {sent:.0f} 封汇总，到达 {arrived} 封（不重复 {different} 封），{statements:.0f} 条语句，{seconds:.1f} 秒"
        )
