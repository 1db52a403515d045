"""The file commands as an outsider runs them: no environment, no database, all or nothing."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import FormatError
from core.filecommand import Unquoted, load
from tests.judging.documents import NORM, criterion, panel, rule

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments, given=b"", **env):
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", "score_file", *map(str, arguments)],
        check=False,
        cwd=ROOT,
        input=given,
        capture_output=True,
        env=env,
        timeout=60,
    )


def good():
    return panel({"溡源": ["88", "92", "85.5", "90", "91", "79", "95"]}, rule(criterion(), trim=NORM))


def bad():
    doc = good()
    doc["sheets"][3]["marks"]["mark"] = "100.5"
    return doc


def text(document):
    return json.dumps(document, ensure_ascii=False)


def test_file_in_file_out_without_any_environment(tmp_path):
    given, got = tmp_path / "in.json", tmp_path / "out.json"
    given.write_text(text(good()), encoding="utf-8")
    done = run(given, got)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    raw = got.read_bytes()
    answer = json.loads(raw)
    assert answer["results"][0]["score"] == "89.30"
    assert raw == (json.dumps(answer, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode()
    assert "溡源".encode() in raw
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.json", "out.json"]


def test_standard_input_and_output_give_the_same_bytes(tmp_path):
    got = tmp_path / "out.json"
    first = run("-", "-", given=text(good()).encode())
    second = run("-", got, given=text(good()).encode(), LC_ALL="C")
    assert (first.returncode, second.returncode, second.stdout) == (0, 0, b"")
    assert first.stdout == got.read_bytes()


def test_refused_document_writes_one_line_of_error_and_nothing_else(tmp_path):
    got = tmp_path / "out.json"
    got.write_text("as it was", encoding="utf-8")
    done = run("-", got, given=text(bad()).encode(), LC_ALL="C")
    assert (done.returncode, done.stdout, got.read_text(encoding="utf-8")) == (2, b"", "as it was")
    lines = done.stderr.decode("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "error": {
                "path": "sheets[3].marks.mark",
                "code": "mark_above_max",
                "message": "“项目mark”打了 100.5 分，超过满分 100 分。",
            }
        }
    ]
    assert len(list(tmp_path.iterdir())) == 1


def test_lines_answer_line_by_line(tmp_path):
    given, got = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    separated = good()
    separated["judges"][0]["name"] = "甲\u2028乙\x85丙"  # line ends to some, letters to JSON
    lines = [text(good()), text(bad()), "{", text(separated)]
    given.write_bytes("\n".join(lines).encode() + b"\r\n")
    done = run(given, got)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    answers = [json.loads(line) for line in got.read_bytes().decode().split("\n")[:-1]]
    assert [a.get("format") for a in answers] == ["chuangtou/result@1", None, None, "chuangtou/result@1"]
    assert [a["error"]["code"] for a in answers[1:3]] == ["mark_above_max", "not_json"]
    given.write_text(lines[0] + "\n", encoding="utf-8")
    done = run(given, "-")
    assert done.returncode == 0
    assert done.stdout == got.read_bytes().splitlines(keepends=True)[0]


def test_unreadable_and_unwritable_are_refusals_too(tmp_path):
    for arguments, given, code in [
        ((tmp_path / "missing.json", "-"), b"", "unreadable"),
        (("-", "-"), b"\xff\xfe", "unreadable"),
        (("-", tmp_path / "no" / "folder.json"), text(good()).encode(), "unwritable"),
        (("-", tmp_path), text(good()).encode(), "unwritable"),
    ]:
        done = run(*arguments, given=given)
        assert (done.returncode, done.stdout) == (2, b"")
        assert json.loads(done.stderr)["error"]["code"] == code
    assert list(tmp_path.iterdir()) == []


def test_target_keeps_its_mode_and_links_and_devices_stay(tmp_path):
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.touch(mode=0o640)
    real.chmod(0o640)
    link.symlink_to(real)
    assert run("-", link, given=text(good()).encode()).returncode == 0
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert json.loads(real.read_bytes())["format"] == "chuangtou/result@1"
    assert run("-", "/dev/null", given=text(good()).encode()).returncode == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


# Parsing


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ('{"a": 1, "a": 2}', "a", "duplicate_key"),
        ('{"a": {"x": [{}, {"b": 1, "c": 1, "b": 1}]}}', "a.x[1].b", "duplicate_key"),
        ('{"a": NaN}', "", "not_json"),
        ('{"a": -Infinity}', "", "not_json"),
        ("{'a': 1}", "", "not_json"),
        ("", "", "not_json"),
        ('{"a": 1} {}', "", "not_json"),
        ("[" * 100_000, "", "not_json"),
        ("1" * 5000, "", "not_json"),
        ('{"a": "\\ud800"}', "", "not_unicode"),
        ('{"\\udfff": 1.5}', "", "not_unicode"),
    ],
)
def test_text_is_refused(given, path, code):
    with pytest.raises(FormatError) as refused:
        load(given)
    assert (refused.value.path, refused.value.code) == (path, code)


def test_numbers_with_a_point_are_neither_text_nor_number():
    found = load('{"a": 1.50, "b": 2, "c": 1e3, "d": "\\u6ea1\\ud83d\\ude00"}')
    assert isinstance(found["a"], Unquoted)
    assert (str(found["a"]), str(found["c"]), found["b"], found["d"]) == ("1.50", "1e3", 2, "溡😀")
    assert not isinstance(found["a"], str | int | float)


def test_unquoted_mark_is_refused_where_it_stands():
    given = text(good()).replace('"85.5"', "85.5").encode()
    done = run("-", "-", given=given)
    assert done.returncode == 2
    assert json.loads(done.stderr)["error"] == {
        "path": "sheets[2].marks.mark",
        "code": "not_decimal",
        "message": '数字必须加引号写成十进制文字，例如 "22.5"，不用指数、千分号和全角。',
    }
