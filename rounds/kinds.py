"""What applicants are told by this app."""

from messaging.kinds import Kind, Variable, register

ANSWERED = register(
    Kind(
        "rounds.answered", "征集答疑", subject="征集答疑有新答复：{期次}", body="问：{问题}\n答：{答复}",
        variables=(
            Variable("round", "期次", "2026年第一期公益创投"),
            Variable("words", "问题", "备案队伍可以单独申报吗？"),
            Variable("answer", "答复", "可以，请由所在社区出具推荐意见。"),
        ),
        is_decision=True,
    )
)  # fmt: skip

ASKED = register(Kind("rounds.asked", "征集公告有新提问"))

GRACE = register(
    Kind(
        "rounds.grace", "申报顺延", subject="申报截止已顺延：{期次}",
        body="“{期次}”：{单位}的申报截止已单独顺延到 {截止}（北京时间），请在此之前提交。",
        variables=(
            Variable("round", "期次", "2026年第一期公益创投"),
            Variable("organization", "单位", "邻里互助社"),
            Variable("closes", "截止", "2026年12月21日 12:00:00"),
        ),
        is_required=True,
    )
)  # fmt: skip
