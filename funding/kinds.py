"""What applicants are told by this app."""

from messaging.kinds import Kind, Variable, register

PAYMENT = register(
    Kind(
        "funding.payment", "拨付进展", subject="{结果}：{项目}{拨付期}", body="“{项目}”{拨付期} {金额} 元（{拨付单号}）{结果}。{说明}",
        variables=(
            Variable("outcome", "结果", "已拨付"),
            Variable("title", "项目", "邻里文艺角"),
            Variable("term", "拨付期", "首款"),
            Variable("amount", "金额", "5,400.00"),
            Variable("number", "拨付单号", "BF-2026-0003-001-01"),
            Variable("words", "说明", "2026年12月1日拨付，凭证号 记字12号。"),
        ),
        is_required=True,
        is_decision=True,
    )
)  # fmt: skip
