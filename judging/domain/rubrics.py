"""Ready rubrics to start a session from. `origin` says which part is real: dimensions seen in public notices are `real
dimensions`; the weights are typical and meant to be edited.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One criterion: key, label, maximum, step, and what the judge looks at."""

    key: str
    label: str
    most: str
    step: str
    hint: str


@dataclass(frozen=True, slots=True)
class Rubric:
    """A ready rubric; maxima add up to 100."""

    key: str
    label: str
    origin: str
    lines: tuple[Line, ...]


RUBRICS: tuple[Rubric, ...] = (
    Rubric(
        "Q1", "社区公益创投立项评审表", "评审维度见于公开通知，分值为常用值，可修改",
        (
            Line("need", "需求契合", "25", "0.5", "来自需求清单；有调研和受益人群；与现有服务不重复"),
            Line("design", "项目设计", "25", "0.5", "目标可量化；活动与目标对应；进度与风险预案"),
            Line("effect", "预期成效", "20", "0.5", "直接受益人次；可感可见的变化；可持续、可复制"),
            Line("team", "执行团队", "15", "0.5", "负责人与专业资质；志愿者动员；党建作用发挥"),
            Line("money", "预算与资金管理", "10", "0.5", "合理、性价比；自筹配套"),
            Line("talk", "现场表达", "5", "0.5", "时间控制、答辩"),
        ),
    ),
    Rubric(
        "Q2", "党建项目创投（社区党组织）评分表", "评审维度见于公开通知，分值为常用值，可修改",
        (
            Line("lead", "党建引领与政治功能", "20", "0.5", "突出党建引领，发挥党组织作用"),
            Line("link", "党群联动", "20", "0.5", "党员、先锋队、共建单位参与"),
            Line("reach", "群众受惠面与需求", "20", "0.5", "对应群众需求，受惠人数"),
            Line("doable", "可行性", "15", "0.5", "计划、分工、预算"),
            Line("brand", "创新与品牌", "15", "0.5", "一社区一品牌"),
            Line("talk", "现场路演", "10", "0.5", "表达清楚，时间得当"),
        ),
    ),
    Rubric(
        "Q3", "新时代文明实践志愿服务项目评分表", "评审维度见于公开通知，分值为常用值，可修改",
        (
            Line("thought", "思想引领", "15", "0.5", "弘扬新风正气"),
            Line("need", "需求精准", "20", "0.5", "对应居民需求"),
            Line("novel", "服务创新", "20", "0.5", "方式方法有新意"),
            Line("lasting", "项目可持续", "20", "0.5", "人员、经费、机制"),
            Line("impact", "社会影响力", "15", "0.5", "参与面和示范作用"),
            Line("talk", "现场表现力", "10", "0.5", "表达清楚，时间得当"),
        ),
    ),
)  # fmt: skip
