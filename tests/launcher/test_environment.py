"""`.env`, the data folder's note, the static files' fingerprint."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from chuangtou import up
from chuangtou.embedded import places, surroundings
from chuangtou.embedded.surroundings import Address
from tests.launcher.conftest import free_port


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (places, surroundings, up):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    for name in ("PORT", "PUSH_PORT", "PORTAL_PUSH", "HOST", "PORTAL_DATA", "LOG_LEVEL", "PORTAL_SUB_PATH"):
        monkeypatch.setenv(name, "before")  # so that what the test sets is undone
        monkeypatch.delenv(name)
    return tmp_path


def test_env_file_is_read_and_the_real_environment_wins(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".env").write_text('# a note\nPORT=9000\nPORTAL_DATA="数据 夹"\nLOG_LEVEL=warning\n')
    monkeypatch.setenv("PORT", "9100")
    surroundings.read_env_file()
    assert Address.from_environment() == Address("0.0.0.0", 9100)
    assert places.data_folder() == checkout.resolve() / "数据 夹"
    assert surroundings.log_level() == "WARNING"


def test_without_env_file_the_defaults_hold(checkout: Path) -> None:
    surroundings.read_env_file()
    assert Address.from_environment() == Address("0.0.0.0", 8000)
    assert places.data_folder() == checkout.resolve() / "var"
    assert surroundings.log_level() == "INFO"


def test_addresses_name_this_machine_first_and_carry_the_sub_path(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_SUB_PATH", "/portal/")
    monkeypatch.setattr(surroundings, "lan_address", lambda: "192.168.1.20")
    assert Address("0.0.0.0", 8000).urls() == ["http://127.0.0.1:8000/portal/", "http://192.168.1.20:8000/portal/"]
    assert Address("10.0.0.5", 80).urls() == ["http://10.0.0.5:80/portal/"]
    assert Address("::1", 8000).urls() == ["http://[::1]:8000/portal/"]


def test_what_the_environment_says_wins_over_the_launchers_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_HOSTS", "portal.example")
    monkeypatch.setenv("SECRET_KEY", "told")
    found = surroundings.portal_environment(tmp_path, Address("127.0.0.1", 8000))
    assert (found["PORTAL_HOSTS"], found["SECRET_KEY"], found["PORTAL_PLAIN_HTTP"]) == ("portal.example", "told", "1")
    assert found["PORTAL_DATA"] == str(tmp_path)
    assert not (tmp_path / "secret_key").exists()


@contextlib.contextmanager
def taken(*ports: int) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for port in ports:
            line = stack.enter_context(socket.socket())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            line.bind(("127.0.0.1", port))
            line.listen()
        yield


@pytest.fixture
def pages(checkout: Path) -> Address:
    """An address after which eleven ports are free."""
    while True:
        here = Address("127.0.0.1", free_port())
        with contextlib.suppress(OSError, OverflowError), taken(*range(here.port + 1, here.port + 12)):
            return here


@pytest.mark.enable_socket
def test_live_updates_take_the_port_after_the_pages_or_the_one_told(
    pages: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert surroundings.find_push_port(pages) == (pages.port + 1, "")
    with taken(pages.port + 1, pages.port + 2):
        found, remark = surroundings.find_push_port(pages)
    assert found == pages.port + 3
    assert f"Port {pages.port + 1} is taken: live updates use {pages.port + 3}" in remark
    monkeypatch.setenv("PUSH_PORT", str(pages.port + 5))
    assert surroundings.find_push_port(pages) == (pages.port + 5, "")


@pytest.mark.enable_socket
def test_live_updates_without_a_port_are_off_and_never_stop_the_start(
    pages: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    with taken(*range(pages.port + 1, pages.port + 12)):
        found, remark = surroundings.find_push_port(pages)
        assert (found, f"Port {pages.port + 1} cannot be used: pages poll" in remark) == (None, True)
    assert surroundings.find_push_port(Address("127.0.0.1", 65535))[0] is None
    monkeypatch.setenv("PUSH_PORT", "0")
    assert surroundings.find_push_port(pages) == (None, "")
    for told in ("80a", "-1", "８００１", "99999999999", "70000"):
        monkeypatch.setenv("PUSH_PORT", told)
        found, remark = surroundings.find_push_port(pages)
        assert (found, "pages poll" in remark) == (None, True)


def test_pages_learn_where_live_updates_are(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = Address("127.0.0.1", 8000)
    assert surroundings.portal_environment(checkout, address)["PORTAL_PUSH"] == ""
    assert surroundings.portal_environment(checkout, address, 8001)["PORTAL_PUSH"] == ":8001"
    monkeypatch.setenv("PORTAL_PUSH", "/push/")
    assert surroundings.portal_environment(checkout, address, 8001)["PORTAL_PUSH"] == "/push/"


def test_static_fingerprint_changes_with_a_file(checkout: Path) -> None:
    (checkout / "chuangtou").mkdir()
    for name in ("chuangtou/settings.py", "requirements.txt"):
        (checkout / name).write_text("")
    (checkout / "static" / "portal").mkdir(parents=True)
    sheet = checkout / "static" / "portal" / "portal.css"
    sheet.write_text("a{}")
    before = up.static_fingerprint()
    assert up.static_fingerprint() == before
    sheet.write_text("b{}")
    os.utime(sheet, (1, 1))
    assert up.static_fingerprint() != before


def test_moved_data_folder_keeps_its_database_and_a_copy_gets_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBED_HOME", str(tmp_path / "home"))
    first = tmp_path / "first"
    first.mkdir()
    servers = places._named_home(first)
    assert places._named_home(first) == servers
    moved = first.rename(tmp_path / "moved")
    assert places._named_home(moved) == servers
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "servers.json").write_bytes((moved / "servers.json").read_bytes())
    assert places._named_home(copy) != servers
    assert json.loads((copy / "servers.json").read_text())["data"] == str(copy)
