"""A demonstration street comes by a click and goes without residue, and nothing else ever goes by that way."""

import re

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from accounts.models import Area, Role, RoleGrant, User
from accounts.services import add_area
from audit.models import DemoStreet, Event
from audit.services import mark_demonstration
from core import clock
from core.dbroles import APP_ROLE, grant
from core.errors import NotAllowed
from jobs.models import StoredFile
from jobs.services import run_job, start_job
from messaging.models import Notice
from needs.models import Need
from portal.demo.loading import AlreadyLoaded
from portal.demo.loading import play as load_streets
from portal.demo.people import PASSWORD
from portal.demo.removing import NameDiffers, NoDemonstration, NotApart, demonstrations, remove_demonstration
from tests.house.scene import play
from tests.judging.make import signed_in
from tests.needs.make import post

LEFT = {"audit_selfcheck", "jobs_heartbeat", "jobs_taskfailure", "django_session", "django_content_type"}


def contents():
    """Every row of every table by its id."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if table not in LEFT:
                cursor.execute(f'SELECT "{model._meta.pk.column}", t::text FROM "{table}" t')
                found[table] = dict(cursor.fetchall())
    return found


def files():
    root = django_settings.MEDIA_ROOT
    return {path for path in root.rglob("*") if path.is_file()}


def guards():
    """Triggers that are switched off."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'")
        return cursor.fetchall()


def test_the_demonstration_goes_whole_and_a_real_street_stays_as_it_was(
    world, at, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.MEDIA_ROOT = tmp_path
    play(world, at)
    before, lying = contents(), files()
    real = Area.objects.filter(kind="street").count()
    admin = world.here.people["system_admin"]
    job = start_job(owner=admin, kind="portal.demonstration", title="演示账号", params={}, at=at)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.rows_done) == ("done", 2)
    said = (settings.MEDIA_ROOT / job.file.path).read_text(encoding="utf-8")
    assert Notice.objects.filter(recipient=admin, link=f"/jobs/{job.pk}/").exists()
    word = re.search(r"密码都是 (\S+)）", said)[1]
    assert word != PASSWORD
    assert User.objects.get(username="sanshui_office").check_password(word)
    with pytest.raises(AlreadyLoaded):
        load_streets()
    assert len(demonstrations()) == 2
    assert contents() != before
    for street in demonstrations():
        with django_capture_on_commit_callbacks(execute=True):
            assert remove_demonstration(street_id=street.pk, typed=street.name, by=admin, at=at) > 500
    after = contents()
    Event.objects.filter(verb="jobs.started", object_id=job.pk)
    new = Event.objects.exclude(pk__in=before["audit_event"]).order_by("pk").values_list("verb", flat=True)
    assert list(new) == ["jobs.started", "portal.demonstration_removed", "portal.demonstration_removed"]
    for pk in set(after["audit_event"]) - set(before["audit_event"]):
        del after["audit_event"][pk]
    assert after == before
    assert files() == lying
    assert (guards(), Area.objects.filter(kind="street").count(), DemoStreet.objects.count()) == ([], real, 0)
    with pytest.raises(IntegrityError, match="只能追加"), transaction.atomic():
        Event.objects.all().delete()


@pytest.fixture
def demo(world, at):
    """A small demonstration street with a need, a round and a person."""
    street = add_area(kind="street", name="演示街道", parent=world.district)
    mark_demonstration(street_id=street.pk, at=at)
    community = add_area(kind="community", name="演示社区", parent=street)
    user = User.objects.create(username="demo_one", display_name="演示", street=street, is_demo=True)
    RoleGrant.objects.create(user=user, role="system_admin", area=street, granted_at=at)
    from needs.services import post_need

    RoleGrant.objects.create(user=user, role="community", area=community, granted_at=at)
    need = post_need(
        community=community,
        channel="visit",
        category="culture",
        words="演示",
        people_count=1,
        urgency="low",
        at=at,
        by=user,
    )
    return street, community, user, need


def test_a_real_street_is_never_removed(world, at):
    office, admin = world.here.people["office"], world.here.people["system_admin"]
    with pytest.raises(NoDemonstration):
        remove_demonstration(street_id=world.there.area.pk, typed=world.there.area.name, by=admin, at=at)
    with pytest.raises(NotAllowed):
        remove_demonstration(street_id=world.there.area.pk, typed=world.there.area.name, by=office, at=at)
    with pytest.raises(IntegrityError, match="不是演示街道"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT portal_remove_demonstration(%s)", [world.there.area.pk])


def test_a_street_in_which_something_happened_cannot_become_a_demonstration(world, at):
    from audit.services import record

    record(actor=None, verb="rounds.created", about=world.here.round, at=at, scope_id=world.here.area.pk)
    with pytest.raises(IntegrityError, match="不能再标为演示街道"), transaction.atomic():
        mark_demonstration(street_id=world.here.area.pk, at=at)


def test_the_mark_is_for_good(demo):
    for act in (lambda: DemoStreet.objects.update(street_id=1), lambda: DemoStreet.objects.all().delete()):
        with pytest.raises(IntegrityError, match="只能追加"), transaction.atomic():
            act()


def test_the_name_is_typed(world, at, demo):
    with pytest.raises(NameDiffers, match="演示街道"):
        remove_demonstration(street_id=demo[0].pk, typed="演示", by=world.here.people["system_admin"], at=at)
    assert Need.objects.filter(pk=demo[3].pk).exists()


def test_a_real_record_that_was_moved_into_it_is_found_out(world, at, demo):
    street, community, _, _ = demo
    need = post(world, at)
    Need.objects.filter(pk=need.pk).update(street=street, community=community)
    before = contents()
    with pytest.raises(NotApart, match="没有删除任何内容"):
        remove_demonstration(street_id=street.pk, typed=street.name, by=world.here.people["system_admin"], at=at)
    assert contents() == before
    assert guards() == []


def test_a_demonstration_person_at_work_in_a_real_street_stops_it(world, at, demo):
    street, _, user, _ = demo
    RoleGrant.objects.create(user=user, role=Role.OFFICE, area=world.here.area, granted_at=at)
    with pytest.raises(NotApart, match="同时属于别的街道"):
        remove_demonstration(street_id=street.pk, typed=street.name, by=world.here.people["system_admin"], at=at)


def test_the_application_s_role_can_do_it_and_nothing_more(world, at, demo):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {APP_ROLE} LOGIN")
    grant()
    street = demo[0]
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {APP_ROLE}")
    try:
        remove_demonstration(street_id=street.pk, typed=street.name, by=world.here.people["system_admin"], at=at)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
    assert not Area.objects.filter(pk=street.pk).exists()
    assert not Event.objects.filter(scope_id=street.pk).exists()


def test_the_page_asks_for_the_name_and_says_what_goes(world, at, demo):
    street = demo[0]
    client = signed_in(world.here.people["system_admin"])
    url = "/operations/demonstration/"
    assert "已有演示街道" in client.post(f"{url}load/", follow=True).content.decode()
    page = client.get(url).content.decode()
    assert "演示街道" in page
    wrong = client.post(url, {"street": street.pk, "typed": "别的"})
    assert (
        wrong.status_code,
        "街道名写得不对" in wrong.content.decode(),
        'value="别的"' in wrong.content.decode(),
    ) == (400, True, True)
    done = client.post(url, {"street": street.pk, "typed": "演示街道"}, follow=True)
    assert "已删除演示街道" in done.content.decode()
    assert not Area.objects.filter(pk=street.pk).exists()
    assert client.post(url, {"street": "x", "typed": ""}).status_code == 400
    assert signed_in(world.here.people["office"]).get(url).status_code == 403


def test_the_demonstrations_own_administrator_is_signed_out_with_it(world, at, demo):
    street, _, user, _ = demo
    client = signed_in(user)
    answer = client.post("/operations/demonstration/", {"street": street.pk, "typed": "演示街道"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/home/").status_code == 302
    assert call_command("check_invariants") is None
    assert StoredFile.objects.count() == 0
    assert clock.now()
