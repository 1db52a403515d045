"""W13 项目协议书: one version of an agreement as the document that the parties sign.

The clauses are a working text for an office without a template of its own; its legal people may ask for other ones,
which go into 补充约定 or into the Word file itself.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.clock import spoken
from core.documents import Annex, Heading, Part, Plain, Signatures, Sub, Table, write_document
from core.money import show_yuan
from core.rmb import rmb_upper
from funding.domain.agreement import Content, Term
from funding.models import AgreementVersion, Instalment
from funding.rules import SHOWN

CONDITIONS: dict[str, str] = {str(code): str(label) for code, label in Instalment.Condition.choices}
NUMERALS = "一二三四五六七八九十"
RIGHTS = [
    ("甲方", ["按本协议约定拨付资金，对项目实施和资金使用进行指导、检查和评估。", "为项目提供必要的协调支持，不向乙方收取任何费用，不指定采购渠道。"]),
    ("乙方", ["按申报书和本协议组织实施，完成约定的指标，如实提交活动、签到、影像、票据等资料。", "资金专款专用、单独核算，不得转包，不得用于与项目无关的开支。"]),
    ("丙方", ["协助提供场地、发动居民和信息公开，监督项目在本社区的实施。", "对居民反映的问题及时转告甲方和乙方。"]),
]  # fmt: skip
CLAUSES = [
    ("监督评估", ["甲方可以自行或者委托第三方开展中期评估和末期验收，乙方应当配合。", "评估结果、居民评议和支出情况是拨付后续资金的依据。"]),
    ("变更", ["变更金额、期限、地点、指标、合作单位或者收款账户，须由各方签订新的协议版本；新版本签订前，按本协议执行。", "未经批准自行变更的，相应支出不予认可。"]),
    ("违约与收回", ["乙方虚报、挪用、重复申报，或者未完成约定指标且不改正的，甲方可以停止拨付、终止协议，并收回相应资金。", "项目结束时的结余资金，在验收后十五个工作日内退回，经批准另有安排的除外。"]),
    ("安全与保险", ["乙方对活动安全负责，制定应急预案；组织室外、体育、未成年人或者老年人参加的活动，应当为参加者购买相应保险。"]),
    ("未成年人保护与肖像", ["有未成年人参加的活动，须取得监护人书面同意，并落实陪同和接送制度。", "使用参加者肖像、作品和事迹，须取得本人（未成年人须取得监护人）同意，不得用于商业目的。"]),
    ("信息保密", ["各方只为实施本项目收集和使用居民个人信息，不得泄露、出售或者非法提供；项目结束后按规定保存或者删除。"]),
    ("廉洁", ["各方及其工作人员不得索取、收受或者给予财物、回扣和其他不正当利益。违反的，甲方可以终止协议，并移交有关部门处理。"]),
    ("争议", ["因本协议发生争议，各方协商解决；协商不成的，向甲方所在地人民法院提起诉讼。"]),
]  # fmt: skip


def numeral(n: int) -> str:
    """`十二` for 12; up to 99.

    >>> numeral(10), numeral(12), numeral(20)
    ('十', '十二', '二十')
    """
    tens, ones = divmod(n, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{NUMERALS[tens - 1]}十"
    return head + (NUMERALS[ones - 1] if ones else "")


def agreement_word(version: AgreementVersion, content: Content) -> bytes:
    """The document as .docx. `content` is the version's text as its reader may see it; an unapproved one says 草案."""
    draft = "" if version.state in SHOWN else "（草案）"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agreement.docx"
        write_document(path, f"项目协议书{draft}", list(_parts(version, content)), author=content.first)
        return path.read_bytes()


def _parts(version: AgreementVersion, content: Content) -> Iterator[Part]:
    agreement, proposal = version.agreement, version.agreement.proposal
    parties = _parties(content)
    yield Plain(f"协议编号：{agreement.number}（第 {version.number} 版）", middle=True)
    if agreement.is_demo:
        yield Plain("演示数据：单位、金额和账户为演示而编。", middle=True)
    for name, who in parties:
        yield Plain(f"{name}：{who}")
    yield f"为规范“{agreement.round.title}”项目的实施和资金管理，根据评审、集体研究和公示结果，{'、'.join(n for n, _ in parties)}经协商一致，订立本协议。"
    if version.number > 1:
        yield f"本版变更此前签订的版本，自签订之日起替代原版本。变更理由：{version.reason}"
    count = 0

    def head(words: str) -> Heading:
        nonlocal count
        count += 1
        return Heading(f"{numeral(count)}、{words}")

    yield head("项目内容")
    yield f"项目名称：{proposal.title}。实施期限：{spoken(content.starts_on)}至{spoken(content.ends_on)}。"
    if content.places:
        yield f"实施地点：{'；'.join(f'{p.community}{p.unit}' for p in content.places)}。" if len(content.places) < 4 else f"实施地点共 {len(content.places)} 处，见附件。"  # fmt: skip
    if content.targets:
        yield head("目标和指标")
        yield "项目应当完成以下指标："
        rows = [[str(n), t.name, t.target] for n, t in enumerate(content.targets, 1)]
        yield Table(["序号", "指标", "目标值"], rows, [16, 60, 80])
    yield head("资金和拨付")
    yield f"协议金额为 {show_yuan(content.amount)} 元，大写：{rmb_upper(content.amount)}。分 {len(content.terms)} 期拨付："
    terms = [[str(n), t.title, show_yuan(t.amount), _when(t)] for n, t in enumerate(content.terms, 1)]
    yield Table(
        ["期次", "名称", "金额（元）", "拨付条件"],
        [*terms, ["", "合计", show_yuan(content.amount), ""]],
        [14, 28, 32, 82],
        frozenset({2}),
    )
    for n, term in enumerate(content.terms, 1):
        yield f"第 {n} 期大写：{rmb_upper(term.amount)}。"
    yield f"资金来源：{'；'.join(f'{p.name} {show_yuan(p.amount)} 元' for p in content.pulls)}。"
    yield f"收款账户：户名 {content.payee_name}，开户行 {content.payee_bank}，账号 {content.payee_account}。乙方收款后应当开具合法票据。"
    yield head("权利义务")
    for n, (name, clauses) in enumerate([r for r in RIGHTS if r[0] != "丙方" or content.third], 1):
        yield Sub(f"（{numeral(n)}）{name}")
        yield from (f"{i}. {words}" for i, words in enumerate(clauses, 1))
    for words, clauses in CLAUSES:
        yield head(words)
        yield from (f"{i}. {clause}" for i, clause in enumerate(clauses, 1)) if len(clauses) > 1 else clauses
    if content.more.strip():
        yield head("补充约定")
        yield from (line.strip() for line in content.more.splitlines() if line.strip())
    yield head("份数和生效")
    annex = "附件是本协议的组成部分。" if _has_annex(content) else ""
    yield f"本协议一式 {content.copies} 份，各方各执至少一份，具有同等效力，自各方签字盖章之日起生效。{annex}"
    yield Signatures([_block(name, who) for name, who in parties])
    yield from _annex(content)


def _parties(content: Content) -> list[tuple[str, str]]:
    found = [("甲方", content.first), ("乙方", content.second), ("丙方", content.third)]
    return [(name, who) for name, who in found if who.strip()]


def _when(term: Term) -> str:
    said = [CONDITIONS.get(c, c) for c in term.conditions]
    said += [f"已拨款支出率不低于 {term.spend_rate}%"] if term.spend_rate is not None else []
    return "；".join(said) + (f"（计划 {spoken(term.due_on)}前）" if term.due_on else "")


def _block(name: str, who: str) -> list[str]:
    return [f"{name}（盖章）：", who, "代表签字：", "", "签订日期：    年  月  日", ""]


def _has_annex(content: Content) -> bool:
    return bool(content.shares or len(content.places) > 1)


def _annex(content: Content) -> Iterator[Part]:
    if not _has_annex(content):
        return
    yield Annex("附件", "合作单位分工和实施地点")
    if content.shares:
        rows = [[s.name, "牵头" if s.is_lead else "合作", show_yuan(s.amount), s.outputs] for s in content.shares]
        yield Table(
            ["单位", "身份", "份额（元）", "承担的产出"],
            [*rows, ["合计", "", show_yuan(content.amount), ""]],
            [54, 18, 32, 52],
            frozenset({2}),
        )
    yield Plain("")
    if content.places:
        rows = [[str(n), p.community, p.unit] for n, p in enumerate(content.places, 1)]
        yield Table(["序号", "社区", "场所"], rows, [16, 60, 80])
