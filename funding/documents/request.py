"""W14 拨款申请书: an organization's request for an instalment, for signing and sealing."""

from collections.abc import Mapping
from pathlib import Path

from core.clock import local, spoken
from core.documents import Heading, Signed, Table, write_document
from core.money import show_yuan
from core.rmb import rmb_upper
from funding.models import Instalment, Payment


def write_request(path: Path, payment: Payment, payee: Mapping[str, str]) -> None:
    """W14 of one payment. `payee` is the account as its reader may see it (rules.payee_for)."""
    agreement, term = payment.agreement, payment.instalment
    proposal = agreement.proposal
    street, organization = agreement.round.street.name, proposal.organization.name
    version = agreement.versions.filter(state="signed").first()
    signed_on = f"（{spoken(version.signed_on)}签订）" if version and version.signed_on else ""
    amounts = [
        ["协议金额", show_yuan(agreement.amount), rmb_upper(agreement.amount)],
        [f"{term.title}金额", show_yuan(term.amount), rmb_upper(term.amount)],
        ["本次申请", show_yuan(payment.amount), rmb_upper(payment.amount)],
        ["已拨资金累计支出", show_yuan(payment.spent), rmb_upper(payment.spent)],
    ]
    conditions = [[str(Instalment.Condition(c).label), payment.confirmed.get(c, "")] for c in term.conditions]
    files = [f"{n}. {name}" for n, name in enumerate(payment.evidence.order_by("pk").values_list("shown_name", flat=True), 1)]  # fmt: skip
    demo = ["演示数据：金额和账户为演示而编，不是真实结果。"] if agreement.is_demo else []
    asked = (
        f"按照《{proposal.title}》项目协议（协议号 {agreement.number}）{signed_on}的约定，我单位申请拨付{term.title} "
        f"{show_yuan(payment.amount)} 元，大写：{rmb_upper(payment.amount)}。请予审核拨付。"
    )
    write_document(
        path, "拨款申请书",
        [
            *demo,
            f"申请编号：{payment.number}",
            f"{street}：",
            asked,
            Heading("一、金额"),
            Table(["事项", "金额（元）", "大写"], amounts, [42, 32, 82], frozenset({1})),
            Heading("二、收款账户"),
            Table(["户名", "开户行", "账号"], [[payee["name"], payee["bank"], payee["account"]]], [56, 50, 50]),
            Heading("三、申请说明"),
            payment.words or "无。",
            Heading("四、拨付条件"),
            Table(["条件", "核对情况（由街道填写）"], conditions, [56, 100]),
            Heading("五、附件"),
            *(files or ["无。"]),
            Signed(f"{organization}（盖章）", spoken(local(payment.requested_at).date())),
        ],
        author=organization,
    )  # fmt: skip
