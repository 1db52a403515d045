"""Partners, activity plan and indicators: saved with the draft, kept in the version, compared between versions."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from needs.models import LibraryTheme
from projects.domain.changes import changes
from projects.domain.parts import (
    ActivityRow,
    GoalRow,
    PartnerRow,
    Parts,
    activity_gaps,
    goal_gaps,
    goals_of,
    partner_gaps,
    plain_number,
)
from projects.models import Activity, Indicator, Partner, Proposal
from projects.services import FieldNotOpen, missing, save_draft, sketch_of, start_proposal, submit_proposal
from projects.services.parts import parts_of
from tests.projects import make
from tests.projects.test_views import typed
from tests.world import build

PARTNERS = [
    PartnerRow("party", "溡源社区党总支", "提供场地和党员志愿者", Decimal("0.00")),
    PartnerRow("social", "邻里互助社", "回收旧物", Decimal("1500.00")),
]
ACTIVITIES = [ActivityRow("旧物市集", date(2027, 3, 13), date(2027, 3, 13), "社区广场", 60)]
GOALS = [GoalRow("活动场次", Decimal("6.00"), "场"), GoalRow("满意率", Decimal("95.50"), "%")]
FULL = Parts(PARTNERS, ACTIVITIES, GOALS)


@pytest.fixture
def now(db):
    return clock.now()


@pytest.fixture
def here(now):
    return build(now).here


def save(draft, here, at, parts):
    stored = Proposal.objects.get(pk=draft.pk)
    return save_draft(
        proposal_id=draft.pk, facts={}, lines=list(make.LINES), need_ids=list(stored.needs.values_list("pk", flat=True)), order_ids=[],
        revision=stored.revision, by=here.people["member"], at=at, parts=parts,
    )  # fmt: skip


def as_(user):
    client = Client()
    client.force_login(user)
    return client


# --- the arithmetic


def test_shares_may_take_the_whole_grant_and_not_a_fen_more():
    assert partner_gaps(PARTNERS, Decimal("1500.00")) == []
    assert partner_gaps(PARTNERS, Decimal("1499.99")) == [
        "合作单位使用资金合计 1,500.00 元，超过申请资金 1,499.99 元，请调减"
    ]


@given(st.lists(st.integers(0, 1_000_000), max_size=20), st.integers(0, 10_000_000))
def test_shares_are_refused_exactly_where_they_exceed_the_grant(fen, grant):
    rows = [PartnerRow("party", "甲", "乙", Decimal(f).scaleb(-2)) for f in fen]
    assert bool(partner_gaps(rows, Decimal(grant).scaleb(-2))) == (sum(fen) > grant)


def test_zero_is_a_share_and_nothing_is_none():
    assert partner_gaps([PartnerRow("party", "甲", "乙", None)], Decimal(9)) == [
        "合作单位第 1 行请填写使用申请资金（没有填 0）"
    ]
    assert activity_gaps([ActivityRow("开会", date(2027, 1, 1), date(2027, 1, 1), "室内", 0)], None, None) == []
    assert goal_gaps([GoalRow("投诉", Decimal(0), "件")]) == []


@pytest.mark.parametrize(
    ("begin", "end", "fits"),
    [
        (date(2027, 1, 1), date(2027, 12, 31), True),
        (date(2026, 12, 31), date(2027, 1, 1), False),
        (date(2027, 12, 31), date(2028, 1, 1), False),
        (date(2027, 6, 1), date(2027, 6, 1), True),
    ],
)
def test_an_activity_lies_within_the_period(begin, end, fits):
    row = ActivityRow("活动", begin, end, "广场", 9)
    assert (activity_gaps([row], date(2027, 1, 1), date(2027, 12, 31)) == []) is fits


def test_what_a_row_lacks_is_named():
    assert activity_gaps([ActivityRow("", None, None, "", None)], None, None) == [
        "活动安排第 1 行请填写活动、开始日期、结束日期、地点、人次"
    ]
    assert goal_gaps([GoalRow("场次", None, "")]) == ["指标表第 1 行请填写目标值、单位"]


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("4–6场; 600人次; 志愿者40", [("活动场次", "4", "场"), ("服务人次", "600", "人次"), ("志愿者", "40", "")]),
        ("结对20户; 口述史10篇", [("结对", "20", "户"), ("口述史", "10", "篇")]),
        ("满意率≥95%\n1,200人次", [("满意率", "95", "%"), ("服务人次", "1200", "人次")]),
        ("形成制度。", [("形成制度", "", "")]),
        ("", []),
    ],
)  # fmt: skip
def test_indicators_of_a_theme_become_rows(words, rows):
    assert [(r.name, plain_number(r.number), r.unit) for r in goals_of(words)] == rows


@pytest.mark.django_db
def test_every_theme_of_the_library_gives_rows_that_can_be_stored(here):
    for theme in LibraryTheme.objects.all():
        for row in goals_of(theme.indicators):
            Indicator(name=row.name, number=row.number, unit=row.unit).clean_fields(exclude=["proposal", "position"])
            assert row.name


# --- stored, frozen, compared


def test_rows_are_saved_in_their_order_and_replaced_by_the_next_save(here, now):
    draft = make.make_complete_draft(here, now)
    save(draft, here, now, FULL)
    assert parts_of(draft) == FULL
    save(draft, here, now, Parts(partners=[], goals=GOALS[:1]))
    assert parts_of(draft) == Parts([], ACTIVITIES, GOALS[:1])
    save(draft, here, now, None)
    assert (Partner.objects.count(), Activity.objects.count(), Indicator.objects.count()) == (0, 1, 1)


def test_a_draft_may_be_incomplete_but_is_not_handed_in(here, now):
    draft = make.make_complete_draft(here, now)
    save(
        draft,
        here,
        now,
        Parts([PartnerRow("party", "", "", Decimal(9000))], [ActivityRow("", None, None, "", None)], GOALS),
    )
    keys = [key for key, _ in missing(Proposal.objects.get(pk=draft.pk))]
    assert keys == ["partners", "partners", "activities"]


def test_the_version_keeps_the_rows_and_a_return_opens_only_the_marked_ones(here, now):
    draft = make.make_complete_draft(here, now)
    save(draft, here, now, FULL)
    submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=now)
    first = draft.versions.get().content
    assert first["partners"][1] == {"kind": "社会组织", "name": "邻里互助社", "task": "回收旧物", "amount": "1500.00"}
    assert first["activities"] == [
        {"what": "旧物市集", "starts_on": "2027-03-13", "ends_on": "2027-03-13", "where": "社区广场", "people": 60}
    ]
    assert first["goals"][1] == {"name": "满意率", "number": "95.5", "unit": "%"}
    make.decide(draft, here, "return", now, fields_open=["goals"], complete_by=now + timedelta(days=2))
    with pytest.raises(FieldNotOpen):
        save(draft, here, now, Parts(partners=PARTNERS[:1]))
    save(draft, here, now, Parts(PARTNERS, ACTIVITIES, [GoalRow("活动场次", Decimal("8.00"), "场")]))
    submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=now)
    second = draft.versions.get(number=2).content
    assert [(c.label, c.gone, c.come) for c in changes(first, second)] == [
        ("指标表", ("活动场次 6 场", "满意率 95.5 %"), ("活动场次 8 场",))
    ]
    page = as_(here.people["office"]).get(f"/proposals/{draft.pk}/").content.decode()
    assert "比上一版改了 1 处" in page
    assert "<ins>活动场次 8 场</ins>" in page


def test_versions_from_before_the_parts_can_be_compared_and_shown():
    old = {"title": "甲", "plan": "一\n二\n三", "needs": [], "orders": [], "lines": []}
    new = old | {"plan": "一\n二改\n三", "goals": [{"name": "场次", "number": "6", "unit": "场"}]}
    assert [(c.label, c.gone, c.come) for c in changes(old, new)] == [
        ("实施计划", ("二",), ("二改",)),
        ("指标表", (), ("场次 6 场",)),
    ]


def test_a_proposal_from_a_theme_begins_with_its_indicators(here, now):
    theme = LibraryTheme(code="T99", name="主题", target_group="居民", activities="活动", indicators="4–6场; 600人次")
    draft = start_proposal(
        round_id=here.round.pk, organization=here.organization, title="从主题开始", by=here.people["member"], at=now, sketch=sketch_of(theme)
    )  # fmt: skip
    assert parts_of(draft).goals == [
        GoalRow("活动场次", Decimal("4.00"), "场"),
        GoalRow("服务人次", Decimal("600.00"), "人次"),
    ]


# --- the page


def rows(prefix, *given):
    found = {f"{prefix}-TOTAL_FORMS": str(len(given)), f"{prefix}-INITIAL_FORMS": "0"}
    for n, row in enumerate(given):
        found |= {f"{prefix}-{n}-{key}": value for key, value in row.items()}
    return found


def test_autosave_keeps_the_rows_and_says_what_they_lack(here, now):
    draft, client = make.make_draft(here, now), as_(here.people["member"])
    posted = typed(here, draft, auto="1") | rows(
        "partner", {"kind": "party", "name": "党总支", "task": "场地", "amount": "0"}, {"kind": "party", "name": "", "task": "", "amount": ""}
    ) | rows("activity", {"what": "市集", "starts_on": "2027年3月13日", "ends_on": "", "where": "", "people": "６０"}) | rows(
        "goal", {"name": "场次", "number": "6", "unit": "场"}
    )  # fmt: skip
    del posted["save"]
    answer = client.post(f"/proposals/{draft.pk}/edit/", posted)
    assert answer.status_code == 200
    assert {"href": "#activities", "words": "活动安排第 1 行请填写结束日期、地点"} in answer.json()["gaps"]
    stored = parts_of(draft)
    assert stored.partners == [PartnerRow("party", "党总支", "场地", Decimal("0.00"))]
    assert stored.activities == [ActivityRow("市集", date(2027, 3, 13), None, "", 60)]
    assert stored.goals == [GoalRow("场次", Decimal("6.00"), "场")]
    bad = posted | {"revision": answer.json()["revision"], "goal-0-number": "六"}
    assert client.post(f"/proposals/{draft.pk}/edit/", bad).status_code == 422
    page = client.post(
        f"/proposals/{draft.pk}/edit/", {k: v for k, v in bad.items() if k != "auto"} | {"save": "1"}
    ).content.decode()
    assert "第 1 行：请填写数字" in page
    assert 'value="六"' in page


def test_a_page_without_the_tables_leaves_the_rows_alone(here, now):
    draft = make.make_complete_draft(here, now)
    save(draft, here, now, FULL)
    draft.refresh_from_db()
    answer = as_(here.people["member"]).post(f"/proposals/{draft.pk}/edit/", typed(here, draft))
    assert answer.status_code == 302
    assert parts_of(draft) == FULL


def test_more_rows_without_a_script_keep_what_was_typed(here, now):
    draft = make.make_draft(here, now)
    posted = typed(here, draft, more="goal") | rows("goal", {"name": "场次", "number": "六", "unit": ""})
    page = as_(here.people["member"]).post(f"/proposals/{draft.pk}/edit/", posted)
    table = next(t for t in page.context["tables"] if t.kind.key == "goals")
    assert (len(table.formset.forms), table.has_errors(), 'value="六"' in page.content.decode()) == (4, False, True)
    assert not Indicator.objects.exists()


def test_an_activity_that_ends_before_it_begins_is_refused_at_its_field(here, now):
    draft = make.make_draft(here, now)
    posted = typed(here, draft) | rows(
        "activity", {"what": "市集", "starts_on": "2027-03-13", "ends_on": "2027-03-12", "where": "", "people": ""}
    )
    page = as_(here.people["member"]).post(f"/proposals/{draft.pk}/edit/", posted)
    assert "第 1 行：结束日期不能早于开始日期 2027-03-13。" in page.content.decode()
    assert not Activity.objects.exists()


def test_the_rows_are_shown_to_who_looks_through(here, now):
    draft = make.make_complete_draft(here, now)
    save(draft, here, now, FULL)
    page = as_(here.people["member"]).get(f"/proposals/{draft.pk}/check/").content.decode()
    for words in ("溡源社区党总支", "旧物市集", "95.5", "1,500.00"):
        assert words in page


def test_pages_cost_the_same_however_many_rows(here, now, django_assert_num_queries):
    draft, client = make.make_complete_draft(here, now), as_(here.people["member"])
    for page in ("edit", "check", "print"):
        save(draft, here, now, FULL)
        with CaptureQueriesContext(connection) as few:
            assert client.get(f"/proposals/{draft.pk}/{page}/").status_code == 200
        save(draft, here, now, Parts(PARTNERS * 9, ACTIVITIES * 50, GOALS * 14))
        with django_assert_num_queries(len(few)):
            client.get(f"/proposals/{draft.pk}/{page}/")
