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
        is_decision=True,
    )
)  # fmt: skip

CUT = register(
    Kind(
        "projects.cut",
        "预算核减",
        subject="预算核减：{项目}",
        body="“{项目}”申请 {申请} 元，核定 {核定} 元。请查看各行的核减理由，并答复是否同意。",
        variables=(
            Variable("title", "项目", "邻里文艺队"),
            Variable("asked", "申请", "9,000.00"),
            Variable("approved", "核定", "8,200.00"),
        ),
        is_decision=True,
    )
)

OPINION_ASKED = register(
    Kind(
        "projects.opinion_asked", "请社区出具意见", subject="请出具社区意见：{项目}",
        body="{单位}申报的“{项目}”（{受理编号}）在{社区}实施，请写明社区的意见。",
        variables=(
            Variable("organization", "单位", "临河义工协会"),
            Variable("title", "项目", "邻里文艺角"),
            Variable("receipt", "受理编号", "SB-2026-000001"),
            Variable("community", "社区", "临河社区"),
        ),
    )
)  # fmt: skip

OPINION_GIVEN = register(
    Kind(
        "projects.opinion_given", "社区意见", subject="{社区}已出具意见：{项目}",
        body="“{项目}”（{受理编号}）：{社区}{结论}。{意见}",
        variables=(
            Variable("title", "项目", "邻里文艺角"),
            Variable("receipt", "受理编号", "SB-2026-000001"),
            Variable("community", "社区", "临河社区"),
            Variable("outcome", "结论", "同意"),
            Variable("words", "意见", "场地由社区提供。"),
        ),
    )
)  # fmt: skip
