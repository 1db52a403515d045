"""What applicants are told by this app."""

from messaging.kinds import Kind, Variable, register

DECISION = register(
    Kind(
        "projects.decision", "初审结论", subject="{结论}：{项目}", body="“{项目}”（{受理编号}）{结论}。{说明}",
        variables=(
            Variable("outcome", "结论", "需要补正"),
            Variable("title", "项目", "邻里文艺角"),
            Variable("receipt", "受理编号", "SB-2026-0001"),
            Variable("words", "说明", "理由：预算缺少单价。请在 2026年12月1日 17:00（北京时间）前补正并重新提交。"),
        ),
        is_required=True,
    )
)  # fmt: skip
