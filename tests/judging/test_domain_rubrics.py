"""Ready rubrics are sound rules."""

import pytest

from judging.domain.rubrics import RUBRICS, standard_rule
from judging.domain.scoring import check_rule, sheet_total


@pytest.mark.parametrize("rubric", RUBRICS.values(), ids=RUBRICS.keys())
def test_standard_rule_of_a_rubric_is_accepted(rubric):
    rule = check_rule(standard_rule(rubric))
    assert [c.key for c in rule.criteria.values()] == [c.key for c in rubric.criteria]
    assert sheet_total(rule, {c.key: c.most for c in rubric.criteria}) == rubric.full_marks
    assert all((c.most - c.least) % c.step == 0 for c in rule.criteria.values())


@pytest.mark.parametrize("rubric", RUBRICS.values(), ids=RUBRICS.keys())
def test_maxima_add_up(rubric):
    assert rubric.full_marks == {"micro": 35, "grade": 1000, "monthly": 10}.get(rubric.key, 100)
    assert {rubric.dimensions, rubric.weights} <= {"real", "typical"}


def test_community_rubric_tells_what_to_look_at():
    community = RUBRICS["community"]
    assert [(c.label, c.most) for c in community.criteria] == [
        ("需求契合", "25"), ("项目设计", "25"), ("预期成效", "20"), ("执行团队", "15"), ("预算与资金管理", "10"), ("现场表达", "5"),
    ]  # fmt: skip
    assert all(c.hint for c in community.criteria)


def test_party_rubric_has_its_weights():
    assert [(c.label, c.most) for c in RUBRICS["party"].criteria] == [
        ("党建引领与政治功能", "20"), ("党群联动", "20"), ("群众受惠面与需求", "20"), ("可行性", "15"), ("创新与品牌", "15"), ("现场路演", "10"),
    ]  # fmt: skip
