"""The outsiders' program `verify_result.py`: its arithmetic held against ours, and every tampering found by it."""

import ast
import copy
import importlib.util
import json
import random
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from core.errors import FormatError
from judging.domain.scoring import compute
from tests.judging import records
from tests.judging.documents import criterion, document, panel, proposal, ranking, rule, sheet
from tests.judging.records import move, rechain, record, relock, rescore, session
from tests.judging.test_domain_properties import documents

PROGRAM = Path(__file__).parents[2] / "verify_result.py"


def load():
    spec = importlib.util.spec_from_file_location("verify_result_under_test", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


verifier = load()


def run(path, *words):
    """The program as an outsider runs it: without our folder, our packages and our environment."""
    done = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), str(path), *words],
        cwd="/", env={}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err
    return done.returncode, out, err


@pytest.fixture
def check(tmp_path):
    def check(made, *words):
        path = tmp_path / "record.json"
        path.write_text(json.dumps(made if "format" in made else record(made), ensure_ascii=False), encoding="utf-8")
        status, out, err = run(path, *words)
        assert err == ""
        return status, out

    return check


# --- the arithmetic ---


def agree(scoring):
    """Both compute the same, or both refuse. Tells whether there was a result."""
    try:
        ours = compute(scoring)
    except FormatError as refused:
        assert refused.code == "unlinked_panels"
        with pytest.raises(verifier.Unlinked):
            verifier.recompute(scoring)
        return False
    verifier.scoring_(scoring, "scoring")
    assert faults(scoring) == []
    theirs = verifier.recompute(scoring)
    for line in ours["results"]:
        del line["steps"]
    assert theirs == {k: v for k, v in ours.items() if k != "format"}
    return True


def faults(scoring):
    rule_ = scoring["rule"]
    return [
        *verifier.rule_faults(rule_),
        *verifier.proposal_faults(rule_, scoring["proposals"]),
        *verifier.sheet_faults(scoring),
    ]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_arithmetic_agrees_on_any_mixture_of_rules(scoring):
    assert agree(scoring)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(ticks=True))
def test_arithmetic_agrees_on_ticks(scoring):
    assert agree(scoring)


def some(rng, *values):
    return rng.choice(values)


def any_rule(rng):
    """Any rule that the format allows; None stands for what may also be left out."""
    criteria = []
    for key in ("need", "plan", "团队")[: rng.randint(1, 3)]:
        each = criterion(key, some(rng, "4", "10.5"), some(rng, "0.5", "0.25", "1.5"))
        if rng.random() < 0.4:
            each["min"] = some(rng, "0", "1", "-3")
        if rng.random() < 0.5:
            each["weight"] = some(rng, "1", "2", "0.333", "-0.5", "0")
        criteria.append(each)
    high, low = rng.randint(0, 2), rng.randint(0, 2)
    on = some(rng, "total", "criterion")
    trim = some(rng, None, {"high": high, "low": low, "from": high + low + rng.randint(1, 3), "on": on})
    parts = [{"key": "paper", "weight": some(rng, "0.40", "-1")}, {"key": "show", "weight": "0.60"}][
        : rng.randint(0, 2)
    ]
    for part in parts:
        if rng.random() < 0.5:
            part["scale"] = some(rng, None, {"max": "425", "to": "100"}, {"max": "0.7", "to": "-3"})
    keys = [c["key"] for c in criteria]
    ties = ["untrimmed_mean", "top_sheets", "lot", "part:paper", "part:first", "vote:jury"]
    ties = rng.sample([*ties, *(f"criterion:{k}" for k in keys)], rng.randint(0, 4))
    made = rule(
        *criteria,
        trim=trim,
        aggregate=some(rng, "mean", "mean", "median", "sum"),
        criterion_decimals=some(rng, None, 0, 2),
        product_decimals=some(rng, None, 0, 1),
        decimals=some(rng, None, 0, 1, 2),
        quorum=rng.randint(0, 3),
        own_part=some(rng, None, parts[-1]["key"]) if parts else None,
        parts=parts,
        bonus_cap=some(rng, None, "1", "0.125"),
        rank=ranking(*ties, by=some(rng, "printed", "exact"), style=some(rng, "competition", "dense")),
    )
    if rng.random() < 0.5:
        made["clamp"] = some(
            rng, None, {"within": "0.7"}, {"within": "1", "decimals": 1}, {"within": "0", "decimals": None}
        )
    if rng.random() < 0.5 and not (trim and on == "criterion"):
        ridge = some(rng, "0", "0.5", "3")
        made["calibration"] = some(rng, None, {"model": "additive", "ridge": ridge, "decimals": rng.randint(0, 4)})
    if rng.random() < 0.15:
        made |= {"aggregate": "ticks", "ticks": {"at_most": rng.randint(0, 3)}}
        made.pop("calibration", None)
    return made


def any_document(rng):
    made = any_rule(rng)
    alike = rng.random() < 0.6  # few kinds of marks and parts, coarse scores: ties
    if alike:
        made["decimals"] = some(rng, made["decimals"], 0)
        for part in made["parts"]:
            part["weight"] = some(rng, part["weight"], "0.01")
    by_criterion = made["trim"] is not None and made["trim"]["on"] == "criterion"
    needed = {p["key"] for p in made["parts"]} - {made["own_part"]}
    asked = {t.partition(":")[2] for t in made["rank"]["ties"] if t.startswith(("part:", "vote:"))} - {made["own_part"]}
    proposals = []
    for i in range(rng.randint(1, 5)):
        each = proposal(f"P{i}")
        given_ = {
            k: str(Decimal(rng.randint(0, 1) if alike else rng.randint(-4, 40)) / 4)
            for k in sorted(needed | asked)
            if k in needed or rng.random() < 0.6
        }
        if given_ or rng.random() < 0.2:
            each["parts"] = given_
        for key, values in {
            "factor": ("1", "3.2", "-1"), "bonus": ("0", "0.4", "7"), "penalty": ("0", "0.25"), "lot": (None, "1", "2"),
            "state": ("standing", "standing", "withdrawn", "absent"),
        }.items():  # fmt: skip
            if rng.random() < (0.4 if not alike or key == "lot" else 0.1):
                each[key] = some(rng, *values)
        proposals.append(each)
    sheets = []
    for each in proposals:
        for j in range(rng.randint(0, 6)):
            if rng.random() < 0.15:
                continue
            marks = {}
            for c in made["criteria"]:
                steps = int((Fraction(c["max"]) - Fraction(c.get("min", "0"))) / Fraction(c["step"]))
                n = steps // 2 + rng.randint(0, 1) if alike else rng.randint(0, steps)
                if not by_criterion or rng.random() < 0.8:
                    marks[c["key"]] = str(Decimal(c.get("min", "0")) + n * Decimal(c["step"]))
            if made["aggregate"] == "ticks":
                marks = some(rng, {}, {"tick": some(rng, "1", "1.0")})
            row = sheet(f"J{j}", each["key"], **marks)
            if rng.random() < 0.3:
                row["state"] = some(rng, "submitted", "recused", "absent", "void", "late")
            sheets.append(row)
    rng.shuffle(sheets)
    return document(made, proposals, sheets)


def options(scoring):
    """The names of the options that a document uses, so that none is forgotten."""
    made = scoring["rule"]
    trim, parts = made["trim"], made["parts"]
    yield f"aggregate {made['aggregate']}"
    yield f"trim {trim['on'] if trim else None}"
    yield f"clamp {json.dumps(made.get('clamp'))}"
    yield f"calibration {bool(made.get('calibration'))} {made.get('calibration', {}) and made['calibration']['ridge']}"
    yield f"decimals {made['decimals']}"
    yield f"roundings {made['criterion_decimals']} {made['product_decimals']}"
    yield f"parts {'own' if made['own_part'] else 'given' if parts else 'none'}"
    yield f"scale {any(p.get('scale') for p in parts)}"
    yield f"cap {made['bonus_cap'] is not None}"
    yield f"rank {made['rank']['by']} {made['rank']['style']}"


def test_arithmetic_agrees_on_a_thousand_documents_of_every_option():
    rng = random.Random(20261124)
    seen, outcomes, broken = Counter(), Counter(), Counter()
    for _ in range(1000):
        scoring = any_document(rng)
        if not agree(scoring):
            outcomes["unlinked"] += 1
            continue
        seen.update(options(scoring))
        for line in compute(scoring)["results"]:
            outcomes[line["outcome"]] += 1
            broken[str(line["tie_broken_by"]).partition(":")[0]] += 1
    assert set(outcomes) == {"ranked", "below_quorum", "withdrawn", "absent", "unlinked"}
    assert min(outcomes.values()) >= 5
    assert set(broken) == {"None", "criterion", "untrimmed_mean", "top_sheets", "part", "vote", "lot"}
    assert min(broken.values()) >= 10
    expected = {
        *(f"aggregate {x}" for x in ("mean", "median", "sum", "ticks")),
        *(f"trim {x}" for x in (None, "total", "criterion")),
        *(f"clamp {x}" for x in ("null", '{"within": "0.7"}', '{"within": "1", "decimals": 1}')),
        *(f"calibration True {x}" for x in ("0", "0.5", "3")),
        *(f"decimals {x}" for x in (None, 0, 1, 2)),
        *(f"roundings {x} {y}" for x in (None, 0, 2) for y in (None, 0, 1)),
        *(f"parts {x}" for x in ("own", "given", "none")),
        *(f"{x} {y}" for x in ("scale", "cap") for y in (True, False)),
        *(f"rank {x} {y}" for x in ("printed", "exact") for y in ("competition", "dense")),
    }
    assert expected <= set(seen)
    assert min(seen[name] for name in expected) >= 10


def test_four_hundred_records_hold_when_the_program_stands_alone(check):
    rng = random.Random(7)
    sessions = []
    while len(sessions) < 400:
        scoring = any_document(rng)
        try:
            sessions.append(session(scoring, key=str(len(sessions))))
        except FormatError:
            continue
    status, out = check(record(*sessions))
    assert (status, out.count("本场全部成立"), out.count("✗")) == (0, 400, 0)


def test_large_calibration_takes_seconds():
    sheets = [
        sheet(f"J{j}", f"P{p}", mark=str((p * 7 + j * j * 3 + p * j) % 101))
        for p in range(200)
        for j in sorted({(p * 11 + k * k + 2 * k) % 30 for k in range(5 + p % 4)})
    ]
    r = rule(criterion(), calibration={"model": "additive", "ridge": "0", "decimals": 6})
    assert agree(document(r, [proposal(f"P{p}") for p in range(200)], sheets))


# --- a record and what may be done to it ---


def scoring_document():
    """Five judges, four projects; J3 recused from P02, J5 withdrew his sheet of P04, J4 never handed in P03."""
    a, b = criterion("need", "25", "0.5"), criterion("plan", "75", "0.5")
    trim = {"high": 1, "low": 1, "from": 4, "on": "total"}
    r = rule(a, b, trim=trim, rank=ranking("criterion:need", "lot"), quorum=3)
    sheets = []
    for p in range(4):
        for j in range(5):
            key, judge = f"P0{p + 1}", f"J{j + 1}"
            marks = {"need": f"{15 + (p * 3 + j * 2) % 7}.5", "plan": str(50 + (p * 5 + j * 11) % 23)}
            sheets.append(sheet(judge, key, **marks))
    for judge, key, state in (("J3", "P02", "recused"), ("J5", "P04", "void"), ("J4", "P03", "absent")):
        row = next(s for s in sheets if (s["judge"], s["proposal"]) == (judge, key))
        row |= {"state": state, "marks": {}}
    names = {"P01": "邻里食堂", "P02": "银龄课堂", "P03": "小院议事", "P04": "绿色楼道"}
    drawn = records.drawn(list(names))
    return document(r, [proposal(k, lot=str(drawn.index(k) + 1), name=n) for k, n in names.items()], sheets)


@pytest.fixture(scope="module")
def sound():
    return session(scoring_document(), [move("J4", "P03", "late", {"need": "20", "plan": "60"}, by="clerk")])


@pytest.fixture
def made(sound):
    return copy.deepcopy(sound)


def find_sheet(made, judge, key):
    return next(s for s in made["scoring"]["sheets"] if (s["judge"], s["proposal"]) == (judge, key))


def find_moves(made, judge, key=None, kind="submitted"):
    return [m for m in made["moves"] if m["judge"] == judge and key in (None, m["proposal"]) and m["kind"] == kind]


def finding(out, *words):
    """The one finding that has all these words."""
    found = [line for line in out.splitlines() if "✗" in line and all(word in line for word in words)]
    assert len(found) == 1, out
    return found[0]


def code(made):
    head = made["head"].upper()
    return " - ".join(head[i : i + 4] for i in range(0, 16, 4))


def test_sound_record_holds(check, made):
    status, out = check(made, "--head", code(made))
    assert status == 0
    assert "✗" not in out
    assert "与您给出的核对码一致" in out
    assert "北京时间 2026-11-24 09:02:03 锁定" in out
    assert "另有 1 张锁定后送达的评分表，依规不计入：评委 J4 对项目 P03。" in out
    assert "笔在案而不采用的提交：冲突未采用" in out
    assert out.splitlines()[-1] == "结论：全部成立。"
    rows = [line.split() for line in out.splitlines() if line.endswith("一致") and " P0" in line]
    results = made["result"]["results"]
    assert [(row[0], row[1], row[3]) for row in rows] == [(str(r["rank"]), r["proposal"], r["score"]) for r in results]
    assert {row[2] for row in rows} == {"邻里食堂", "银龄课堂", "小院议事", "绿色楼道"}


def test_moves_may_stand_in_any_order_and_a_file_may_begin_with_a_mark_of_its_encoding(made, tmp_path):
    random.Random(1).shuffle(made["moves"])
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record(made)), encoding="utf-8-sig")
    status, out, _ = run(path)
    assert (status, "✗" in out) == (0, False)


def test_without_a_code_the_program_says_what_it_cannot_show(check, made):
    status, out = check(made)
    assert status == 0
    assert "场次 12 没有用 --head 与现场的核对码比对" in out
    assert "请与现场大屏幕和签字纸上的核对码比对" in out


@pytest.mark.parametrize(
    "shape", [str, str.upper, lambda h: h[:16], lambda h: f"{h[:4]}-{h[4:8]} {h[8:12]}—{h[12:16]}"]
)
def test_code_may_be_long_or_short_with_spaces_and_dashes(check, made, shape):
    assert check(made, f"--head={shape(made['head'])}")[0] == 0


@pytest.mark.parametrize("wrong", ["0" * 16, "f" * 64, "", "12", "核对码"])
def test_wrong_code_is_a_finding(check, made, wrong):
    status, out = check(made, "--head", wrong)
    assert status == 1
    assert finding(out, f"核对码“{wrong}”", "任何一场都不符")


@pytest.mark.parametrize("length", [1, 15, 17, 63])
def test_code_in_part_is_no_code(made, length):
    assert not verifier.matches(made["head"][:length], made["head"])


def test_one_code_of_two_sessions_names_the_other_as_loose(check, made):
    other = session(panel({"P1": ["3", "4"]}, rule(criterion())), key="13")
    status, out = check(record(made, other), "--head", code(other))
    assert status == 0
    assert "场次 12 没有用 --head" in out
    status, out = check(record(made, other), "--head", code(other), "--head", code(made))
    assert (status, "没有用 --head" in out) == (0, False)
    assert check(record(made, made))[0] == 1
    assert check(record())[0] == 1


def test_mark_changed_in_the_scoring_document_only(check, made):
    find_sheet(made, "J2", "P01")["marks"]["need"] = "25"
    rescore(made)
    status, out = check(made)
    assert status == 1
    assert finding(out, "评委 J2 对项目 P01", "“need”提交时是 17.5，评分文件里是 25")


def test_mark_changed_in_the_moves_only(check, made):
    changed = find_moves(made, "J2", "P01")[-1]
    changed["marks"]["need"] = "25"
    status, out = check(made)
    assert status == 1
    assert finding(out, f"评委 J2 的第 {changed['number']} 笔记录（项目 P01）", "被改动过")
    assert finding(out, "评委 J2 对项目 P01", "“need”提交时是 25，评分文件里是 17.5")


def change_both(made):
    find_moves(made, "J2", "P01")[-1]["marks"]["need"] = "25"
    find_sheet(made, "J2", "P01")["marks"]["need"] = "25"
    rescore(made)
    rechain(made, "J2")


def test_mark_changed_in_both_with_a_new_chain_fails_the_judges_head(check, made):
    change_both(made)
    status, out = check(made)
    assert status == 1
    assert finding(out, "评委 J2 锁定时的链头", "到锁定为止的记录有改动")
    assert finding(out, "本场核对码不符")


def test_mark_changed_in_both_with_a_new_chain_and_judges_head_fails_the_sessions_head(check, made):
    change_both(made)
    true = made["head"]
    relock(made)
    made["head"] = true
    status, out = check(made, "--head", true)
    assert status == 1
    assert finding(out, "本场核对码不符", verifier.grouped(true))
    assert finding(out, "任何一场都不符")


def test_everything_forged_is_only_betrayed_by_the_code_of_the_day(check, made):
    true = code(made)
    change_both(made)
    relock(made)
    assert check(made)[0] == 0
    status, out = check(made, "--head", true)
    assert status == 1
    assert finding(out, "任何一场都不符", "不是现场锁定的那份记录")


def test_sheet_dropped(check, made):
    made["scoring"]["sheets"].remove(find_sheet(made, "J1", "P04"))
    rescore(made)
    status, out = check(made)
    assert status == 1
    assert finding(out, "评委 J1 对项目 P04", "提交了评分表", "没有这张评分表")


@pytest.mark.parametrize("state", ["void", "recused", "late", "absent"])
def test_submitted_sheet_set_aside(check, made, state):
    find_sheet(made, "J1", "P04")["state"] = state
    rescore(made)
    status, out = check(made)
    assert status == 1
    assert finding(out, "评委 J1 对项目 P04", "提交了评分表", f"（{state}）")


def test_sheet_added_that_nobody_submitted(check, made):
    for judge, key, why in (("J3", "P02", "作废"), ("J4", "P03", "提交")):
        row = find_sheet(made, judge, key)
        row |= {"state": "submitted", "marks": {"need": "25", "plan": "75"}}
        rescore(made)
        status, out = check(made)
        assert status == 1
        assert finding(out, f"评委 {judge} 对项目 {key}", why, "评分文件里却")


def test_judge_dropped(check, made):
    scoring = made["scoring"]
    scoring["judges"] = [j for j in scoring["judges"] if j["key"] != "J1"]
    scoring["sheets"] = [s for s in scoring["sheets"] if s["judge"] != "J1"]
    rescore(made)
    status, out = check(made)
    assert status == 1
    assert finding(out, "评委 J1", "锁定时的名单里", "评分文件的名单里却没有")
    made["moves"] = [m for m in made["moves"] if m["judge"] != "J1"]
    status, out = check(made)
    assert finding(out, "评委 J1 锁定时有", "文件里没有第")
    del made["judges"]["J1"]
    status, out = check(made)
    assert status == 1
    assert finding(out, "本场核对码不符", "评委名单")


def test_rule_swapped(check, made):
    made["scoring"]["rule"]["trim"] = None
    rescore(made)
    status, out = check(made)
    assert status == 1
    assert finding(out, "评分规则与锁定时的规则摘要不符")
    made["rule_digest"] = made["result"]["rule_digest"]
    status, out = check(made)
    assert status == 1
    assert finding(out, "本场核对码不符", "规则")


def test_printed_score_changed(check, made):
    line = made["result"]["results"][1]
    was, line["score"] = line["score"], "99.99"
    status, out = check(made)
    assert status == 1
    assert finding(out, f"项目 {line['proposal']} 的结果", f"得分应为 {was}，文件写的是 99.99")
    row = next(x for x in out.splitlines() if x.endswith(f"得分应为 {was}，文件写的是 99.99"))
    assert row.split()[:2] == ["2", line["proposal"]]


def test_ranks_swapped(check, made):
    first, second = made["result"]["results"][:2]
    first["rank"], second["rank"] = second["rank"], first["rank"]
    status, out = check(made)
    assert status == 1
    assert finding(out, f"项目 {first['proposal']} ", "名次应为 1，文件写的是 2")
    assert finding(out, f"项目 {second['proposal']} ", "名次应为 2，文件写的是 1")


def test_lines_swapped_or_dropped_or_doubled(check, made):
    results = made["result"]["results"]
    results[:2] = results[1::-1]
    assert finding(check(made)[1], "排列不符", "第 1 行应是项目")
    dropped = results.pop(0)
    assert finding(check(made)[1], f"项目 {dropped['proposal']} 参加了评审，结果里却没有")
    results.append(copy.deepcopy(results[0]))
    assert finding(check(made)[1], f"项目 {results[0]['proposal']} 在结果里出现了 2 次")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: line.update(exact="1/3"), ["精确值应为", "1/3"]),
        (lambda line: line.update(outcome="withdrawn", score=None, rank=None), ["结论应为 有名次（ranked）"]),
        (lambda line: line.update(tie_broken_by="lot"), ["同分依据应为 空，文件写的是 lot"]),
        (lambda line: line["counted"].pop(), ["计入的评委应为"]),
        (lambda line: line["left_out"].update(high=[]), ["去掉的最高分的评委应为", "文件写的是 无"]),
        (lambda line: line["criteria"]["need"].update(value="1"), ["评分项“need”的分值应为", "文件写的是 1"]),
        (
            lambda line: line["criteria"]["plan"]["left_out"].update(low=["J9"]),
            ["评分项“plan”去掉的最低分的评委", "J9"],
        ),
        (lambda line: line["criteria"].pop("need"), ["评分项“need”应为 有，文件写的是 无"]),
    ],
)
def test_every_word_of_a_result_is_compared(check, made, change, words):
    line = made["result"]["results"][0]
    change(line)
    status, out = check(made)
    assert status == 1
    assert finding(out, f"项目 {line['proposal']} 的结果", *words)


def test_order_of_people_and_words_of_the_steps_do_not_matter(check, made):
    line = made["result"]["results"][0]
    line["counted"].reverse()
    line["steps"] = ["随便写"]
    assert check(made)[0] == 0


@pytest.mark.parametrize("key", ["rule_digest", "input_digest"])
def test_digests_of_the_result_are_recomputed(check, made, key):
    made["result"][key] = "0" * 64
    status, out = check(made)
    assert status == 1
    assert finding(out, "结果里的", "摘要不符")


def test_late_move_turned_into_a_submitted_one(check, made):
    late = find_moves(made, "J4", kind="late")[0]
    late |= {"kind": "submitted", "revision": 1}
    find_sheet(made, "J4", "P03").update(state="submitted", marks=late["marks"])
    rescore(made)
    rechain(made, "J4")
    status, out = check(made)
    assert status == 1
    assert finding(out, f"评委 J4 的第 {late['number']} 笔记录（项目 P03）", "在锁定之后", "submitted")
    assert finding(out, "评委 J4 对项目 P03", "评分文件里却有一张已提交的评分表")
    made["judges"]["J4"]["moves"] += 1
    made["judges"]["J4"]["head"] = late["digest"]
    status, out = check(made)
    assert status == 1
    assert finding(out, "本场核对码不符")


def test_submitted_move_turned_into_a_late_one(check, made):
    moved = find_moves(made, "J1", "P04")[-1]
    moved |= {"kind": "late", "revision": 0}
    rechain(made, "J1")
    out = check(made)[1]
    assert finding(out, f"评委 J1 的第 {moved['number']} 笔记录（项目 P04）", "在锁定之前", "late")


def test_chain_reordered(check, made):
    one, two = find_moves(made, "J1")[:2]
    one["number"], two["number"] = two["number"], one["number"]
    status, out = check(made)
    assert status == 1
    assert finding(out, f"评委 J1 的第 {one['number']} 笔记录", "被改动过")
    one["number"], two["number"] = two["number"], one["number"]
    one["previous"], two["previous"] = two["previous"], one["previous"]
    assert finding(check(made)[1], f"评委 J1 的第 {one['number']} 笔记录", "链条断了")


def test_move_deleted_or_doubled_or_put_elsewhere(check, made):
    gone = find_moves(made, "J2")[0]
    made["moves"].remove(gone)
    status, out = check(made)
    assert status == 1
    assert finding(out, "评委 J2 的记录编号不连续", f"缺第 {gone['number']} 笔")
    made["moves"] += [gone, copy.deepcopy(gone)]
    assert finding(check(made)[1], f"评委 J2 的第 {gone['number']} 笔记录有 2 份")
    made["moves"].pop()
    made["moves"].append(move("J9", "P01", "submitted", session="77", number=1))
    out = check(made)[1]
    assert finding(out, "评委 J9 的第 1 笔记录", "属于场次 77")
    assert finding(out, "锁定时的评委名单里没有评委 J9")
    made["moves"][-1] |= {"judge": "J1", "number": 0}
    assert finding(check(made)[1], "评委 J1 有编号为 0 的记录")


def test_last_move_before_the_lock_deleted(check, made):
    last = max(find_moves(made, "J2"), key=lambda m: m["number"])
    made["moves"].remove(last)
    status, out = check(made)
    assert status == 1
    assert finding(out, f"评委 J2 锁定时有 {last['number']} 笔记录，文件里没有第 {last['number']} 笔")


@pytest.mark.parametrize(
    ("kinds", "revisions", "words"),
    [
        (["submitted", "kept"], [1, 2], "此前已经提交"),
        (["submitted", "void", "submitted"], [1, 2, 3], "此前已经作废"),
        (["kept", "submitted"], [1, 3], "修改次数应为 2，记录写的是 3"),
        (["conflict", "submitted"], [1, 1], "修改次数应为 0，记录写的是 1"),
    ],
)
def test_moves_that_cannot_follow_each_other(check, made, kinds, revisions, words):
    marks = {"mark": "3"}
    odd = session(panel({"P1": ["3"]}, rule(criterion())))
    odd["moves"] = [move("J1", "P1", kind, marks, revision=r) for kind, r in zip(kinds, revisions, strict=True)]
    records.number(odd)
    rechain(odd)
    relock(odd)
    status, out = check(odd)
    assert status == 1
    assert finding(out, "评委 J1", "项目 P1", words)


def test_marks_are_compared_as_numbers_and_with_all_keys(check):
    doc = panel(
        {"P1": ["3.50"]}, rule(criterion("mark", "10", "0.5"), criterion("b", weight="0"), trim={**records_trim()})
    )
    odd = session(doc)
    odd["moves"][-1]["marks"] = {"mark": "3.5"}
    rechain(odd)
    relock(odd)
    assert check(odd)[0] == 0
    odd["moves"][-1]["marks"] = {"mark": "3.5", "b": "0"}
    rechain(odd)
    relock(odd)
    status, out = check(odd)
    assert status == 1
    assert finding(out, "评委 J1 对项目 P1", "“b”提交时是 0，评分文件里是 空白")


def records_trim():
    return {"high": 0, "low": 0, "from": 1, "on": "criterion"}


def test_draw(check, made):
    order = made["draw"]["order"]
    order[0], order[2] = order[2], order[0]
    status, out = check(made)
    assert status == 1
    assert finding(out, "抽签顺序不符", f"第 1 个应是项目 {order[2]}，文件写的是项目 {order[0]}")
    order[0], order[2] = order[2], order[0]
    made["draw"]["secret"] = "another"
    assert finding(check(made)[1], "密语与事先公布的承诺值不符")
    made["draw"] |= {"secret": records.SECRET, "order": order[1:]}
    assert finding(check(made)[1], f"项目 {order[0]} 参加了评审，却不在抽签名单里")
    made["draw"]["order"] = [*order, order[-1]]
    assert finding(check(made)[1], f"抽签名单里项目 {order[-1]} 出现了 2 次")
    made["draw"] = None
    status, out = check(made)
    assert (status, "没有抽签记录" in out) == (0, True)


def test_calibration_and_ticks_in_a_result_are_compared(check):
    marks = {"P1": ["80", "84"], "P2": ["70", "75"]}
    doc = panel(marks, rule(criterion(), calibration={"model": "additive", "ridge": "0", "decimals": 2}))
    level = session(doc)
    assert check(level)[0] == 0
    level["result"]["judges"][0]["effect"] = "0.00"
    assert finding(check(level)[1], "评委 J1 的尺度偏差应为 -2.25（据 2 张），结果写的是 0.00")
    del level["result"]["judges"]
    assert finding(check(level)[1], "评委 J2 的尺度偏差应为", "结果写的是 无")
    votes = [sheet("J1", "P1", tick="1"), sheet("J2", "P1", tick="1"), sheet("J2", "P2", tick="1")]
    ticks = session(document(rule(aggregate="ticks", ticks={"at_most": 1}), [proposal("P1"), proposal("P2")], votes))
    assert check(ticks)[0] == 0
    ticks["result"] |= {"ballots": {"given": 2, "valid": 2, "invalid": 0}, "invalid": []}
    out = check(ticks)[1]
    assert finding(out, "选票数应为 发出 2、有效 1、无效 1，结果写的是 发出 2、有效 2、无效 0")
    assert finding(out, "选票无效的评委应为 J2，结果写的是 无")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s["sheets"][0]["marks"].update(need="25.5"), ["评委 J1 对项目 P01", "25.5 分，不合规则"]),
        (lambda s: s["sheets"][0]["marks"].update(need="7.3"), ["评委 J1 对项目 P01", "每 0.5 一档"]),
        (lambda s: s["sheets"][0]["marks"].pop("need"), ["评委 J1 对项目 P01", "“need”没有打分"]),
        (lambda s: s["sheets"][0]["marks"].update(luck="1"), ["评委 J1 对项目 P01", "规则里没有这一项"]),
        (lambda s: s["sheets"].append(s["sheets"][0]), ["评委 J1 对项目 P01", "有 2 张评分表"]),
        (lambda s: s["sheets"][0].update(judge="J9"), ["评委 J9 对项目 P01", "没有这个评委"]),
        (lambda s: s["sheets"][0].update(proposal="P09"), ["评委 J1 对项目 P09", "没有这个项目"]),
        (lambda s: s["proposals"].append(s["proposals"][0]), ["项目 P01 在评分文件里出现了 2 次"]),
        (lambda s: s["judges"].append(s["judges"][0]), ["评委 J1 在评分文件里出现了 2 次"]),
        (lambda s: s["proposals"][0].update(parts={"x": "1"}), ["项目 P01 多出“x”部分"]),
        (lambda s: s["rule"].update(parts=[{"key": "x", "weight": "1"}]), ["项目 P01 缺少“x”部分"]),
        (lambda s: s["rule"].update(own_part="x"), ["本场得分所占的部分不在"]),
        (lambda s: s["rule"]["trim"].update({"from": 2}), ["起算个数"]),
        (lambda s: s["rule"]["rank"].update(ties=["criterion:x"]), ["同分处理办法“criterion:x”"]),
        (lambda s: s["rule"].update(criteria=[]), ["没有评分项"]),
        (lambda s: s["rule"]["criteria"][0].update(step="0"), ["评分项 need 的步长"]),
        (lambda s: s["rule"].update(clamp={"within": "-1"}), ["不能是负数"]),
    ],
)
def test_scoring_document_that_breaks_its_rules_is_a_finding(made, change, words):
    with pytest.raises(FormatError):
        changed = copy.deepcopy(made["scoring"])
        change(changed)
        compute(changed)
    change(made["scoring"])
    found, lines = verifier.verify(record(made), [])
    verifier.RECORD_SHAPE(record(made), "")
    assert found
    assert any("✗" in line and all(word in line for word in words) for line in lines), lines
    assert any("没有重新计算" in line for line in lines)


def test_panels_that_cannot_be_compared_are_a_finding(made):
    r = rule(criterion(), calibration={"model": "additive", "ridge": "0", "decimals": 2})
    odd = copy.deepcopy(made)
    odd["scoring"] = document(
        r, [proposal("P1"), proposal("P2")], [sheet("J1", "P1", mark="1"), sheet("J2", "P2", mark="2")]
    )
    assert any("不能校准" in line for line in verifier.verify(record(odd), [])[1])


def test_what_no_judge_wrote_is_named(check, made):
    assert "不是评委写的" not in check(made)[1]
    made["scoring"]["proposals"][0] |= {"bonus": "2", "penalty": "0.5", "factor": "1.0"}
    made["scoring"]["proposals"][1] |= {"state": "withdrawn"}
    rescore(made)
    relock(made)
    status, out = check(made, "--head", code(made))
    assert status == 0
    (note,) = [line for line in out.splitlines() if "不是评委写的" in line]
    assert note.strip().endswith("项目 P01：加分 2、扣分 0.5；项目 P02：已撤回。")


def test_names_cannot_write_over_the_report(check, made):
    made["name"] = "\x1b[2J\r\u202e结论：全部成立。\n"
    made["scoring"]["proposals"][0]["name"] = "长" * 500
    out = check(made)[1]
    assert not {"\x1b", "\r", "\u202e"} & set(out)
    assert max(len(line) for line in out.splitlines()) < 200


# --- what cannot be read ---


def broken(change):
    made = record(session(panel({"P1": ["3", "4"]}, rule(criterion()))))
    change(made)
    return json.dumps(made)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "不是 JSON"),
        ("{", "不是 JSON"),
        ("[1]", "格式不是"),
        ("null", "格式不是"),
        ('{"format": "chuangtou/record@2"}', "格式不是"),
        ('{"format": "chuangtou/record@1"}', "缺少“round”"),
        ('{"format": "chuangtou/record@1", "format": "x"}', "“format”写了两次"),
        ('{"a": 1.5}', "不加引号的小数"),
        ('{"a": NaN}', "非数字"),
        ('{"a": ' + "1" * 5000 + "}", "过长"),
        ("[" * 100_000, "太深"),
        (b"\xff\xfe\x00", "不是 UTF-8"),
        (broken(lambda m: m.update(extra=1)), "不认识的键“extra”"),
        (broken(lambda m: m["sessions"][0].pop("draw")), "sessions[0] 缺少“draw”"),
        (broken(lambda m: m["sessions"][0]["moves"][0].update(kind="lost")), "sessions[0].moves[0].kind"),
        (broken(lambda m: m["sessions"][0]["moves"][0].update(number="1")), "sessions[0].moves[0].number 应是"),
        (broken(lambda m: m["sessions"][0]["moves"][0].update(number=True)), "sessions[0].moves[0].number 应是"),
        (broken(lambda m: m["sessions"][0]["scoring"]["rule"].update(luck=1)), "scoring.rule 里有不认识的键“luck”"),
        (broken(lambda m: m["sessions"][0]["scoring"]["rule"].update(ticks={"at_most": 1})), "不认识的键“ticks”"),
        (broken(lambda m: m["sessions"][0]["scoring"]["rule"].update(aggregate="ticks")), "缺少“ticks”"),
        (broken(lambda m: m["sessions"][0]["scoring"]["rule"].update(decimals=99)), "不能超过 30"),
        (broken(lambda m: m["sessions"][0]["scoring"]["sheets"][0].pop("marks")), "缺少“marks”"),
        (broken(lambda m: m["sessions"][0]["scoring"]["sheets"][0]["marks"].update(mark="1e3")), "十进制数字"),
        (broken(lambda m: m["sessions"][0]["scoring"]["sheets"][0]["marks"].update(mark=3)), "应是文字"),
        (broken(lambda m: m["sessions"][0]["result"]["results"][0].pop("exact")), "results[0] 缺少“exact”"),
        (broken(lambda m: m["sessions"][0].update(name="\ud800")), "代理字符"),
        (broken(lambda m: m["sessions"][0].update(moves={})), "sessions[0].moves 应是一个列表"),
        (broken(lambda m: m["sessions"][0].update(judges=[])), "sessions[0].judges 应是一个对象"),
    ],
)
def test_unreadable_files_get_a_sentence(tmp_path, capsys, text, words):
    path = tmp_path / "record.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert verifier.main([str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("读不了：")
    assert words in err


def test_unreadable_from_the_command_line(tmp_path):
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(200 * 1024 * 1024 + 1)
    for words, said in {
        (str(tmp_path / "none.json"),): "没有“",
        (str(tmp_path),): "打不开",
        (str(deep),): "太深",
        (str(large),): "超过 200 MB",
        (str(deep), str(large)): "请写一个文件名",
        (str(deep), "--head"): "--head 后面没有写核对码",
        (str(deep), "--hat=1"): "不认识的参数",
    }.items():
        status, out, err = run(*words)
        assert (status, out) == (2, "")
        assert said in err
    assert run("--help")[0] == 0


def places(value, path=()):
    """Every place in a document, as the container and the key or index."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def test_no_change_of_a_record_makes_the_program_stumble(sound, tmp_path, capsys):
    rng = random.Random(3)
    strange = [
        None,
        0,
        -1,
        7,
        True,
        "",
        "0",
        "-3.5",
        "J1",
        "P01",
        "late",
        "criterion:need",
        [],
        {},
        [None],
        {"a": "1"},
        "\ud800",
    ]
    path = tmp_path / "record.json"
    statuses = Counter()
    for _ in range(400):
        made = record(copy.deepcopy(sound))
        where, key = rng.choice(list(places(made)))
        other, its = rng.choice(list(places(made)))
        match rng.randint(0, 3):
            case 0:
                where[key] = rng.choice(strange)
            case 1:
                where[key] = copy.deepcopy(other[its])
            case 2:
                del where[key]
            case _:
                container = where[key]
                if isinstance(container, list) and container:
                    container.append(copy.deepcopy(rng.choice(container)))
                elif isinstance(container, dict):
                    container["P09"] = rng.choice(strange)
                else:
                    where[key] = f"{container}0"
        path.write_text(json.dumps(made))
        status = verifier.main([str(path)])
        out, err = capsys.readouterr()
        statuses[status] += 1
        assert (status == 2) == bool(err) == (not out)
        if status == 0 and made != record(sound):
            assert harmless(made, sound), out
    assert min(statuses[s] for s in (1, 2)) > 80


def harmless(made, sound):
    """Whether nothing differs but what no digest covers and nothing follows from."""
    (one,) = made["sessions"]
    changed = {key for key in sound if one[key] != sound[key]}
    if "result" in changed:

        def bare(result):
            lines = [{k: v for k, v in line.items() if k not in ("steps", "counted")} for line in result["results"]]
            return {**result, "results": lines}

        return changed == {"result"} and bare(one["result"]) == bare(sound["result"])
    if "moves" in changed:  # what arrived after the lock may be left out of the file: it counts for nothing
        return changed == {"moves"} and one["moves"] == [m for m in sound["moves"] if m["kind"] != "late"]
    return changed <= {"name", "locked_at"} or (changed == {"draw"} and one["draw"] is None)


# --- the program itself ---


def test_program_needs_nothing_but_the_standard_library():
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"), feature_version=(3, 9))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module.partition(".")[0])
    assert names <= set(sys.stdlib_module_names)
    assert not names & {"importlib", "subprocess", "socket", "urllib", "runpy", "pickle"}
    called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert not called & {"__import__", "eval", "exec", "open", "compile", "float"}
