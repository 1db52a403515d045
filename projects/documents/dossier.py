"""一项目一档 of an application: one ZIP in the order of the archive, with a manifest of names, sizes and digests."""

import hashlib
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from core.clock import local
from core.errors import DomainError
from jobs.registry import Work, register
from jobs.storage import place_of
from projects.documents.application import contacts_of, write_application, write_receipt
from projects.models import Attachment, Proposal, ProposalVersion
from projects.rules import sees_contacts, standing_opinion, visible_proposals

ZIP = "application/zip"
MANIFEST = "00-清单.csv"
_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


class FileLost(DomainError):
    message = "附件“{name}”在服务器上缺失或已损坏，档案没有生成。请联系系统管理员。"


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """Who sees the proposal, once it was handed in; phones only for the office and the applicant."""
    found = visible_proposals(user).filter(pk=params["proposal"], versions__number=params["version"]).first()
    return found is not None and (not params["phones"] or sees_contacts(user, found))


class Archive:
    """Writes files into a ZIP one by one and notes each for the manifest."""

    def __init__(self, package: ZipFile, moment: tuple[int, int, int, int, int, int]) -> None:
        self.package, self.moment = package, moment
        self.rows: list[tuple[str, int, str]] = []

    def add(self, name: str, source: Path, *, is_packed: bool = False) -> str:
        """Put a file in; returns its digest."""
        digest, size = hashlib.sha256(), 0
        entry = ZipInfo(name, self.moment)
        entry.compress_type = ZIP_STORED if is_packed else ZIP_DEFLATED
        entry.external_attr = 0o640 << 16
        with source.open("rb") as given, self.package.open(entry, "w") as kept:
            while chunk := given.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
                kept.write(chunk)
        self.rows.append((name, size, digest.hexdigest()))
        return digest.hexdigest()

    def manifest(self) -> bytes:
        """The list as CSV that opens in WPS; every name begins with a figure, so no cell can be a formula."""
        lines = ["序号,文件名,字节数,SHA-256"]
        for n, (name, size, digest) in enumerate(self.rows, 1):
            quoted = name.replace('"', '""')
            lines.append(f'{n},"{quoted}",{size},{digest}')
        return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


@register("projects.dossier", content_type=ZIP, suffix=".zip", may=may_read)
def dossier(work: Work) -> None:
    """The dossier of one version: `params` = {"proposal": id, "version": number, "phones": bool}.

    申报书, then the attachments in the order of their kinds, then the receipt; the manifest stands first in the list of
    names. An attachment whose bytes are not those of the version is refused. Raises FileLost.
    """
    proposal = Proposal.objects.select_related("round__street", "organization").get(pk=work.params["proposal"])
    version = ProposalVersion.objects.select_related("submitted_by").get(
        proposal=proposal, number=work.params["version"]
    )
    listed = version.content.get("attachments", [])
    files = {a.pk: a for a in Attachment.objects.filter(proposal=proposal).select_related("file")}
    total = len(listed) + 3
    t = local(version.submitted_at)
    with tempfile.TemporaryDirectory(dir=work.path.parent) as folder, ZipFile(work.path, "w") as package:
        archive = Archive(package, (t.year, t.month, t.day, t.hour, t.minute, t.second))
        made = Path(folder) / "made.docx"
        contacts = contacts_of(proposal, phones=work.params["phones"])
        write_application(
            made, proposal, version.content, version=version, contacts=contacts, opinion=standing_opinion(proposal)
        )
        archive.add("01-项目申报书.docx", made)
        work.rows(1, total)
        for n, row in enumerate(listed, 1):
            name = f"02-附件/{n:02d}-{_FORBIDDEN.sub('_', row['kind'])}-{_FORBIDDEN.sub('_', row['name'])}"
            place = place_of(files[row["id"]].file) if row["id"] in files else None
            if place is None or not place.exists() or archive.add(name, place, is_packed=True) != row["sha256"]:
                raise FileLost(name=row["name"])
            work.rows(n + 1, total)
        write_receipt(made, proposal, version)
        archive.add("03-受理回执.docx", made)
        listing = Path(folder) / "list.csv"
        listing.write_bytes(archive.manifest())
        archive.add(MANIFEST, listing)
        work.rows(total, total)
