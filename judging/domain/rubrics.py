"""Ready rubrics 评分表 as data: what competitions of this kind ask, and for how many points.

For each rubric it is said whether its dimensions and its weights stand in a published rule (`REAL`) or are only
typical of such rules (`TYPICAL`); an office changes either before scoring opens. The last two rate organizations, not
projects: for a panel that grades them on the spot.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

REAL = "real"
TYPICAL = "typical"


@dataclass(frozen=True, slots=True)
class RubricLine:
    """One line: marks from `least` to `most` in steps of `step` (decimal text); `hint` is what a judge looks at."""

    key: str
    label: str
    most: str
    step: str
    hint: str = ""
    least: str = "0"


@dataclass(frozen=True, slots=True)
class Rubric:
    """A named rubric. `note` is a Chinese sentence for the office."""

    key: str
    label: str
    dimensions: str
    weights: str
    criteria: tuple[RubricLine, ...]
    note: str = ""

    @property
    def full_marks(self) -> Decimal:
        return sum((Decimal(line.most) for line in self.criteria), Decimal(0))

    @property
    def mark(self) -> str:
        """What stands behind its name: 真实 where a published rule has both dimensions and points, else 参考."""
        return "真实" if (self.dimensions, self.weights) == (REAL, REAL) else "参考"

    def anchors(self) -> dict[str, list[list[str]]]:
        """Criterion key → what a judge looks at, as [grade, sentence], where the source tells it."""
        return {c.key: [["看点", point] for point in c.hint.split("；")] for c in self.criteria if c.hint}

    def as_criteria(self) -> list[dict[str, str]]:
        """The `criteria` of a `chuangtou/scoring@1` rule."""
        return [
            {"key": c.key, "label": c.label, "min": c.least, "max": c.most, "step": c.step, "weight": "1"}
            for c in self.criteria
        ]


def standard_rule(rubric: Rubric, *, quorum: int = 3) -> dict[str, Any]:
    """The rule most street offices publish, complete and ready to be changed.

    One highest and one lowest total left out from five sheets on, mean to two decimals, ranked by the printed score;
    ties by the rubric's first line, then the mean before leaving out, then the lot.
    """
    return {
        "version": "v1",
        "criteria": rubric.as_criteria(),
        "trim": {"high": 1, "low": 1, "from": 5, "on": "total"},
        "clamp": None,
        "calibration": None,
        "aggregate": "mean",
        "criterion_decimals": None,
        "product_decimals": None,
        "decimals": 2,
        "quorum": quorum,
        "own_part": None,
        "parts": [],
        "bonus_cap": None,
        "rank": {
            "by": "printed",
            "style": "competition",
            "ties": [f"criterion:{rubric.criteria[0].key}", "untrimmed_mean", "lot"],
        },
    }


COMMUNITY = Rubric(
    key="community",
    label="社区公益创投立项评审表",
    dimensions=REAL,
    weights=TYPICAL,
    criteria=(
        RubricLine(
            "need",
            "需求契合",
            "25",
            "0.5",
            "来自需求清单或书记沙龙（10 分）；有调研数据，受益人群清楚（10 分）；与现有服务不重复（5 分）",
        ),
        RubricLine(
            "design",
            "项目设计",
            "25",
            "0.5",
            "目标具体、可量化（8 分）；活动与目标对应（9 分）；进度安排和风险预案（8 分）",
        ),
        RubricLine(
            "effect",
            "预期成效",
            "20",
            "0.5",
            "直接受益人次和频次（8 分）；可感可见的变化（7 分）；可持续、可复制（5 分）",
        ),
        RubricLine(
            "team",
            "执行团队",
            "15",
            "0.5",
            "负责人与专业资质（6 分）；志愿者动员（4 分）；党建作用发挥（5 分）",
        ),
        RubricLine("budget", "预算与资金管理", "10", "0.5", "合理、性价比高（6 分）；自筹与配套（4 分）"),
        RubricLine("pitch", "现场表达", "5", "0.5", "时间控制、答辩"),
    ),
)

PARTY = Rubric(
    key="party",
    label="党建项目创投评分表（社区党组织）",
    dimensions=REAL,
    weights=TYPICAL,
    criteria=(
        RubricLine("lead", "党建引领与政治功能", "20", "0.5", "党组织牵头，主题鲜明，把党的工作做进项目里"),
        RubricLine("link", "党群联动", "20", "0.5", "党员、先锋队、共建单位参与，分工清楚"),
        RubricLine("benefit", "群众受惠面与需求", "20", "0.5", "回应居民需求，受益人数多、对象清楚"),
        RubricLine("feasible", "可行性", "15", "0.5", "计划、分工、预算落得下去"),
        RubricLine("novel", "创新与品牌", "15", "0.5", "有突破，可复制，一社区一品牌"),
        RubricLine("pitch", "现场路演", "10", "0.5", "陈述清楚，时间控制，答辩"),
    ),
)

VOLUNTEER = Rubric(
    key="volunteer",
    label="新时代文明实践、志愿服务项目评分表",
    dimensions=REAL,
    weights=TYPICAL,
    criteria=(
        RubricLine("guidance", "思想引领", "15", "0.5"),
        RubricLine("need", "需求精准", "20", "0.5"),
        RubricLine("novel", "服务创新", "20", "0.5"),
        RubricLine("lasting", "项目可持续", "20", "0.5"),
        RubricLine("influence", "社会影响力", "15", "0.5"),
        RubricLine("pitch", "现场表现力", "10", "0.5"),
    ),
)

BRANCH_CLOSING = Rubric(
    key="branch_closing",
    label="党支部创新项目结项评分表",
    dimensions=REAL,
    weights=REAL,
    criteria=(
        RubricLine("effective", "实效性", "50", "1"),
        RubricLine("novel", "创新性", "25", "1"),
        RubricLine("workable", "可操作性", "25", "1"),
    ),
    note="只打整数分；原办法规定 90 分以上为优秀，优秀不超过项目数的一半，总分不低于 80 分。",
)

MIDTERM = Rubric(
    key="midterm",
    label="中期评估评分表",
    dimensions=REAL,
    weights=TYPICAL,
    criteria=(
        RubricLine("carried_out", "项目实施", "35", "0.5"),
        RubricLine("input", "人力和物资投入", "15", "0.5"),
        RubricLine("finance", "财务管理", "25", "0.5"),
        RubricLine("effect", "项目成效", "25", "0.5"),
    ),
    note="60 分以上为合格；另设加分项和扣分项，总分可以超过 100 分。",
)

FINAL = Rubric(
    key="final",
    label="末期评估评分表",
    dimensions=TYPICAL,
    weights=TYPICAL,
    criteria=(
        RubricLine("target", "目标完成率", "30", "0.5"),
        RubricLine("effect", "服务成效与满意度", "25", "0.5"),
        RubricLine("finance", "财务合规", "25", "0.5"),
        RubricLine("files", "档案资料", "10", "0.5"),
        RubricLine("lasting", "宣传与可持续", "10", "0.5"),
    ),
    note="90 分以上为优秀，80 至 89 分为良好，60 至 79 分为合格，60 分以下为不合格。",
)

MICRO = Rubric(
    key="micro",
    label="社区微基金议事会评分表",
    dimensions=REAL,
    weights=REAL,
    criteria=tuple(
        RubricLine(key, label, "5", "1", least="1")
        for key, label in (
            ("need", "符合社区需求"),
            ("local", "在地性"),
            ("joined", "参与性"),
            ("feasible", "可行性"),
            ("novel", "创新性"),
            ("lasting", "可持续性"),
            ("cost", "经费合理"),
        )
    ),
    note="每项打 1 至 5 分，满分 35 分。",
)

CHARITY_MARKET = Rubric(
    key="charity_market",
    label="“义集”项目评分表",
    dimensions=REAL,
    weights=TYPICAL,
    criteria=(
        RubricLine("livelihood", "民生性", "25", "0.5"),
        RubricLine("workable", "操作性", "25", "0.5"),
        RubricLine("mature", "成熟性", "25", "0.5"),
        RubricLine("novel", "创新性", "25", "0.5"),
    ),
)

GRADE = Rubric(
    key="grade",
    label="社会组织等级评估表（千分制）",
    dimensions=TYPICAL,
    weights=TYPICAL,
    criteria=(
        RubricLine("basis", "基础条件", "60", "1", "法人资格；章程；登记备案和年度检查"),
        RubricLine("governance", "内部治理", "340", "1", "组织机构；人力资源；财务资产；档案"),
        RubricLine("party", "党的建设", "100", "1", "组织和工作覆盖；活动；党建写入章程"),
        RubricLine("work", "工作绩效", "380", "1", "业务活动；服务社会；信息公开"),
        RubricLine("standing", "社会评价", "120", "1", "内部评价；公众评价；管理部门评价"),
    ),
    note="满分 1000 分，党建占 100 分。等级线各地不同：有的用 900、800、700、600，有的用 950、901、851、801，以当地文件为准。民政等级（1A 至 5A）与街道星级是两回事。",
)

MONTHLY = Rubric(
    key="monthly",
    label="社会组织月度积分表（十分制）",
    dimensions=REAL,
    weights=TYPICAL,
    criteria=(
        RubricLine("plan", "月计划", "2.5", "0.5"),
        RubricLine("summary", "月总结", "2.5", "0.5"),
        RubricLine("presence", "坐班", "3", "0.5"),
        RubricLine("tidy", "卫生", "2", "0.5"),
    ),
    note="满分 10 分；党建活动另加最多 1 分，加分后不超过 10 分。",
)

RUBRICS: dict[str, Rubric] = {
    r.key: r
    for r in (
        COMMUNITY, PARTY, VOLUNTEER, BRANCH_CLOSING, MIDTERM, FINAL, MICRO, CHARITY_MARKET, GRADE, MONTHLY,
    )
}  # fmt: skip
