"""Where the embedded servers keep what is theirs, and as whom they run.

An ordinary user: everything below the data folder. Root: PostgreSQL refuses to run as root, and an ordinary account
cannot reach a checkout below /root, so server data and a copy of the programs lie below /var/lib/chuangtou-embedded;
the data folder keeps a note of the name. No account is created and no existing folder changes its mode.
"""

import hashlib
import json
import os
import pwd
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from chuangtou.embedded.locks import Lock

ROOT = Path(__file__).resolve().parent.parent.parent
SOCKET_LIMIT = 100  # bytes; the kernels allow 104 (macOS) to 108 (Linux)
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


class ServersRefused(Exception):
    """The servers cannot start; the text says why and what to do."""


@dataclass(frozen=True)
class Account:
    """Whom the servers run as when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Places:
    """The folders of one portal."""

    data: Path
    servers: Path
    sockets: Path
    account: Account | None

    @property
    def uid(self) -> int | None:
        """The user to start the servers as; None for our own (so `subprocess` wants it)."""
        return self.account.uid if self.account else None

    @property
    def gid(self) -> int | None:
        return self.account.gid if self.account else None

    @property
    def groups(self) -> list[int] | None:
        return [] if self.account else None

    @property
    def locks(self) -> Path:
        return self.data / "lock"

    @property
    def logs(self) -> Path:
        return self.data / "log"


def data_folder() -> Path:
    """Return the data folder: PORTAL_DATA (relative to the checkout), by default `var`."""
    return (ROOT / Path(os.environ.get("PORTAL_DATA") or "var").expanduser()).resolve()


def is_root() -> bool:
    return os.geteuid() == 0


def embedded_home() -> Path:
    """Return where root keeps the servers' data and programs: EMBED_HOME, by default below /var/lib."""
    return Path(os.environ.get("EMBED_HOME") or "/var/lib/chuangtou-embedded")


def settle(data: Path, *, servers: bool = True) -> Places:
    """Create the folders of this portal where they are missing, and tell where they are.

    Without `servers` none is created for servers, and those of the answer mean nothing: nobody needs an account or
    a writable /var/lib for a portal whose database is elsewhere.
    Raises ServersRefused when the data folder cannot be written.
    """
    try:
        for folder in (data, data / "lock", data / "log"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        guard = Lock(data / "lock" / "settle.lock")
        if not guard.take(wait=120):
            raise ServersRefused(f"另一次启动占着数据文件夹不放：{data} / Another start keeps the data folder: {data}")
    except PermissionError as error:
        raise ServersRefused(
            f"数据文件夹不可写：{error.filename} / The data folder cannot be written by this user: {error.filename}"
        ) from error
    try:
        folder, account = _servers_folder(data) if servers else (data / "servers", None)
    finally:
        guard.release()
    return Places(data, folder, _sockets_folder(folder, account), account)


def _servers_folder(data: Path) -> tuple[Path, Account | None]:
    inside = data / "servers"
    if not is_root():
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside, None
    if inside.exists() and inside.stat().st_uid != 0:
        # An ordinary user's portal, now started by root: the servers stay that user's.
        owner = inside.stat()
        return inside, Account(owner.st_uid, owner.st_gid)
    servers = _named_home(data)
    home = embedded_home()
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    servers.mkdir(mode=0o755, exist_ok=True)
    for kept in servers.iterdir():
        try:
            owner = kept.stat()
        except FileNotFoundError:  # a server being prepared renames its fresh folder
            continue
        if owner.st_uid != 0:
            return servers, Account(owner.st_uid, owner.st_gid)
    return servers, _unprivileged()


def _named_home(data: Path) -> Path:
    """Return the folder that the data folder's note names; a copied data folder gets a new name, a moved one keeps it."""
    note = data / "servers.json"
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        servers, written_in = Path(told["servers"]), Path(told["data"])
    except FileNotFoundError:
        pass
    else:
        other = written_in / "servers.json"
        if written_in == data:
            return servers
        if not (other.exists() and json.loads(other.read_text(encoding="utf-8"))["servers"] == told["servers"]):
            _write(note, servers, data)
            return servers
    servers = embedded_home() / secrets.token_hex(6)
    _write(note, servers, data)
    return servers


def _write(note: Path, servers: Path, data: Path) -> None:
    fresh = note.with_suffix(".new")
    fresh.write_text(json.dumps({"servers": str(servers), "data": str(data)}), encoding="utf-8")
    fresh.replace(note)


def _unprivileged() -> Account:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise ServersRefused(
        "以 root 启动需要系统里有 postgres 或 nobody 账户 / Started by root, the servers need an account postgres or nobody"
    )


def _sockets_folder(servers: Path, account: Account | None) -> Path:
    """Return the sockets' folder: beside the data, or below /tmp where that path is too long or would need quoting."""
    inside = servers / "run"
    if len(os.fsencode(inside / ".s.PGSQL.5432")) <= SOCKET_LIMIT and PLAIN_PATH.fullmatch(str(inside)):
        return inside
    uid = account.uid if account else os.geteuid()
    return Path("/tmp") / f"chuangtou-{uid}-{hashlib.sha256(os.fsencode(servers)).hexdigest()[:12]}"


def private(folder: Path, account: Account | None) -> Path:
    """Create `folder` for the servers alone (0700), or refuse when it is somebody else's."""
    try:
        folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        pass
    found = folder.lstat()
    owner = account.uid if account else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise ServersRefused(
            f"文件夹属于别的用户，拒绝使用：{folder} / This folder belongs to somebody else, refused: {folder}"
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder
