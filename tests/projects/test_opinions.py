"""The community's opinion: who gives it, when, what lacks; the applicant's reminder."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import RoleGrant
from core import clock
from core.errors import NotAllowed
from messaging.models import Notice
from projects import rules
from projects.domain.findings import opinion_mark
from projects.exports import _check_rows
from projects.models import CommunityOpinion, OpinionReminder, Proposal, ProposalVersion
from projects.services import checking, submit_proposal, withdraw_proposal
from projects.services.opinions import (
    NobodyInCommunity,
    OpinionAskedToday,
    OpinionClosed,
    OpinionGiven,
    OpinionNeedsWords,
    give_opinion,
    remind_community,
)
from projects.services.papers import add_attachment
from tests.projects import make
from tests.projects.asked import asking
from tests.projects.files import pdf
from tests.projects.test_application import text_of
from tests.projects.test_views import text
from tests.world import build


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def now(db):
    return clock.now()


@pytest.fixture
def world(now):
    return build(now)


@pytest.fixture
def here(world):
    return world.here


@pytest.fixture
def street(here, now):
    return asking(here, now, opinion="required")


@pytest.fixture
def proposal(street, now):
    return make.make_submitted_proposal(street, now)


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def url(proposal, act=""):
    return f"/proposals/{proposal.pk}/opinion/" + (f"{act}/" if act else "")


def give(proposal, here, at, *, agrees=True, words="场地由社区提供。", by="community"):
    return give_opinion(proposal_id=proposal.pk, agrees=agrees, words=words, by=here.people[by], at=at)


def found(proposal, at):
    stored = Proposal.objects.select_related("round", "organization").get(pk=proposal.pk)
    return [(f.key, f.severity) for f in checking.check(stored, at) if f.code.startswith("opinion")]


def test_the_community_agrees_and_everybody_reads_it(proposal, here, now):
    client = as_(here.people["community"])
    assert client.get(url(proposal)).context["gives_opinion"] is True
    answer = client.post(url(proposal), {"agrees": "yes", "words": "场地由社区提供。"})
    assert answer["Location"] == url(proposal)
    stored = CommunityOpinion.objects.get()
    assert (stored.agrees, stored.words, stored.community, stored.version.number) == (
        True,
        "场地由社区提供。",
        here.communities[0],
        1,
    )
    assert Notice.objects.filter(recipient=here.people["member"], kind="projects.opinion_given").count() == 1
    for who in ("office", "member", "leader"):
        assert "场地由社区提供。" in text(as_(here.people[who]).get(f"/proposals/{proposal.pk}/"))
    member = as_(here.people["member"])
    printed = text(member.get(f"/proposals/{proposal.pk}/print/"))
    assert f"同意。场地由社区提供。（{here.communities[0].name}，" in printed
    word = text_of(b"".join(member.get(f"/proposals/{proposal.pk}/word/").streaming_content))
    assert "同意。场地由社区提供。" in word
    assert "电子意见" in word
    assert "（盖章）" in word


def test_a_no_needs_words_on_the_form_in_the_service_and_in_the_table(proposal, here, now):
    answer = as_(here.people["community"]).post(url(proposal), {"agrees": "no", "words": " "})
    assert "不同意请写明理由" in text(answer)
    with pytest.raises(OpinionNeedsWords):
        give(proposal, here, now, agrees=False, words=" ")
    version = ProposalVersion.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        CommunityOpinion.objects.create(
            proposal=proposal, version=version, community=here.communities[0], agrees=False, given_by=here.people["office"], given_at=now
        )  # fmt: skip
    assert CommunityOpinion.objects.count() == 0


@pytest.mark.parametrize("who", ["office", "leader", "supervisor", "finance", "member"])
def test_others_read_and_may_not_give(proposal, here, who):
    client = as_(here.people[who])
    assert client.get(url(proposal)).status_code == 200
    assert client.post(url(proposal), {"agrees": "yes", "words": ""}).status_code == 403
    assert CommunityOpinion.objects.count() == 0


def test_another_community_and_another_street_find_nothing(proposal, world, street, now):
    here = world.here
    Proposal.objects.filter(pk=proposal.pk).update(community=here.communities[1])
    assert as_(here.people["community"]).post(url(proposal), {"agrees": "yes", "words": ""}).status_code == 404
    assert as_(world.there.people["community"]).post(url(proposal), {"agrees": "yes", "words": ""}).status_code == 404
    with pytest.raises(NotAllowed):
        give(proposal, here, now)


def test_nobody_speaks_for_the_community_on_her_own_application(proposal, here, now):
    here.organization.members.create(user=here.people["community"], duty="clerk", since=now)
    with pytest.raises(NotAllowed):
        give(proposal, here, now)


def test_a_round_that_asks_none_has_no_such_page(here, now):
    plain = make.make_submitted_proposal(here, now)
    assert as_(here.people["community"]).get(url(plain)).status_code == 404
    with pytest.raises(NotAllowed):
        give(plain, here, now)
    assert found(plain, now) == []


def test_the_same_sent_twice_is_there_once_and_another_one_stands(proposal, here, now):
    assert give(proposal, here, now).pk == give(proposal, here, now).pk
    later = give(proposal, here, now, agrees=False, words="场地另有安排。")
    assert rules.standing_opinion(Proposal.objects.select_related("round").get()) == later
    assert CommunityOpinion.objects.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        CommunityOpinion.objects.update(agrees=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        later.delete()


def test_after_the_decision_it_is_closed(proposal, street, here, now):
    give(proposal, here, now)
    make.decide(proposal, street, "pass", now)
    with pytest.raises(OpinionClosed):
        give(proposal, here, now, words="再说一句。")
    withdraw_proposal(proposal_id=proposal.pk, reason="不做了", by=here.people["member"], at=now)
    with pytest.raises(OpinionClosed):
        remind_community(proposal_id=proposal.pk, by=here.people["member"], at=now)


def test_a_draft_has_no_opinion_yet(street, here, now):
    draft = make.make_complete_draft(street, now)
    assert as_(here.people["community"]).get(url(draft)).status_code == 404
    with pytest.raises(OpinionClosed):
        give(draft, here, now)


# --- what lacks


def test_what_is_found_follows_what_there_is(proposal, here, now):
    assert found(proposal, now) == [("opinion", "block")]
    give(proposal, here, now, agrees=False, words="没有场地。")
    assert found(proposal, now) == [("opinion_no", "warn")]
    give(proposal, here, now)
    assert found(proposal, now) == []


def test_a_sealed_scan_stands_for_it(street, here, now):
    draft = make.make_complete_draft(street, now)
    add_attachment(proposal_id=draft.pk, kind="seal", file=pdf(), by=here.people["member"], at=now)
    sent = submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=now)
    assert found(sent, now) == [("opinion_seal", "note")]
    assert Proposal.objects.lacking_opinion().count() == 0


def test_where_it_may_lack_it_is_only_a_note(here, now):
    sent = make.make_submitted_proposal(asking(here, now, opinion="optional"), now)
    assert found(sent, now) == [("opinion", "note")]
    assert opinion_mark([("opinion", "note")]) == ""
    assert [opinion_mark([("opinion", "block")]), opinion_mark([("opinion_no", "warn")]), opinion_mark([])] == [
        "×",
        "？",
        "√",
    ]


def test_an_opinion_on_an_older_version_says_so(proposal, street, here, now):
    give(proposal, here, now)
    make.decide(proposal, street, "return", now, fields_open=["plan"], complete_by=now + timedelta(days=1))
    submit_proposal(proposal_id=proposal.pk, by=here.people["member"], at=now)
    assert found(proposal, now) == [("opinion_older", "note")]


def test_the_office_sees_what_lacks_in_its_list(proposal, here, now):
    office = as_(here.people["office"])
    page = office.get("/proposals/?opinion=lacking")
    assert [r["pk"] for r in page.context["page"]] == [proposal.pk]
    assert "已提交 缺社区意见" in text(page)
    give(proposal, here, now)
    assert list(office.get("/proposals/?opinion=lacking").context["page"]) == []
    assert "已提交 缺社区意见" not in text(office.get("/proposals/?opinion="))


def test_e4_says_it_in_its_column_where_the_round_asks(proposal, street, here, now):
    def cell(round_, row):
        stored = Proposal.objects.select_related("organization").get(pk=row.pk)
        return next(iter(_check_rows(round_, [stored], now.date())))[10]

    assert cell(street.round, proposal) == "×"
    give(proposal, here, now)
    assert cell(street.round, proposal) == "√"
    plain = make.make_submitted_proposal(here, now)
    assert cell(here.round, plain) == ""


def test_the_community_has_it_among_its_tasks(proposal, here, now):
    def tasks():
        return [(t["title"], t["count"]) for t in rules.open_tasks(here.people["community"], now)]

    assert tasks() == [("出具社区意见", 1)]
    give(proposal, here, now)
    assert tasks() == []


# --- reminders


def test_the_applicant_reminds_once_a_day(proposal, here, now):
    client = as_(here.people["member"])
    assert client.get(url(proposal)).context["reminds_now"] is True
    assert client.post(url(proposal, "remind"))["Location"] == url(proposal)
    assert Notice.objects.filter(recipient=here.people["community"], kind="projects.opinion_asked").count() == 1
    assert client.get(url(proposal)).context["reminds_now"] is False
    assert "今天已经提醒过社区" in text(client.post(url(proposal, "remind"), follow=True))
    with pytest.raises(OpinionAskedToday):
        remind_community(proposal_id=proposal.pk, by=here.people["member"], at=now)
    remind_community(proposal_id=proposal.pk, by=here.people["member"], at=now + timedelta(days=1))
    assert OpinionReminder.objects.count() == 2
    assert Notice.objects.filter(recipient=here.people["community"], kind="projects.opinion_asked").count() == 2


def test_only_the_applicant_reminds_and_not_what_is_there(proposal, here, now):
    for who in ("office", "community"):
        assert as_(here.people[who]).post(url(proposal, "remind")).status_code == 403
    give(proposal, here, now)
    with pytest.raises(OpinionGiven):
        remind_community(proposal_id=proposal.pk, by=here.people["member"], at=now)
    assert OpinionReminder.objects.count() == 0


def test_a_community_without_people_is_said(proposal, here, now):
    RoleGrant.objects.filter(role="community").delete()
    with pytest.raises(NobodyInCommunity, match=here.communities[0].name):
        remind_community(proposal_id=proposal.pk, by=here.people["member"], at=now)
    assert OpinionReminder.objects.count() == 0


# --- cost


def copies(first, at, count):
    """More proposals of the same round, straight into the table."""
    Proposal.objects.bulk_create(
        (
            Proposal(
                round=first.round, organization=first.organization, community=first.community, theme=first.theme, title=f"第{i}项",
                requested=first.requested, minimum=first.minimum, state="submitted", receipt_number=f"SB-0-{i}", submitted_at=at,
                created_by=first.created_by, created_at=at, saved_at=at, sections={"need": "长" * 500},
            )
            for i in range(count)
        ),
        batch_size=500,
    )  # fmt: skip


def test_lists_and_page_cost_the_same_at_3_and_at_3000(street, here, now):
    def cost(who, path):
        client = as_(here.people[who])
        client.get(path)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
        return len(asked)

    first = make.make_submitted_proposal(street, now)
    copies(first, now, 2)
    pages = [
        ("office", "/proposals/"), ("office", "/proposals/?opinion=lacking"), ("community", "/proposals/"), ("member", "/proposals/mine/"),
        ("member", f"/proposals/{first.pk}/"), ("community", f"/proposals/{first.pk}/opinion/"),
    ]  # fmt: skip
    few = [cost(*page) for page in pages]
    Proposal.objects.exclude(pk=first.pk).delete()
    copies(first, now, 2999)
    assert [cost(*page) for page in pages] == few
