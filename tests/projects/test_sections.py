"""Sections, commitment and attachments that a round asks: what a draft lacks, what a version keeps, what is shown."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from core import clock
from core.exact import digest
from projects import services
from projects.domain.changes import changes
from projects.domain.meter import meter
from projects.domain.parts import Parts, TargetRow, TeamRow, target_gaps, team_gaps
from projects.domain.sections import Filled, length, tidy
from projects.models import Proposal
from projects.services import fields
from projects.services.papers import KindNotAsked, PaperTooLarge, TooManyOfAKind, add_attachment, remove_attachment
from tests.judging.make import open_session
from tests.projects import make
from tests.projects.asked import ALL, PROMISE, TEXTS, asking, papers, sections
from tests.projects.files import pdf
from tests.projects.test_application import text_of
from tests.projects.test_views import text, typed
from tests.world import World, build

TEAM = [TeamRow("项目负责人", "中级社工师", 1, "统筹"), TeamRow("志愿者", "有急救证", 6, "")]
TARGETS = [TargetRow("独居老人", 250, ""), TargetRow("照护者", 50, "子女")]
FULL = Parts(team=TEAM, targets=TARGETS)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def now(db):
    return clock.now()


@pytest.fixture
def here(now):
    return build(now).here


@pytest.fixture
def asks(here, now):
    return asking(here, now, sections=ALL)


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def url(proposal, name=""):
    return f"/proposals/{proposal.pk}/" + (f"{name}/" if name else "")


def fill(draft, street, at, parts=FULL, **changed):
    """Save everything; `changed` are fields."""
    stored = Proposal.objects.get(pk=draft.pk)
    return services.save_draft(
        proposal_id=draft.pk, facts=make.facts(street, **(TEXTS | changed)), lines=make.LINES, need_ids=[make.make_need(street, at).pk],
        order_ids=[], revision=stored.revision, by=street.people["member"], at=at, parts=parts,
    )  # fmt: skip


def shown(answer):
    return text_of(b"".join(answer.streaming_content))


def lacks(draft):
    return [words for field, words in services.missing(Proposal.objects.get(pk=draft.pk))]


def submit(draft, street, at, **more):
    return services.submit_proposal(proposal_id=draft.pk, by=street.people["member"], at=at, **more)


# --- what is missing


def test_blanks_and_line_ends_do_not_count():
    assert (length(" 一 二\r\n三　四\n"), tidy("一\r\n二\r三 ")) == (4, "一\n二\n三")


def test_rows_of_team_and_targets_say_what_they_lack():
    assert team_gaps([TeamRow("", "", None, "跑腿"), TEAM[0]]) == ["项目团队第 1 行请填写分工、资格或经验、人数"]
    assert target_gaps([TargetRow("老人", None, "")], 5) == ["服务对象第 1 行请填写人数"]
    assert target_gaps(TARGETS, 300) == []
    assert target_gaps(TARGETS, 20) == ["服务对象合计 300 人，与直接受益人数 20 人不一致，请核对"]
    assert target_gaps([TargetRow("只受影响的人", 0, "")], 0) == []


def test_an_older_round_asks_nothing(here, now):
    draft = make.make_complete_draft(here, now)
    assert (services.missing(draft), draft.sections) == ([], {})
    assert {"sections", "team", "targets", "promise", "paper"} & set(services.content_of(draft)) == set()
    assert set(services.fields_of(here.round)) == set(services.FIELDS) - set(fields.SECTION_FIELDS)


def test_compulsory_sections_are_gaps_and_optional_ones_are_not(asks, now):
    draft = make.make_draft(asks, now)
    make.save(draft, asks, now, need_ids=(make.make_need(asks, now).pk,))
    assert lacks(draft) == [
        "请填写项目团队，至少一行",
        "请填写必要性和需求分析",
        "请填写项目目标",
        "请填写服务对象和人数，至少一行",
    ]
    fill(draft, asks, now)
    assert lacks(draft) == []


def test_what_is_too_long_is_kept_and_said(asks, now):
    draft = make.make_draft(asks, now)
    fill(draft, asks, now, section_need="长" * 23)
    assert Proposal.objects.get().sections["need"] == "长" * 23
    assert lacks(draft) == ["必要性和需求分析写了 23 字，最多 20 字，请删减 3 字"]
    with pytest.raises(services.NotComplete):
        submit(draft, asks, now)


def test_a_section_that_is_not_asked_is_not_kept(asks, now):
    draft = make.make_draft(asks, now)
    fill(draft, asks, now, section_publicity="在群里说。")
    assert set(Proposal.objects.get().sections) == {"intro", "need", "aims"}


# --- who the applicant is comes along


def test_the_first_application_begins_with_the_registry_and_the_next_with_the_last(asks, here, now):
    row = asks.organization
    row.business, row.grade = "为老服务。", "3A"
    row.save()
    draft = make.make_draft(asks, now)
    assert draft.sections == {"intro": f"{row.name}，登记社会组织，评估等级3A。业务范围：为老服务。"}
    fill(draft, asks, now, section_intro="我们有八个人。")
    submit(draft, asks, now)
    later = asking(here, now, sections=sections(intro="required", need="required"))
    assert make.make_draft(later, now).sections == {"intro": "我们有八个人。"}
    stranger = make.make_draft(later, now, organization=here.other_organization, by=here.people["other_member"])
    assert "我们有八个人" not in stranger.sections["intro"]


# --- versions and returns


def test_a_version_keeps_titles_and_rows_and_the_next_says_what_changed(asks, now):
    draft = make.make_draft(asks, now)
    fill(draft, asks, now)
    proposal = submit(draft, asks, now)
    first = proposal.versions.get().content
    assert first["sections"][1] == {"key": "need", "label": "必要性和需求分析", "words": "楼上三十位老人下楼难。"}
    assert first["team"][0] == {"function": "项目负责人", "qualification": "中级社工师", "count": 1, "task": "统筹"}
    assert first["targets"][1] == {"group": "照护者", "number": 50, "note": "子女"}
    make.decide(
        proposal, asks, "return", now, fields_open=["section_need", "team"], complete_by=now + timedelta(days=1)
    )
    fill_again(draft, asks, now, parts=Parts(team=TEAM[:1]), section_need="三十二位。")
    submit(draft, asks, now)
    second = proposal.versions.get(number=2).content
    told = {c.label: (c.gone, c.come) for c in changes(first, second)}
    assert told == {
        "必要性和需求分析": (("楼上三十位老人下楼难。",), ("三十二位。",)),
        "项目团队": (("志愿者（有急救证）6 人",), ()),
    }


def fill_again(draft, street, at, parts=None, **changed):
    """Save after a return: only what is `changed` differs."""
    stored = Proposal.objects.get(pk=draft.pk)
    return services.save_draft(
        proposal_id=draft.pk, facts=changed, lines=services.lines_of(stored), need_ids=list(stored.needs.values_list("pk", flat=True)),
        order_ids=[], revision=stored.revision, by=street.people["member"], at=at, parts=parts,
    )  # fmt: skip


def test_a_return_opens_only_the_marked_sections(asks, now):
    draft = make.make_draft(asks, now)
    fill(draft, asks, now)
    proposal = submit(draft, asks, now)
    make.decide(proposal, asks, "return", now, fields_open=["section_need"], complete_by=now + timedelta(days=1))
    for more in ({"section_aims": "别的目标。"}, {"parts": Parts(targets=TARGETS[:1])}):
        with pytest.raises(services.FieldNotOpen, match="必要性和需求分析"):
            fill_again(draft, asks, now, **more)
    fill_again(draft, asks, now, section_need="补充。", section_aims=TEXTS["section_aims"])
    stored = Proposal.objects.get(pk=draft.pk)
    assert (stored.sections["need"], stored.sections["aims"]) == ("补充。", TEXTS["section_aims"])


def test_the_office_can_mark_only_what_the_round_asks(asks, here, now):
    draft = make.make_draft(asks, now)
    fill(draft, asks, now)
    proposal = submit(draft, asks, now)
    page = as_(here.people["office"]).get(url(proposal)).context["form"]
    marks = [value for value, _ in page.fields["fields_open"].choices]
    assert "section_need" in marks
    assert "section_publicity" not in marks


# --- the editor


def test_the_editor_shows_saves_and_measures_the_sections(asks, here, now):
    draft, client = make.make_draft(asks, now), as_(here.people["member"])
    page = client.get(url(draft, "edit"))
    assert [page.content.decode().count(f'id="id_section_{k}"') for k in ("need", "aims", "risks", "publicity")] == [
        1,
        1,
        1,
        0,
    ]
    assert 'data-most="20"' in page.content.decode()
    told = {s["title"]: (s["words"], s["is_done"], s["href"]) for s in page.context["meter"]["sections"]}
    assert told["必要性和需求分析"] == ("0/20 字", False, "#id_section_need")
    assert told["项目团队"] == ("未填", False, "#team")
    assert told["风险和应对措施"] == ("选填", True, "#id_section_risks")
    body = typed(
        asks,
        draft,
        auto="1",
        section_need="楼上\r\n老人",
        **rows("team", function="组长", qualification="社工", count="1", task=""),
    )
    answer = client.post(url(draft, "edit"), body).json()
    told = {s["title"]: (s["words"], s["is_done"]) for s in answer["meter"]["sections"]}
    assert (told["必要性和需求分析"], told["项目团队"]) == (("4/20 字", True), ("1 行", True))
    stored = Proposal.objects.get()
    assert (stored.sections["need"], stored.team.get().function) == ("楼上\n老人", "组长")
    assert {g["href"] for g in answer["gaps"]} == {"#id_section_intro", "#id_section_aims", "#targets", "#div_id_needs"}


@pytest.mark.parametrize("prefix", ["team", "goal"])
def test_rows_stored_by_autosave_stay_when_the_same_page_is_saved_again(asks, here, now, prefix):
    draft, client = make.make_draft(asks, now), as_(here.people["member"])
    fields = {
        "team": {"function": "组长", "qualification": "社工", "count": "1", "task": ""},
        "goal": {"name": "场次", "number": "6", "unit": "场"},
    }[prefix]
    answer = client.post(url(draft, "edit"), typed(asks, draft, auto="1", **rows(prefix, **fields))).json()
    again = typed(asks, draft, **rows(prefix, **fields)) | {"revision": answer["revision"]}
    assert client.post(url(draft, "edit"), again).status_code == 302
    stored = Proposal.objects.get()
    assert (stored.team.count(), stored.goals.count()) == ((1, 0) if prefix == "team" else (0, 1))


def rows(prefix, **fields):
    return {f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "0", f"{prefix}-MIN_NUM_FORMS": "0", f"{prefix}-MAX_NUM_FORMS": "20"} | {
        f"{prefix}-0-{k}": v for k, v in fields.items()
    }  # fmt: skip


def test_a_phone_in_the_team_is_refused_at_its_field_and_nothing_is_lost(asks, here, now):
    draft = make.make_draft(asks, now)
    body = typed(
        asks,
        draft,
        section_need="楼上老人",
        **rows("team", function="李某 13800001234", qualification="社工", count="1", task=""),
    )
    answer = as_(here.people["member"]).post(url(draft, "edit"), body)
    assert "第 1 行：这里不写电话和证件号码，请删去。" in text(answer)
    assert "楼上老人" in answer.content.decode()
    assert Proposal.objects.get().team.count() == 0


def test_a_required_section_counts_once_and_an_optional_one_only_by_its_gaps():
    asked = [
        Filled("目标", "#a", "section_aims", "0/9 字", True, False),
        Filled("风险", "#b", "section_risks", "选填", False, False),
    ]
    found = meter(["section_aims"], {}, asked)
    assert (found["filled"], found["total"]) == (13, 14)
    assert meter([], {}, asked)["filled"] == 14
    assert meter(["section_risks"], {}, asked)["total"] == 15


# --- readers


def test_print_word_and_the_office_see_them(asks, here, now):
    draft = make.make_draft(asks, now)
    fill(draft, asks, now)
    submit(draft, asks, now)
    office = as_(here.people["office"])
    for page in (office.get(url(draft)), office.get(url(draft, "print"))):
        words = text(page)
        assert "必要性和需求分析 楼上三十位老人下楼难。" in words
        assert "中级社工师" in words
        assert "独居老人" in words
    word = shown(office.get(url(draft, "word")))
    for piece in ("五、单位简介", "六、必要性和需求分析", "中级社工师", "独居老人", "合计"):
        assert piece in word, piece


def test_the_judges_read_them(here, now):
    world = World(here.area, asking(here, now, sections=sections(intro="optional", risks="optional")), here, now)
    session, entries = open_session(world, now)
    page = as_(here.people["judge"]).get(f"/judge/{session.pk}/{entries[0].pk}/material/")
    assert "单位简介 第0协会，登记社会组织。" in text(page)
    assert "风险和应对措施" not in text(page)  # optional, and empty


# --- commitment


def test_the_commitment_is_ticked_and_kept_with_its_digest(here, now):
    street = asking(here, now, promise=PROMISE)
    draft = make.make_complete_draft(street, now)
    client = as_(here.people["member"])
    page = client.get(url(draft, "check"))
    assert PROMISE in page.content.decode()
    answer = client.post(url(draft, "submit"), {"revision": page.context["proposal"].revision})
    assert answer.status_code == 400
    assert "请先勾选承诺再提交。" in text(answer)
    assert (Proposal.objects.get(pk=draft.pk).state, draft.versions.count()) == ("draft", 0)
    answer = client.post(url(draft, "submit"), {"revision": page.context["proposal"].revision, "promised": "1"})
    assert answer["Location"] == url(draft, "receipt")
    kept = draft.versions.get().content["promise"]
    assert kept == {"words": PROMISE, "digest": digest(PROMISE)}
    event = Event.objects.filter(verb="projects.submitted").latest("pk")
    assert event.facts["promise"] == digest(PROMISE)
    assert PROMISE in text(client.get(url(draft, "print")))
    assert digest(PROMISE)[:16] in shown(client.get(url(draft, "word")))
    assert client.post(url(draft, "submit"))["Location"] == url(draft, "receipt")  # sent twice


def test_after_a_return_it_is_ticked_again(here, now):
    street = asking(here, now, promise=PROMISE)
    proposal = submit(make.make_complete_draft(street, now), street, now, promised=True)
    make.decide(proposal, street, "return", now, fields_open=["plan"], complete_by=now + timedelta(days=1))
    with pytest.raises(services.PromiseMissing):
        submit(proposal, street, now)
    assert submit(proposal, street, now, promised=True).versions.count() == 2


# --- attachments


def test_required_attachments_of_this_kind_of_applicant_are_gaps(here, now):
    asked = papers(
        ("registration", "required", 1, 10, ("social",)),
        ("own1", "required", 2, 1, ("team",)),
        ("other", "optional", 5, 10, ()),
    )
    street = asking(here, now, papers=asked)
    draft = make.make_complete_draft(street, now)
    assert services.missing(draft) == [("attachments", "请在附件材料中上传登记证书")]
    page = as_(here.people["member"]).get(url(draft, "edit"))
    assert 'href="#attachments"' in page.content.decode()
    with pytest.raises(services.NotComplete, match="登记证书"):
        submit(draft, street, now)
    member = here.people["member"]
    with pytest.raises(KindNotAsked):
        add_attachment(proposal_id=draft.pk, kind="own1", file=pdf(), by=member, at=now)
    kept = add_attachment(proposal_id=draft.pk, kind="registration", file=pdf(), by=member, at=now)
    with pytest.raises(TooManyOfAKind, match="登记证书最多 1 个"):
        add_attachment(proposal_id=draft.pk, kind="registration", file=pdf(more=b"%2"), by=member, at=now)
    assert services.missing(draft) == []
    remove_attachment(attachment_id=kept.pk, by=member, at=now)
    assert services.missing(draft) != []


def test_a_kind_has_a_size_and_a_name_of_the_round(here, now):
    asked = papers(("registration", "optional", 3, 1, ()))
    asked[0]["label"] = "法人登记证书副本"
    street = asking(here, now, papers=asked)
    draft, member = make.make_draft(street, now), here.people["member"]
    with pytest.raises(PaperTooLarge, match=r"法人登记证书副本每个不超过 1 MB，这份有 1\.1 MB"):
        add_attachment(
            proposal_id=draft.pk, kind="registration", file=pdf(more=b"%" + b"a" * 1_150_000), by=member, at=now
        )
    add_attachment(proposal_id=draft.pk, kind="registration", file=pdf(), by=member, at=now)
    assert services.content_of(draft)["attachments"][0]["kind"] == "法人登记证书副本"
    page = as_(member).get(url(draft, "attachments"))
    assert [v for v, _ in page.context["form"].fields["kind"].choices] == ["", "registration"]
    assert "法人登记证书副本 有则提供，最多 3 个，每个不超过 1 MB 1 个" in text(page)


def test_the_check_finds_what_is_gone(here, now):
    street = asking(here, now, papers=papers(("registration", "required", 1, 10, ())))
    draft, member = make.make_complete_draft(street, now), here.people["member"]
    kept = add_attachment(proposal_id=draft.pk, kind="registration", file=pdf(), by=member, at=now)
    proposal = submit(draft, street, now)
    assert [f.key for f in services.checking.check(proposal, now)] == ["uscc_missing"]
    make.decide(proposal, street, "return", now, fields_open=["attachments"], complete_by=now + timedelta(days=1))
    remove_attachment(attachment_id=kept.pk, by=member, at=now)
    found = services.checking.check(Proposal.objects.select_related("round", "organization").get(pk=draft.pk), now)
    assert [(f.key, f.severity, f.words) for f in found if f.key != "uscc_missing"] == [
        ("papers", "block", "缺少本期必须提供的附件 1 种：登记证书。")
    ]


# --- cost


def test_pages_cost_the_same_however_full_the_sections(asks, here, now):
    draft = make.make_draft(asks, now)
    fill(draft, asks, now)
    client = as_(here.people["member"])
    client.get(url(draft, "edit"))
    counts = []
    for parts in (FULL, Parts(team=TEAM * 10, targets=[TargetRow("老人", 15, "")] * 20)):
        fill(draft, asks, now, parts=parts, section_risks="风" * 90)
        each = []
        for name in ("edit", "check", "print"):
            with CaptureQueriesContext(connection) as found:
                assert client.get(url(draft, name)).status_code == 200
            each.append(len(found))
        counts.append(each)
    assert counts[0] == counts[1]
