"""Fetching the browser's files: the locked tarballs from a registry on this machine, honest and otherwise."""

import base64
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chuangtou import assets

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).resolve().parent.parent.parent


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_words) -> None:
        pass


def tarball(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, body in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return packed.getvalue()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A registry on loopback with one tarball per package, and a lock file that fits; yields the checkout's folder."""
    shop, checkout = tmp_path / "registry", tmp_path / "checkout"
    checkout.mkdir()
    lock = {}
    for package, files in assets.FILES.items():
        body = tarball(
            {f"package/{inside}": f"{package} {inside}\n".encode() for inside in files} | {"package/../../evil": b"x"}
        )
        place = shop / package / "-" / f"{package}-1.2.3.tgz"
        place.parent.mkdir(parents=True)
        place.write_bytes(body)
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(body).digest()).decode()
        lock[f"node_modules/{package}"] = {"version": "1.2.3", "integrity": integrity}
    (checkout / "package-lock.json").write_text(json.dumps({"packages": lock}))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(shop))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.delenv("npm_config_registry", raising=False)
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"http://127.0.0.1:{server.server_port}")
        yield checkout
        server.shutdown()
        thread.join()


def test_python_fetches_the_listed_files_and_nothing_else(registry: Path) -> None:
    found = assets.by_python(registry)
    assert found == {
        target: f"{package} {inside}\n".encode()
        for package, files in assets.FILES.items()
        for inside, target in files.items()
    }
    assets.store(found, registry)
    written = {str(path.relative_to(registry)) for path in registry.rglob("*") if path.is_file()}
    assert written == {*found, "package-lock.json"}


def test_tarball_that_differs_from_the_lock_is_refused(registry: Path) -> None:
    path = next((registry.parent / "registry" / "bootstrap").rglob("*.tgz"))
    path.write_bytes(tarball({"package/dist/css/bootstrap.min.css": b"evil"}))
    with pytest.raises(assets.AssetsRefused, match="is not what package-lock"):
        assets.by_python(registry)


@pytest.mark.parametrize("integrity", ["sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "", "sha512-"])
def test_weak_or_absent_integrity_is_refused(integrity: str) -> None:
    with pytest.raises(assets.AssetsRefused):
        assets.check_integrity(b"", integrity, "x")


def test_absent_tarball_is_refused(registry: Path) -> None:
    next((registry.parent / "registry" / "axe-core").rglob("*.tgz")).unlink()
    with pytest.raises(assets.AssetsRefused, match="404"):
        assets.by_python(registry)


def test_registry_comes_from_npmrc_and_must_be_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("npm_config_registry", raising=False)
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    (tmp_path / ".npmrc").write_text(
        "fund=false\nregistry=https://mirror.example/npm\n//mirror.example/:_authToken=${T}\n"
    )
    assert assets.registry(tmp_path) == "https://mirror.example/npm/"
    (tmp_path / ".npmrc").write_text("registry=file:///etc/\n")
    with pytest.raises(assets.AssetsRefused, match="neither https nor http"):
        assets.registry(tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a();\n//# sourceMappingURL=a.js.map", b"a();\n"),
        (b"a{}\n/*# sourceMappingURL=a.css.map */\n", b"a{}\n"),
        (b"a{}\n", b"a{}\n"),
    ],
)
def test_reference_to_a_source_map_is_taken_out(tmp_path: Path, before: bytes, after: bytes) -> None:
    assets.store({"assets/a": before}, tmp_path)
    assert (tmp_path / "assets" / "a").read_bytes() == after


def test_lock_file_pins_every_package_we_take_files_from() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())
    pinned = wanted["dependencies"] | wanted["devDependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert set(pinned) == set(assets.FILES)
    for package, version in pinned.items():
        entry = locked[f"node_modules/{package}"]
        assert entry["version"] == version
        assert entry["integrity"].startswith("sha512-")
        assert entry.get("resolved", "https://registry.npmjs.org/").startswith("https://registry.npmjs.org/")


def test_served_files_are_what_the_pages_use() -> None:
    sprite = (ROOT / "assets" / "bootstrap-icons" / "icons.svg").read_text()
    assert 'id="check-circle"' in sprite
    assert (ROOT / "assets" / "bootstrap" / "bootstrap.min.css").stat().st_size > 100_000
    assert not list((ROOT / "assets").rglob("axe*"))
