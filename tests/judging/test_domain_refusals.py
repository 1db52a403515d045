"""What a scoring document is refused for: where, which code, and that nothing half-read slips through."""

import copy

import pytest

from core.errors import FormatError
from judging.domain.scoring import check_marks, check_rule, compute
from tests.judging.documents import BY_CRITERION, NORM, criterion, document, proposal, ranking, rule, sheet


def full():
    """A document in which every key of the format stands."""
    r = rule(
        criterion("need", "25", "0.5", min="1", weight="1"),
        criterion("plan", "25", "0.5"),
        trim=dict(NORM),
        clamp={"within": "2", "decimals": 2},
        calibration={"model": "additive", "ridge": "0", "decimals": 4},
        own_part="show",
        parts=[
            {"key": "paper", "weight": "0.4", "scale": {"max": "50", "to": "100"}},
            {"key": "show", "weight": "0.6"},
        ],
        bonus_cap="5",
        rank=ranking("criterion:need", "lot"),
    )
    given = {"factor": "1", "bonus": "0", "penalty": "0", "lot": "1", "state": "standing"}
    proposals = [proposal("P1", parts={"paper": "40"}, **given), proposal("P2", parts={"paper": "41"}, **given)]
    sheets = [sheet(f"J{j}", p, need="20", plan="21.5") | {"state": "submitted"} for p in ("P1", "P2") for j in (1, 2)]
    return document(r, proposals, sheets)


def put(*path_and_value):
    *path, last, value = path_and_value

    def change(doc):
        for step in path:
            doc = doc[step]
        doc[last] = value

    return change


def drop(*path):
    *path, last = path

    def change(doc):
        for step in path:
            doc = doc[step]
        del doc[last]

    return change


def test_the_full_document_stands():
    assert [r["outcome"] for r in compute(full())["results"]] == ["ranked", "ranked"]


MARKS = ("sheets", 3, "marks")

TABLE = [
    # the marks
    (put(*MARKS, "need", "25.5"), "sheets[3].marks.need", "mark_above_max"),
    (put(*MARKS, "need", "0.5"), "sheets[3].marks.need", "mark_below_min"),
    (put(*MARKS, "need", "-1"), "sheets[3].marks.need", "mark_below_min"),
    (put(*MARKS, "need", "20.25"), "sheets[3].marks.need", "off_step"),
    (drop(*MARKS, "plan"), "sheets[3].marks.plan", "missing_mark"),
    (put(*MARKS, "other", "1"), "sheets[3].marks.other", "unknown_key"),
    (put(*MARKS, "need", 20), "sheets[3].marks.need", "not_decimal"),
    (put(*MARKS, "need", 20.5), "sheets[3].marks.need", "not_decimal"),
    (put(*MARKS, "need", None), "sheets[3].marks.need", "not_decimal"),
    (put(*MARKS, "need", True), "sheets[3].marks.need", "not_decimal"),
    (put(*MARKS, "need", ["20"]), "sheets[3].marks.need", "not_decimal"),
    *[
        (put(*MARKS, "need", text), "sheets[3].marks.need", "not_decimal")
        for text in ("", " 20", "20 ", "20\n", "+20", "2e1", "020", "20.", ".5", "1,000", "2_0", "NaN", "Infinity", "２０", "٢٠", "0x14")
    ],
    (put(*MARKS, "need", "2" * 300), "sheets[3].marks.need", "too_long"),
    (put("sheets", 3, "marks", []), "sheets[3].marks", "wrong_type"),
    # the sheets
    (put("sheets", 2, "judge", "J9"), "sheets[2].judge", "unknown_judge"),
    (put("sheets", 2, "judge", 9), "sheets[2].judge", "wrong_type"),
    (put("sheets", 2, "proposal", "P9"), "sheets[2].proposal", "unknown_proposal"),
    (put("sheets", 2, "proposal", "P1"), "sheets[2]", "duplicate_sheet"),
    (put("sheets", 2, "state", "draft"), "sheets[2].state", "unknown_value"),
    (put("sheets", 2, "state", None), "sheets[2].state", "wrong_type"),
    (put("sheets", 2, "comment", "好"), "sheets[2].comment", "unknown_key"),
    (drop("sheets", 2, "marks"), "sheets[2].marks", "missing_key"),
    (drop("sheets", 2, "judge"), "sheets[2].judge", "missing_key"),
    (put("sheets", 2, "J1"), "sheets[2]", "wrong_type"),
    (put("sheets", {}), "sheets", "wrong_type"),
    # the judges
    (put("judges", 1, "key", "J1"), "judges[1].key", "duplicate_key"),
    (drop("judges", 1, "name"), "judges[1].name", "missing_key"),
    (put("judges", 1, "seat", 2), "judges[1].seat", "unknown_key"),
    # the proposals
    (put("proposals", 1, "key", "P1"), "proposals[1].key", "duplicate_key"),
    (drop("proposals", 1, "name"), "proposals[1].name", "missing_key"),
    (put("proposals", 1, "name", 7), "proposals[1].name", "wrong_type"),
    (put("proposals", 1, "score", "7"), "proposals[1].score", "unknown_key"),
    (put("proposals", 1, "factor", 1), "proposals[1].factor", "not_decimal"),
    (put("proposals", 1, "factor", None), "proposals[1].factor", "not_decimal"),
    (put("proposals", 1, "bonus", "1e3"), "proposals[1].bonus", "not_decimal"),
    (put("proposals", 1, "penalty", "五"), "proposals[1].penalty", "not_decimal"),
    (put("proposals", 1, "lot", 3), "proposals[1].lot", "not_decimal"),
    (put("proposals", 1, "state", "gone"), "proposals[1].state", "unknown_value"),
    (put("proposals", 1, "parts", {}), "proposals[1].parts.paper", "missing_key"),
    (drop("proposals", 1, "parts"), "proposals[1].parts.paper", "missing_key"),
    (put("proposals", 1, "parts", "other", "1"), "proposals[1].parts.other", "unknown_key"),
    (put("proposals", 1, "parts", "show", "1"), "proposals[1].parts.show", "own_part_given"),
    (put("proposals", 1, "parts", "paper", 41), "proposals[1].parts.paper", "not_decimal"),
    (put("proposals", 1, "parts", None), "proposals[1].parts", "wrong_type"),
    # the rule
    (drop("rule"), "rule", "missing_key"),
    (put("rule", None), "rule", "wrong_type"),
    (put("rule", "version", 1), "rule.version", "wrong_type"),
    *[
        (drop("rule", key), f"rule.{key}", "missing_key")
        for key in (
            "version", "criteria", "trim", "aggregate", "criterion_decimals", "product_decimals", "decimals", "quorum",
            "own_part", "parts", "bonus_cap", "rank",
        )
    ],
    (put("rule", "colour", "红"), "rule.colour", "unknown_key"),
    (put("rule", "criteria", []), "rule.rank.ties[0]", "unknown_criterion"),
    (put("rule", "criteria", 1, "key", "need"), "rule.criteria[1].key", "duplicate_key"),
    (put("rule", "criteria", 1, "hint", "…"), "rule.criteria[1].hint", "unknown_key"),
    (drop("rule", "criteria", 1, "label"), "rule.criteria[1].label", "missing_key"),
    (drop("rule", "criteria", 1, "max"), "rule.criteria[1].max", "missing_key"),
    (drop("rule", "criteria", 1, "step"), "rule.criteria[1].step", "missing_key"),
    (put("rule", "criteria", 1, "max", 25), "rule.criteria[1].max", "not_decimal"),
    (put("rule", "criteria", 1, "step", "0"), "rule.criteria[1].step", "too_small"),
    (put("rule", "criteria", 1, "min", "26"), "rule.criteria[1].max", "max_below_min"),
    (put("rule", "criteria", 1, "weight", None), "rule.criteria[1].weight", "not_decimal"),
    (put("rule", "trim", "from", 2), "rule.trim.from", "trim_from_too_small"),
    (put("rule", "trim", "from", "5"), "rule.trim.from", "wrong_type"),
    (put("rule", "trim", "high", True), "rule.trim.high", "wrong_type"),
    (put("rule", "trim", "low", -1), "rule.trim.low", "too_small"),
    (put("rule", "trim", "low", 1.0), "rule.trim.low", "wrong_type"),
    (put("rule", "trim", "on", "sheet"), "rule.trim.on", "unknown_value"),
    (drop("rule", "trim", "on"), "rule.trim.on", "missing_key"),
    (put("rule", "trim", "each", 1), "rule.trim.each", "unknown_key"),
    (put("rule", "clamp", "within", "-1"), "rule.clamp.within", "too_small"),
    (put("rule", "clamp", "decimals", "2"), "rule.clamp.decimals", "wrong_type"),
    (put("rule", "clamp", "around", "mean"), "rule.clamp.around", "unknown_key"),
    (put("rule", "calibration", "model", "z"), "rule.calibration.model", "unknown_value"),
    (put("rule", "calibration", "ridge", "-1"), "rule.calibration.ridge", "too_small"),
    (put("rule", "calibration", "decimals", None), "rule.calibration.decimals", "wrong_type"),
    (drop("rule", "calibration", "ridge"), "rule.calibration.ridge", "missing_key"),
    (put("rule", "calibration", "by", "panel"), "rule.calibration.by", "unknown_key"),
    (put("rule", "trim", dict(BY_CRITERION)), "rule.calibration", "calibration_needs_totals"),
    (put("rule", "aggregate", "mode"), "rule.aggregate", "unknown_value"),
    (put("rule", "aggregate", "ticks"), "rule.ticks", "missing_key"),
    (put("rule", "ticks", {"at_most": 5}), "rule.ticks", "unknown_key"),
    (put("rule", "decimals", -1), "rule.decimals", "too_small"),
    (put("rule", "decimals", 101), "rule.decimals", "too_large"),
    (put("rule", "decimals", "2"), "rule.decimals", "wrong_type"),
    (put("rule", "quorum", False), "rule.quorum", "wrong_type"),
    (put("rule", "quorum", None), "rule.quorum", "wrong_type"),
    (put("rule", "own_part", "speech"), "rule.own_part", "unknown_part"),
    (put("rule", "own_part", 1), "rule.own_part", "wrong_type"),
    (put("rule", "parts", 1, "key", "paper"), "rule.parts[1].key", "duplicate_key"),
    (put("rule", "parts", 1, "weight", 0.6), "rule.parts[1].weight", "not_decimal"),
    (put("rule", "parts", 1, "label", "路演"), "rule.parts[1].label", "unknown_key"),
    (put("rule", "parts", 0, "scale", "max", "0"), "rule.parts[0].scale.max", "too_small"),
    (put("rule", "parts", 0, "scale", "by", "1"), "rule.parts[0].scale.by", "unknown_key"),
    (drop("rule", "parts", 0, "scale", "to"), "rule.parts[0].scale.to", "missing_key"),
    (put("rule", "bonus_cap", 5), "rule.bonus_cap", "not_decimal"),
    (put("rule", "rank", "by", "total"), "rule.rank.by", "unknown_value"),
    (put("rule", "rank", "style", "ordinal"), "rule.rank.style", "unknown_value"),
    (drop("rule", "rank", "ties"), "rule.rank.ties", "missing_key"),
    (put("rule", "rank", "ties", None), "rule.rank.ties", "wrong_type"),
    (put("rule", "rank", "ties", ["lot", "coin"]), "rule.rank.ties[1]", "unknown_tie"),
    (put("rule", "rank", "ties", ["part:"]), "rule.rank.ties[0]", "unknown_tie"),
    (put("rule", "rank", "ties", ["lot:x"]), "rule.rank.ties[0]", "unknown_tie"),
    (put("rule", "rank", "ties", [7]), "rule.rank.ties[0]", "wrong_type"),
    (put("rule", "rank", "ties", ["criterion:gone"]), "rule.rank.ties[0]", "unknown_criterion"),
    (put("rule", "rank", "order", "asc"), "rule.rank.order", "unknown_key"),
    # the whole
    (put("format", "chuangtou/scoring@2"), "format", "unknown_format"),
    (drop("format"), "format", "missing_key"),
    (put("remark", "…"), "remark", "unknown_key"),
    (drop("judges"), "judges", "missing_key"),
    (put("proposals", None), "proposals", "wrong_type"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "path", "code"), TABLE, ids=[f"{p}-{c}-{i}" for i, (_, p, c) in enumerate(TABLE)])
def test_document_is_refused(change, path, code):
    doc = full()
    change(doc)
    before = copy.deepcopy(doc)
    with pytest.raises(FormatError) as refused:
        compute(doc)
    assert (refused.value.path, refused.value.code) == (path, code)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.message)
    assert doc == before


@pytest.mark.parametrize("document_", [None, [], "x", 7, True])
def test_what_is_no_object_is_refused(document_):
    with pytest.raises(FormatError) as refused:
        compute(document_)
    assert (refused.value.path, refused.value.code) == ("", "wrong_type")


def test_rule_without_criteria_is_refused_unless_parts_say_all():
    with pytest.raises(FormatError) as refused:
        check_rule(rule())
    assert (refused.value.path, refused.value.code) == ("rule.criteria", "no_criteria")
    assert not check_rule(rule(parts=[{"key": "a", "weight": "1"}])).uses_sheets


def test_unlinked_panels_are_refused():
    sheets = [sheet("J1", "P1", mark="80"), sheet("J2", "P1", mark="81"), sheet("J3", "P2", mark="82")]
    r = rule(criterion(), calibration={"model": "additive", "ridge": "0", "decimals": 4})
    with pytest.raises(FormatError) as refused:
        compute(document(r, [proposal("P1"), proposal("P2")], sheets))
    assert (refused.value.path, refused.value.code) == ("rule.calibration", "unlinked_panels")
    linked = [*sheets, sheet("J1", "P2", mark="80")]
    assert compute(document(r, [proposal("P1"), proposal("P2")], linked))["judges"][0]["judge"] == "J1"


def test_marks_are_checked_on_sheets_that_do_not_count_too():
    doc = full()
    doc["sheets"][3] |= {"state": "void", "marks": {"need": "26"}}
    with pytest.raises(FormatError) as refused:
        compute(doc)
    assert refused.value.path == "sheets[3].marks.need"


def test_withdrawn_proposal_needs_no_parts():
    doc = full()
    doc["proposals"][1] |= {"state": "withdrawn", "parts": {}}
    assert [r["outcome"] for r in compute(doc)["results"]] == ["ranked", "withdrawn"]


@pytest.mark.parametrize(
    ("marks", "path", "code"),
    [
        ({"tick": "0"}, "sheets[0].marks.tick", "not_a_tick"),
        ({"tick": 1}, "sheets[0].marks.tick", "not_decimal"),
        ({"need": "1"}, "sheets[0].marks.need", "unknown_key"),
    ],
)
def test_tick_sheets_hold_ticks_only(marks, path, code):
    r = rule(criterion("need"), aggregate="ticks", ticks={"at_most": 1})
    with pytest.raises(FormatError) as refused:
        compute(document(r, [proposal()], [{"judge": "J1", "proposal": "P1", "marks": marks}]))
    assert (refused.value.path, refused.value.code) == (path, code)


@pytest.mark.parametrize(
    ("ticks", "path", "code"),
    [
        (5, "rule.ticks", "wrong_type"),
        ({}, "rule.ticks.at_most", "missing_key"),
        ({"at_most": "5"}, "rule.ticks.at_most", "wrong_type"),
        ({"at_most": 5, "at_least": 1}, "rule.ticks.at_least", "unknown_key"),
    ],
)
def test_tick_rule_is_checked(ticks, path, code):
    with pytest.raises(FormatError) as refused:
        check_rule(rule(aggregate="ticks", ticks=ticks))
    assert (refused.value.path, refused.value.code) == (path, code)


def test_half_of_a_surrogate_pair_has_no_digest():
    doc = full()
    doc["judges"][0]["name"] = "\ud800"
    with pytest.raises(FormatError) as refused:
        compute(doc)
    assert refused.value.code == "not_unicode"


def test_single_sheet_says_what_is_missing():
    r = check_rule(rule(criterion("a", "5", "1"), criterion("b", "5", "1")))
    with pytest.raises(FormatError) as refused:
        check_marks(r, {"b": "4"}, complete=True)
    assert (refused.value.path, refused.value.code, refused.value.message) == (
        "marks.a",
        "missing_mark",
        "“项目a”没有打分。",
    )
    assert set(check_marks(r, {"b": "4"}, complete=False)) == {"b"}
