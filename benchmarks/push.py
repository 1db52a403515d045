"""A board that changes: how long until the last of 200 screens has it, pushed against asked for every two seconds.

Both are given the same publish in the same run. The polling screens are asked for as the page would: one request each,
spread over two seconds, answered from Redis; their delay is the wait for their turn plus the answer.
"""

import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from core.signature import signed_name
from tests.core.push import ROOT, SECRET, Push, Spectator, read_all, running

SCREENS = 200
EVERY = 2.0  # seconds between two polls of one screen
NAME = signed_name(SECRET, "bench", "board")
BOARD = {"rows": [{"place": n, "name": f"项目 {n}", "score": f"{90 - n}.50"} for n in range(1, 21)]}

# What a worker of the portal does after the commit; reads versions from its input, prints when each was sent.
PUBLISHER = """
import json, sys, time
from django.conf import settings
settings.configure(SECRET_KEY=sys.argv[1], REDIS_URL=sys.argv[2], PORTAL_PUSH="", FORCE_SCRIPT_NAME=None)
from core import live
board = json.loads(sys.argv[4])
for line in sys.stdin:
    begun = time.perf_counter()
    live.publish(sys.argv[3], {"version": int(line), **board})
    print(begun, time.perf_counter() - begun, flush=True)
"""

# The polling answer behind gunicorn as the portal runs it, without session and database: the cheapest it can be.
POLLED = """
import os
from django.conf import settings
settings.configure(SECRET_KEY=os.environ["SECRET_KEY"], REDIS_URL=os.environ["REDIS_URL"], PORTAL_PUSH="",
                   FORCE_SCRIPT_NAME=None, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
import django
django.setup()
from django.core.wsgi import get_wsgi_application
from django.urls import path
from core import live
urlpatterns = [path("board.json", lambda request: live.board_response(request, live.latest(os.environ["NAME"])))]
application = get_wsgi_application()
"""


@contextlib.contextmanager
def publisher(url: str) -> Iterator["subprocess.Popen[str]"]:
    import json

    line = [sys.executable, "-c", PUBLISHER, SECRET, url, NAME, json.dumps(BOARD)]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        process.stdin.close()


def publish(process: "subprocess.Popen[str]", version: int) -> None:
    process.stdin.write(f"{version}\n")
    process.stdin.flush()


def pushed(push: Push, process: "subprocess.Popen[str]", changes: int) -> dict[str, float]:
    """Milliseconds to the last screen over `changes` boards; memory and processor time of the push process."""
    empty = push.memory()
    crowd: list[Spectator] = []
    try:
        publish(process, 1)
        process.stdout.readline()
        crowd.extend(push.watch(NAME) for _ in range(SCREENS))
        read_all(crowd, b"id: 1\n")
        last, sent, cpu = [], [], push.cpu()
        for version in range(2, 2 + changes):
            for one in crowd:
                one.seen = b""  # searching what came before would count as delay
            publish(process, version)
            moments = read_all(crowd, b"id: %d\n" % version)
            begun, took = map(float, process.stdout.readline().split())
            last.append(1000 * (max(moments) - begun))
            sent.append(1000 * took)
            time.sleep(0.05)
        busy = push.cpu() - cpu
        full, idle = push.memory(), push.cpu()
        begun = time.perf_counter()
        while time.perf_counter() - begun < 12:  # a screen reads its beats as well
            for one in crowd:
                one.line.settimeout(0.05)
                with contextlib.suppress(TimeoutError):
                    one.read()
        idle = (push.cpu() - idle) / (time.perf_counter() - begun)
    finally:
        for one in crowd:
            one.close()
    return {
        "p50": statistics.median(last),
        "p95": statistics.quantiles(last, n=20)[-1],
        "publish": statistics.median(sent),
        "cpu": 1000 * busy / changes,
        "idle": 100 * idle,
        "empty": empty / 1024,
        "full": full / 1024,
    }


def polled(url: str, folder: Path, process: "subprocess.Popen[str]", changes: int, version: int) -> dict[str, float]:
    """Milliseconds to the last screen when each asks every two seconds, and the server's processor share."""
    import http.client
    import threading

    from tests.core.push import free_port, wait_for

    (folder / "bench_polled.py").write_text(POLLED)
    port = free_port()
    env = os.environ | {"SECRET_KEY": SECRET, "REDIS_URL": url, "NAME": NAME, "PYTHONPATH": f"{folder}:{ROOT}"}
    line = [sys.executable, "-m", "gunicorn", "bench_polled", "--worker-class", "gthread", "--workers", "2"]
    line += ["--threads", "4", "--keep-alive", "30", "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    line += ["--worker-connections", "1000"]
    server = subprocess.Popen(line, cwd=ROOT, env=env)

    def answers() -> bool:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/board.json")
            return connection.getresponse().status == 200
        return False

    ending = threading.Event()
    seen: dict[int, list[float]] = {}
    lock = threading.Lock()

    def screens(first: int, step: int) -> None:
        """Ask for a share of the screens in turn, each every two seconds at a moment of its own."""
        import json

        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        turns = sorted(random.uniform(0, EVERY) for _ in range(first, SCREENS, step))
        known = [("", 0)] * len(turns)
        origin = time.perf_counter()
        cycle = 0
        while not ending.is_set():
            for i, turn in enumerate(turns):
                ending.wait(max(0.0, origin + cycle * EVERY + turn - time.perf_counter()))
                if ending.is_set():
                    return
                connection.request("GET", "/board.json", headers={"If-None-Match": known[i][0]} if known[i][0] else {})
                answer = connection.getresponse()
                body = answer.read()
                if answer.status == 200:
                    known[i] = (answer.headers["ETag"], json.loads(body)["version"])
                    with lock:
                        seen.setdefault(known[i][1], []).append(time.perf_counter())
            cycle += 1

    try:
        wait_for(answers)
        crowd = [threading.Thread(target=screens, args=(n, 8)) for n in range(8)]
        for thread in crowd:
            thread.start()
        time.sleep(EVERY)
        last = []
        for number in range(version, version + changes):
            time.sleep(random.uniform(0, 0.5))
            publish(process, number)
            begun = float(process.stdout.readline().split()[0])
            wait_for(lambda number=number: len(seen.get(number, ())) == SCREENS, 30)
            last.append(1000 * (max(seen[number]) - begun))
        ending.set()
        for thread in crowd:
            thread.join()
    finally:
        ending.set()
        server.terminate()
        server.wait()
    return {"p50": statistics.median(last), "p95": statistics.quantiles(last, n=20)[-1]}


def report(changes: int = 40) -> None:
    """Print both and their ratio."""
    with (
        tempfile.TemporaryDirectory(prefix="push-", dir="/tmp") as name,
        running(Path(name)) as (store, push),
        publisher(store.url) as process,
    ):
        push_ms = pushed(push, process, changes)
        poll_ms = polled(store.url, Path(name), process, max(3, changes // 8), 2 + changes)
    print(f"一块看板，{SCREENS} 个屏幕，从发布到最后一个屏幕看到")
    print(f"  推送         中位 {push_ms['p50']:7.1f} 毫秒   p95 {push_ms['p95']:7.1f} 毫秒")
    print(f"  每 2 秒询问  中位 {poll_ms['p50']:7.1f} 毫秒   p95 {poll_ms['p95']:7.1f} 毫秒")
    print(f"  比值（询问/推送） {poll_ms['p50'] / push_ms['p50']:.0f}")
    print(
        f"  推送进程 {push_ms['empty']:.0f} MiB，{SCREENS} 个屏幕时 {push_ms['full']:.0f} MiB"
        f"（每屏 {1024 * (push_ms['full'] - push_ms['empty']) / SCREENS:.0f} KiB）；"
        f"每次更新 {push_ms['cpu']:.1f} CPU 毫秒，空闲 {push_ms['idle']:.1f}% 核；发布一次 {push_ms['publish']:.1f} 毫秒"
    )


if __name__ == "__main__":
    report()
