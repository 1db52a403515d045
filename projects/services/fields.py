"""The fields of a proposal by the names that a return marks, a gap and a version use."""

from projects.domain.sections import FIELDS as SECTION_FIELDS
from projects.domain.sections import field_of
from projects.services.sections import asked, is_page
from rounds.models import Round

FIELDS = {
    "title": "项目名称", "theme": "主题", "category": "类别", "community": "实施社区", "summary": "项目简介", "plan": "实施计划",
    "period": "项目周期", "indicators": "预期成效与指标", "beneficiaries": "直接受益人数", "volunteers": "参加志愿者人数", "answers": "回应的需求和服务项目单", "budget": "经费预算",
    "minimum": "最低可行金额", "partners": "合作单位", "activities": "活动安排", "goals": "指标表", **SECTION_FIELDS, "attachments": "附件材料",
}  # fmt: skip
# the fields of a one-page application, by the names they have there
PAGE_FIELDS = {
    "title": "项目名称", "theme": "主题", "community": "实施社区", "summary": "做什么", "plan": "在哪里、怎么做", "period": "项目周期",
    "beneficiaries": "帮到多少人", "answers": "回应的需求和服务项目单", "budget": "经费预算", "minimum": "最低可行金额", "attachments": "附件材料",
}  # fmt: skip
PERIOD = {"starts_on": "项目开始日期", "ends_on": "项目结束日期"}  # of the field `period`
PLAIN = (
    "title", "summary", "plan", *PERIOD, "indicators", "category", "beneficiaries", "volunteers", "minimum", "unanswered",
)  # fmt: skip


def fields_of(round_: Round) -> dict[str, str]:
    """What a return for completion may mark in this round: field → label."""
    if is_page(round_):
        return PAGE_FIELDS
    wanted = {field_of(s) for s in asked(round_)}
    return {f: label for f, label in FIELDS.items() if f not in SECTION_FIELDS or f in wanted}
