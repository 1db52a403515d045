"""What organizations are told by this app."""

from messaging.kinds import Kind, Variable, register

_FACTS = (
    Variable("title", "项目", "邻里文艺角"),
    Variable("number", "支出编号", "ZC-2026-0001-01-003"),
    Variable("amount", "金额", "1,200.00"),
    Variable("reason", "理由", "发票抬头不是本单位全称。"),
)
RETURNED = register(
    Kind(
        "delivery.expense_returned", "支出退回", subject="支出退回：{项目} {支出编号}",
        body="“{项目}”的支出 {支出编号}（{金额} 元）退回修改。理由：{理由}请改正后重新提交。", variables=_FACTS, is_required=True,
    )
)  # fmt: skip
TAKEN_BACK = register(
    Kind(
        "delivery.expense_reversed", "支出冲销", subject="支出冲销：{项目} {支出编号}",
        body="“{项目}”已核的支出 {支出编号}（{金额} 元）已冲销，不再计入累计支出。理由：{理由}如仍属本项目支出，请重新录入。", variables=_FACTS,
        is_required=True,
    )
)  # fmt: skip
