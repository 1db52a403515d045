"""Automatic findings at the eligibility check: facts in, findings out. Each says its figures; none decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from stdnum.cn import uscc as uscc_rules

from projects.domain.likeness import Alike

BLOCK, WARN, NOTE = "block", "warn", "note"
LEVELS = {BLOCK: "不符合", WARN: "请核对", NOTE: "供参考"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `key` names it within a proposal; a waiver names the same key."""

    key: str
    severity: str
    words: str
    alike: Alike | None = None

    @property
    def code(self) -> str:
        return self.key.partition(":")[0]

    @property
    def level(self) -> str:
        return LEVELS[self.severity]


@dataclass(frozen=True, slots=True)
class Shared:
    """A person who leads or handles another proposal of the round too."""

    name: str
    duty: str
    title: str
    organization: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A need or order that the proposal answers: what it is called, and where it is from."""

    called: str
    place: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Hearing:
    """The newest 述职 result that still counts: `value` is excellent, qualified, basic or failed."""

    year: int
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the round asks of the community and what there is: `agrees` None where it has said nothing."""

    is_required: bool
    community: str
    agrees: bool | None = None
    words: str = ""
    is_older: bool = False
    has_seal: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget head near or above its limit: `reason` of the plea, `outcome` of the ruling (grant, return, cut; empty: none)."""

    head: str
    words: str
    is_over: bool
    reason: str = ""
    outcome: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the checks look at. `entries`: other standing proposals of the organization in the round."""

    organization: str
    kind: str
    kind_name: str
    invited: tuple[tuple[str, str], ...]
    uscc: str
    requested: Decimal | None
    minimum: Decimal | None
    cap: Decimal | None
    starts_on: date | None
    ends_on: date | None
    opens_on: date
    closes_on: date
    today: date
    answers: tuple[Answer, ...] = ()
    unanswered: str = ""
    entries: tuple[str, ...] = ()
    most_entries: int = 1
    shared: tuple[Shared, ...] = ()
    licence_until: date | None = None
    hearing: Hearing | None = None
    alike: tuple[Alike, ...] = ()
    left_out: int = 0
    papers_missing: tuple[str, ...] = ()
    opinion: "Opinion | None" = None
    limits: tuple[Limit, ...] = ()


def spoken(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def yuan(amount: Decimal) -> str:
    return f"{amount:,.2f} 元"


def findings(facts: Facts) -> list[Finding]:
    """Everything found, what blocks first; within a severity in the order of the checks."""
    found = [
        *_applicant(facts),
        *_money(facts),
        *_entries(facts),
        *_period(facts),
        *_answers(facts),
        *_papers(facts),
        *_texts(facts),
    ]
    order = list(LEVELS)
    return sorted(found, key=lambda f: order.index(f.severity))


def _applicant(facts: Facts) -> list[Finding]:
    found = []
    if facts.kind not in {key for key, _ in facts.invited}:
        names = "、".join(name for _, name in facts.invited) or "（没有写明）"
        found.append(Finding("kind", BLOCK, f"申报单位是{facts.kind_name}，本期申报主体为：{names}。"))
    found += _code(facts)
    until = facts.licence_until
    if until is not None and until < facts.today:
        days = (facts.today - until).days
        found.append(Finding("licence_over", BLOCK, f"登记证书有效期至{spoken(until)}，已过期 {days} 天。"))
    elif until is not None and facts.ends_on is not None and until < facts.ends_on:
        words = f"登记证书有效期至{spoken(until)}，早于项目结束日期{spoken(facts.ends_on)}，请核对换证安排。"
        found.append(Finding("licence_short", WARN, words))
    hearing = facts.hearing
    if hearing is not None and hearing.value == "failed":
        words = f"申报单位 {hearing.year} 年度述职评议等次为“{hearing.label}”，按规定不予立项。"
        found.append(Finding("hearing", BLOCK, words))
    elif hearing is not None and hearing.value == "basic":
        words = f"申报单位 {hearing.year} 年度述职评议等次为“{hearing.label}”，请按本期规则核对是否可以立项。"
        found.append(Finding("hearing", WARN, words))
    return found


def _code(facts: Facts) -> list[Finding]:
    """The 18-digit code: its check digit by the library, and whether a registered organization has one."""
    if not facts.uscc:
        if facts.kind != "social":
            return []
        return [Finding("uscc_missing", WARN, "登记社会组织没有填统一社会信用代码，请核对登记证书原件。")]
    code = uscc_rules.compact(facts.uscc)
    if uscc_rules.is_valid(code):
        return []
    try:
        right = uscc_rules.calc_check_digit(code[:17])
    except ValueError:  # a letter that no code contains
        right = ""
    told = f"校验位应为 {right}，实为 {code[-1]}" if right and right != code[-1] and len(code) == 18 else "不合编码规则"
    return [Finding("uscc", BLOCK, f"统一社会信用代码 {code} {told}，请核对登记证书。")]


def _money(facts: Facts) -> list[Finding]:
    found = []
    if facts.cap is not None and facts.requested is not None and facts.requested > facts.cap:
        over = yuan(facts.requested - facts.cap)
        words = f"申请资金 {yuan(facts.requested)}，超过本期单个项目上限 {yuan(facts.cap)}，超出 {over}。"
        found.append(Finding("cap", BLOCK, words))
    if facts.minimum is not None and facts.requested is not None and facts.minimum > facts.requested:
        words = f"最低可行金额 {yuan(facts.minimum)}，高于申请资金 {yuan(facts.requested)}。"
        found.append(Finding("minimum", BLOCK, words))
    return found + [_limit(limit) for limit in facts.limits]


def _limit(limit: Limit) -> Finding:
    """A head near its limit is a note; above it, what became of the plea."""
    key, asked = f"head:{limit.head}", f"{limit.words}，超过限额；申报单位申请例外：{limit.reason.rstrip('。；;. ')}。"
    if not limit.is_over:
        return Finding(key, NOTE, f"{limit.words}，接近限额。")
    if not limit.reason:
        return Finding(key, BLOCK, f"{limit.words}，超过限额，也没有申请例外。")
    if limit.outcome == "grant":
        return Finding(key, NOTE, f"{asked}已准许：{limit.answer}")
    if limit.outcome == "cut":
        return Finding(key, WARN, f"{asked}没有准许，须核减到限额以内：{limit.answer}")
    if limit.outcome == "return":
        return Finding(key, WARN, f"{asked}没有准许，须退回补正：{limit.answer}")
    return Finding(key, WARN, f"{asked}请先决定是否准许。")


def _entries(facts: Facts) -> list[Finding]:
    found = []
    count = len(facts.entries) + 1
    if count > facts.most_entries:
        words = f"本单位在本期共有 {count} 份申报（另有：{'、'.join(facts.entries)}），每个单位最多 {facts.most_entries} 份。"
        found.append(Finding("entries", BLOCK, words))
    if facts.shared:
        told = "；".join(f"{s.name}（{s.duty}）也是{s.organization}“{s.title}”的人员" for s in facts.shared[:5])
        more = f"；另有 {len(facts.shared) - 5} 处" if len(facts.shared) > 5 else ""
        found.append(Finding("people", WARN, f"同一人在本期两份以上申报中任负责人或经办人：{told}{more}。"))
    return found


def _period(facts: Facts) -> list[Finding]:
    begin, end = facts.starts_on, facts.ends_on
    if begin is None or end is None:
        return [Finding("period_missing", WARN, "申报书没有写明完整的项目周期。")]
    if end < facts.today:
        words = f"项目结束日期{spoken(end)}，到今天已过去 {(facts.today - end).days} 天。"
        return [Finding("period_over", BLOCK, words)]
    found = []
    if begin < facts.opens_on:
        words = f"项目开始日期{spoken(begin)}，早于本期申报开始日期{spoken(facts.opens_on)}，请核对是否已经实施。"
        found.append(Finding("period_begun", WARN, words))
    elif begin < facts.today:
        found.append(Finding("period_past", NOTE, f"项目开始日期{spoken(begin)}已过，请核对实施安排。"))
    last = date(facts.closes_on.year + 1, 12, 31)
    if end > last:
        words = f"项目结束日期{spoken(end)}，晚于本期申报截止的次年年底{spoken(last)}。"
        found.append(Finding("period_long", WARN, words))
    return found


def _answers(facts: Facts) -> list[Finding]:
    if not facts.answers:
        words = "没有回应任何居民需求，也没有承接服务项目单（0 件），至少应有 1 件。"
        return [Finding("answers", BLOCK, words + (f"申报单位的理由：{facts.unanswered}" if facts.unanswered else ""))]
    away = [a for a in facts.answers if not a.is_here]
    if not away:
        return []
    told = "、".join(f"{a.called}（{a.place}）" for a in away[:5])
    words = f"回应的 {len(facts.answers)} 件需求和项目单中，有 {len(away)} 件不属于本街道本期：{told}。"
    return [Finding("answers_away", BLOCK, words)]


def _papers(facts: Facts) -> list[Finding]:
    found = []
    if facts.papers_missing:
        words = f"缺少本期必须提供的附件 {len(facts.papers_missing)} 种：{'、'.join(facts.papers_missing)}。"
        found.append(Finding("papers", BLOCK, words))
    said = facts.opinion
    if said is None:
        return found
    where = said.community or "（没有写明）"
    if said.agrees is False:
        found.append(Finding("opinion_no", WARN, f"实施社区{where}不同意：{said.words}"))
    elif said.agrees is None and said.has_seal:
        found.append(Finding("opinion_seal", NOTE, f"实施社区{where}没有在网上出具意见，有盖章的扫描件，请查看附件。"))
    elif said.agrees is None:
        words = f"实施社区{where}还没有出具意见，也没有盖章的社区意见扫描件。"
        found.append(Finding("opinion", BLOCK if said.is_required else NOTE, words))
    if said.agrees is not None and said.is_older:
        found.append(Finding("opinion_older", NOTE, f"实施社区{where}的意见针对较早的一版，请核对改动是否相关。"))
    return found


def _texts(facts: Facts) -> list[Finding]:
    found = [
        Finding(
            f"alike:{a.other.number}", WARN,
            f"与{a.other.round}{a.other.organization}“{a.other.title}”（{a.other.number}，{a.other.place}，{a.other.state}）"
            f"文字重合 {a.percent}%，相近的段落 {len(a.passages)} 处，请核对是否重复申报。",
            a,
        )
        for a in facts.alike
    ]  # fmt: skip
    if facts.left_out:
        words = f"只比对了最近的申报书，另有较早的 {facts.left_out} 份没有比对。"
        found.append(Finding("alike_rest", NOTE, words))
    return found


PASSED, FAILED, UNSURE = "√", "×", "？"
# Columns of the eligibility report (E4) by what was found; what the portal cannot know is left to the pen.
COLUMNS: dict[str, tuple[str, ...]] = {
    "登记证": ("kind", "uscc", "uscc_missing", "licence_over", "licence_short"),
    "信用": ("hearing",),
    "重复资助": ("entries", "people", "alike"),
    "材料齐全": (
        "cap",
        "minimum",
        "head",
        "period_missing",
        "period_over",
        "period_begun",
        "period_long",
        "answers",
        "answers_away",
        "papers",
    ),
}
# the column of the community's opinion, where the round asks for one
OPINION = ("opinion", "opinion_no")


def marks(found: Sequence[tuple[str, str]]) -> dict[str, str]:
    """√, × or ？ per column of `COLUMNS`, from (key, severity) pairs: × what blocks, ？ what is to be looked at."""
    return {name: _worst(found, codes) for name, codes in COLUMNS.items()}


def opinion_mark(found: Sequence[tuple[str, str]]) -> str:
    """The same of the community's opinion; one that may lack and does is left to the pen."""
    if ("opinion", NOTE) in found:
        return ""
    return _worst(found, OPINION)


def _worst(found: Sequence[tuple[str, str]], codes: tuple[str, ...]) -> str:
    told = {severity for key, severity in found if key.partition(":")[0] in codes}
    return FAILED if BLOCK in told else UNSURE if WARN in told else PASSED
