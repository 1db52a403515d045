"""The launcher behind `make run` and `make test`.

    python -m chuangtou.up               start everything, until Ctrl-C or SIGTERM
    python -m chuangtou.up exec CMD...   run CMD with the servers up and the environment set (tests, benchmarks)
    python -m chuangtou.up stop          end the portal of this data folder
    python -m chuangtou.up where         print where the data lies

Data folder, addresses and log level come from PORTAL_DATA, HOST, PORT, PUSH_PORT and LOG_LEVEL, by environment or `.env`.
"""

import contextlib
import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from chuangtou import fittings
from chuangtou.embedded.client import Services
from chuangtou.embedded.daemon import open_log
from chuangtou.embedded.locks import Lock
from chuangtou.embedded.places import ROOT, ServersRefused, data_folder, settle
from chuangtou.embedded.processes import dies_with_parent, end
from chuangtou.embedded.surroundings import Address, find_push_port, log_level, portal_environment, read_env_file

PYTHON = sys.executable
SERVING_WITHIN = 60.0  # seconds until the first page must be there
BROKEN_ANSWERS = 5  # so many times "500" is no passing trouble
LOOK = 0.3  # seconds between two looks at the children
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds before a program that may be restarted is, doubled each time
STEADY = 60.0  # seconds after which a restarted one counts as well

MIGRATE = ["migrate", "--noinput", "--verbosity=0"]
GRANT = ["grant_app_role"]
COLLECT = ["collectstatic", "--noinput", "--verbosity=0"]
DEMONSTRATION = ["load_demo"]

WORTH_SHOWING = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b|^Traceback ")


def say(text: str) -> None:
    print(text, flush=True)


class StopAsked(Exception):
    """Ctrl-C or a signal."""


def _ask_to_stop(number: int, _frame: FrameType | None) -> None:
    raise StopAsked(signal.Signals(number).name)


@dataclass
class Child:
    """One supervised program, its log, and how far the log has been looked through."""

    name: str
    command: list[str]
    log: Path
    is_optional: bool = False  # the portal goes on without it, so it is started again instead of ending the whole
    process: "subprocess.Popen[bytes] | None" = None
    reader: IO[str] | None = field(default=None, repr=False)
    pause: float = FIRST_PAUSE
    started_at: float = 0.0  # of the monotonic clock, as the next
    due_at: float = 0.0  # when to start again; 0: not waiting

    def start(self, environment: dict[str, str], locks: tuple[int, ...]) -> None:
        log = open_log(self.log)
        if self.reader is None:
            self.reader = self.log.open(encoding="utf-8", errors="replace")
            self.reader.seek(0, os.SEEK_END)
        self.started_at, self.due_at = time.monotonic(), 0.0
        try:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C reaches the launcher alone, which ends the others in order
                pass_fds=locks,
                preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads here
            )
        finally:
            os.close(log)

    def news(self) -> list[str]:
        """Return the lines written since the last call."""
        return self.reader.read().splitlines() if self.reader else []

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def tail(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])


def children(data: Path, address: Address, push_port: int | None) -> list[Child]:
    """Return the programs. The web server comes first: the others wait until it answers."""
    level = log_level().lower()
    celery = [PYTHON, "-m", "celery", "-A", "chuangtou"]
    # Two nodes, so that a long export never stands before what somebody waits for; memory: docs/decisions/celery.md.
    worker = [*celery, "worker", "--concurrency", "1", "--loglevel", level, "--without-mingle", "--without-gossip"]
    prefix = os.environ.get("PORTAL_QUEUE_PREFIX", "")
    commands = {
        "web": [
            *[PYTHON, "-m", "gunicorn", "chuangtou.wsgi", "--preload", "--bind", address.bind],
            *["--worker-class", "gthread", "--workers", "2", "--threads", "4"],
            *["--timeout", "60", "--graceful-timeout", "5", "--log-level", level, "--access-logfile", "-"],
        ],
        "worker": [*worker, "--hostname", "work@%h", "--queues", f"{prefix}interactive,{prefix}mail"],
        "bulk": [*worker, "--hostname", "bulk@%h", "--queues", f"{prefix}bulk"],
        "beat": [*celery, "beat", "--loglevel", level, "--pidfile=", "--schedule", str(data / "beat" / "schedule")],
    }
    if push_port:
        commands["push"] = [PYTHON, "-m", "chuangtou.push", "--host", address.host, "--port", str(push_port)]
    (data / "beat").mkdir(mode=0o700, exist_ok=True)
    return [Child(name, line, data / "log" / f"{name}.log", name == "push") for name, line in commands.items()]


class Portal:
    """One run of the portal: from the lock on the data folder to the last child's end."""

    def __init__(self) -> None:
        self.data = data_folder()
        self.address = Address.from_environment()
        self.push_port: int | None = None
        self.environment: dict[str, str] = {}
        self.family: list[Child] = []

    def run(self) -> int:
        """Start, supervise, end. Return the exit code."""
        places = settle(self.data, servers=False)
        own = Lock(places.locks / "up.lock")
        if not own.take():
            return self._already_runs(own)
        own.write(json.dumps({"pid": os.getpid(), "url": self.address.urls()[0]}))
        remains = Lock(places.locks / "up.children")
        if not remains.take(wait=30):
            raise ServersRefused(
                "上一次启动的进程还没有退出，请稍候再试 / Processes of an earlier start have not ended yet; try again shortly"
            )
        self.address.refuse_if_taken()
        self.push_port, remark = find_push_port(self.address)
        self.environment = portal_environment(self.data, self.address, self.push_port)
        say("正在启动…… / Starting ...")
        if remark:
            say(remark)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means: stay
                signal.signal(number, _ask_to_stop)
        try:
            with Services(self.data) as services:
                try:
                    return self._serve(services, remains)
                except StopAsked:
                    say("正在停止…… / Stopping ...")
                    return 0
                finally:
                    self._end_all()
        except StopAsked:  # while the servers were starting, or a second Ctrl-C
            return 0
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            own.write("{}")

    def _already_runs(self, own: Lock) -> int:
        url = json.loads(own.read() or "{}").get("url", "")
        say(f"门户已经在运行：{url} / The portal is already running: {url}")
        return 0

    def _serve(self, services: Services, remains: Lock) -> int:
        environment = self.environment | services.environment
        locks = (*services.locks, remains.fd)
        accounts = self._prepare(environment, locks, has_two_roles="DATABASE_URL" in services.environment)
        environment |= services.application_environment
        web, *others = self.family = children(self.data, self.address, self.push_port)
        web.start(environment, locks)
        self._wait_for_first_page(web)
        environment["REMAP_SIGTERM"] = (
            "SIGQUIT"  # the worker hands its task back within seconds instead of finishing it
        )
        for child in others:
            child.start(environment, locks)
        self._announce(accounts)
        return self._watch(services, environment, locks)

    def _prepare(self, environment: dict[str, str], locks: tuple[int, ...], *, has_two_roles: bool) -> str:
        """Bring the database, the static files and the demonstration up to date; return what the latter printed."""
        steps = [MIGRATE, *([GRANT] if has_two_roles else [])]
        mark = self.data / "static.mark"
        print_now = static_fingerprint()
        is_stale = not mark.exists() or mark.read_text() != print_now
        if is_stale:
            steps.append(COLLECT)
        if environment["PORTAL_DEMO"] == "1":
            steps.append(DEMONSTRATION)
        say("正在准备数据库和演示数据，首次启动需要一些时间…… / Preparing the database and the demonstration data ...")
        words = [word for step in steps for word in (*step, ",")]
        with open_text_log(self.data / "log" / "prepare.log") as log:
            done = subprocess.Popen(
                [PYTHON, "-m", "chuangtou.prepare", *words],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                pass_fds=locks,
                preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads here
            )
            try:
                said, _ = done.communicate()
            finally:
                if done.poll() is None:
                    end(done, ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)), group=True)
        if done.returncode:
            tail = "\n".join((self.data / "log" / "prepare.log").read_text(errors="replace").splitlines()[-15:])
            names = ", ".join(step[0] for step in steps)
            raise ServersRefused(f"准备步骤失败 / A step of the preparation failed ({names}):\n{tail}")
        if is_stale:
            mark.write_text(print_now)
        return said.decode(errors="replace").rstrip()

    def _wait_for_first_page(self, web: Child) -> None:
        deadline = time.monotonic() + SERVING_WITHIN
        status = broken = 0
        while time.monotonic() < deadline and broken < BROKEN_ANSWERS and not web.has_ended():
            status = self._ask_for_a_page()
            if 0 < status < 500:
                return
            broken += status >= 500
            time.sleep(0.1)
        raise ServersRefused(f"网页服务没有就绪（{status or '无应答'}） / The web server is not ready:\n{web.tail()}")

    def _ask_for_a_page(self) -> int:
        """Return the status of the front page, 0 when nobody answers."""
        line = http.client.HTTPConnection(self.address.reach, self.address.port, timeout=30)
        try:
            line.request("GET", "/" + os.environ.get("PORTAL_SUB_PATH", "").strip("/"))
            return line.getresponse().status
        except OSError:
            return 0
        finally:
            line.close()

    def _announce(self, accounts: str) -> None:
        rule = "─" * 64
        own, *lan = self.address.urls()
        say(rule)
        say(f"  门户已就绪 / The portal is ready:  {own}")
        for url in lan:
            say(f"  同一网络的其他设备 / Other devices on this network:  {url}")
        if accounts:
            say("")
            say("\n".join(f"  {line}" for line in accounts.splitlines()))
        say("")
        say(f"  数据与日志 / Data and logs:  {self.data}")
        say("  停止 / Stop:  Ctrl-C")
        say(rule)

    def _watch(self, services: Services, environment: dict[str, str], locks: tuple[int, ...]) -> int:
        """Look after everybody until a stop is asked for (StopAsked) or somebody falls (1)."""
        while True:
            for child in self.family:
                for line in child.news():
                    if WORTH_SHOWING.search(line):
                        say(f"[{child.name}] {line}")
                if child.is_optional and child.has_ended():
                    self._start_again(child, environment, locks)
                elif child.has_ended() and child.process:
                    say(
                        f"{child.name} 意外退出（{child.process.returncode}），门户随之停止；再次启动即可恢复 / "
                        f"{child.name} ended unexpectedly ({child.process.returncode}), so the portal stops; start it "
                        f"again to recover. {child.log}\n{child.tail()}"
                    )
                    return 1
            if fallen := services.fallen():
                names = ", ".join(fallen)
                say(
                    f"{names} 意外退出，门户随之停止；再次启动即可恢复，已提交的数据不会丢失 / {names} ended unexpectedly, so "
                    f"the portal stops; start it again to recover, nothing committed is lost."
                )
                return 1
            time.sleep(LOOK)

    def _start_again(self, child: Child, environment: dict[str, str], locks: tuple[int, ...]) -> None:
        """Start a program that ended and that the portal can do without, after a pause that grows while it keeps ending."""
        now = time.monotonic()
        if not child.due_at:
            if now - child.started_at > STEADY:
                child.pause = FIRST_PAUSE
            if child.pause == FIRST_PAUSE and child.process:  # said once, not at each attempt
                say(
                    f"{child.name} 意外退出（{child.process.returncode}），正在重新启动，期间页面改为定时刷新 / {child.name} ended "
                    f"unexpectedly ({child.process.returncode}) and is started again; pages poll meanwhile. {child.log}"
                )
            child.due_at = now + child.pause
            child.pause = min(2 * child.pause, LONGEST_PAUSE)
        elif now >= child.due_at:
            child.start(environment, locks)

    def _end_all(self) -> None:
        """End the children; a second Ctrl-C shortens their time."""
        started = [child.process for child in self.family if child.process]
        with contextlib.suppress(StopAsked):
            for process in started:
                process.terminate()
            for process in started:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(15)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for process in started:
            end(process, ((signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0)), group=True)


def static_fingerprint() -> str:
    """Return a figure that changes whenever a file below static/ or assets/ (or the way they are stored) does."""
    state = hashlib.sha256(os.environ.get("PORTAL_SUB_PATH", "").encode())
    for path in (ROOT / "chuangtou" / "settings.py", ROOT / "requirements.txt"):
        state.update(path.read_bytes())
    for folder in (ROOT / "static", ROOT / "assets"):
        for path in sorted(folder.rglob("*")):
            found = path.stat()
            state.update(f"{path.relative_to(ROOT)}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return state.hexdigest()


@contextlib.contextmanager
def open_text_log(path: Path) -> Iterator[int]:
    log = open_log(path)
    try:
        yield log
    finally:
        os.close(log)


def run_with_services(command: list[str]) -> int:
    """Run `command` with the servers up; return its exit code. A signal to us is passed on to it."""
    data = data_folder()
    address = Address.from_environment()
    services = Services(data)
    environment = portal_environment(data, address)
    (data / "static").mkdir(exist_ok=True)  # the static middleware warns of a folder that is not there
    with services:
        environment |= services.environment
        if browser := fittings.find_chromium():
            environment["CHROMIUM"] = browser
        child = subprocess.Popen(
            command,
            env=environment,
            pass_fds=services.locks,
            preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads here
        )
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the child as well
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: child.send_signal(number))
        code = child.wait()
    return code if code >= 0 else 128 - code


def stop() -> int:
    """End the portal of this data folder and wait until it is gone."""
    own = Lock(settle(data_folder(), servers=False).locks / "up.lock")
    pid = json.loads(own.read() or "{}").get("pid")
    if not own.is_held() or not pid:
        say("门户没有在运行 / The portal is not running")
        return 0
    os.kill(pid, signal.SIGTERM)
    if not own.take(wait=90):
        say("门户没有停下来 / The portal did not stop")
        return 1
    say("门户已停止 / The portal has stopped")
    return 0


def where() -> int:
    places = settle(data_folder())
    say(f"数据 / Data: {places.data}")
    say(f"数据库文件 / Database files: {places.servers}")
    return 0


def main(words: list[str]) -> int:
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    read_env_file()
    try:
        match words:
            case [] | ["run"]:
                return Portal().run()
            case ["exec", *command] if command:
                return run_with_services(command)
            case ["stop"]:
                return stop()
            case ["where"]:
                return where()
            case _:
                say(__doc__ or "")
                return 2
    except ServersRefused as refusal:
        say(str(refusal))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
