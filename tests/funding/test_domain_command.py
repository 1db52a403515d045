"""`manage.py allocate_file` as an outsider runs it: another process, no environment."""

import json
import subprocess
import sys
from pathlib import Path

from core.exact import canonical, pretty
from funding.domain.allocation import allocate
from tests.funding.case import RANK, document, ten

ROOT = Path(__file__).resolve().parents[2]


def command(source, target, given=b""):
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "allocate_file", str(source), str(target)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        input=given,
        capture_output=True,
        check=False,
    )


def good():
    return document("100000", RANK, ten())


def bad():
    return good() | {"budget": 5}


REFUSAL = {"error": {"path": "budget", "code": "not_decimal", "message": "数字应写成加引号的十进制文字，例如“95.20”。"}}


def test_file_in_file_out_with_the_same_bytes_each_time(tmp_path):
    (tmp_path / "in.json").write_text(json.dumps(good(), ensure_ascii=False), encoding="utf-8")
    ran = command(tmp_path / "in.json", tmp_path / "out.json")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
    assert (tmp_path / "out.json").read_bytes() == pretty(allocate(good()))


def test_standard_input_and_output():
    ran = command("-", "-", json.dumps(good()).encode())
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, pretty(allocate(good())), b"")


def test_a_refusal_is_one_line_and_writes_nothing(tmp_path):
    (tmp_path / "in.json").write_text(json.dumps(bad()), encoding="utf-8")
    ran = command(tmp_path / "in.json", tmp_path / "out.json")
    assert (ran.returncode, ran.stdout, json.loads(ran.stderr)) == (2, b"", REFUSAL)
    assert ran.stderr.count(b"\n") == 1
    assert not (tmp_path / "out.json").exists()


def test_a_number_without_quotes_is_refused_at_its_path():
    text = json.dumps(good()).replace('"88.88"', "88.88")
    ran = command("-", "-", text.encode())
    assert (ran.returncode, json.loads(ran.stderr)["error"]["path"]) == (2, "proposals[3].score")


def test_lines_are_answered_one_by_one(tmp_path):
    lines = [json.dumps(doc, ensure_ascii=False) for doc in (good(), bad(), good())]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    ran = command(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert ran.returncode == 1
    answers = (tmp_path / "out.jsonl").read_bytes().splitlines()
    assert answers == [canonical(allocate(good())), canonical(REFUSAL), canonical(allocate(good()))]
