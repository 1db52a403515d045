"""Attachments of a proposal: added and taken off while it is a draft, or when a return marked them."""

import re
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.papers import Paper, read_paper
from core.scanning import scan
from jobs.models import StoredFile
from jobs.storage import is_used, lock_content, place_of, store
from organizations.rules import acts_for
from projects import rules
from projects.models import Attachment, Proposal
from projects.services.sections import paper_labels, papers_for
from rounds.domain.papers import PAPERS

MOST_FILES = 15
MOST_MEGABYTES = 60  # of all attachments of a proposal together
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+')
_DEVICES = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)


class AttachmentsClosed(DomainError):
    message = "现在不能增删附件：申报书已提交，或本次补正没有要求补正附件。"


class TooManyAttachments(DomainError):
    message = "最多 {most} 个附件，合计不超过 {megabytes} MB。请先删去不需要的，或把几份合成一个 PDF。"
    status = 400


class SameAttachment(DomainError):
    message = "这份文件已经上传过：{name}。"
    status = 400


class KindNotAsked(DomainError):
    message = "本期没有列出这种附件，请重新选择种类。"
    status = 400


class TooManyOfAKind(DomainError):
    message = "{label}最多 {most} 个，已有 {most} 个。请先删去不需要的，或把几份合成一个 PDF。"
    status = 400


class PaperTooLarge(DomainError):
    message = "{label}每个不超过 {megabytes} MB，这份有 {size} MB。请压缩后再传。"
    status = 400


def safe_name(given: str, ending: str) -> str:
    """A file's name that every system takes, with the ending of what it is: never `..`, `CON` or a turned direction."""
    stem = Path(given.replace("\\", "/")).name
    stem = re.sub(r"\.(pdf|jpe?g|png|docx|xlsx)$", "", stem, flags=re.IGNORECASE)
    stem = _NOT_IN_NAMES.sub("_", stem).strip(" .")[:80].strip(" .") or "附件"
    return _DEVICES.sub(r"_\1", stem) + f".{ending}"


def add_attachment(*, proposal_id: int, kind: str, file: Any, by: User, at: datetime) -> Attachment:
    """Keep one document: told by its content, looked at by the scanner, pictures drawn anew. Sent twice it is there once.

    Raises NotAllowed, AttachmentsClosed, BadPaper, Infected, CannotScan, TooManyAttachments, SameAttachment, and by what
    the round says of the kind KindNotAsked, TooManyOfAKind, PaperTooLarge.
    """
    _check_open(Proposal.objects.select_related("organization").get(pk=proposal_id), by)  # before anything is unpacked
    scan_name = str(file.name)[-60:]
    paper = read_paper(file)
    file.seek(0)
    scan(file.read(), name=scan_name)
    return _keep(proposal_id=proposal_id, kind=kind, given=str(file.name), paper=paper, by=by, at=at)


@transaction.atomic(durable=True)
def _keep(*, proposal_id: int, kind: str, given: str, paper: Paper, by: User, at: datetime) -> Attachment:
    proposal = _locked(proposal_id)
    _check_open(proposal, by)
    standing = list(proposal.attachments.standing().select_related("file"))
    size = sum(a.file.size for a in standing) + len(paper.data)
    if len(standing) >= MOST_FILES or size > MOST_MEGABYTES * 1024 * 1024:
        raise TooManyAttachments(most=MOST_FILES, megabytes=MOST_MEGABYTES)
    stored = _stored(paper, safe_name(given, paper.ending), at)
    if same := next((a for a in standing if a.file.sha256 == stored.sha256), None):
        if same.kind == kind and same.name == stored.shown_name:
            stored.delete()
            return same  # sent twice
        raise SameAttachment(name=same.name)
    _check_kind(proposal, kind, [a.kind for a in standing], len(paper.data))
    attachment = Attachment.objects.create(
        proposal=proposal, kind=kind, rank=PAPERS[kind].rank, name=_free(stored.shown_name, {a.name for a in standing}),
        file=stored, added_by=by, added_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="projects.attachment_added", about=proposal, at=at, scope_id=proposal.round.street_id,
        facts={"name": attachment.name, "kind": kind, "sha256": stored.sha256, "size": stored.size},
    )  # fmt: skip
    return attachment


def _check_kind(proposal: Proposal, kind: str, standing: list[str], size: int) -> None:
    wanted = next((p for p in papers_for(proposal) if p.key == kind), None)
    if wanted is None:
        raise KindNotAsked
    if standing.count(kind) >= wanted.most:
        raise TooManyOfAKind(label=wanted.label, most=wanted.most)
    if size > wanted.megabytes * 1024 * 1024:
        raise PaperTooLarge(label=wanted.label, megabytes=wanted.megabytes, size=f"{size / 1024 / 1024:.1f}")


@transaction.atomic(durable=True)
def remove_attachment(*, attachment_id: int, by: User, at: datetime) -> Proposal:
    """Take a document off. One that a version handed in holds stays for that version; any other is gone for good.

    Raises NotAllowed, AttachmentsClosed, Attachment.DoesNotExist.
    """
    proposal = _locked(Attachment.objects.values_list("proposal_id", flat=True).get(pk=attachment_id))
    _check_open(proposal, by)
    attachment = proposal.attachments.standing().select_related("file").get(pk=attachment_id)
    file = attachment.file
    if proposal.versions.filter(content__attachments__contains=[{"id": attachment.pk}]).exists():
        attachment.removed_at = at
        attachment.save(update_fields=["removed_at"])
    else:
        attachment.delete()
        _forget(file)
    record(
        actor=by, verb="projects.attachment_removed", about=proposal, at=at, scope_id=proposal.round.street_id,
        facts={"name": attachment.name, "sha256": file.sha256},
    )  # fmt: skip
    return proposal


def attachments_of(proposal: Proposal) -> list[dict[str, Any]]:
    """The standing attachments as plain JSON for a version; each kind by its name in the round."""
    labels = paper_labels(proposal)
    return [
        {"id": a.pk, "kind": labels[a.kind], "name": a.name, "size": a.file.size, "sha256": a.file.sha256}
        for a in proposal.attachments.standing().select_related("file")
    ]


def papers_mark(proposal: Proposal) -> str:
    """Tells one set of attachments from another."""
    return ".".join(str(pk) for pk in proposal.attachments.standing().values_list("pk", flat=True))


def _locked(proposal_id: int) -> Proposal:
    found = Proposal.objects.select_for_update(of=("self",)).select_related("round__street", "organization")
    return found.get(pk=proposal_id)


def _check_open(proposal: Proposal, by: User) -> None:
    if not acts_for(by, proposal.organization_id):
        raise NotAllowed
    if not rules.can_attach(by, proposal):
        raise AttachmentsClosed


def _stored(paper: Paper, name: str, at: datetime) -> StoredFile:
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=root, prefix="incoming-", delete=False) as handle:
        handle.write(paper.data)
        handle.flush()
    return store(source=Path(handle.name), shown_name=name, content_type=paper.content_type, at=at)


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where another file has it; Windows knows no difference of case."""
    known = {t.casefold() for t in taken}
    stem, _, ending = name.rpartition(".")
    found, n = name, 1
    while found.casefold() in known:
        n += 1
        found = f"{stem}({n}).{ending}"
    return found


def _forget(file: StoredFile) -> None:
    """The file goes with its row, unless another row needs either."""
    lock_content(file.sha256)
    if is_used(file):
        return
    file.delete()
    if not StoredFile.objects.filter(path=file.path).exists():
        place_of(file).unlink(missing_ok=True)
