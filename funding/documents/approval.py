"""W12 立项通知书: that a project is approved, with its amount and what to do next."""

import tempfile
from datetime import date
from pathlib import Path

from core.clock import spoken
from core.documents import Plain, Signed, write_document
from core.money import show_yuan
from core.rmb import rmb_upper
from funding.models import Award
from projects.models import Proposal


def approval_word(award: Award, proposal: Proposal, day: date) -> bytes:
    """The letter as .docx, dated `day`."""
    round_ = proposal.round
    notice = award.plan.notices.order_by("-version").first()
    where = f"，在{proposal.community.name}实施" if proposal.community else ""
    told = f"公示期为{spoken(notice.starts_on)}至{spoken(notice.ends_on)}，公示期满。" if notice else ""
    demo = [Plain("演示数据：单位、项目和金额为演示而编。")] if proposal.is_demo or round_.is_demo else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "approval.docx"
        write_document(
            path, "立项通知书",
            [
                *demo, Plain(f"{proposal.organization.name}："),
                f"你单位申报的“{round_.title}”项目“{proposal.title}”{where}，经资格审查、评审、集体研究和公示，准予立项。{told}",
                f"资助金额为 {show_yuan(award.amount)} 元，大写：{rmb_upper(award.amount)}。",
                "请于收到本通知后与我单位签订项目协议书，并按协议约定组织实施、使用资金、提交资料。资金按协议约定分期拨付。",
                "特此通知。",
                Signed(round_.street.name, spoken(day)),
            ],
            author=round_.street.name,
        )  # fmt: skip
        return path.read_bytes()
