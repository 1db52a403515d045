"""What changed between two versions of an agreement, line by line, for people. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.clock import spoken
from core.money import show_yuan
from funding.domain.agreement import Content

NONE = "（无）"
PLAIN = {
    "first": "甲方", "second": "乙方", "third": "丙方", "payee_name": "户名", "payee_bank": "开户行", "payee_account": "账号", "more": "补充约定",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that reads differently: where, before, after. A missing side reads （无）."""

    where: str
    before: str
    after: str


def differences(old: Content, new: Content, conditions: Mapping[str, str]) -> list[Change]:
    """Everything that differs, in the order of the document. `conditions` names the instalment conditions by code."""
    before, after = _lines(old, conditions), _lines(new, conditions)
    return [
        Change(where, before.get(where, NONE), after.get(where, NONE))
        for where in [*before, *(w for w in after if w not in before)]
        if before.get(where) != after.get(where)
    ]


def _lines(content: Content, conditions: Mapping[str, str]) -> dict[str, str]:
    found = {"协议金额": f"{show_yuan(content.amount)} 元"}
    found |= {words: value for name, words in PLAIN.items() if (value := str(getattr(content, name)).strip())}
    found |= {
        "开始日期": spoken(content.starts_on),
        "结束日期": spoken(content.ends_on),
        "份数": f"{content.copies} 份",
    }
    for n, term in enumerate(content.terms, 1):
        said = [term.title, f"{show_yuan(term.amount)} 元", "、".join(conditions.get(c, c) for c in term.conditions)]
        said += [f"支出率不低于 {term.spend_rate}%"] if term.spend_rate is not None else []
        said += [f"{spoken(term.due_on)}前"] if term.due_on else []
        found[f"第 {n} 期拨付"] = "，".join(part for part in said if part)
    found |= _named("资金来源", ((p.name, f"{show_yuan(p.amount)} 元") for p in content.pulls))
    shares = ((s.name, f"{'牵头，' if s.is_lead else ''}{show_yuan(s.amount)} 元，{s.outputs}") for s in content.shares)
    found |= _named("合作单位", shares)
    found |= {f"第 {n} 个实施地点": f"{p.community} {p.unit}".strip() for n, p in enumerate(content.places, 1)}
    return found | _named("指标", ((t.name, t.target) for t in content.targets))


def _named(kind: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, words in pairs:
        key = f"{kind}“{name}”"
        found[key] = f"{found[key]}；{words}" if key in found else words
    return found
