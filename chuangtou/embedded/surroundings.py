"""What the portal's programs find in their environment when the launcher starts them."""

import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

import environ

from chuangtou.embedded.places import ROOT, ServersRefused

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def read_env_file() -> None:
    """Take over `.env` of the checkout; what the real environment says wins."""
    path = ROOT / ".env"
    if path.exists():
        environ.Env.read_env(path)


@dataclass(frozen=True)
class Address:
    """Where the pages are served."""

    host: str
    port: int

    @classmethod
    def from_environment(cls) -> "Address":
        """Read HOST (default: every interface) and PORT (default 8000); ServersRefused when PORT is no port."""
        told = os.environ.get("PORT") or "8000"
        if not (told.isascii() and told.isdigit() and 1 <= int(told) <= 65535):
            raise ServersRefused(f"PORT 应是 1 到 65535 的整数，不是 {told!r} / PORT must be 1 to 65535, not {told!r}")
        return cls(os.environ.get("HOST") or "0.0.0.0", int(told))  # an office's other machines come by the LAN

    @property
    def is_everywhere(self) -> bool:
        return self.host in {"0.0.0.0", "::"}

    @property
    def bind(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reach(self) -> str:
        """Return the host by which this machine itself reaches the pages."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    def urls(self) -> list[str]:
        """Return the addresses to print: this machine's own, then, when every interface is served, that of the LAN."""
        hosts = [self.reach]
        if self.is_everywhere and (lan := lan_address()) and lan not in hosts:
            hosts.append(lan)
        path = os.environ.get("PORTAL_SUB_PATH", "").strip("/")
        return [
            f"http://{f'[{host}]' if ':' in host else host}:{self.port}/{path + '/' if path else ''}" for host in hosts
        ]

    def try_to_listen(self) -> None:
        """Raise OSError when nobody could listen there."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((self.host, self.port))
            probe.listen(1)

    def refuse_if_taken(self) -> None:
        """Raise ServersRefused when nobody could listen there."""
        try:
            self.try_to_listen()
        except OSError as error:
            raise ServersRefused(
                f"端口 {self.port} 不能使用（{error.strerror}）；请关闭占用它的程序，或用 PORT=8001 make run 换一个 / "
                f"Port {self.port} cannot be used ({error.strerror}): stop what uses it, or start with PORT=8001 make run"
            ) from error


def find_push_port(pages: Address) -> tuple[int | None, str]:
    """Return the port for live updates and a remark for the terminal ("": nothing to say). It never stops a start.

    PUSH_PORT says which (default: the one after the pages'), 0 means none. Where it is taken, one of the next ten is it,
    and where these are too, or PUSH_PORT is no port, there is none: pages poll.
    """
    told = os.environ.get("PUSH_PORT") or str(pages.port + 1)
    if told == "0":
        return None, ""
    if not (told.isascii() and told.isdigit() and len(told) <= 5):
        return None, (
            f"PUSH_PORT 应是 0 到 65535 的整数，不是 {told!r}；页面改为定时刷新 / "
            f"PUSH_PORT must be 0 to 65535, not {told!r}: pages poll"
        )
    wanted = int(told)
    for port in range(wanted, min(wanted + 11, 65536)):
        if port == pages.port:
            continue
        try:
            Address(pages.host, port).try_to_listen()
        except OSError:
            continue
        if port == wanted:
            return port, ""
        return port, f"端口 {wanted} 已被占用，实时推送改用 {port} / Port {wanted} is taken: live updates use {port}"
    return None, f"端口 {wanted} 不能使用，页面改为定时刷新 / Port {wanted} cannot be used: pages poll"


def lan_address() -> str | None:
    """Return the address that the office's network sees, if there is a network; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.connect(("192.0.2.1", 9))
            return str(line.getsockname()[0])
    except OSError:
        return None


def log_level() -> str:
    told = (os.environ.get("LOG_LEVEL") or "INFO").upper()
    if told not in LOG_LEVELS:
        raise ServersRefused(f"LOG_LEVEL: {' '.join(LOG_LEVELS)}, not {told!r}")
    return told


def secret_key(data: Path) -> str:
    """Return the key of this data folder, made once and readable by its owner only."""
    path = data / "secret_key"
    if not path.exists():
        fresh = data / f"secret_key.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


def portal_environment(data: Path, address: Address, push_port: int | None = None) -> dict[str, str]:
    """Return the environment for the portal's programs: plain HTTP and the demonstration, unless told otherwise."""
    defaults = {
        "PORTAL_PLAIN_HTTP": "1",
        "PORTAL_HOSTS": "*",
        "PORTAL_DEMO": "1",
        "PORTAL_SITE_URL": address.urls()[-1].rstrip("/"),
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "PORTAL_PUSH": f":{push_port}" if push_port else "",
    }
    chosen = {name: os.environ.get(name) or default for name, default in defaults.items()}
    chosen["LOG_LEVEL"] = log_level()
    chosen["SECRET_KEY"] = os.environ.get("SECRET_KEY") or secret_key(data)
    return {**os.environ, **chosen, "PORTAL_DATA": str(data), "PYTHONUNBUFFERED": "1"}
