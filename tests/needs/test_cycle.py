"""The life of a need through the services: who may, with which reason, until when, and two at once."""

import threading
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction

from accounts.models import Area, RoleGrant
from accounts.services import set_active
from audit.models import Event
from core.errors import NotAllowed
from jobs.evidence import BadEvidence
from messaging.models import Notice
from needs import services
from needs.domain.cycle import Terms
from needs.models import Feedback, Need, NeedRating, NeedStep
from portal.invariants import broken
from tests.needs.make import handled, post
from tests.world import build, person


def states(need):
    return list(NeedStep.objects.filter(need=need).order_by("id").values_list("act", "to_state"))


def test_a_need_goes_from_asking_to_closing(world, at):
    need = handled(world, at, "rating")
    services.rate_need(need_id=need.pk, stars=5, words="很快", at=at)
    closed = services.close_need(need_id=need.pk, by=world.here.people["community"], at=at)
    assert states(need) == [
        ("post", "collected"), ("analyse", "analysed"), ("begin", "handling"), ("finish", "feedback"), ("answer", "rating"),
        ("rate", "rating"), ("close", "closed"),
    ]  # fmt: skip
    assert (closed.state, closed.closed_at, closed.due_on, closed.answered_at) == ("closed", at, None, at)
    verbs = Event.objects.about("needs.need", need.pk).values_list("verb", flat=True)
    assert {"needs.analysed", "needs.finished", "needs.answered", "needs.rated", "needs.closed"} <= set(verbs)
    assert list(broken()) == []


@pytest.mark.parametrize(("route", "last"), [("now", 26), ("line", 2), ("joint", 14)])
def test_the_route_sets_the_deadline_in_working_days(world, at, route, last):
    need = handled(world, at, "analysed", route)
    assert (need.due_on.day, need.route) == (last, route)
    assert need.escalate_on > need.due_on


def test_a_street_sets_its_own_deadlines(world, at):
    here = world.here
    with pytest.raises(NotAllowed):
        services.set_terms(street=here.area, terms=Terms(now=1), by=here.people["community"], at=at)
    services.set_terms(street=here.area, terms=Terms(now=1), by=here.people["office"], at=at)
    assert handled(world, at, "analysed").due_on == date(2026, 11, 24)
    with pytest.raises(IntegrityError), transaction.atomic():
        services.terms_of(here.area.pk)
        from needs.models import NeedTerms

        NeedTerms.objects.filter(street=here.area).update(now=0)


REASONED = {
    "give_back": ("analysed", services.give_back_need, {}),
    "hold": ("collected", services.hold_need, {"until": date(2026, 12, 24)}),
    "refuse": ("analysed", services.refuse_need, {}),
    "escalate": ("handling", services.escalate_need, {}),
    "refer": ("handling", services.refer_need, {"department": "城管办"}),
}


@pytest.mark.parametrize("act", REASONED)
def test_what_changes_the_course_needs_a_reason(world, at, act):
    state, run, facts = REASONED[act]
    need = handled(world, at, state)
    before = Need.objects.filter(pk=need.pk).values().get()
    with pytest.raises(services.ReasonMissing):
        run(need_id=need.pk, reason=" \n", by=world.here.people["community"], at=at, **facts)
    assert Need.objects.filter(pk=need.pk).values().get() == before
    run(need_id=need.pk, reason="理由充分", by=world.here.people["community"], at=at, **facts)
    assert "理由充分" in NeedStep.objects.filter(need=need).latest("id").words


ACTS = {
    "analyse": lambda n, by, at: services.analyse_need(need_id=n, route="now", level="small", by=by, at=at),
    "refuse": lambda n, by, at: services.refuse_need(need_id=n, reason="x", by=by, at=at),
    "hold": lambda n, by, at: services.hold_need(need_id=n, reason="x", until=date(2026, 12, 1), by=by, at=at),
    "publish": lambda n, by, at: services.publish_words(need_id=n, words="灯坏", by=by, at=at),
    "escalate": lambda n, by, at: services.escalate_need(need_id=n, reason="x", by=by, at=at),
    "tell": lambda n, by, at: services.give_feedback(
        need_id=n, kind="visit", words="在办", is_final=False, by=by, at=at
    ),
}


def test_only_who_handles_needs_handles_this_one(world, at):
    need = post(world, at)
    people = [world.here.people[who] for who in ("leader", "supervisor", "finance", "host", "member", "judge", "grid")]
    people += [world.here.people[who] for who in ("system_admin", "security_admin", "audit_admin")]
    for who in [*people, world.there.people["community"], world.there.people["office"]]:
        for act in ACTS.values():
            with pytest.raises(NotAllowed):
                act(need.pk, who, at)
    assert Need.objects.get(pk=need.pk).version == need.version


def test_a_grid_worker_works_on_the_needs_of_her_grid_only(world, at):
    here = world.here
    mine = post(world, at, by=here.people["grid"])
    assert (mine.grid, mine.tier) == (here.grid, "grid")
    services.analyse_need(need_id=mine.pk, route="now", level="small", by=here.people["community"], at=at)
    assert services.begin_need(need_id=mine.pk, by=here.people["grid"], at=at).state == "handling"
    with pytest.raises(NotAllowed):
        services.refuse_need(need_id=mine.pk, reason="x", by=here.people["grid"], at=at)
    with pytest.raises(services.GridElsewhere):
        post(world, at, by=here.people["office"], community=here.communities[1], grid=here.grid)


def test_a_held_need_comes_back_to_where_it_was(world, at):
    by, need = world.here.people["community"], handled(world, at, "handling")
    for until in (date(2026, 11, 23), date(2028, 1, 1)):
        with pytest.raises(services.BadDate):
            services.hold_need(need_id=need.pk, reason="等材料", until=until, by=by, at=at)
    held = services.hold_need(need_id=need.pk, reason="等材料", until=date(2026, 12, 1), by=by, at=at)
    assert (held.state, held.kept_state, held.due_on) == ("held", "handling", None)
    assert services.sweep(at=at) == 0
    assert services.sweep(at=at + timedelta(days=8)) == 1
    assert services.sweep(at=at + timedelta(days=8)) == 0
    need.refresh_from_db()
    assert (need.state, need.kept_state, need.held_until) == ("handling", "", None)
    assert need.due_on > date(2026, 12, 1)


def test_an_overdue_need_comes_up_by_itself_level_by_level(world, at):
    need = post(world, at, by=world.here.people["grid"])
    assert (need.tier, need.due_on) == ("grid", date(2026, 11, 25))
    assert services.sweep(at=at + timedelta(days=2)) == 0
    later = at + timedelta(days=3)
    assert [services.sweep(at=later), services.sweep(at=later)] == [1, 0]
    need.refresh_from_db()
    assert (need.tier, need.escalate_on) == ("community", date(2026, 12, 1))
    assert services.sweep(at=at + timedelta(days=8)) == 1
    need.refresh_from_db()
    assert (need.tier, need.escalate_on) == ("street", None)
    assert services.sweep(at=at + timedelta(days=60)) == 0
    told = Notice.objects.filter(kind="needs.escalated").values_list("recipient__username", flat=True)
    assert set(told) == {"community_a", "office_a"}
    assert not Notice.objects.filter(body__contains="楼道").exists()


def test_escalating_ends_at_the_street(world, at):
    by, need = world.here.people["community"], handled(world, at)
    assert services.escalate_need(need_id=need.pk, reason="办不了", by=by, at=at).tier == "street"
    with pytest.raises(services.TopTier):
        services.escalate_need(need_id=need.pk, reason="办不了", by=by, at=at)


def test_a_transferred_need_begins_anew_elsewhere_in_the_street(world, at):
    here, need = world.here, handled(world, at)
    for other in (here.communities[0], world.there.communities[0], here.area):
        with pytest.raises(services.TransferElsewhere):
            services.transfer_need(
                need_id=need.pk, community=other, reason="在隔壁", by=here.people["community"], at=at
            )
    moved = services.transfer_need(
        need_id=need.pk, community=here.communities[1], reason="在隔壁", by=here.people["community"], at=at
    )
    assert (moved.community, moved.state, moved.route, moved.handler, moved.first_asked) == (
        here.communities[1], "collected", "", None, here.people["community"],
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        services.begin_need(need_id=need.pk, by=here.people["community"], at=at)


def test_needs_go_to_who_is_responsible_and_to_the_deputy_when_she_has_left(world, at):
    here = world.here
    office, worker, deputy = here.people["office"], here.people["grid"], here.people["community"]
    with pytest.raises(services.NotAWorker):
        services.set_duty(area=here.grid, worker=here.people["leader"], deputy=None, by=office, at=at)
    with pytest.raises(NotAllowed):
        services.set_duty(area=here.grid, worker=worker, deputy=None, by=world.there.people["office"], at=at)
    services.set_duty(area=here.grid, worker=worker, deputy=deputy, by=office, at=at)
    online = post(world, at, by=None, channel="online", grid=here.grid)
    assert (online.handler, online.deputy, online.first_asked) == (worker, deputy, worker)
    assert Notice.objects.get(kind="needs.waiting").recipient == worker
    set_active(user_id=worker.pk, active=False, by=here.people["system_admin"], at=at, reason="调离")
    assert post(world, at, by=None, channel="online", grid=here.grid).handler == deputy
    assert post(world, at, by=None, channel="online").handler == deputy


def test_history_keeps_names_and_roles_of_people_who_left(world, at):
    need = handled(world, at)
    who = world.here.people["community"]
    RoleGrant.objects.filter(user=who).delete()
    who.display_name = "改了名"
    who.save()
    step = need.steps.get(act="begin")
    assert (step.by_name, step.by_role) == ("测试community_a", "社区工作者")
    for change in (lambda: need.steps.update(words="改"), lambda: need.steps.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_who_saw_an_older_version_is_told(world, at):
    by, need = world.here.people["community"], post(world, at)
    services.analyse_need(need_id=need.pk, route="now", level="small", by=by, at=at, seen=1)
    with pytest.raises(services.NeedMoved):
        services.analyse_need(
            need_id=need.pk, route="line", level="small", by=world.here.people["office"], at=at, seen=1
        )
    assert Need.objects.get(pk=need.pk).route == "now"


@pytest.mark.django_db(transaction=True)
def test_two_workers_move_the_same_need_at_once_and_one_is_told(at):
    world = build(at)
    need = handled(world, at, "analysed")
    start, seen = threading.Barrier(2), []

    def act(run, who):
        try:
            start.wait()
            run(need_id=need.pk, by=world.here.people[who], at=at, seen=need.version)
            seen.append("moved")
        except (services.NeedMoved, services.NeedAlreadyHandled):
            seen.append("told")
        finally:
            connection.close()

    def refuse(**facts):
        services.refuse_need(reason="不归我们", **facts)

    threads = [
        threading.Thread(target=act, args=pair) for pair in ((services.begin_need, "community"), (refuse, "office"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["moved", "told"]
    assert need.steps.count() == 3
    assert list(broken()) == []


@pytest.mark.django_db(transaction=True)
def test_two_ratings_of_one_code_at_once_leave_one(at):
    world = build(at)
    need = handled(world, at, "rating")
    start, seen = threading.Barrier(2), []

    def rate(stars):
        try:
            start.wait()
            services.rate_need(need_id=need.pk, stars=stars, words="", at=at)
            seen.append("rated")
        except services.RatedAlready:
            seen.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=rate, args=(stars,)) for stars in (5, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["rated", "told"]
    assert NeedRating.objects.count() == 1


def test_feedback_is_heard_and_stays(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    by, need = world.here.people["community"], handled(world, at)
    say = {"need_id": need.pk, "kind": "current", "is_final": False, "by": by, "at": at}
    with pytest.raises(services.PersonalNumber):
        services.give_feedback(words="请打 137 1234 5678", **say)
    with pytest.raises(BadEvidence):
        services.give_feedback(words="好", file=SimpleUploadedFile("x.exe", b"MZ"), **say)
    told = services.give_feedback(words="配件到了", file=SimpleUploadedFile("x.png", b"\x89PNG\r\n\x1a\n0"), **say)
    need.refresh_from_db()
    assert (need.state, need.answered_at, told.by_name) == ("handling", at, "测试community_a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Feedback.objects.update(words="改")


def test_closing_waits_for_a_rating_or_for_its_time_with_a_reason(world, at):
    by, need = world.here.people["community"], handled(world, at, "rating")
    with pytest.raises(services.NotRatedYet) as told:
        services.close_need(need_id=need.pk, reason="联系不上", by=by, at=at)
    assert "12月7日" in told.value.message
    later = at + timedelta(days=15)
    with pytest.raises(services.ReasonMissing):
        services.close_need(need_id=need.pk, by=by, at=later)
    assert services.close_need(need_id=need.pk, reason="三次联系不上", by=by, at=later).state == "closed"
    again = services.reopen_need(need_id=need.pk, reason="又坏了", by=by, at=later)
    assert (again.state, again.closed_at) == ("handling", None)


def test_rating_is_once_per_code_and_once_per_slip(world, at):
    by, need = world.here.people["community"], handled(world, at)
    with pytest.raises(services.NotRateableYet):
        services.rate_need(need_id=need.pk, stars=5, words="", at=at)
    with pytest.raises(services.NeedAlreadyHandled):
        services.print_slips(need_id=need.pk, count=1, by=by, at=at)
    services.give_feedback(need_id=need.pk, kind="visit", words="好了", is_final=True, by=by, at=at)
    slips = services.print_slips(need_id=need.pk, count=2, by=by, at=at)
    services.rate_need(need_id=need.pk, stars=4, words="", at=at)
    for slip in slips:
        services.rate_need(need_id=need.pk, stars=3, words="", at=at, slip_id=slip.pk)
        with pytest.raises(services.RatedAlready):
            services.rate_need(need_id=need.pk, stars=1, words="", at=at, slip_id=slip.pk)
    with pytest.raises(services.RatedAlready):
        services.rate_need(need_id=need.pk, stars=1, words="", at=at)
    assert sorted(NeedRating.objects.values_list("stars", flat=True)) == [3, 3, 4]
    with pytest.raises(services.TooManySlips):
        services.print_slips(need_id=need.pk, count=services.MOST_SLIPS, by=by, at=at)


def test_several_needs_are_routed_and_given_at_once(world, at):
    here = world.here
    fresh, done = [post(world, at).pk for _ in range(2)], handled(world, at, "rating")
    office = here.people["office"]
    assert services.route_many(need_ids=[*fresh, done.pk], route="line", level="shared", by=office, at=at)[0] == 2
    done_count, left = services.assign_many(
        need_ids=fresh, worker=here.people["grid"], deputy=here.people["community"], by=office, at=at
    )
    assert (done_count, left) == (2, [])
    assert set(Need.objects.filter(pk__in=fresh).values_list("route", "handler__username")) == {("line", "grid_a")}
    with pytest.raises(NotAllowed):
        services.route_many(need_ids=fresh, route="now", level="", by=world.there.people["office"], at=at)
    with pytest.raises(services.NotAWorker):
        services.assign_need(need_id=fresh[0], worker=person("stranger", at), deputy=None, by=office, at=at)


def test_old_needs_without_a_deadline_get_one(world, at):
    need = post(world, at)
    Need.objects.filter(pk=need.pk).update(due_on=None, escalate_on=None)
    assert services.sweep(at=at) == 1
    assert Need.objects.get(pk=need.pk).due_on == date(2026, 11, 25)


BROKEN = {
    "need_aside_knows_its_way_back": {"state": "held", "held_until": date(2026, 12, 1)},
    "need_merged_has_head": {"state": "merged", "kept_state": "collected"},
    "need_held_has_end": {"state": "held", "kept_state": "collected"},
    "need_handled_has_route": {"state": "handling"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_half_a_state(world, at, name):
    need = post(world, at)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Need.objects.filter(pk=need.pk).update(**BROKEN[name])
    assert Area.objects.filter(pk=need.community_id).exists()


CONTACT = {"contact_name": "某居民", "contact_phone": "13800001234", "consented": True}


@pytest.mark.parametrize("ended", ["closed", "refused"])
def test_a_contact_is_forgotten_thirty_days_after_its_need_ended(world, at, ended):
    need = handled(world, at, "collected", **CONTACT)
    Need.objects.filter(pk=need.pk).update(
        state=ended, stage_at=at, closed_at=at, refusal_reason="不归我们管", due_on=None, escalate_on=None
    )
    services.sweep(at=at + timedelta(days=29, hours=23))
    assert Need.objects.get(pk=need.pk).contact_phone == "13800001234"
    assert services.sweep(at=at + timedelta(days=30)) == 1
    need.refresh_from_db()
    assert (need.contact_name, need.contact_phone, need.consented_at) == ("", "", at)
    assert services.sweep(at=at + timedelta(days=31)) == 0
    assert Event.objects.filter(verb="needs.contact_forgotten").count() == 1


def test_the_contact_of_a_need_in_work_is_kept(world, at):
    need = handled(world, at, "rating", **CONTACT)
    services.sweep(at=at + timedelta(days=400))
    assert Need.objects.get(pk=need.pk).contact_phone == "13800001234"
