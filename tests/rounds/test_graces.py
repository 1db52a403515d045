"""Grace for one applicant: only where the round foresees it, bounded, with a reason, to the second; nobody else profits."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from audit.models import Event
from core import clock
from core.errors import NotAllowed
from messaging.models import Notice
from organizations.models import Membership
from projects import services as projects
from projects.models import Proposal
from projects.rules import grace_used, open_tasks
from rounds import services
from rounds.models import Grace
from rounds.rules import closes_for
from tests.projects import make

MICRO = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def here(world):
    return make.ruled(world.here, grace_hours=24)


def grant(street, at, until, reason="截止前平台故障。", who="office", organization=None):
    return services.grant_grace(
        round_id=street.round.pk, organization_id=(organization or street.organization).pk, closes_at=until, reason=reason,
        by=street.people[who], at=at,
    )  # fmt: skip


def rows():
    return (list(Grace.objects.values()), Event.objects.count(), Notice.objects.count())


def submit(draft, street, at, who="member"):
    return projects.submit_proposal(proposal_id=draft.pk, by=street.people[who], at=at)


# --- the second


@pytest.mark.parametrize(("offset", "accepted"), [(-MICRO, True), (timedelta(0), False), (MICRO, False)])
def test_the_later_closing_is_exact_to_the_microsecond(here, at, offset, accepted):
    draft = make.make_complete_draft(here, at)
    closes = here.round.apply_closes_at
    until = closes + 2 * HOUR
    grant(here, closes + HOUR, until)
    if accepted:
        assert submit(draft, here, until + offset).submitted_at == until + offset
        return
    with pytest.raises(projects.RoundClosed) as refused:
        submit(draft, here, until + offset)
    assert refused.value.message == "申报已于 2026年11月30日 14:00:00 截止，不能再提交。您的草稿已保留。"
    assert Proposal.objects.get(pk=draft.pk).state == "draft"


def test_nobody_else_profits(here, at):
    closes = here.round.apply_closes_at
    mine = make.make_complete_draft(here, at)
    theirs = make.make_complete_draft(
        here, at, organization=here.other_organization, by=here.people["other_member"], title="另一家"
    )
    grant(here, closes - HOUR, closes + HOUR)
    for moment in (closes, closes + HOUR - MICRO):
        with pytest.raises(projects.RoundClosed):
            submit(theirs, here, moment, "other_member")
    assert submit(mine, here, closes).state == "submitted"
    assert closes_for(here.round, here.other_organization.pk) == closes


def test_by_the_clock_of_the_database(here):
    """A round that has just closed by the database's clock: late without grace, in time with it, late again after it."""
    now = clock.now()
    street = make.ruled(
        here, apply_opens_at=now - HOUR, apply_closes_at=now + timedelta(seconds=1.5), opened_at=now - HOUR
    )
    draft = make.make_complete_draft(street, clock.now())
    while clock.now() < street.round.apply_closes_at:
        pass
    with pytest.raises(projects.RoundClosed):
        submit(draft, street, clock.now())
    at = clock.now()
    grant(street, at, at + timedelta(seconds=1))
    assert submit(draft, street, clock.now()).state == "submitted"
    while clock.now() < at + timedelta(seconds=1):
        pass
    with pytest.raises(projects.RoundClosed):
        make.make_draft(street, clock.now(), title="再来一份")


def test_a_draft_may_be_begun_under_grace_only_by_that_organization(here, at):
    closes = here.round.apply_closes_at
    grant(here, closes + HOUR, closes + 3 * HOUR)
    assert make.make_draft(here, closes + 2 * HOUR).state == "draft"
    with pytest.raises(projects.RoundClosed):
        make.make_draft(
            here,
            closes + 2 * HOUR,
            organization=here.other_organization,
            by=here.people["other_member"],
            title="另一家",
        )


def test_a_round_that_was_ended_takes_nothing_whatever_was_granted(here, at):
    draft, closes = make.make_complete_draft(here, at), here.round.apply_closes_at
    grant(here, at, closes + HOUR)
    services.close_round(round_id=here.round.pk, at=closes, by=here.people["office"])
    with pytest.raises(projects.RoundClosed):
        submit(draft, here, closes + MICRO)
    with pytest.raises(services.GraceNotForeseen):
        grant(here, closes, closes + 2 * HOUR)


# --- granting


def test_granting_is_recorded_and_told(here, at):
    until = here.round.apply_closes_at + HOUR
    grace = grant(here, at, until)
    event = Event.objects.get(verb="rounds.grace_granted")
    assert (event.reason, event.facts["organization"], event.facts["closes_at"]) == (
        "截止前平台故障。", here.organization.pk, until.isoformat(),
    )  # fmt: skip
    notice = Notice.objects.get(recipient=here.people["member"])
    assert "2026年11月30日 13:00:00" in notice.body
    assert (grace.granted_by, grace.granted_at) == (here.people["office"], at)


def test_the_same_twice_is_one_and_a_later_one_counts(here, at):
    closes = here.round.apply_closes_at
    first = grant(here, at, closes + HOUR)
    before = rows()
    assert grant(here, at + HOUR, closes + HOUR) == first
    assert rows() == before
    with pytest.raises(services.GraceNotLater):
        grant(here, at, closes + HOUR - MICRO)
    grant(here, at, closes + 2 * HOUR)
    assert closes_for(here.round, here.organization.pk) == closes + 2 * HOUR
    assert list(Grace.objects.standing().values_list("closes_at", flat=True)) == [closes + 2 * HOUR]


@pytest.mark.parametrize(
    ("granted", "until", "change", "error"),
    [
        (timedelta(0), timedelta(hours=24, microseconds=1), {}, services.GraceTooFar),
        (timedelta(0), timedelta(0), {}, services.GraceNotLater),
        (2 * HOUR, 2 * HOUR, {}, services.GraceNotLater),
        (timedelta(hours=24), timedelta(hours=25), {}, services.GraceOver),
        (timedelta(0), HOUR, {"reason": " \n"}, services.GraceReasonMissing),
        (timedelta(0), HOUR, {"who": "leader"}, NotAllowed),
        (timedelta(0), HOUR, {"who": "member"}, NotAllowed),
    ],
)
def test_what_goes_beyond_is_refused(here, granted, until, change, error):
    closes, before = here.round.apply_closes_at, rows()
    with pytest.raises(error):
        grant(here, closes + granted, closes + until, **change)
    assert rows() == before


def test_the_last_instant_of_the_bound_is_allowed(here):
    closes = here.round.apply_closes_at
    assert grant(here, closes + timedelta(hours=24) - MICRO, closes + timedelta(hours=24)).pk


def test_without_a_word_of_it_in_the_rules_there_is_none(world, at):
    street, before = world.here, rows()
    with pytest.raises(services.GraceNotForeseen):
        grant(street, at, street.round.apply_closes_at + HOUR)
    assert rows() == before


def test_strangers_and_the_own_organization_are_refused(world, here, at):
    until, before = here.round.apply_closes_at + HOUR, rows()
    with pytest.raises(services.GraceForStranger):
        grant(here, at, until, organization=world.there.organization)
    Membership.objects.create(organization=here.organization, user=here.people["office"], duty="clerk", since=at)
    here.people["office"].__dict__.pop("_acts_for", None)
    with pytest.raises(NotAllowed):
        grant(here, at, until)
    assert rows() == before


def test_the_database_keeps_the_bound_and_every_row(here, at):
    closes = here.round.apply_closes_at
    grace = grant(here, at, closes + HOUR)
    facts = {"round": here.round, "organization": here.other_organization, "granted_by": here.people["office"], "granted_at": at, "reason": "x"}  # fmt: skip
    wrong = {
        "rounds_grace_guard": lambda: Grace.objects.create(**facts, closes_at=closes + timedelta(hours=24, microseconds=1)),
        "rounds_grace_guard ": lambda: Grace.objects.create(**facts, closes_at=closes),
        "rounds_append_only": lambda: Grace.objects.update(reason="y"),
        "rounds_append_only ": grace.delete,
        "grace_has_reason": lambda: Grace.objects.create(**facts | {"reason": ""}, closes_at=closes + HOUR),
    }  # fmt: skip
    for name, write in wrong.items():
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            write()
        assert refused.value.__cause__.diag.constraint_name == name.strip()


# --- shown


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def test_the_receipt_the_record_and_the_list_show_it(here, at):
    closes = here.round.apply_closes_at
    draft = make.make_complete_draft(here, at)
    grant(here, closes, closes + HOUR)
    proposal = submit(draft, here, closes + MICRO)
    assert grace_used(proposal) == Grace.objects.get()
    for path, who in ((f"/proposals/{proposal.pk}/receipt/", "member"), (f"/proposals/{proposal.pk}/", "supervisor")):
        page = client_of(here.people[who]).get(path).content.decode()
        assert ("13:00:00" in page, "截止前平台故障。" in page) == (True, True)
    in_time = make.make_complete_draft(
        here, at, organization=here.other_organization, by=here.people["other_member"], title="另一家"
    )
    assert grace_used(submit(in_time, here, closes - MICRO, "other_member")) is None


def test_the_page_of_graces(world, here, at):
    now = clock.now()
    street = make.ruled(here, apply_opens_at=now - HOUR, apply_closes_at=now + HOUR)
    path = f"/rounds/{street.round.pk}/graces/"
    office = client_of(here.people["office"])
    good, far = (f"{clock.local(now + n * HOUR):%Y-%m-%d %H:%M:%S}" for n in (2, 26))
    sent = {"organization": here.organization.pk, "closes_at": good, "reason": ""}
    assert "请填写顺延理由。" in office.post(path, sent).content.decode()
    late = office.post(path, sent | {"reason": "故障<b>", "closes_at": far}).content.decode()
    assert ("最迟只能顺延到" in late, "故障&lt;b&gt;" in late) == (True, True)
    foreign = office.post(path, sent | {"reason": "x", "organization": world.there.organization.pk}).content.decode()
    assert "请在列出的单位中选择。" in foreign
    assert client_of(here.people["leader"]).post(path, sent | {"reason": "x"}).status_code == 403
    assert Grace.objects.count() == 0
    assert office.post(path, sent | {"reason": "平台故障"}).status_code == 302
    for who, code in (("leader", 200), ("supervisor", 200), ("finance", 403), ("community", 403), ("member", 404)):
        answer = client_of(here.people[who]).get(path)
        assert (answer.status_code, "平台故障" in answer.content.decode()) == (code, code == 200), who
    assert client_of(world.there.people["office"]).get(path).status_code == 404
    call = client_of(here.people["member"]).get(f"/calls/{street.round.pk}/").content.decode()
    assert "贵单位的申报截止单独顺延到" in call
    assert "贵单位的申报截止" not in Client().get(f"/calls/{street.round.pk}/").content.decode()


def test_one_sees_the_later_closing_where_one_writes(here, at):
    closes = here.round.apply_closes_at
    draft = make.make_complete_draft(here, at)
    grant(here, at, closes + HOUR)
    (task,) = [t for t in open_tasks(here.people["member"], closes + MICRO) if str(draft.pk) in t["href"]]
    assert task["due"] == closes + HOUR
    page = client_of(here.people["member"]).get(f"/proposals/{draft.pk}/edit/").content.decode()
    assert "13:00:00" in page


# --- entries


def test_as_many_entries_as_the_round_says(world, at):
    street = make.ruled(world.here, entries=2)
    make.make_draft(street, at, title="第一份")
    make.make_draft(street, at, title="第二份")
    with pytest.raises(projects.AllApplied) as refused:
        make.make_draft(street, at, title="第三份")
    assert refused.value.message == "每个单位在本期最多申报 2 份，贵单位已有 2 份，请继续填写已有的申报书。"
    assert Proposal.objects.count() == 2
