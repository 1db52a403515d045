"""Training: announced, signed up for within the room there is, attended by code or by ticking, missed as a fact."""

import threading
from datetime import timedelta

import openpyxl
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from core.errors import DomainError, NotAllowed
from jobs.registry import Work, kind_of
from messaging.models import Notice
from organizations import rules, services
from organizations.models import Membership, Organization, SignUp, Training
from tests.judging.make import signed_in
from tests.world import build, organization

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def facts(at, **more):
    return {
        "series": "", "title": "项目财务", "begins_at": at + 9 * DAY, "place": "三楼会议室", "capacity": 5, "audience": ["social"],
        "is_mandatory": True, "sign_up_until": at + 7 * DAY, "note": "",
    } | more  # fmt: skip


def announce(world, at, **more):
    return services.announce_training(
        street=world.here.area, facts=facts(at, **more), by=world.here.people["office"], at=at
    )


def come(world, at, row, people=2, functions="负责人1人", who="member"):
    unit = world.here.organization if who == "member" else world.here.other_organization
    return services.sign_up(
        training_id=row.pk, organization=unit, people=people, functions=functions, by=world.here.people[who], at=at
    )


def test_who_announces_and_what_is_refused(world, at):
    for who in (world.here.people["leader"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            services.announce_training(street=world.here.area, facts=facts(at), by=who, at=at)
    with pytest.raises(services.BeginsInPast):
        announce(world, at, begins_at=at, sign_up_until=at)
    with pytest.raises(services.SignUpAfterBeginning):
        announce(world, at, sign_up_until=at + 10 * DAY)
    row = announce(world, at)
    assert len(row.code) == 8
    with pytest.raises(services.AlreadyAnnounced):
        announce(world, at)
    second = announce(world, at, title="另一课")
    with pytest.raises(services.AlreadyAnnounced):
        services.change_training(training_id=second.pk, facts=facts(at), by=world.here.people["office"], at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Training.objects.filter(pk=second.pk).update(title=row.title)
    services.cancel_training(training_id=second.pk, reason="停电", by=world.here.people["office"], at=at)
    told = set(
        Notice.objects.filter(kind="organizations.training", occasion=f"training:{row.pk}").values_list(
            "recipient", flat=True
        )
    )
    assert told == {world.here.people["member"].pk, world.here.people["other_member"].pk}
    for change in ({"sign_up_until": at + 10 * DAY}, {"capacity": 0}, {"cancelled_at": at}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Training.objects.filter(pk=row.pk).update(**change)


def test_signing_up_within_the_room_there_is(world, at):
    row = announce(world, at)
    for people in (0, 51):
        with pytest.raises(services.PeopleOutOfRange):
            come(world, at, row, people)
    with pytest.raises(services.FunctionsHoldNumber):
        come(world, at, row, functions="负责人 13800001234")
    with pytest.raises(services.NoRoom, match="还剩 5 个"):
        come(world, at, row, 6)
    come(world, at, row, 4)
    with pytest.raises(services.NoRoom, match="还剩 1 个"):
        come(world, at, row, 2, who="other_member")
    come(world, at, row, 5)
    come(world, at, row, 3)
    come(world, at, row, 2, who="other_member")
    assert SignUp.objects.count() == 2
    with pytest.raises(NotAllowed):
        services.sign_up(
            training_id=row.pk, organization=world.here.organization, people=1, functions="", at=at,
            by=world.here.people["other_member"],
        )  # fmt: skip
    with pytest.raises(services.SignUpClosed):
        come(world, at + 7 * DAY, row, 1)
    team = organization(world.here.area, "帮帮队", at, kind="team")
    Membership.objects.create(organization=team, user=world.here.people["third_judge"], duty="head", since=at)
    for unit, by in (
        (team, world.here.people["third_judge"]),
        (world.there.organization, world.there.people["member"]),
    ):
        with pytest.raises(services.NotInvited):
            services.sign_up(training_id=row.pk, organization=unit, people=1, functions="", by=by, at=at)
    out = {"training_id": row.pk, "organization": world.here.organization, "by": world.here.people["member"]}
    services.withdraw_sign_up(at=at + 8 * DAY, **out)
    with pytest.raises(services.NotSignedUp):
        services.withdraw_sign_up(at=at + 8 * DAY, **out)
    assert rules.room_left(row) == 3
    with pytest.raises(services.SignUpClosed):
        services.withdraw_sign_up(at=at + 9 * DAY, **out)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_overfill_it(at):
    world = build(at)
    row = announce(world, at, capacity=3)
    results, start = [], threading.Barrier(2)

    def run(who):
        start.wait()
        try:
            come(world, at, row, 2, who=who)
            results.append("in")
        except DomainError as error:
            results.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(who,)) for who in ("member", "other_member")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(results) == ["NoRoom", "in"]
    assert SignUp.objects.get().people == 2


def test_attendance_by_the_code_on_the_sheet(world, at):
    row = announce(world, at)
    begins = row.begins_at
    come(world, at, row, 2)
    who = {"training_id": row.pk, "organization": world.here.organization, "by": world.here.people["member"]}
    for early_or_late in (begins - 2 * HOUR, begins + 4 * DAY):
        with pytest.raises(services.CodeNotTaken):
            services.attend_by_code(typed=row.code, at=early_or_late, **who)
    with pytest.raises(services.WrongCode):
        services.attend_by_code(typed="ABCDEF", at=begins, **who)
    found = services.attend_by_code(typed=f" {row.code.lower()} ", at=begins, **who)
    assert (found.attended, found.way, found.attended_at) == (2, "code", begins)
    services.attend_by_code(typed=row.code, at=begins + HOUR, **who)
    assert Event.objects.filter(verb="organizations.training_attended").count() == 1
    with pytest.raises(services.NotSignedUp):
        services.attend_by_code(
            training_id=row.pk, organization=world.here.other_organization, by=world.here.people["other_member"], typed=row.code,
            at=begins,
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        services.attend_by_code(typed=row.code, at=begins, **who | {"by": world.here.people["other_member"]})


def test_attendance_by_ticking_is_all_or_nothing(world, at):
    row = announce(world, at)
    begins, office = row.begins_at, world.here.people["office"]
    come(world, at, row, 2)
    mine, other = world.here.organization.pk, world.here.other_organization.pk
    with pytest.raises(services.NotBegun):
        services.tick_attendance(training_id=row.pk, came={mine: 1}, by=office, at=at)
    with pytest.raises(NotAllowed):
        services.tick_attendance(training_id=row.pk, came={mine: 1}, by=world.here.people["member"], at=begins)
    with pytest.raises(services.MoreThanSaid):
        services.tick_attendance(training_id=row.pk, came={mine: 1, other: 51}, by=office, at=begins)
    with pytest.raises(services.NotInvited):
        services.tick_attendance(training_id=row.pk, came={world.there.organization.pk: 1}, by=office, at=begins)
    assert services.tick_attendance(training_id=row.pk, came={mine: 1, other: 3}, by=office, at=begins) == 2
    assert services.tick_attendance(training_id=row.pk, came={mine: 1, other: None}, by=office, at=begins) == 1
    found = {s.organization_id: (s.people, s.attended, s.way) for s in SignUp.objects.all()}
    assert found == {mine: (2, 1, "ticked"), other: (3, None, "")}


def test_changing_and_calling_off_tells_those_who_come(world, at):
    row, office = announce(world, at), world.here.people["office"]
    come(world, at, row, 3)
    change = {"training_id": row.pk, "by": office, "at": at}
    with pytest.raises(services.CapacityTaken, match="3 人"):
        services.change_training(facts=facts(at, capacity=2), **change)
    with pytest.raises(services.AudienceSigned, match=world.here.organization.name):
        services.change_training(facts=facts(at, audience=["team"]), **change)
    assert services.change_training(facts=facts(at), **change) == []
    assert services.change_training(facts=facts(at, place="一楼"), **change) == ["place"]
    moved = Notice.objects.filter(occasion__startswith="training_moved").values_list("recipient", flat=True)
    assert list(moved) == [world.here.people["member"].pk]
    with pytest.raises(NotAllowed):
        services.cancel_training(training_id=row.pk, reason="停电", by=world.there.people["office"], at=at)
    with pytest.raises(services.CancelReasonMissing):
        services.cancel_training(training_id=row.pk, reason=" ", by=office, at=at)
    services.cancel_training(training_id=row.pk, reason="停电", by=office, at=at)
    for again in (services.cancel_training,):
        with pytest.raises(services.TrainingOver):
            again(training_id=row.pk, reason="停电", by=office, at=at)
    with pytest.raises(services.TrainingOver):
        services.change_training(facts=facts(at), **change)
    with pytest.raises(services.SignUpClosed):
        come(world, at, row)
    with pytest.raises(services.CodeNotTaken):
        services.attend_by_code(
            training_id=row.pk, organization=world.here.organization, typed=row.code, by=world.here.people["member"], at=row.begins_at
        )  # fmt: skip


def test_missed_mandatory_sessions_are_a_fact_of_the_organization(world, at, monkeypatch):
    org = world.here.organization
    row, free, gone = (
        announce(world, at),
        announce(world, at, is_mandatory=False, title="选修"),
        announce(world, at, title="取消的"),
    )
    services.cancel_training(training_id=gone.pk, reason="停电", by=world.here.people["office"], at=at)
    come(world, at, row)
    later = row.begins_at + HOUR
    assert rules.course_of(org, at).held == 0
    assert [t.pk for t in rules.course_of(org, later).missed] == [row.pk]
    monkeypatch.setattr("core.clock.now", lambda: later)
    page = signed_in(world.here.people["member"]).get(f"/organizations/{org.pk}/").content.decode()
    assert "已举办 1 次，没有参加：项目财务" in page
    services.tick_attendance(training_id=row.pk, came={org.pk: 1}, by=world.here.people["office"], at=later)
    assert rules.course_of(org, later).missed == []
    # who was registered after it was announced need not have come
    fresh = organization(world.here.area, "新社", later)
    assert rules.courses([fresh], world.here.area.pk, later)[fresh.pk].held == 0
    assert rules.course_of(organization(world.here.area, "帮帮队", at, kind="team"), later).held == 0
    assert free.pk


def test_pages_of_office_and_organization(world, at, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    office, member, org = signed_in(world.here.people["office"]), signed_in(world.here.people["member"]), world.here.organization  # fmt: skip
    sent = {
        "series": "公益大课堂", "title": "项目财务", "begins_at": "2026-12-02 14:00", "place": "三楼", "capacity": "40", "audience": ["social"],
        "is_mandatory": "on", "sign_up_until": "2026-12-03 14:00", "note": "",
    }  # fmt: skip
    wrong = office.post("/organizations/trainings/new/", sent)
    assert list(wrong.context["form"].errors) == ["sign_up_until"]
    assert "公益大课堂" in wrong.content.decode()
    past = office.post(
        "/organizations/trainings/new/", sent | {"begins_at": "2026-01-01 10:00", "sign_up_until": "2026-01-01 10:00"}
    )
    assert list(past.context["form"].errors) == ["begins_at"]
    made = office.post("/organizations/trainings/new/", sent | {"sign_up_until": "2026-12-01 14:00"})
    row = Training.objects.get()
    url = f"/organizations/trainings/{row.pk}/"
    assert made["Location"] == url
    page = member.get(url).content.decode()
    assert row.code not in page
    assert row.code in office.get(url).content.decode()
    prefix = f"u{org.pk}"
    bad = member.post(f"{url}{org.pk}/sign-up/", {f"{prefix}-people": "0", f"{prefix}-functions": "王某13800001234"})
    assert bad.status_code == 400
    assert "参加人只写职务" in bad.content.decode()
    full = member.post(f"{url}{org.pk}/sign-up/", {f"{prefix}-people": "41", f"{prefix}-functions": ""})
    assert (full.status_code, "还剩 40 个名额" in full.content.decode()) == (409, True)
    assert (
        member.post(f"{url}{org.pk}/sign-up/", {f"{prefix}-people": "2", f"{prefix}-functions": "财务1人"}).status_code
        == 302
    )
    assert member.post(f"{url}{world.here.other_organization.pk}/sign-up/", {}).status_code == 403
    assert world.here.organization.name not in signed_in(world.here.people["other_member"]).get(url).content.decode()
    assert signed_in(world.there.people["member"]).get(url).status_code == 404
    assert signed_in(world.here.people["judge"]).get("/organizations/trainings/").status_code == 403
    assert "已报名" in member.get("/organizations/trainings/").content.decode()
    assert "财务1人" in office.get(url).content.decode()
    assert row.code in office.get(f"{url}sheet/").content.decode()
    monkeypatch.setattr("core.clock.now", lambda: row.begins_at)
    typo = member.post(f"{url}{org.pk}/attend/", {f"c{org.pk}-code": "ABCDEF"})
    assert (typo.status_code, "签到码不对" in typo.content.decode()) == (409, True)
    assert member.post(f"{url}{org.pk}/attend/", {f"c{org.pk}-code": row.code}).status_code == 302
    other = world.here.other_organization
    half = office.post(f"{url}came/", {f"came_{org.pk}": "1", "other": str(other.pk), "other_people": ""})
    assert list(half.context["attendance"].errors) == ["other_people"]
    assert (
        office.post(f"{url}came/", {f"came_{org.pk}": "1", "other": str(other.pk), "other_people": "3"}).status_code
        == 302
    )
    assert {s.organization_id: s.attended for s in SignUp.objects.all()} == {org.pk: 1, other.pk: 3}
    late = member.post(f"{url}{org.pk}/sign-up/", {"act": "withdraw"})
    assert (late.status_code, "报名已经截止" in late.content.decode()) == (409, True)
    assert office.post(f"{url}export/").status_code == 302
    assert office.post("/organizations/trainings/export/").status_code == 302


def test_lists_cost_the_same_at_any_length_and_exports_say_what_pages_say(
    world, at, monkeypatch, tmp_path, django_assert_num_queries
):
    monkeypatch.setattr("core.clock.now", lambda: at)
    office, member = signed_in(world.here.people["office"]), signed_in(world.here.people["member"])
    rows = [announce(world, at, title=f"第{n}课", capacity=2000) for n in range(3)]
    come(world, at, rows[0], 2)
    pages = [
        (office, "/organizations/trainings/"),
        (member, "/organizations/trainings/"),
        (office, f"/organizations/trainings/{rows[0].pk}/"),
    ]
    counts = []
    for client, url in pages:
        client.get(url)
        with CaptureQueriesContext(connection) as few:
            client.get(url)
        counts.append(len(few))
    by = world.here.people["office"]
    Training.objects.bulk_create(
        Training(street=world.here.area, code="ABCDEF", announced_by=by, announced_at=at, **facts(at, title=f"又{n}课"))
        for n in range(297)
    )
    Organization.objects.bulk_create(
        Organization(street=world.here.area, kind="social", name=f"第{n}社", pinyin=f"{n}", created_at=at)
        for n in range(299)
    )
    SignUp.objects.bulk_create(
        SignUp(training=rows[0], organization=o, people=1, signed_by=by, signed_at=at)
        for o in Organization.objects.filter(name__endswith="社", street=world.here.area).exclude(
            pk=world.here.organization.pk
        )
    )
    for (client, url), count in zip(pages, counts, strict=True):
        with django_assert_num_queries(count):
            client.get(url)
    path = tmp_path / "t.xlsx"
    kind_of("organizations.training").builder(Work({"training": rows[0].pk}, path, lambda *_: None))
    names = [r[1] for r in openpyxl.load_workbook(path)["明细"].iter_rows(min_row=2, values_only=True)]
    assert len(names) == SignUp.objects.count()
    kind_of("organizations.trainings").builder(
        Work({"street": world.here.area.pk, "year": 2026, "day": "2026-11-23"}, path, lambda *_: None)
    )
    found = {r[3]: r for r in openpyxl.load_workbook(path)["明细"].iter_rows(min_row=2, values_only=True)}
    assert len(found) == 300
    assert found["第0课"][8:12] == (SignUp.objects.count(), SignUp.objects.count() + 1, 0, 0)
