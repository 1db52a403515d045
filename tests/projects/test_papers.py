"""Attachments: who adds, who reads, what a version keeps."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from audit.models import Event
from core import clock
from core.errors import NotAllowed
from core.scanning import Infected
from jobs.models import StoredFile
from jobs.storage import place_of
from projects.models import Attachment, Proposal
from projects.services import ReadAgain, papers_mark, submit_proposal
from projects.services.papers import (
    AttachmentsClosed,
    SameAttachment,
    TooManyAttachments,
    add_attachment,
    remove_attachment,
    safe_name,
)
from tests.needs.files import photo
from tests.projects import make
from tests.projects.files import pdf, upload, word
from tests.world import build


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def now(db):
    return clock.now()


@pytest.fixture
def here(now):
    return build(now).here


def add(proposal, here, at, file=None, kind="registration", by=None):
    return add_attachment(proposal_id=proposal.pk, kind=kind, file=file or pdf(), by=by or here.people["member"], at=at)


def remove(attachment, here, at):
    return remove_attachment(attachment_id=attachment.pk, by=here.people["member"], at=at)


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def url(proposal, attachment=None, act=""):
    return f"/proposals/{proposal.pk}/attachments/" + (f"{attachment.pk}/{act}" if attachment else "")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("证书.PDF", "证书.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\x\\报价:1?.docx", "报价_1_.pdf"),
        ("con.pdf", "_con.pdf"),
        ("COM1.x.pdf", "_COM1.x.pdf"),
        ("\u202efdp.exe", "_fdp.exe.pdf"),
        (" .. ", "附件.pdf"),
        ("长" * 200 + ".pdf", "长" * 80 + ".pdf"),
    ],
)
def test_a_name_that_every_system_takes(given, name):
    assert safe_name(given, "pdf") == name


def test_the_version_keeps_name_kind_size_and_digest(here, now):
    draft = make.make_complete_draft(here, now)
    other, first = add(draft, here, now, word(), "other"), add(draft, here, now)
    version = make_submitted(draft, here, now).versions.get()
    assert version.content["attachments"] == [
        {"id": a.pk, "kind": a.get_kind_display(), "name": a.name, "size": a.file.size, "sha256": a.file.sha256}
        for a in (first, other)
    ]
    assert [e.verb for e in Event.objects.filter(verb__startswith="projects.attachment")] == [
        "projects.attachment_added"
    ] * 2


def make_submitted(draft, here, now):
    return submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=now)


def test_after_submission_nothing_is_added_or_taken_off(here, now):
    draft = make.make_complete_draft(here, now)
    kept = add(draft, here, now)
    make_submitted(draft, here, now)
    with pytest.raises(AttachmentsClosed):
        add(draft, here, now, word())
    with pytest.raises(AttachmentsClosed):
        remove(kept, here, now)
    assert list(Attachment.objects.values_list("pk", "removed_at")) == [(kept.pk, None)]


@pytest.mark.parametrize(("marked", "is_open"), [(["budget"], False), (["attachments"], True)])
def test_a_return_opens_the_attachments_only_where_it_marks_them(here, now, marked, is_open):
    draft = make.make_complete_draft(here, now)
    old = add(draft, here, now)
    make_submitted(draft, here, now)
    make.decide(draft, here, "return", now, fields_open=marked, complete_by=now + timedelta(days=3))
    if not is_open:
        with pytest.raises(AttachmentsClosed):
            add(draft, here, now, word())
        return
    new = add(draft, here, now, word())
    remove(old, here, now)
    make_submitted(draft, here, now)
    first, second = draft.versions.order_by("number")
    assert [a["id"] for a in first.content["attachments"]] == [old.pk]
    assert [a["id"] for a in second.content["attachments"]] == [new.pk]
    office = as_(here.people["office"])
    assert b"".join(office.get(url(draft, old)).streaming_content).startswith(b"%PDF-")


def test_what_a_version_holds_cannot_go_even_past_the_services(here, now):
    draft = make.make_complete_draft(here, now)
    kept = add(draft, here, now)
    make_submitted(draft, here, now)
    for statement in ("DELETE FROM projects_attachment", "UPDATE projects_attachment SET name = 'x'"):
        with pytest.raises(IntegrityError, match="附件不能修改"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Attachment.objects.get().name == kept.name


def test_a_draft_that_lets_a_document_go_keeps_nothing_of_it(here, now):
    draft = make.make_draft(here, now)
    place = place_of(add(draft, here, now).file)
    assert place.exists()
    remove(Attachment.objects.get(), here, now)
    assert (Attachment.objects.exists(), StoredFile.objects.exists(), place.exists()) == (False, False, False)


def test_the_same_document_twice_and_one_name_for_two(here, now):
    draft = make.make_draft(here, now)
    add(draft, here, now, pdf("证书.pdf"))
    with pytest.raises(SameAttachment, match="证书"):
        add(draft, here, now, pdf("又名.pdf"))
    assert add(draft, here, now, pdf("证书.PDF", b"%2")).name == "证书(2).pdf"


def test_a_double_click_keeps_one(here, now):
    draft = make.make_draft(here, now)
    assert add(draft, here, now) == add(draft, here, now)
    assert (
        Attachment.objects.count(),
        StoredFile.objects.count(),
        Event.objects.filter(verb="projects.attachment_added").count(),
    ) == (1, 1, 1)


def test_too_many_and_too_much(here, now, monkeypatch):
    draft = make.make_draft(here, now)
    add(draft, here, now)
    monkeypatch.setattr("projects.services.papers.MOST_FILES", 1)
    with pytest.raises(TooManyAttachments, match="最多 1 个"):
        add(draft, here, now, word())
    monkeypatch.setattr("projects.services.papers.MOST_FILES", 9)
    monkeypatch.setattr("projects.services.papers.MOST_MEGABYTES", 0)
    with pytest.raises(TooManyAttachments):
        add(draft, here, now, word())


def test_the_scanner_s_word_counts(here, now, settings, tmp_path):
    script = tmp_path / "scanner"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    settings.VIRUS_SCANNER = str(script)
    draft = make.make_draft(here, now)
    with pytest.raises(Infected):
        add(draft, here, now)
    answer = as_(here.people["member"]).post(url(draft), {"kind": "other", "file": pdf()})
    assert (answer.status_code, "被病毒扫描拦下" in answer.content.decode()) == (400, True)
    assert (Attachment.objects.exists(), StoredFile.objects.exists()) == (False, False)


def test_only_the_applicant_s_people_add(here, now):
    draft = make.make_draft(here, now)
    for who in ("office", "community", "other_member"):
        with pytest.raises(NotAllowed):
            add(draft, here, now, by=here.people[who])


def test_what_was_added_after_looking_through_is_not_handed_in_unseen(here, now):
    draft = make.make_complete_draft(here, now)
    seen = papers_mark(draft)
    add(draft, here, now)
    with pytest.raises(ReadAgain):
        submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=now, papers=seen)
    assert Proposal.objects.get().state == "draft"


def test_the_page_takes_a_document_and_lets_it_go(here, now):
    draft, client = make.make_draft(here, now), as_(here.people["member"])
    answer = client.post(url(draft), {"kind": "budget", "file": photo(name="报价.png", kind="PNG")})
    assert (answer.status_code, answer["Location"]) == (302, url(draft))
    kept = Attachment.objects.get()
    assert (kept.name, kept.kind, kept.file.content_type) == ("报价.jpg", "budget", "image/jpeg")
    assert "报价.jpg" in client.get(url(draft)).content.decode()
    assert "报价.jpg" in client.get(f"/proposals/{draft.pk}/edit/").content.decode()
    client.post(url(draft, kept, "remove/"))
    assert not Attachment.objects.exists()


def test_the_page_says_what_is_wrong_with_a_document(here, now):
    draft, client = make.make_draft(here, now), as_(here.people["member"])
    bad = client.post(url(draft), {"kind": "other", "file": upload(b"<html>", "x.pdf")})
    assert (bad.status_code, "只能上传 PDF" in bad.content.decode()) == (400, True)
    assert "请选择种类" in client.post(url(draft), {"file": pdf()}).content.decode()
    assert "请选择要上传的文件" in client.post(url(draft), {"kind": "other"}).content.decode()


def test_a_download_cannot_act_and_asks_who_comes(here, now):
    draft = make.make_complete_draft(here, now)
    kept = add(draft, here, now)
    own = as_(here.people["member"]).get(url(draft, kept))
    assert own["Content-Disposition"].startswith("attachment")
    assert (own["X-Content-Type-Options"], own["Content-Security-Policy"]) == ("nosniff", "sandbox")
    assert "no-store" in own["Cache-Control"]
    for who in ("office", "community", "other_member"):
        assert as_(here.people[who]).get(url(draft, kept)).status_code == 404, who
    make_submitted(draft, here, now)
    codes = {who: as_(here.people[who]).get(url(draft, kept)).status_code for who in ("office", "leader", "community", "other_member", "judge")}  # fmt: skip
    assert codes == {"office": 200, "leader": 200, "community": 200, "other_member": 404, "judge": 404}
    assert as_(here.people["office"]).get(url(draft)).status_code == 403
    make.decide(draft, here, "return", now, fields_open=["attachments"], complete_by=now + timedelta(days=3))
    fresh = add(draft, here, now, word())
    assert as_(here.people["office"]).get(url(draft, fresh)).status_code == 404
