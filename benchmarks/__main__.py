"""`make bench`: storing a score against a bare upsert behind the same middleware, lists at 30 and at 3,000 rows,
a result locked against its arithmetic alone, ten thousand messages told and sent and as many deadlines, reports against openpyxl and
XlsxWriter, a live board pushed against one asked for, and money divided by ballots and by proof.

Everything in one run on one machine; read the ratios, not the times. Needs DATABASE_URL of a role that may create
databases; makes two of its own and drops them.
"""

import argparse
import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg2

from benchmarks import elections, exports, lock, messages, needs, push, reminders

ROOT = Path(__file__).resolve().parent.parent
THREADS = 8
PARTS = {
    "push": push,
    "elections": elections,
    "messages": messages,
    "reminders": reminders,
    "exports": exports,
    "needs": needs,
}


@contextlib.contextmanager
def database(name: str, proposals: int, judges: int = 20, criteria: int = 4, unscored: int = 200) -> Iterator[str]:
    """A database filled by make_bench_data; yields its URL."""
    base = os.environ["DATABASE_URL"]
    url = urlsplit(base)._replace(path=f"/{name}").geturl()
    with contextlib.closing(psycopg2.connect(base)) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
        env = os.environ | {"DATABASE_URL": url}
        run = [sys.executable, "manage.py"]
        subprocess.run([*run, "migrate", "-v0"], cwd=ROOT, env=env, check=True)
        sizes = {"proposals": proposals, "judges": judges, "criteria": criteria, "unscored": min(proposals, unscored)}
        began = time.perf_counter()
        subprocess.run(
            [*run, "make_bench_data", *(f"--{name}={count}" for name, count in sizes.items())],
            cwd=ROOT,
            env=env,
            check=True,
        )
        print(f"  数据用时 {time.perf_counter() - began:.1f} 秒")
        with contextlib.closing(psycopg2.connect(url)) as own, own.cursor() as cursor:
            cursor.execute("CREATE TABLE bench_upsert (id bigint PRIMARY KEY, marks text, n int DEFAULT 1)")
            cursor.execute("ANALYZE")
            own.commit()
        try:
            yield url
        finally:
            with admin.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def copies(url: str, count: int) -> Iterator[list[str]]:
    """Copies of a database that nobody is connected to."""
    name = urlsplit(url).path[1:]
    made = [f"{name}_{i}" for i in range(count)]
    with contextlib.closing(psycopg2.connect(os.environ["DATABASE_URL"])) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            for copy in made:
                cursor.execute(f'DROP DATABASE IF EXISTS "{copy}"')
                cursor.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
            try:
                yield [urlsplit(url)._replace(path=f"/{copy}").geturl() for copy in made]
            finally:
                for copy in made:
                    cursor.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')


@contextlib.contextmanager
def server(url: str, port: int) -> Iterator[None]:
    """gunicorn with two workers of four threads, as `make run` starts it."""
    env = os.environ | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "PORTAL_PLAIN_HTTP": "1",
        "PORTAL_HOSTS": "*",
        "LOG_LEVEL": "ERROR",
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "chuangtou.wsgi",
        "--worker-class",
        "gthread",
        "--workers",
        "2",
        "--threads",
        "4",
        "--keep-alive",
        "30",
        "--bind",
        f"127.0.0.1:{port}",
        "--log-level",
        "error",
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    break
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait()


def sessions(url: str) -> tuple[list[dict[str, str]], list[int], int]:
    """Signed-in cookies of the judges, entries nobody has scored, the session's id."""
    code = (
        "import json, time\n"
        "from importlib import import_module\n"
        "from django.conf import settings\n"
        "from django.contrib.auth import HASH_SESSION_KEY, BACKEND_SESSION_KEY, SESSION_KEY\n"
        "from accounts.models import User\n"
        "from accounts.services.sessions import SEEN, SIGNED\n"
        "from judging.models import Entry, Session\n"
        "Store = import_module(settings.SESSION_ENGINE).SessionStore\n"
        "keys = []\n"
        "for user in User.objects.filter(username__startswith='bench_judge').order_by('pk')[:20]:\n"
        "    s = Store(); s[SESSION_KEY] = str(user.pk); s[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]\n"
        "    s[HASH_SESSION_KEY] = user.get_session_auth_hash()\n"
        "    s[SIGNED] = s[SEEN] = int(time.time()); s.create(); keys.append(s.session_key)\n"
        "entries = list(Entry.objects.filter(sheets=None).order_by('pk').values_list('pk', flat=True))\n"
        "print('@@' + json.dumps([keys, entries, Session.objects.get().pk]))\n"
    )
    env = os.environ | {"DATABASE_URL": url}
    out = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", code],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    keys, entries, session = json.loads(out.split("@@", 1)[1])
    return [{"sid": key} for key in keys], entries, session


def hammer(
    port: int, cookies: list[dict[str, str]], path_of: "callable", body_of: "callable", seconds: float, as_json: bool
) -> tuple[float, float, list[int]]:
    """Requests per second, median milliseconds and counts of posts from THREADS connections, each with its own judge."""
    token = "a" * 32
    end = time.perf_counter() + seconds
    counts, times, wrong = [0] * THREADS, [[] for _ in range(THREADS)], []

    def work(i: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {
            "Content-Type": "application/json" if as_json else "application/x-www-form-urlencoded", "X-CSRFToken": token, "Cookie": f"sessionid={cookies[i]['sid']}; csrftoken={token}",
            "Host": f"127.0.0.1:{port}",
        }  # fmt: skip
        n = 0
        while time.perf_counter() < end:
            began = time.perf_counter()
            body = json.dumps(body_of(i, n)) if as_json else urlencode(body_of(i, n))
            connection.request("POST", path_of(i, n), body=body, headers=headers)
            answer = connection.getresponse()
            answer.read()
            times[i].append(1000 * (time.perf_counter() - began))
            if answer.status != 200:
                wrong.append(answer.status)
            counts[i] += 1
            n += 1

    threads = [threading.Thread(target=work, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, f"unexpected answers: {wrong[:5]}"
    flat = [t for some in times for t in some]
    return sum(counts) / seconds, statistics.median(flat), counts


def scoring(url: str, port: int, seconds: float, rounds: int) -> None:
    """Interleaved rounds of the two posts."""
    cookies, entries, session = sessions(url)
    rates: dict[str, list[float]] = {"score": [], "upsert": []}
    millis: dict[str, list[float]] = {"score": [], "upsert": []}
    done = [0] * THREADS  # sheets each judge has handed in so far: the next revision follows from it

    def score_path(_i: int, _n: int) -> str:
        return f"/judge/{session}/send/"

    def score_body(i: int, n: int) -> dict[str, Any]:
        k = done[i] + n
        marks = {"c1": "20", "c2": "20.5", "c3": "21", "c4": "19"}
        return {
            "entry": entries[k % len(entries)], "do": "submit", "marks": marks, "id": f"{i}-{k}", "base": k // len(entries),
            "after": [], "device": f"bench{i}", "counter": k + 1,
        }  # fmt: skip

    def bare_path(i: int, n: int) -> str:
        return f"/bench/upsert/{1 + (i * 100003 + n) % 4000}/"

    with server(url, port):
        for _ in range(rounds):
            rate, ms, counts = hammer(port, cookies, score_path, score_body, seconds, as_json=True)
            rates["score"].append(rate)
            millis["score"].append(ms)
            done = [a + b for a, b in zip(done, counts, strict=True)]
            rate, ms, _counts = hammer(
                port, cookies, bare_path, lambda _i, _n: {"total": "80.5"}, seconds, as_json=False
            )
            rates["upsert"].append(rate)
            millis["upsert"].append(ms)
    score, bare = statistics.median(rates["score"]), statistics.median(rates["upsert"])
    print(f"  交一张评分表   {score:7.0f} 次/秒   中位 {statistics.median(millis['score']):.1f} 毫秒")
    print(f"  只做一次写入   {bare:7.0f} 次/秒   中位 {statistics.median(millis['upsert']):.1f} 毫秒")
    print(f"  比值（评分表/写入） {score / bare:.2f}")


PAGES = (
    "import statistics, time\n"
    "from django.conf import settings\n"
    "settings.STORAGES = settings.STORAGES | {'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.StaticFilesStorage'}}\n"
    "from django.db import connection\n"
    "from django.test import Client\n"
    "from django.test.utils import CaptureQueriesContext\n"
    "from accounts.models import User\n"
    "from judging.models import Session\n"
    "from rounds.models import Round\n"
    "c = Client(); c.force_login(User.objects.get(username='bench_office'))\n"
    "s = Session.objects.get().pk; r = Round.objects.get().pk\n"
    "for name, url in (('需求台账', '/needs/'), ('服务项目单', '/orders/'), ('申报项目', '/proposals/'), ('期次总览', f'/desk/{r}/'), ('评分进度', f'/sessions/{s}/'), ('项目超市', '/market/')):\n"
    "    c.get(url)\n"
    "    with CaptureQueriesContext(connection) as seen: answer = c.get(url)\n"
    "    queries = len(seen)\n"
    "    took = []\n"
    "    for _ in range(9):\n"
    "        began = time.perf_counter(); c.get(url); took.append(1000 * (time.perf_counter() - began))\n"
    "    print(f'@@{name}|{queries}|{statistics.median(took):.1f}|{len(answer.content) / 1024:.0f}')\n"
)


def pages(url: str) -> dict[str, tuple[int, float, int]]:
    """Queries, milliseconds and KiB of each list."""
    env = os.environ | {"DATABASE_URL": url, "PORTAL_PLAIN_HTTP": "1", "PORTAL_HOSTS": "*"}
    out = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", PAGES],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rows = [line[2:].split("|") for line in out.splitlines() if line.startswith("@@")]
    return {name: (int(q), float(ms), int(kib)) for name, q, ms, kib in rows}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=8190)
    parser.add_argument(
        "--only",
        choices=[*PARTS, "lock", "score"],
        help="one part alone; push and elections need no database",
    )
    options = parser.parse_args()
    for name, part in PARTS.items():
        if options.only in (None, name):
            part.report()
        if options.only == name:
            return
    if options.only == "score":
        with database("bench_large", 300) as url:
            scoring(url, options.port, options.seconds, options.rounds)
        return
    with database("bench_lock", 50, judges=35, criteria=10, unscored=0) as url, copies(url, 3) as urls:
        lock.report(urls)
    if options.only == "lock":
        return
    print("30 个项目 × 20 位评委 × 4 项")
    with database("bench_small", 30) as url:
        small = pages(url)
    print("3,000 个项目 × 20 位评委 × 4 项")
    with database("bench_large", 3000) as url:
        large = pages(url)
        scoring(url, options.port, options.seconds, options.rounds)
    print(f"  {'页面':8} 查询(30) 查询(3000)  毫秒(30)  毫秒(3000)  比值  KiB(3000)")
    for name, (q, ms, _) in small.items():
        lq, lms, lkib = large[name]
        print(f"  {name:8} {q:8} {lq:10} {ms:9.1f} {lms:11.1f} {lms / ms:6.2f} {lkib:9}")


if __name__ == "__main__":
    main()
