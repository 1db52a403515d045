"""主题推荐: which themes of the library a street or community should put out, and why. Pure, whole numbers only.

A theme's points are what is asked for, less what was already funded there, plus what the calendar brings:

    each need of the last year   urgency (1, 2, 3) + one per ten people it touches, at most three; twice that where the
                                 resident's own words name the theme
    more asked lately            one per need by which the last 90 days exceed the 90 before, at most five
    a calendar node ahead        three, if it falls between 21 and 120 days from today: time to prepare it
    already funded there         minus eight for every project on the theme within two years

Themes that answer some need come first whatever the points; among equals the code decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from core.money import show_yuan
from needs.domain.nodes import next_date, node_words

YEAR, TREND, FUNDED_DAYS = timedelta(days=365), timedelta(days=90), timedelta(days=730)
NODE_FROM, NODE_TO = timedelta(days=21), timedelta(days=120)
NODE_POINTS, FUNDED_POINTS, MOST_TREND = 3, 8, 5
SHOWN_NUMBERS = 8
CAUTIONS = {
    "clinic": "义诊、筛查须有执业资质的医务人员，并按规定备案。",
    "food": "有食品的活动须遵守食品安全规定，留样备查。",
    "crowd": "预计 1000 人以上的活动须办理大型群众性活动许可。",
    "donation": "不得公开募捐，除非承接单位有公开募捐资格。",
    "sale": "义卖所得的去向须公开，不得变相经营。",
    "minor": "有未成年人参加的，须监护人书面同意；拍照和使用照片另行同意。",
    "privacy": "涉及困难、疾病等敏感个人信息：只报数字，不公开姓名和照片。",
    "insurance": "户外或有对抗的活动须为参加者买保险。",
    "water": "涉水活动须有安全员，未成年人不下水。",
    "works": "涉及改动公共部位或施工的，先征得业主和物业同意。",
    "home": "上门服务须两人同行、佩戴证件，并征得本人同意。",
    "consent": "须先征求相关住户意见，并留存记录。",
}


@dataclass(frozen=True, slots=True)
class Idea:
    """One theme of the library. `answers` are categories of needs, `keywords` residents' words; budgets in yuan."""

    code: str
    name: str
    answers: frozenset[str]
    keywords: tuple[str, ...]
    nodes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One need: urgency 1 to 3, people it touches, the day it was collected."""

    number: str
    category: str
    words: str
    urgency: int
    people: int
    on: date


@dataclass(frozen=True, slots=True)
class Given:
    """One project funded there. `code` is the theme it was made from, empty where nobody said."""

    title: str
    code: str
    on: date
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: kind `needs`, `trend`, `node` or `funded`; a sentence; the numbers of the needs it names."""

    kind: str
    words: str
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A theme in its place, with its points and everything that made them."""

    code: str
    points: int
    need_count: int
    reasons: tuple[Reason, ...]
    cautions: tuple[str, ...]


def named_by(idea: Idea, words: str) -> str:
    """The first keyword of the theme that these words contain; empty if none does."""
    return next((k for k in idea.keywords if k in words), "")


def suggest(ideas: Iterable[Idea], asked: Sequence[Asked], given: Sequence[Given], today: date) -> list[Suggestion]:
    """All themes, the best first."""
    recent = sorted((a for a in asked if today - YEAR < a.on <= today), key=lambda a: (-a.urgency, a.number))
    late = [g for g in given if today - FUNDED_DAYS < g.on <= today]
    found = [_weigh(idea, recent, late, today) for idea in ideas]
    return sorted(found, key=lambda s: (not s.need_count, -s.points, s.code))


def _weigh(idea: Idea, asked: Sequence[Asked], given: Sequence[Given], today: date) -> Suggestion:
    points = 0
    named: list[Asked] = []
    alike: list[Asked] = []
    reasons: list[Reason] = []
    for need in asked:
        word = named_by(idea, need.words)
        if not word and need.category not in idea.answers:
            continue
        weight = need.urgency + min(need.people // 10, 3)
        points += 2 * weight if word else weight
        (named if word else alike).append(need)
    found = named + alike
    if found:
        reasons.append(Reason("needs", _needs_words(named, alike), tuple(n.number for n in found)))
    trend = sum(today - n.on < TREND for n in found) - sum(TREND <= today - n.on < 2 * TREND for n in found)
    if found and trend > 0:
        points += min(trend, MOST_TREND)
        reasons.append(Reason("trend", f"最近 90 天比之前 90 天多 {trend} 件。"))
    for node in idea.nodes:
        day = next_date(node, today)
        if NODE_FROM <= day - today <= NODE_TO:
            points += NODE_POINTS
            reasons.append(
                Reason("node", f"{node_words(node)}（{day:%Y-%m-%d}）还有 {(day - today).days} 天，来得及准备。")
            )
            break
    done = [g for g in given if g.code == idea.code or (not g.code and named_by(idea, g.title))]
    if done:
        points -= FUNDED_POINTS * len(done)
        titles = "、".join(
            f"“{g.title}”{f' {show_yuan(g.amount)} 元' if g.amount is not None else ''}" for g in done[:3]
        )
        more = f"等 {len(done)} 个" if len(done) > 3 else ""
        reasons.append(Reason("funded", f"两年内这里已资助同类项目：{titles}{more}，宜错开。"))
    return Suggestion(idea.code, points, len(found), tuple(reasons), tuple(CAUTIONS[c] for c in idea.cautions))


def _needs_words(named: Sequence[Asked], alike: Sequence[Asked]) -> str:
    found = [*named, *alike]
    urgent = sum(n.urgency == 3 for n in found)
    people = sum(n.people for n in found)
    numbers = "、".join(n.number for n in found[:SHOWN_NUMBERS]) + ("等" if len(found) > SHOWN_NUMBERS else "")
    parts = [f"一年内 {len(found)} 件需求，涉及 {people} 人"]
    if named:
        parts.append(f"其中 {len(named)} 件的原话就是这类事")
    if urgent:
        parts.append(f"{urgent} 件紧急")
    return "，".join(parts) + f"（{numbers}）。"


def call_text(
    *, name: str, target_group: str, activities: str, indicators: str, budget: tuple[Decimal, Decimal], reasons: Sequence[Reason] = (),
    cautions: Sequence[str] = (),
) -> str:  # fmt: skip
    """A first text for a call: why, what for whom, indicators, money, cautions. Plain text for the office to edit."""
    why = next((r.words for r in reasons if r.kind == "needs"), "")
    lines = [
        f"一、征集背景：{why or '根据居民需求和社区实际'}现面向符合条件的单位征集“{name}”类项目。",
        f"二、服务对象：{target_group}。",
        f"三、参考活动：{activities}。",
        f"四、参考指标：{indicators}。",
        f"五、经费：单个项目建议 {show_yuan(budget[0])} 至 {show_yuan(budget[1])} 元，以评审和审定结果为准。",
    ]
    if cautions:
        lines.append("六、注意事项：" + "".join(cautions))
    return "\n".join(lines)
