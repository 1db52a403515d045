"""Photos of needs: who adds them, who sees them, how many, and that a flood stays a flood."""

import io
import threading
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from core import clock, pictures
from core.errors import NotAllowed
from core.pictures import BadPicture
from jobs.models import StoredFile
from jobs.storage import place_of
from needs import services
from needs.models import Need, NeedPhoto
from portal.invariants import broken
from tests.needs.files import photo
from tests.needs.make import post
from tests.world import build


@pytest.fixture(autouse=True)
def _here(monkeypatch, at, settings, tmp_path):
    monkeypatch.setattr(clock, "now", lambda: at)
    settings.MEDIA_ROOT = tmp_path


def client(user):
    found = Client()
    found.force_login(user)
    return found


def ask(world, **more):
    return {
        "community": world.here.communities[0].pk, "category": "safety", "words": "楼道灯坏了", "once_key": str(uuid.uuid4()), "website": "",
    } | more  # fmt: skip


def add(world, at, need, count=1, who="community"):
    return services.add_photos(
        need_id=need.pk, photos=[photo() for _ in range(count)], by=world.here.people[who], at=at
    )


def test_a_resident_sends_three_and_sees_them_by_the_code(world, at):
    visitor = Client()
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    answer = visitor.post(
        "/ask/", ask(world, photos=[photo(exif=exif), photo(kind="PNG", name="b.png"), photo(name="../../x.html")])
    )
    need = Need.objects.get()
    assert answer.status_code == 302
    one, _two, three = need.photos.order_by("position")
    assert b"Secret" not in place_of(one.file).read_bytes()
    assert three.file.shown_name == f"{need.number}-照片3.jpg"
    track = visitor.get(f"/track/{need.tracking_code}/").content.decode()
    url = f"/ask/{need.tracking_code}/photos/{one.pk}/"
    assert url in track
    shown = visitor.get(url)
    assert Image.open(io.BytesIO(b"".join(shown.streaming_content))).format == "JPEG"
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert shown["Content-Disposition"].startswith("attachment")
    assert "sandbox" in shown["Content-Security-Policy"]
    assert "no-store" in shown["Cache-Control"]
    assert list(broken()) == []


def test_no_other_code_and_no_other_page_shows_them(world, at):
    need, other = post(world, at), post(world, at, words="另一件")
    add(world, at, need)
    one = need.photos.get()
    visitor = Client()
    assert visitor.get(f"/ask/{other.tracking_code}/photos/{one.pk}/").status_code == 404
    assert visitor.get(f"/ask/AAAAAAAAAA/photos/{one.pk}/").status_code == 404
    assert visitor.get(f"/needs/{need.pk}/photos/{one.pk}/").status_code == 302
    services.publish_words(need_id=need.pk, words="楼道灯坏了", by=world.here.people["community"], at=at)
    assert "photos/" not in visitor.get(f"/open/{need.pk}/").content.decode()
    for who, code in (("office", 200), ("leader", 200), ("grid", 200), ("finance", 404), ("member", 404)):
        assert client(world.here.people[who]).get(f"/needs/{need.pk}/photos/{one.pk}/").status_code == code
    for who in ("office", "community", "leader"):
        assert client(world.there.people[who]).get(f"/needs/{need.pk}/photos/{one.pk}/").status_code == 404
    assert client(world.here.people["office"]).get(f"/needs/{other.pk}/photos/{one.pk}/").status_code == 404


def bomb():
    from tests.core.test_pictures import png_head

    return SimpleUploadedFile("大.png", png_head(40_000, 40_000))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (lambda: [bomb()], "尺寸太大"),
        (lambda: [SimpleUploadedFile("a.jpg", b"<script>alert(1)</script>")], "只能上传"),
        (lambda: [SimpleUploadedFile("a.jpg", photo((300, 300)).read()[:900])], "已损坏"),
        (lambda: [photo() for _ in range(4)], "最多 3 张"),
        (lambda: [SimpleUploadedFile("a.jpg", b"")], ""),
    ],
)
def test_bad_photos_are_refused_at_the_field_on_every_form(world, at, files, why):
    need = post(world, at)
    before = Need.objects.count()
    desk = client(world.here.people["community"])
    staff = ask(world, channel="visit", people_count=1, urgency="low", words="全新的事情在这里")
    for answer in (
        Client().post("/ask/", ask(world, words="全新的事情", photos=files())),
        desk.post("/needs/new/", staff | {"photos": files()}),
        desk.post(f"/needs/{need.pk}/photos/", {"shots-photos": files()}),
    ):
        form = answer.context.get("photo_form") or answer.context["form"]
        [message] = form.errors["photos"]
        assert why in message
        assert "<script>alert" not in answer.content.decode()
    assert (Need.objects.count(), NeedPhoto.objects.count(), StoredFile.objects.count()) == (before, 0, 0)


def test_staff_form_takes_photos_and_more_can_follow_up_to_three(world, at):
    desk = client(world.here.people["community"])
    desk.post("/needs/new/", ask(world, channel="visit", people_count=1, urgency="low", photos=[photo()]))
    need = Need.objects.get()
    assert desk.post(f"/needs/{need.pk}/photos/", {"shots-photos": [photo()]}).status_code == 302
    assert "添加照片" in desk.get(f"/needs/{need.pk}/").content.decode()
    too_many = desk.post(f"/needs/{need.pk}/photos/", {"shots-photos": [photo(), photo()]})
    assert too_many.status_code == 409
    assert "最多 3 张照片，已有 2 张" in too_many.content.decode()
    assert desk.post(f"/needs/{need.pk}/photos/", {"shots-photos": [photo()]}).status_code == 302
    assert "添加照片" not in desk.get(f"/needs/{need.pk}/").content.decode()
    assert desk.post(f"/needs/{need.pk}/photos/", {}).status_code == 400
    assert NeedPhoto.objects.count() == 3


def test_who_only_watches_adds_nothing(world, at):
    need = post(world, at)
    with pytest.raises(NotAllowed):
        add(world, at, need, who="leader")
    assert (
        client(world.here.people["leader"]).post(f"/needs/{need.pk}/photos/", {"shots-photos": [photo()]}).status_code
        == 403
    )
    assert client(world.there.people["community"]).post(f"/needs/{need.pk}/photos/", {}).status_code == 404


def test_the_database_holds_at_most_three(world, at):
    need = post(world, at)
    add(world, at, need, 3)
    file = StoredFile.objects.first()
    for position in (1, 4, 0):
        with pytest.raises(IntegrityError), transaction.atomic():
            NeedPhoto.objects.create(need=need, position=position, file=file, added_at=at)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_pass_the_limit(at):
    world = build(at)
    need = post(world, at)
    add(world, at, need, 1)
    said = []

    def more():
        try:
            said.append(add(world, at, need, 2))
        except services.TooManyPhotos:
            said.append("full")
        connection.close()

    threads = [threading.Thread(target=more) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(map(str, said)) == ["3", "full"]
    assert need.photos.count() == 3


def test_a_flooded_community_is_refused_before_a_photo_is_unpacked(world, at, monkeypatch):
    for i in range(services.FLOOD):
        post(world, at, by=None, words=f"第{i}件")
    unpacked = []
    monkeypatch.setattr("needs.services.photos.redrawn", unpacked.append)
    answer = Client().post("/ask/", ask(world, words="完全不同的话", photos=[photo()], is_new="1"))
    assert answer.status_code == 429
    assert "照片没有保存" in answer.content.decode()
    assert unpacked == []
    assert Need.objects.count() == services.FLOOD


def test_the_same_form_sent_twice_keeps_the_photos_once(world, at):
    data = ask(world)
    for _ in range(2):
        assert Client().post("/ask/", data | {"photos": [photo()], "is_new": "1"}).status_code == 302
    assert (Need.objects.count(), NeedPhoto.objects.count()) == (1, 1)


def test_a_robot_in_the_honey_pot_leaves_nothing(world):
    Client().post("/ask/", ask(world, website="x", photos=[photo()]))
    assert (Need.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_nothing_is_left_when_a_photo_fails_on_the_way(world, at, monkeypatch):
    def fails(_file):
        raise BadPicture(name="a", why="坏")

    monkeypatch.setattr("needs.services.photos.redrawn", fails)
    assert pictures.MOST_MEGABYTES == 10
    answer = Client().post("/ask/", ask(world, photos=[photo()]))
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["photos"]
    assert not Need.objects.exists()


def test_photos_cost_one_statement_on_each_page(world, at):
    need = post(world, at)
    desk = client(world.here.people["community"])

    def count(url):
        with CaptureQueriesContext(connection) as seen:
            desk.get(url)
        return len(seen)

    pages = [f"/needs/{need.pk}/", f"/track/{need.tracking_code}/"]
    [count(p) for p in pages]
    add(world, at, need, 1)
    one = [count(p) for p in pages]
    add(world, at, need, 2)
    assert [count(p) for p in pages] == one
