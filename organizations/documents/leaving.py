"""退出通知: what a leader decided on three low months, as Word to be sealed and handed over."""

import tempfile
from decimal import Decimal
from pathlib import Path

from core.clock import local, spoken
from core.documents import Part, Plain, Signed, Table, write_document
from organizations.models import ExitDecision


def leaving_word(decision: ExitDecision) -> bytes:
    """The notice of a decision to leave, as .docx."""
    row, day = decision.organization, decision.leaves_on
    assert day is not None  # noqa: S101 - a decision to leave has its day
    street = row.street.name
    months = [[f"{s['year']}年{s['month']}月", f"{Decimal(s['total']):.1f}"] for s in decision.scores]
    parts: list[Part] = [
        *([Plain("演示数据：单位和积分为演示而编。", middle=True)] if row.is_demo else []),
        Plain(f"{row.name}："),
        "按照社会组织服务中心十分制积分管理制度，你单位以下月份的积分连续低于 6 分：",
        Table(["月份", "月积分（满分 10 分）"], months, [70, 70], frozenset({1})),
        f"经研究，责令你单位于{spoken(day)}前退出社会组织服务中心，并办理场地、物品和资料的移交。理由：{decision.reason}",
        f"如有异议，请在收到本通知后向{street}社会组织服务中心提出。",
        Signed(street, spoken(local(decision.decided_at).date())),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leaving.docx"
        write_document(path, "退出社会组织服务中心通知", parts, author=street)
        return path.read_bytes()
