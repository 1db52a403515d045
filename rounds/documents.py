"""W1 通知（实施方案） and W2 征集公告 as Word, from the settings of a round.

A draft says 草案. No letterhead, number or seal: those are given where official papers are issued.
"""

import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from core.clock import local, spoken
from core.documents import Annex, Heading, Part, Plain, Signed, Table, write_document
from core.money import show_yuan
from rounds.facts import facts_of, lines
from rounds.models import Round

PAPERS = {"w1": "通知", "w2": "征集公告"}
NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")


def moment(at: datetime) -> str:
    """`2026年12月20日17时00分00秒`: to the second, in Beijing time."""
    there = local(at)
    return f"{spoken(there.date())}{there:%H时%M分%S秒}"


def call_paper(row: Round, what: str) -> bytes:
    """The paper as .docx; `what` is a key of PAPERS. The same round gives the same bytes."""
    draft = "（草案）" if row.state == Round.State.DRAFT else ""
    title = f"关于开展{row.title}的通知{draft}" if what == "w1" else f"{row.title}征集公告{draft}"
    parts = list(_numbered(_notice(row) if what == "w1" else _call(row)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "round.docx"
        write_document(path, title, [*parts, *_end(row), *_annexes(row, what)], author=row.organizer_name)
        return path.read_bytes()


def _numbered(parts: Iterator[Part]) -> Iterator[Part]:
    count = 0
    for part in parts:
        if isinstance(part, Heading):
            yield Heading(f"{NUMERALS[count]}、{part.words}")
            count += 1
        else:
            yield part


def _listed(texts: list[str]) -> Iterator[Part]:
    """One line stays a sentence; several are numbered."""
    yield from (f"{n}. {words}" for n, words in enumerate(texts, 1)) if len(texts) > 1 else texts


def _notice(row: Round) -> Iterator[Part]:
    """W1: purpose, who organizes, who may apply, scope, money, steps and times, requirements."""
    said = facts_of(row)
    yield Plain("各社区（村），各有关单位：")
    yield f"为做好{row.title}（{row.year}年第{row.number}期）工作，现将有关事项通知如下。"
    if row.intro.strip():
        yield Heading("目的")
        yield from lines(row.intro)
    yield Heading("组织机构")
    yield f"主办单位：{row.organizer_name}。" + (f"协办单位：{row.co_organizers}。" if row.co_organizers else "")
    yield f"购买方式：{row.get_buyer_display()}。"
    yield Heading("申报主体和条件")
    yield f"申报主体：{'、'.join(said['kinds'])}。"
    yield from _listed(lines(row.conditions))
    yield Heading("项目范围")
    yield f"本期主题：{'、'.join(t.name for t in said['themes'])}（见附件1）。" + (
        f"实施期限：{row.duration}。" if row.duration else ""
    )
    yield Heading("资金")
    yield from _money(row)
    yield Heading("流程和时间")
    yield from _times(row)
    yield from _listed(lines(row.process))
    yield Heading("评审、分配和公示")
    yield from _choosing(row)
    if row.requirements.strip():
        yield Heading("有关要求")
        yield from _listed(lines(row.requirements))


def _call(row: Round) -> Iterator[Part]:
    """W2: who, what, when to the second, how, whom to ask."""
    said = facts_of(row)
    yield from lines(row.intro) or [f"{row.organizer_name}现公开征集{row.title}项目。"]
    yield Heading("谁可以申报")
    yield f"{'、'.join(said['kinds'])}。"
    yield from _listed(lines(row.conditions))
    yield Heading("征集什么")
    yield f"主题：{'、'.join(t.name for t in said['themes'])}。" + (
        f"实施期限：{row.duration}。" if row.duration else ""
    )
    yield Heading("资金")
    yield from _money(row)
    yield Heading("申报时间")
    yield from _times(row)
    yield Heading("怎样申报")
    yield f"在创投门户的征集公告页选择“我要申报”，填写{row.get_paper_display()}并提交，以系统给出的受理编号和时间为准。"
    yield from _listed(lines(row.process))
    yield from _opinion(row)
    yield Heading("评审、分配和公示")
    yield from _choosing(row)
    yield Heading("咨询和异议")
    yield (f"咨询：{row.contact}。" if row.contact else "") + "可以在征集公告页提问，问题和答复向所有人公布。"
    yield f"异议受理：{row.objection_contact or '另行公布'}。"


def _opinion(row: Round) -> Iterator[Part]:
    if row.opinion:
        must = "须有" if row.opinion == Round.Opinion.REQUIRED else "可以有"
        yield f"申报{must}实施所在社区的意见：社区在网上出具，或由申报单位上传盖章的扫描件。"
    if row.promise:
        yield f"提交时须承诺：{row.promise}"


def _money(row: Round) -> Iterator[Part]:
    said = facts_of(row)
    cap = f"单个项目不超过 {show_yuan(row.cap)} 元" if row.cap else "单个项目不设上限"
    own = "".join(f"，{kind}不超过 {amount} 元" for kind, amount in said["caps"])
    yield f"资金来源：{row.fund_source}。资金总额 {show_yuan(row.budget)} 元，{cap}{own}。"
    if said["heads"]:
        yield "预算科目占总预算的限额：" + "，".join(f"{head}{share}" for head, share in said["heads"]) + "。"
        if row.takes_waivers:
            yield "确需超过科目限额的，在申报书中写明理由申请例外，由主办单位在资格初审前决定。"


def _times(row: Round) -> Iterator[Part]:
    yield f"申报开始：{moment(row.apply_opens_at)}。申报截止：{moment(row.apply_closes_at)}，截止那一秒起不再接收（北京时间，以系统时钟为准）。"
    if row.grace_hours:
        yield f"因故不能按时提交的单位，应在截止前后及时说明；经主办单位写明理由同意的，可以单独顺延，最迟到 {moment(row.grace_ends_at)}。"
    yield f"提问截止：{moment(row.asks_end_at)}。"


def _choosing(row: Round) -> Iterator[Part]:
    said = facts_of(row)
    rubric = (
        f"评分标准：《{said['rubric']['label']}》，满分 {said['rubric']['full_marks']} 分（见附件）。"
        if said["rubric"]
        else ""
    )
    yield f"遴选方式：{row.get_mode_display()}。{rubric}分配办法：{said['allocation']}。"
    yield f"拟资助项目公示 {row.notice_days} 个工作日。"


def _end(row: Round) -> Iterator[Part]:
    if row.opened_at:
        yield f"本期规则已于 {moment(row.opened_at)}冻结，规则摘要（SHA-256）：{row.rules_digest}。"
    if row.is_demo:
        yield "演示数据：单位和金额为演示而编。"
    yield Signed(row.organizer_name, spoken(local(row.opened_at).date()) if row.opened_at else "    年  月  日")


def _annexes(row: Round, what: str) -> Iterator[Part]:
    said = facts_of(row)
    found: list[tuple[str, Table]] = []
    themes = [
        [str(n), t.name, "不限" if t.max_awards is None else str(t.max_awards), "不限" if t.max_amount is None else show_yuan(t.max_amount)]
        for n, t in enumerate(said["themes"], 1)
    ]  # fmt: skip
    heads = ["序号", "主题", "最多资助（项）", "金额上限（元）"]
    found.append(("申报主题一览表", Table(heads, themes, [16, 70, 30, 40], frozenset({2, 3}))))
    if said["rubric"]:
        rows = [[i["label"], i["most"], i["hint"] or "—"] for i in said["rubric"]["lines"]]
        found.append((said["rubric"]["label"], Table(["评分项", "分值", "看点"], rows, [36, 18, 102], frozenset({1}))))
    if said["heads"] and what == "w1":
        rows = [[head, share] for head, share in said["heads"]]
        found.append(("预算科目限额表", Table(["科目", "占总预算"], rows, [90, 66], frozenset({1}))))
    if row.indicators:
        rows = [[i["name"], i["least"], i["unit"]] for i in row.indicators]
        found.append(("项目指标参考表", Table(["指标", "数值", "单位"], rows, [90, 33, 33], frozenset({1}))))
    if said["sections"]:
        rows = [[label, words] for label, words in said["sections"]]
        found.append(("申报书另有栏目一览表", Table(["栏目", "要求"], rows, [60, 96])))
    if said["papers"]:
        rows = [[label, words] for label, words in said["papers"]]
        found.append(("附件材料清单", Table(["材料", "要求"], rows, [60, 96])))
    for n, (title, table) in enumerate(found, 1):
        yield Annex(f"附件{n}", title)
        yield table
