"""W3 as Word and on paper; the dossier as one archive."""

import csv
import hashlib
import io
import zipfile
from decimal import Decimal

import docx
import pytest
from django.test import Client

from core import clock
from jobs.models import Job
from jobs.registry import Work, kind_of
from jobs.services import run_job
from jobs.storage import place_of
from projects.documents.dossier import MANIFEST, FileLost
from projects.domain.parts import ActivityRow, GoalRow, PartnerRow, Parts
from projects.models import Attachment, Proposal
from projects.services import save_draft, submit_proposal
from projects.services.papers import add_attachment
from tests.projects import make
from tests.projects.files import pdf, word
from tests.projects.test_parts import FULL
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


@pytest.fixture
def handed_in(here, now):
    draft = make.make_complete_draft(here, now)
    stored = Proposal.objects.get(pk=draft.pk)
    save_draft(
        proposal_id=draft.pk, facts={}, lines=list(make.LINES), need_ids=list(stored.needs.values_list("pk", flat=True)), order_ids=[],
        revision=stored.revision, by=here.people["member"], at=now, parts=FULL,
    )  # fmt: skip
    add_attachment(proposal_id=draft.pk, kind="other", file=word("说明:1.docx"), by=here.people["member"], at=now)
    add_attachment(proposal_id=draft.pk, kind="registration", file=pdf(), by=here.people["member"], at=now)
    return submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=now)


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def text_of(data):
    found = docx.Document(io.BytesIO(data))
    cells = [c.text for t in found.tables for r in t.rows for c in r.cells]
    return "\n".join([p.text for p in found.paragraphs] + cells)


def got(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer, b"".join(answer.streaming_content)


def test_w3_says_everything_that_was_handed_in(here, handed_in):
    answer, data = got(as_(here.people["office"]), f"/proposals/{handed_in.pk}/word/")
    words = text_of(data)
    version = handed_in.versions.get()
    for said in (
        "项目申报书", handed_in.receipt_number, "邻里换物", here.organization.name, "每月一次旧物交换。", "旧物市集", "2027-03-13", "满意率", "95.5",
        "溡源社区党总支", "1,500.00", "活动物资", "4,820.00", "8,000.00", "人民币捌仟元整", "说明_1.docx", "证书.pdf", "实施所在社区", "公章", version.digest,
    ):  # fmt: skip
        assert said in words, said
    assert "草稿" not in words
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_draft_says_that_it_is_one_and_is_its_own_people_s_only(here, now):
    draft = make.make_draft(here, now)
    _, data = got(as_(here.people["member"]), f"/proposals/{draft.pk}/word/")
    assert "项目申报书（草稿）" in text_of(data)
    for act in ("word", "print"):
        assert as_(here.people["office"]).get(f"/proposals/{draft.pk}/{act}/").status_code == 404
    assert as_(here.people["member"]).post(f"/proposals/{draft.pk}/dossier/").status_code == 404


def test_phones_are_for_the_office_and_the_applicant(here, handed_in):
    member = here.people["member"]
    member.phone = "13800001234"
    member.save(update_fields=["phone"])
    shown = {
        who: "13800001234" in as_(here.people[who]).get(f"/proposals/{handed_in.pk}/print/").content.decode()
        for who in ("member", "office", "leader", "supervisor", "community")
    }
    assert shown == {"member": True, "office": True, "leader": False, "supervisor": False, "community": False}
    _, data = got(as_(here.people["leader"]), f"/proposals/{handed_in.pk}/word/")
    assert "13800001234" not in text_of(data)


def test_an_older_version_is_printed_as_it_was(here, handed_in, now):
    from datetime import timedelta

    make.decide(handed_in, here, "return", now, fields_open=["summary"], complete_by=now + timedelta(days=1))
    stored = Proposal.objects.get()
    save_draft(
        proposal_id=stored.pk, facts={"summary": "改过的简介。"}, lines=list(make.LINES), need_ids=list(stored.needs.values_list("pk", flat=True)),
        order_ids=[], revision=stored.revision, by=here.people["member"], at=now,
    )  # fmt: skip
    submit_proposal(proposal_id=stored.pk, by=here.people["member"], at=now)
    office = as_(here.people["office"])
    page = {n: office.get(f"/proposals/{stored.pk}/print/?version={n}") for n in ("1", "2", "3", "x")}
    assert ("改过" in page["1"].content.decode(), "改过" in page["2"].content.decode()) == (False, True)
    assert (page["3"].status_code, page["x"].status_code) == (404, 404)


def test_the_dossier_holds_all_in_the_order_of_the_archive(here, handed_in, now):
    answer = as_(here.people["office"]).post(f"/proposals/{handed_in.pk}/dossier/")
    job = Job.objects.get()
    assert answer["Location"].endswith(f"/{job.pk}/")
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.file.content_type, job.file.shown_name.endswith(".zip")) == ("done", "application/zip", True)
    with zipfile.ZipFile(place_of(job.file)) as package:
        assert package.testzip() is None
        names = package.namelist()
        assert names == [
            "01-项目申报书.docx", "02-附件/01-登记证书-证书.pdf", "02-附件/02-其他材料-说明_1.docx", "03-受理回执.docx", MANIFEST,
        ]  # fmt: skip
        rows = list(csv.reader(io.StringIO(package.read(MANIFEST).decode("utf-8-sig"))))
        assert rows[0] == ["序号", "文件名", "字节数", "SHA-256"]
        for _, name, size, digest in rows[1:]:
            data = package.read(name)
            assert (len(data), hashlib.sha256(data).hexdigest()) == (int(size), digest), name
        assert [r[1] for r in rows[1:]] == names[:-1]
        kept = {a["name"]: a["sha256"] for a in handed_in.versions.get().content["attachments"]}
        assert rows[2][3] == kept["证书.pdf"]
        receipt = text_of(package.read("03-受理回执.docx"))
    assert handed_in.receipt_number in receipt
    assert handed_in.versions.get().digest in receipt


def test_no_name_in_the_dossier_troubles_windows(here, handed_in, tmp_path):
    params = {"proposal": handed_in.pk, "version": 1, "phones": False}
    path = tmp_path / "out"
    kind_of("projects.dossier").builder(Work(params, path, lambda _done, _total: None))
    again = tmp_path / "again"
    kind_of("projects.dossier").builder(Work(params, again, lambda _done, _total: None))
    assert path.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(path) as package:
        for entry in package.infolist():
            assert not set(entry.filename) & set('\\:*?"<>|')
            assert len(entry.filename) < 130
            assert entry.flag_bits & 0x800 or entry.filename.isascii()


def test_a_document_that_is_no_longer_what_was_handed_in_is_not_passed_on(here, handed_in, tmp_path):
    work = Work({"proposal": handed_in.pk, "version": 1, "phones": False}, tmp_path / "out", lambda _done, _total: None)
    place = place_of(Attachment.objects.get(kind="registration").file)
    place.write_bytes(b"%PDF-changed")
    with pytest.raises(FileLost, match="证书"):
        kind_of("projects.dossier").builder(work)
    place.unlink()
    with pytest.raises(FileLost, match="证书"):
        kind_of("projects.dossier").builder(work)


def test_who_may_have_the_dossier(here, handed_in):
    allows = kind_of("projects.dossier").allows
    params = {"proposal": handed_in.pk, "version": 1, "phones": False}
    seen = {
        w: allows(here.people[w], params) for w in ("office", "leader", "community", "member", "other_member", "judge")
    }
    assert seen == {
        "office": True,
        "leader": True,
        "community": True,
        "member": True,
        "other_member": False,
        "judge": False,
    }
    phones = {w: allows(here.people[w], params | {"phones": True}) for w in ("office", "leader", "member")}
    assert phones == {"office": True, "leader": False, "member": True}
    assert not allows(here.people["office"], params | {"version": 9})


def test_words_that_look_like_markup_stay_words(here, now):
    draft = make.make_complete_draft(here, now, title="<b>甲</b>&=1+1")
    stored = Proposal.objects.get(pk=draft.pk)
    parts = Parts(
        [PartnerRow("party", "=HYPERLINK(1)", "<i>", Decimal(1))],
        [ActivityRow("\x0b<x>", None, None, "", None)],
        [GoalRow("&", None, "")],
    )
    save_draft(
        proposal_id=draft.pk, facts={}, lines=list(make.LINES), need_ids=[], order_ids=[], revision=stored.revision, by=here.people["member"],
        at=now, parts=parts,
    )  # fmt: skip
    _, data = got(as_(here.people["member"]), f"/proposals/{draft.pk}/word/")
    assert "<b>甲</b>&=1+1" in text_of(data)
