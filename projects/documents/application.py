"""W3 项目申报书 and its receipt as Word, from the frozen content of a version or from a draft."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.clock import local, spoken
from core.documents import Heading, Part, Plain, Signatures, Table, write_document
from core.money import show_yuan
from core.rmb import rmb_upper
from organizations.models import Membership
from projects.domain.budget import sums_of
from projects.domain.parts import with_parts
from projects.models import CommunityOpinion, Proposal, ProposalVersion
from projects.rules import grace_used
from rounds.domain.papers import READY_PROMISE

NOTES = [
    "本申报书由门户按申报单位填写的内容生成，请勿改动内容和版式。",
    "项目周期从开始月份的 1 日起算的，以通知为准；只计直接受益人数；一个项目只选一个类别。",
    "打印后由申报单位法定代表人（负责人）签字并加盖公章，由实施所在社区签署意见并盖章。",
]
PROMISE = READY_PROMISE  # of rounds that have no words of their own
NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Contact:
    """Who speaks for the applicant; a phone only where the reader may see it."""

    duty: str
    name: str
    phone: str


def contacts_of(proposal: Proposal, *, phones: bool) -> list[Contact]:
    """The applicant's people, its head first."""
    rows = proposal.organization.members.select_related("user").order_by("-duty", "pk")
    return [Contact(m.get_duty_display(), m.user.display_name, (m.user.phone or "") if phones else "") for m in rows]


def write_application(
    path: Path, proposal: Proposal, content: Mapping[str, Any], *, version: ProposalVersion | None, contacts: Sequence[Contact],
    opinion: CommunityOpinion | None = None,
) -> None:  # fmt: skip
    """W3, with the community's electronic opinion beside the place for its seal. Without a version it is a draft and says
    so. A one-page application is one page.
    """
    title = "项目申报书" if version else "项目申报书（草稿）"
    facts = (proposal, with_parts(content), version, contacts, opinion)
    is_page = content.get("paper") == "page"
    parts = list(page_parts(*facts) if is_page else numbered(_parts(*facts)))
    write_document(path, title, parts, author=str(content["organization"]), is_compact=is_page)


def numbered(parts: Iterator[Part]) -> Iterator[Part]:
    """Headings in their order, `一、…`; the notes on how to fill in have none."""
    count = 0
    for part in parts:
        if isinstance(part, Heading) and part.words != "填报说明":
            count += 1
            tens, ones = divmod(count, 10)
            word = (
                NUMERALS[count - 1]
                if count <= 10
                else f"{NUMERALS[tens - 1] if tens > 1 else ''}十{NUMERALS[ones - 1] if ones else ''}"
            )
            yield Heading(f"{word}、{part.words}")
        else:
            yield part


def _parts(
    proposal: Proposal, content: Mapping[str, Any], version: ProposalVersion | None, contacts: Sequence[Contact],
    opinion: CommunityOpinion | None,
) -> Iterator[Part]:  # fmt: skip
    if proposal.is_demo:
        yield "演示数据：本申报书为演示而编，不是真实申报。"
    head = next((c for c in contacts if c.duty == Membership.Duty.HEAD.label), Contact("", "", ""))
    day = spoken(local(version.submitted_at).date()) if version else "（未提交）"
    for label, words in (
        ("编号", proposal.receipt_number or "（提交后生成）"),
        ("期次", content["round"]),
        ("项目名称", content["title"]),
        ("申报单位", content["organization"]),
        ("负责人", head.name or "　　　　　　"),
        ("联系电话", head.phone or "　　　　　　"),
        ("申报日期", day),
    ):
        yield Plain(f"{label}：{words}")
    yield Heading("填报说明")
    yield from (f"{n}. {words}" for n, words in enumerate(NOTES, 1))
    yield Heading("申报单位")
    organization = proposal.organization
    facts = [
        ["单位名称", content["organization"]],
        ["单位性质", content["organization_kind"]],
        ["统一社会信用代码", organization.uscc or "—"],
        ["申请金额", _money(content["requested"])],
        ["最低可行金额", _money(content["minimum"])],
    ]
    yield Table(["事项", "内容"], facts, [46, 110])
    if contacts:
        yield Plain("联系人")
        yield Table(["职责", "姓名", "联系电话"], [[c.duty, c.name, c.phone or "—"] for c in contacts], [40, 56, 60])
    yield Heading("项目基本信息")
    yield Table(["事项", "内容"], _basic(content), [46, 110])
    yield Heading("回应的需求和服务项目单")
    answers = [f"服务项目单 {r['number']}　{r['title']}（{r['community']}）" for r in content["orders"]]
    answers += [f"居民需求 {r['number']}（{r['community']}）：{r['words']}" for r in content["needs"]]
    why = content.get("unanswered", "")
    yield from answers or [f"无。理由：{why}" if why else "无。"]
    for label, key in (("项目简介", "summary"), ("实施计划", "plan"), ("预期成效与指标", "indicators")):
        yield Heading(label)
        yield from _paragraphs(content[key])
        if key == "summary":
            yield from _sections(content)
        if key == "plan" and content["activities"]:
            rows = [[r["what"], _days(r), r["where"], _count(r["people"])] for r in content["activities"]]
            yield Table(["活动", "日期", "地点", "人次"], rows, [56, 42, 40, 18], frozenset({3}))
        if key == "indicators" and content["goals"]:
            rows = [[r["name"], r["number"], r["unit"]] for r in content["goals"]]
            yield Table(["指标", "目标值", "单位"], rows, [96, 30, 30], frozenset({1}))
    yield from _money_parts(content)
    yield Heading("附件清单")
    if content["attachments"]:
        rows = [[str(n), a["kind"], a["name"], a["sha256"][:16]] for n, a in enumerate(content["attachments"], 1)]
        yield Table(["序号", "种类", "文件名", "SHA-256（前16位）"], rows, [14, 32, 60, 50])
    else:
        yield "无。"
    yield Heading("承诺与意见")
    yield from _paragraphs(content["promise"]["words"]) if content["promise"] else [PROMISE]
    if content["promise"] and version:
        yield Plain(promised_words(content, version))
    yield Signatures(
        [
            ["申报单位（公章）：", "法定代表人（负责人）签字：", "日期："],
            [
                f"实施所在社区（{content['community'] or '　　　　'}）意见：",
                *opinion_words(opinion, version),
                "（盖章）",
                "日期：",
            ],
            ["业务主管单位意见：", "（盖章）", "日期："],
            ["街道意见：", "（盖章）", "日期："],
        ]
    )
    if version:
        yield Plain(f"第 {version.number} 版，内容摘要 {version.digest}")


def _sections(content: Mapping[str, Any]) -> Iterator[Part]:
    """The sections that the round asks, and its tables."""
    for section in content["sections"]:
        yield Heading(section["label"])
        yield from _paragraphs(section["words"])
    if content["team"]:
        yield Heading("项目团队")
        rows = [[r["function"], r["qualification"], _count(r["count"]), r["task"] or "—"] for r in content["team"]]
        yield Table(["分工", "资格或经验", "人数", "主要工作"], rows, [38, 44, 18, 56], frozenset({2}))
    if content["targets"]:
        yield Heading("服务对象和人数")
        rows = [[r["group"], _count(r["number"]), r["note"] or "—"] for r in content["targets"]]
        rows.append(["合计", str(sum(r["number"] or 0 for r in content["targets"])), ""])
        yield Table(["服务对象", "人数", "说明"], rows, [66, 24, 66], frozenset({1}))


def _moment(at: datetime) -> str:
    there = local(at)
    return f"{spoken(there.date())} {there:%H:%M:%S}"


def promised_words(content: Mapping[str, Any], version: ProposalVersion) -> str:
    """Who ticked the commitment, when, and the digest of its words."""
    return f"{version.submitted_by.display_name} 于 {_moment(version.submitted_at)} 勾选承诺，承诺摘要 {content['promise']['digest'][:16]}"  # fmt: skip


def opinion_words(opinion: CommunityOpinion | None, version: ProposalVersion | None) -> list[str]:
    """The electronic opinion, in lines; none where the community has said nothing."""
    if opinion is None:
        return []
    older = f"，针对第 {opinion.version.number} 版" if version and opinion.version_id != version.pk else ""
    said = ("同意。" if opinion.agrees else "不同意。") + opinion.words
    return [said, f"（{opinion.community.name}，{_moment(opinion.given_at)}，电子意见{older}）"]


def _basic(content: Mapping[str, Any]) -> list[list[str]]:
    begin, end = content.get("starts_on") or "", content.get("ends_on") or ""
    return [
        ["主题", content["theme"] or "—"],
        ["类别", content["category"] or "—"],
        ["实施社区", content["community"] or "—"],
        ["项目周期", f"{begin or '—'} 至 {end or '—'}" if begin or end else "—"],
        ["直接受益人数", _count(content["beneficiaries"])],
        ["参加志愿者人数", _count(content.get("volunteers"))],
    ]


def _money_parts(content: Mapping[str, Any]) -> Iterator[Part]:
    yield Heading("经费预算")
    sums = sums_of(content["lines"])
    rows = [
        [r["head"], r["item"], show(r["unit_price"]), str(r["quantity"]), *(show(r.get(k, "0.00")) for k in ("amount", "grant", "self_raised", "other"))]
        for r in content["lines"]
    ]  # fmt: skip
    rows.append(["合计", "", "", "", *(show_yuan(sums[k]) for k in ("total", "grant", "self_raised", "other"))])
    heads = ["科目", "说明", "单价", "数量", "金额", "申请", "自筹", "其他"]
    yield Plain("金额单位：元")
    yield Table(heads, rows, [18, 24, 20, 12, 23, 23, 19, 17], frozenset({2, 3, 4, 5, 6, 7}))
    if content["pleas"]:
        yield Plain("科目超过限额，申请例外")
        yield Table(["情况", "理由"], [[p["words"], p["reason"]] for p in content["pleas"]], [66, 90])
    yield f"申请资金大写：{rmb_upper(sums['grant'])}。"
    yield Heading("合作单位")
    if content["partners"]:
        shared = [[r["name"], r["kind"], r["task"], show(r["amount"])] for r in content["partners"]]
        yield Table(["单位", "性质", "分工", "使用申请资金（元）"], shared, [46, 26, 52, 32], frozenset({3}))
    else:
        yield "无。"


def page_parts(
    proposal: Proposal, content: Mapping[str, Any], version: ProposalVersion | None, contacts: Sequence[Contact],
    opinion: CommunityOpinion | None,
) -> Iterator[Part]:  # fmt: skip
    """A one-page application: three tables and the places for signatures, on one page of A4."""
    answers = [f"{r['number']} {r['title'][:24]}" for r in content["orders"]] + [f"{r['number']} {r['words'][:30]}" for r in content["needs"]]  # fmt: skip
    more = f"；等 {len(answers)} 件" if len(answers) > 3 else ""
    sums = sums_of(content["lines"])
    rows = [
        ["编号和期次", f"{proposal.receipt_number or '（提交后生成）'}　{content['round']}"],
        ["项目名称", content["title"]],
        ["申报单位", f"{content['organization']}（{content['organization_kind']}）" + "".join(f"　{c.duty}：{c.name}{' ' + c.phone if c.phone else ''}" for c in contacts[:2])],
        ["主题和社区", f"{content['theme'] or '—'}　{content['community'] or '—'}"],
        ["什么时候", f"{content['starts_on'] or '—'} 至 {content['ends_on'] or '—'}"],
        ["帮到多少人", _count(content["beneficiaries"])],
        ["回应的需求", "；".join(answers[:3]) + more or "—"],
        ["做什么", " ".join(content["summary"].split()) or "—"],
        ["在哪里、怎么做", " ".join(content["plan"].split()) or "—"],
    ]  # fmt: skip
    if proposal.is_demo:
        rows.insert(0, ["演示数据", "本申报书为演示而编，不是真实申报。"])
    yield Table(["事项", "内容"], rows, [32, 124], is_small=True)
    yield Plain("")
    lines = [[r["head"], r["item"], f"{show(r['unit_price'])} × {r['quantity']}", show(r["grant"]), show(r["self_raised"])] for r in content["lines"]]  # fmt: skip
    lines.append(["合计", "", "", show_yuan(sums["grant"]), show_yuan(sums["self_raised"])])
    yield Table(
        ["科目", "说明", "单价 × 数量", "申请（元）", "自筹（元）"],
        lines,
        [26, 46, 36, 26, 22],
        frozenset({2, 3, 4}),
        is_small=True,
    )
    yield Plain("")
    promise = content["promise"]["words"] if content["promise"] else PROMISE
    if content["promise"] and version:
        promise += f"（{promised_words(content, version)}）"
    said = "".join(opinion_words(opinion, version)) or "意见："
    signs = [
        ["承诺", promise],
        ["申报单位（公章）", "负责人签字：　　　　　　　　日期："],
        ["实施社区（盖章）", f"{said}　　　　　日期："],
        ["街道（盖章）", "意见：　　　　　　　　日期："],
    ]
    if version:
        signs.append(
            ["版本", f"第 {version.number} 版，{_moment(version.submitted_at)} 提交，摘要 {version.digest[:32]}"]
        )
    yield Table(["承诺和意见", "内容"], signs, [36, 120], is_small=True)


def write_receipt(path: Path, proposal: Proposal, version: ProposalVersion) -> None:
    """受理回执: proof that one version was handed in at that second."""
    moment = local(version.submitted_at)
    rows = [
        ["受理编号", proposal.receipt_number or ""],
        ["期次", version.content["round"]],
        ["项目名称", version.content["title"]],
        ["申报单位", version.content["organization"]],
        ["提交时间（北京时间）", f"{spoken(moment.date())} {moment:%H:%M:%S}"],
        *_grace(proposal),
        ["提交人", version.submitted_by.display_name],
        ["版本", f"第 {version.number} 版"],
        ["申请金额（元）", show(version.content["requested"])],
        ["内容摘要", version.digest],
    ]
    demo = ["演示数据：不是真实申报。"] if proposal.is_demo else []
    parts: list[Part] = [*demo, Table(["事项", "内容"], rows, [52, 104])]
    write_document(path, "受理回执", parts, author=proposal.round.street.name)


def _grace(proposal: Proposal) -> list[list[str]]:
    """The later closing under which it was handed in, if it was."""
    grace = grace_used(proposal)
    if grace is None:
        return []
    until = local(grace.closes_at)
    return [["申报截止", f"单独顺延到{spoken(until.date())} {until:%H:%M:%S}，理由：{grace.reason}"]]


def show(amount: Any) -> str:
    """`8,000.00` of decimal text; a dash for none."""
    return show_yuan(Decimal(str(amount))) if amount not in (None, "") else "—"


def _money(amount: str) -> str:
    return f"{show(amount)} 元（{rmb_upper(Decimal(str(amount)))}）" if amount else "—"


def _count(value: Any) -> str:
    return "—" if value in (None, "") else str(value)


def _days(row: Mapping[str, Any]) -> str:
    begin, end = row["starts_on"], row["ends_on"]
    return begin if begin == end else f"{begin} 至 {end}"


def _paragraphs(words: str) -> list[str]:
    return [line for line in words.splitlines() if line.strip()] or ["—"]
