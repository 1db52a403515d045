"""星级证书: what a leader confirmed, as Word to be sealed and handed over. Made from what is kept, the same file each time."""

import tempfile
from pathlib import Path

from core.clock import local, spoken
from core.documents import Part, Plain, Signed, write_document
from organizations.models import RatingConfirmation


def certificate_number(one: RatingConfirmation) -> str:
    """The number on the certificate."""
    return f"{one.street_name}社会组织星评〔{one.year}〕第 {one.serial} 号"


def certificate_word(one: RatingConfirmation) -> bytes:
    """One certificate as .docx, on a landscape page."""
    parts: list[Part] = [
        *([Plain("演示数据：单位和星级为演示而编，不作证明。", middle=True)] if one.organization.is_demo else []),
        Plain(certificate_number(one), middle=True),
        Plain(f"{one.name}："),
        f"经{one.street_name} {one.year} 年度社会组织年终等级评定，评定你单位为{one.get_stars_display()}级社会组织，特发此证。",
        Signed(one.street_name, spoken(local(one.confirmed_at).date())),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificate.docx"
        write_document(path, "社会组织星级证书", parts, author=one.street_name, is_landscape=True)
        return path.read_bytes()
