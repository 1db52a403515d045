"""What an application to a round consists of beside the fixed fields: sections, attachments, commitment, the community's word.

The catalogue says what there is; a round chooses from it, row by row, and freezes its choice when it opens. A round made
before there was a choice has none: nothing of this is asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

OFF, OPTIONAL, REQUIRED = "", "optional", "required"
ASKED = {OFF: "不设", OPTIONAL: "选填", REQUIRED: "必填"}
LEAST, MOST = 50, 3000  # characters that a round may allow for a section
MOST_OF_A_KIND, MOST_MEGABYTES = 10, 20  # files and size that a round may allow for one kind of attachment
MOST_LINES = 12  # budget lines of a one-page application


@dataclass(frozen=True, slots=True)
class SectionKind:
    """A section that a round may ask: a text up to `most` characters, or a table (`most` 0) of rows. `ready`: asked unless
    the office says otherwise.
    """

    key: str
    label: str
    hint: str
    most: int
    ready: str = OFF

    @property
    def is_table(self) -> bool:
        return not self.most


# Source: W3 of a published application form (500 characters for who the applicant is) and the fields of a running system;
# the other lengths are known practice, to be edited.
SECTIONS = {
    s.key: s
    for s in (
        SectionKind("intro", "单位简介", "单位是做什么的、有多少人、做过什么；从上一份申报书或登记资料带出，请核对", 500, REQUIRED),
        SectionKind("experience", "同类服务经验", "做过哪些类似的社区服务，效果怎样", 300),
        SectionKind("team", "项目团队", "按分工写，不写姓名和电话", 0, REQUIRED),
        SectionKind("need", "必要性和需求分析", "谁有这个需要、有多少人、现在怎样、为什么现有服务不够", 1500, REQUIRED),
        SectionKind("aims", "项目目标", "项目结束时要达到什么，能够核对", 1000, REQUIRED),
        SectionKind("targets", "服务对象和人数", "只计直接受益的人；同一人不重复计", 0, REQUIRED),
        SectionKind("features", "项目特色", "和已有的服务相比新在哪里，能不能推广", 500),
        SectionKind("risks", "风险和应对措施", "人员、安全、天气、经费等可能出的问题和应对办法", 1000, OPTIONAL),
        SectionKind("lasting", "可持续安排", "资助结束以后由谁接着做、钱和场地从哪里来", 1000, OPTIONAL),
        SectionKind("publicity", "宣传安排", "在哪里宣传、标明谁资助、怎样保护肖像和隐私", 500, OPTIONAL),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A kind of attachment: where the archive puts it, and how a round asks for it unless the office says otherwise."""

    key: str
    label: str
    rank: int
    ready: str = OFF
    most: int = 3
    megabytes: int = 10
    applies: tuple[str, ...] = ()


# `rank`: 1 and 2 as in the archives made before there were more kinds.
PAPERS = {
    p.key: p
    for p in (
        PaperKind("registration", "登记证书", 0, REQUIRED, 2, 10, ("social",)),
        PaperKind("inspection", "年检结论和信用证明", 0, OPTIONAL, 3, 10, ("social",)),
        PaperKind("promise", "签字盖章的承诺书", 0),
        PaperKind("seal", "社区意见（盖章扫描件）", 0),
        PaperKind("budget", "预算依据", 1, OPTIONAL, 5),
        PaperKind("partner", "合作单位证明", 2, OPTIONAL, 5),
        PaperKind("own1", "本期另列材料一", 2),
        PaperKind("own2", "本期另列材料二", 2),
        PaperKind("other", "其他材料", 3, OPTIONAL, 5, 20),
    )
}
SEAL = "seal"
OWN = ("own1", "own2")  # named by the round, not offered where none asks for them

READY_PROMISE = "本单位承诺：所填内容和所附材料真实、准确；同一项目未在其他渠道重复申报；不弄虚作假，不截留、挪用项目资金，遵守廉洁规定；立项后按申报书和协议实施，接受监督、评估和审计。"  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """A section as a round asks it."""

    kind: SectionKind
    is_required: bool
    most: int

    @property
    def key(self) -> str:
        return self.kind.key

    @property
    def label(self) -> str:
        return self.kind.label


@dataclass(frozen=True, slots=True)
class Paper:
    """A kind of attachment as a round asks it; `applies` are kinds of applicants, empty for all."""

    key: str
    label: str
    is_required: bool
    most: int
    megabytes: int
    applies: tuple[str, ...]

    def is_for(self, kind: str) -> bool:
        return not self.applies or kind in self.applies


def sections_of(rows: Iterable[Mapping[str, Any]]) -> list[Section]:
    """The stored rows [{key, required, most}] of a round in the order of the application."""
    known = {row["key"]: row for row in rows}
    return [Section(s, bool(known[s.key]["required"]), int(known[s.key]["most"])) for s in SECTIONS.values() if s.key in known]  # fmt: skip


def papers_of(rows: Iterable[Mapping[str, Any]], applicant: str | None = None) -> list[Paper]:
    """The stored rows [{key, label, required, most, megabytes, applies}], of one kind of applicant where one is named."""
    found = [
        Paper(r["key"], r["label"], bool(r["required"]), int(r["most"]), int(r["megabytes"]), tuple(r["applies"]))
        for r in rows
    ]
    return [p for p in found if applicant is None or p.is_for(applicant)]


def section_row(key: str, asked: str, most: int | None) -> dict[str, Any] | None:
    """A section as it is stored; None where it is not asked."""
    kind = SECTIONS[key]
    return (
        {"key": key, "required": asked == REQUIRED, "most": 0 if kind.is_table else most or kind.most}
        if asked
        else None
    )


def paper_row(
    key: str, asked: str, *, label: str, most: int | None, megabytes: int | None, applies: Iterable[str]
) -> dict[str, Any] | None:
    """A kind of attachment as it is stored; None where it is not asked."""
    if not asked:
        return None
    kind = PAPERS[key]
    return {
        "key": key, "label": label.strip() or kind.label, "required": asked == REQUIRED, "most": most or kind.most,
        "megabytes": megabytes or kind.megabytes, "applies": list(applies),
    }  # fmt: skip


def ready(*, is_page: bool = False) -> dict[str, Any]:
    """The ready set: first values of the set-up form. A one-page application asks no sections and only optional papers."""
    found: dict[str, Any] = {"promise": READY_PROMISE, "opinion": OFF if is_page else OPTIONAL}
    if is_page:
        return found | {"page_lines": 5, "paper_other": OPTIONAL, "paper_most_other": 2}
    for section in SECTIONS.values():
        found[f"section_{section.key}"] = section.ready
    for kind in PAPERS.values():
        found |= {f"paper_{kind.key}": kind.ready, f"paper_for_{kind.key}": list(kind.applies)}
    return found
