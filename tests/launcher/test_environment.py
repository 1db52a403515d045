"""`.env`, the data folder's note, the static files' fingerprint."""

import json
import os
from pathlib import Path

import pytest

from chuangtou import up
from chuangtou.embedded import places, surroundings
from chuangtou.embedded.surroundings import Address


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (places, surroundings, up):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    for name in ("PORT", "HOST", "PORTAL_DATA", "LOG_LEVEL", "PORTAL_SUB_PATH"):
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
