#!/usr/bin/env python3
"""Check the open record of a locked roadshow without trusting the portal that wrote it.

    python3 verify_result.py FILE [--head CODE]

FILE is a `chuangtou/record@1` document: every sheet as it arrived, chained by SHA-256, the scoring document of the lock
and its result. This program is one file, needs Python 3.9 or later and nothing else, reads FILE and writes only to the
screen. It shares no code with the portal: the arithmetic is written anew from the text of `chuangtou/scoring@1`, in
fractions, so that a mistake would have to be made twice. What it says is in Chinese; docs/verify.md explains it.

Exit status: 0 everything holds, 1 something does not, 2 the file cannot be read.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

RECORD = "chuangtou/record@1"
SCORING = "chuangtou/scoring@1"
RESULT = "chuangtou/result@1"
NOTHING = "0" * 64
LARGEST_FILE = 200 * 1024 * 1024
MOST_PLACES = 30
LONGEST_DECIMAL = 200
LONGEST_WHOLE = 15
MOST_FINDINGS = 200
DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
APPLIED = ("kept", "submitted", "void")
KINDS = {
    "kept": "暂存",
    "submitted": "提交",
    "void": "作废",
    "conflict": "冲突未采用",
    "superseded": "已被后来的取代",
    "late": "锁定后送达",
}
STATES = {"submitted": "已提交", "recused": "回避", "absent": "未评", "void": "作废", "late": "迟交"}
OUTCOMES = {"ranked": "有名次", "below_quorum": "评分不足，不计分", "withdrawn": "已撤回", "absent": "未到场"}
USAGE = """用法：python3 verify_result.py 文件 [--head 核对码]

核对“公益创投”门户在评审锁定后导出的公开记录文件（chuangtou/record@1）。
核对码是现场大屏幕和签字纸上印的那一串，16 位或 64 位，空格、横线、大小写不论；有几场可以写几次 --head。
退出状态：0 全部成立，1 有不成立之处，2 文件读不了。
"""


class Unreadable(Exception):
    """The file is not such a document; carries a Chinese sentence."""


class Unlinked(Exception):
    """Calibration cannot compare judges that share no proposal, directly or through others."""


# --- text, digests, numbers ---


def clean(value: object, longest: int = 80) -> str:
    """What the file says, fit for a terminal: no control characters, no reversed writing, not endless."""
    text = "".join(c if c.isprintable() else "�" for c in str(value))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def half_up(value: Fraction, places: int) -> int:
    """The value in units of the last of `places` decimals; halves go away from zero."""
    unit: int = 10**places
    size = math.floor(abs(value) * unit + Fraction(1, 2))
    return size if value >= 0 else -size


def rounded(value: Fraction, places: int | None) -> Fraction:
    return value if places is None else Fraction(half_up(value, places), 10**places)


def in_digits(value: Fraction, places: int) -> str:
    """The value with exactly `places` decimals, half-up."""
    units = half_up(value, places)
    digits = str(abs(units)).rjust(places + 1, "0")
    whole, rest = digits[: len(digits) - places], digits[len(digits) - places :]
    return ("-" if units < 0 else "") + whole + ("." + rest if rest else "")


def shown(value: Fraction, places: int | None) -> str:
    """As the rule prints it; where it names no decimals, up to ten without trailing zeros."""
    if places is not None:
        return in_digits(value, places)
    return in_digits(value, 10).rstrip("0").rstrip(".")


def as_fraction(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def is_decimal(text: str) -> bool:
    return len(text) <= LONGEST_DECIMAL and DECIMAL.fullmatch(text) is not None


# --- the shape of the file: every key known, every value of its kind ---

Check = Callable[[Any, str], None]


def text_(value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise Unreadable(f"{path} 应是文字。")


def decimal_(value: Any, path: str) -> None:
    text_(value, path)
    if not is_decimal(value):
        raise Unreadable(f'{path} 应是十进制数字的文字，例如 "22.5"，这里是“{clean(value)}”。')


def whole_(value: Any, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unreadable(f"{path} 应是不小于 0 的整数。")


def places_(value: Any, path: str) -> None:
    whole_(value, path)
    if value > MOST_PLACES:
        raise Unreadable(f"{path} 的小数位数不能超过 {MOST_PLACES}。")


def one_of(*choices: str) -> Check:
    def check(value: Any, path: str) -> None:
        if value not in choices:
            raise Unreadable(f"{path} 应是 {'、'.join(choices)} 之一，这里是“{clean(value)}”。")

    return check


def maybe(inner: Check) -> Check:
    def check(value: Any, path: str) -> None:
        if value is not None:
            inner(value, path)

    return check


def list_of(inner: Check) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise Unreadable(f"{path} 应是一个列表。")
        for i, item in enumerate(value):
            inner(item, f"{path}[{i}]")

    return check


def table_of(inner: Check) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise Unreadable(f"{path} 应是一个对象。")
        for key, item in value.items():
            inner(item, f"{path}.{clean(key)}")

    return check


def object_(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    known = {**required, **(optional or {})}

    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise Unreadable(f"{path or '文件'} 应是一个对象。")
        for key in required:
            if key not in value:
                raise Unreadable(f"{path or '文件'} 缺少“{key}”。")
        for key, item in value.items():
            if key not in known:
                raise Unreadable(f"{path or '文件'} 里有不认识的键“{clean(key)}”。")
            known[key](item, f"{path}.{key}" if path else key)

    return check


RULE_SHAPE = object_(
    {
        "version": text_,
        "criteria": list_of(
            object_(
                {"key": text_, "label": text_, "max": decimal_, "step": decimal_}, {"min": decimal_, "weight": decimal_}
            )
        ),
        "trim": maybe(object_({"high": whole_, "low": whole_, "from": whole_, "on": one_of("total", "criterion")})),
        "aggregate": one_of("mean", "median", "sum", "ticks"),
        "criterion_decimals": maybe(places_),
        "product_decimals": maybe(places_),
        "decimals": maybe(places_),
        "quorum": whole_,
        "own_part": maybe(text_),
        "parts": list_of(
            object_({"key": text_, "weight": decimal_}, {"scale": maybe(object_({"max": decimal_, "to": decimal_}))})
        ),
        "bonus_cap": maybe(decimal_),
        "rank": object_(
            {"by": one_of("printed", "exact"), "style": one_of("competition", "dense"), "ties": list_of(text_)}
        ),
    },
    {
        "clamp": maybe(object_({"within": decimal_}, {"decimals": maybe(places_)})),
        "calibration": maybe(object_({"model": one_of("additive"), "ridge": decimal_, "decimals": places_})),
        "ticks": object_({"at_most": whole_}),
    },
)


def rule_(value: Any, path: str) -> None:
    RULE_SHAPE(value, path)
    if (value["aggregate"] == "ticks") != ("ticks" in value):
        word = "缺少" if value["aggregate"] == "ticks" else "里有不认识的键"
        raise Unreadable(f"{path} {word}“ticks”。")


SCORING_SHAPE = object_(
    {
        "format": one_of(SCORING),
        "rule": rule_,
        "proposals": list_of(
            object_(
                {"key": text_, "name": text_},
                {
                    "factor": decimal_,
                    "parts": table_of(decimal_),
                    "bonus": decimal_,
                    "penalty": decimal_,
                    "lot": maybe(decimal_),
                    "state": one_of("standing", "withdrawn", "absent"),
                },
            )
        ),
        "judges": list_of(object_({"key": text_, "name": text_})),
        "sheets": list_of(
            object_({"judge": text_, "proposal": text_}, {"state": one_of(*STATES), "marks": table_of(decimal_)})
        ),
    }
)


def scoring_(value: Any, path: str) -> None:
    SCORING_SHAPE(value, path)
    for i, sheet in enumerate(value["sheets"]):
        if "marks" not in sheet and value["rule"]["aggregate"] != "ticks":
            raise Unreadable(f"{path}.sheets[{i}] 缺少“marks”。")


LEFT_OUT = object_({"high": list_of(text_), "low": list_of(text_)})
RESULT_SHAPE = object_(
    {
        "format": one_of(RESULT),
        "rule_digest": text_,
        "input_digest": text_,
        "results": list_of(
            object_(
                {
                    "proposal": text_,
                    "outcome": one_of(*OUTCOMES),
                    "score": maybe(text_),
                    "exact": maybe(text_),
                    "rank": maybe(whole_),
                    "tie_broken_by": maybe(text_),
                    "counted": list_of(text_),
                    "left_out": LEFT_OUT,
                    "criteria": table_of(object_({"value": text_, "left_out": LEFT_OUT})),
                    "steps": list_of(text_),
                }
            )
        ),
    },
    {
        "judges": list_of(object_({"judge": text_, "effect": text_, "totals": whole_})),
        "ballots": object_({"given": whole_, "valid": whole_, "invalid": whole_}),
        "invalid": list_of(text_),
    },
)
MOVE_SHAPE = object_(
    {
        "session": text_,
        "judge": text_,
        "number": whole_,
        "proposal": text_,
        "kind": one_of(*KINDS),
        "marks": table_of(text_),
        "reason": text_,
        "base": whole_,
        "revision": whole_,
        "device": text_,
        "counter": whole_,
        "by": one_of("judge", "clerk", "file", "office"),
        "at": text_,
        "previous": text_,
        "digest": text_,
    }
)
RECORD_SHAPE = object_(
    {
        "format": one_of(RECORD),
        "round": object_({"code": text_, "title": text_}),
        "sessions": list_of(
            object_(
                {
                    "key": text_,
                    "name": text_,
                    "locked_at": text_,
                    "rule_digest": text_,
                    "head": text_,
                    "judges": table_of(object_({"moves": whole_, "head": text_})),
                    "draw": maybe(
                        object_({"commitment": text_, "secret": text_, "number": text_, "order": list_of(text_)})
                    ),
                    "scoring": scoring_,
                    "result": RESULT_SHAPE,
                    "moves": list_of(MOVE_SHAPE),
                },
                {
                    "rule_changes": list_of(object_({"old": rule_, "new": rule_, "reason": text_, "at": text_})),
                    "lots": maybe(
                        object_({"commitment": text_, "secret": text_, "number": text_, "order": list_of(text_)})
                    ),
                    "earlier": list_of(object_({"number": whole_, "digest": text_, "made_at": text_, "reason": text_})),
                },
            )
        ),
    }
)


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise Unreadable(f"同一个对象里“{clean(twice)}”写了两次，说不清以哪个为准。")
    return found


def _whole(text: str) -> int:
    if len(text) > LONGEST_WHOLE:
        raise Unreadable(f"整数“{clean(text, 30)}”过长。")
    return int(text)


def _no_number(text: str) -> Any:
    raise Unreadable(f"文件里有不加引号的小数或非数字“{clean(text, 30)}”，这种文件里没有。")


def load(name: str) -> Any:
    """Read and check the shape of a record. Raises Unreadable."""
    try:
        with Path(name).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise Unreadable(f"没有“{clean(name, 200)}”这个文件。") from error
    except OSError as error:
        raise Unreadable(f"打不开“{clean(name, 200)}”：它不是文件，或没有读取的权限。") from error
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"文件超过 {LARGEST_FILE // 1024 // 1024} MB，不是这种记录文件。")
    try:
        document = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_no_twice,
            parse_int=_whole,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError as error:
        raise Unreadable("文件不是 UTF-8 文字。") from error
    except json.JSONDecodeError as error:
        raise Unreadable(f"文件不是 JSON：第 {error.lineno} 行第 {error.colno} 个字符处读不下去。") from error
    if not isinstance(document, dict) or document.get("format") != RECORD:
        raise Unreadable(f"文件的格式不是“{RECORD}”。")
    RECORD_SHAPE(document, "")
    try:
        canonical(document)
    except UnicodeEncodeError as error:
        raise Unreadable("文件里有不成对的代理字符（\\ud800 至 \\udfff），算不出摘要。") from error
    return document


# --- what chuangtou/scoring@1 refuses ---


def uses_sheets(rule: Any) -> bool:
    return not rule["parts"] or rule["own_part"] is not None


def by_criterion(rule: Any) -> bool:
    return rule["aggregate"] != "ticks" and bool(rule["trim"]) and rule["trim"]["on"] == "criterion"


def _twice(what: str, keys: Iterable[str]) -> list[str]:
    return [f"{what} {clean(key)} 在评分文件里出现了 {n} 次。" for key, n in Counter(keys).items() if n > 1]


def rule_faults(rule: Any) -> list[str]:
    """Why no result can follow from this rule."""
    faults = _twice("评分项", (c["key"] for c in rule["criteria"])) + _twice("部分", (p["key"] for p in rule["parts"]))
    for c in rule["criteria"]:
        if Fraction(c["step"]) <= 0 or Fraction(c["max"]) < Fraction(c.get("min", "0")):
            faults.append(f"评分项 {clean(c['key'])} 的步长不大于 0，或满分低于最低分。")
    faults += [
        f"部分 {clean(part['key'])} 换算所用的满分不大于 0。"
        for part in rule["parts"]
        if part.get("scale") and Fraction(part["scale"]["max"]) <= 0
    ]
    faults += [f"不认识的同分处理办法“{clean(tie)}”。" for tie in rule["rank"]["ties"] if not _known_tie(rule, tie)]
    trim, clamp, calibration = rule["trim"], rule.get("clamp"), rule.get("calibration")
    wrong = {
        "去极值的起算个数应大于去掉的个数。": trim and trim["from"] <= trim["high"] + trim["low"],
        "允许偏离平均数的幅度不能是负数。": clamp and Fraction(clamp["within"]) < 0,
        "尺度校准的岭参数不能是负数。": calibration and Fraction(calibration["ridge"]) < 0,
        "尺度校准不能与按评分项去极值同用。": calibration and by_criterion(rule),
        "本场得分所占的部分不在各部分之中。": rule["own_part"] is not None
        and rule["own_part"] not in {p["key"] for p in rule["parts"]},
        "规则里没有评分项。": uses_sheets(rule) and not rule["criteria"] and rule["aggregate"] != "ticks",
    }
    return [f"评分规则有误：{fault}" for fault in faults + [sentence for sentence, holds in wrong.items() if holds]]


def _known_tie(rule: Any, tie: str) -> bool:
    kind, colon, key = tie.partition(":")
    if not colon:
        return tie in ("untrimmed_mean", "top_sheets", "lot")
    if kind == "criterion":
        return key in {c["key"] for c in rule["criteria"]}
    return kind in ("part", "vote") and key != ""


def proposal_faults(rule: Any, proposals: Sequence[Any]) -> list[str]:
    needed = {p["key"] for p in rule["parts"]} - {rule["own_part"]}
    known = needed | {tie.partition(":")[2] for tie in rule["rank"]["ties"] if tie.startswith(("part:", "vote:"))}
    known -= {rule["own_part"]}
    faults = _twice("项目", (p["key"] for p in proposals))
    for p in proposals:
        given = set(p.get("parts", {}))
        faults += [f"项目 {clean(p['key'])} 多出“{clean(k)}”部分的得分。" for k in sorted(given - known)]
        if p.get("state", "standing") == "standing":
            faults += [f"项目 {clean(p['key'])} 缺少“{clean(k)}”部分的得分。" for k in sorted(needed - given)]
    return faults


def sheet_faults(scoring: Any) -> list[str]:
    judges, proposals = ({x["key"] for x in scoring[name]} for name in ("judges", "proposals"))
    faults = []
    times = Counter((s["judge"], s["proposal"]) for s in scoring["sheets"])
    for (judge, proposal), n in times.items():
        who = f"评委 {clean(judge)} 对项目 {clean(proposal)}"
        if n > 1:
            faults.append(f"{who}在评分文件里有 {n} 张评分表，只能有一张。")
        if judge not in judges or proposal not in proposals:
            faults.append(f"{who}有评分表，但评分文件的名单里没有这个{'评委' if judge not in judges else '项目'}。")
    for sheet in scoring["sheets"]:
        who = f"评委 {clean(sheet['judge'])} 对项目 {clean(sheet['proposal'])}"
        faults += [f"{who} {fault}" for fault in mark_faults(scoring["rule"], sheet)]
    return faults


def mark_faults(rule: Any, sheet: Any) -> list[str]:
    marks = sheet.get("marks", {})
    if rule["aggregate"] == "ticks":
        good = all(key == "tick" and Fraction(mark) == 1 for key, mark in marks.items())
        return [] if good else ['的票写得不对：只能是 "tick": "1" 或空白。']
    criteria = {c["key"]: c for c in rule["criteria"]}
    faults = [f"给“{clean(key)}”打了分，规则里没有这一项。" for key in marks if key not in criteria]
    for key, c in criteria.items():
        if key not in marks:
            if sheet.get("state", "submitted") == "submitted" and not by_criterion(rule):
                faults.append(f"的“{clean(key)}”没有打分。")
            continue
        mark, least, most, step = (Fraction(x) for x in (marks[key], c.get("min", "0"), c["max"], c["step"]))
        if not least <= mark <= most or (step > 0 and (mark - least) % step != 0):
            rule_says = f"{clean(c.get('min', '0'))} 至 {clean(c['max'])}、每 {clean(c['step'])} 一档"
            faults.append(f"的“{clean(key)}”是 {clean(marks[key])} 分，不合规则（{rule_says}）。")
    return faults


# --- chuangtou/scoring@1 in fractions ---


@dataclass(frozen=True)
class Sheet:
    """A submitted sheet of a proposal that stands; `seat` is the judge's place in the list."""

    judge: str
    seat: int
    marks: Mapping[str, Fraction]
    total: Fraction


@dataclass
class Line:
    """What becomes of one proposal."""

    key: str
    outcome: str = "ranked"
    exact: Fraction | None = None
    score: str | None = None
    rank: int | None = None
    tie_broken_by: str | None = None
    counted: list[str] = field(default_factory=list)
    high: list[str] = field(default_factory=list)
    low: list[str] = field(default_factory=list)
    criteria: dict[str, Any] = field(default_factory=dict)
    ties: dict[str, Fraction | None] = field(default_factory=dict)

    def without_score(self, outcome: str) -> Line:
        self.outcome, self.criteria, self.high, self.low = outcome, {}, [], []
        return self


def recompute(scoring: Any) -> dict[str, Any]:
    """The result document that follows from a scoring document without faults, but for `steps`. Raises Unlinked."""
    rule = scoring["rule"]
    sheets = submitted_sheets(scoring)
    given, invalid = ballots(scoring)
    effects = judge_effects(rule, sheets)
    valid = {key: [s for s in found if s.judge not in invalid] for key, found in sheets.items()}
    lines = [
        count(rule, proposal, valid.get(proposal["key"], []), effects, given - len(invalid))
        for proposal in scoring["proposals"]
    ]
    count_top_sheets(lines, valid)
    answer: dict[str, Any] = {
        "rule_digest": sha256(canonical(rule)),
        "input_digest": sha256(canonical(scoring)),
        "results": [_written(line) for line in rank(rule, lines)],
    }
    if rule["aggregate"] == "ticks":
        answer["ballots"] = {"given": given, "valid": given - len(invalid), "invalid": len(invalid)}
        answer["invalid"] = [j["key"] for j in scoring["judges"] if j["key"] in invalid]
    elif rule.get("calibration"):
        times = Counter(s.judge for found in sheets.values() for s in found)
        places = rule["calibration"]["decimals"]
        answer["judges"] = [
            {"judge": j["key"], "effect": in_digits(effects[j["key"]], places), "totals": times[j["key"]]}
            for j in scoring["judges"]
            if j["key"] in effects
        ]
    return answer


def _written(line: Line) -> dict[str, Any]:
    return {
        "proposal": line.key,
        "outcome": line.outcome,
        "score": line.score,
        "exact": None if line.exact is None else as_fraction(line.exact),
        "rank": line.rank,
        "tie_broken_by": line.tie_broken_by,
        "counted": line.counted,
        "left_out": {"high": line.high, "low": line.low},
        "criteria": line.criteria,
    }


def submitted_sheets(scoring: Any) -> dict[str, list[Sheet]]:
    seats = {j["key"]: i for i, j in enumerate(scoring["judges"])}
    weights = {c["key"]: Fraction(c.get("weight", "1")) for c in scoring["rule"]["criteria"]}
    found: dict[str, list[Sheet]] = {
        p["key"]: [] for p in scoring["proposals"] if p.get("state", "standing") == "standing"
    }
    for s in scoring["sheets"]:
        if s.get("state", "submitted") != "submitted" or s["proposal"] not in found:
            continue
        marks = {key: Fraction(mark) for key, mark in s.get("marks", {}).items()}
        total = sum((weights[key] * mark for key, mark in marks.items() if key in weights), Fraction(0))
        found[s["proposal"]].append(Sheet(s["judge"], seats[s["judge"]], marks, total))
    for sheets in found.values():
        sheets.sort(key=lambda s: s.seat)
    return found


def ballots(scoring: Any) -> tuple[int, set[str]]:
    """Tick-votes: how many judges gave a ballot, and who ticked more than the rule allows."""
    if scoring["rule"]["aggregate"] != "ticks":
        return 0, set()
    ticks: Counter[str] = Counter()
    for s in scoring["sheets"]:
        if s.get("state", "submitted") == "submitted":
            ticks[s["judge"]] += 1 if s.get("marks") else 0
    return len(ticks), {judge for judge, n in ticks.items() if n > scoring["rule"]["ticks"]["at_most"]}


def judge_effects(rule: Any, sheets: Mapping[str, Sequence[Sheet]]) -> dict[str, Fraction]:
    """Least squares of total = proposal + judge, the judges' effects summing to zero, each rounded. Raises Unlinked."""
    if not rule.get("calibration") or not uses_sheets(rule) or rule["aggregate"] == "ticks":
        return {}
    panels = [found for found in sheets.values() if found]
    judges = sorted({s.judge for panel in panels for s in panel})
    refuse_unlinked([{s.judge for s in panel} for panel in panels])
    at = {judge: i for i, judge in enumerate(judges)}
    n, ridge = len(judges), Fraction(rule["calibration"]["ridge"])
    # A proposal's best value is the mean over its panel of total less effect; put that into the derivative by each
    # judge: Σ over his proposals (effect − mean effect of the panel) + ridge × effect = Σ (total − mean total).
    rows = [[Fraction(0)] * (n + 1) for _ in range(n)]
    for panel in panels:
        mean_total = sum((s.total for s in panel), Fraction(0)) / len(panel)
        for s in panel:
            row = rows[at[s.judge]]
            row[at[s.judge]] += 1
            row[n] += s.total - mean_total
            for other in panel:
                row[at[other.judge]] -= Fraction(1, len(panel))
    for i in range(n):
        rows[i][i] += ridge
    rows.append([Fraction(1)] * n + [Fraction(0)])
    effects = solve(rows, n)
    return {judge: rounded(effects[at[judge]], rule["calibration"]["decimals"]) for judge in judges}


def refuse_unlinked(panels: Iterable[set[str]]) -> None:
    groups: list[set[str]] = []
    for panel in panels:
        joined = set(panel)
        apart = []
        for group in groups:
            if group & joined:
                joined |= group
            else:
                apart.append(group)
        groups = [*apart, joined]
    if len(groups) > 1:
        raise Unlinked


def solve(rows: list[list[Fraction]], n: int) -> list[Fraction]:
    """Gauss and Jordan: the one solution of consistent equations [A|b] in `n` unknowns, of full rank."""
    for k in range(n):
        pivot = next(i for i in range(k, len(rows)) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        head = rows[k][k]
        rows[k] = [x / head for x in rows[k]]
        for i, row in enumerate(rows):
            if i != k and row[k]:
                times = row[k]
                rows[i] = [x - times * rows[k][c] if rows[k][c] else x for c, x in enumerate(row)]
    return [rows[k][n] for k in range(n)]


def count(
    rule: Any, proposal: Any, sheets: Sequence[Sheet], effects: Mapping[str, Fraction], valid_ballots: int
) -> Line:
    """One proposal's score, before ranking."""
    line = Line(proposal["key"])
    state = proposal.get("state", "standing")
    if state != "standing":
        return line.without_score(state)
    own: Fraction | None = None
    if uses_sheets(rule):
        own = own_score(rule, line, sheets, effects, valid_ballots)
        if own is None:
            return line.without_score("below_quorum")
        own *= Fraction(proposal.get("factor", "1"))
        if rule["own_part"] is not None:
            own = rounded(own, rule["decimals"])
    parts = {key: Fraction(value) for key, value in proposal.get("parts", {}).items()}
    if own is not None and rule["own_part"] is not None:
        parts[rule["own_part"]] = own
    score = own if own is not None and not rule["parts"] else composite(rule, parts)
    bonus = Fraction(proposal.get("bonus", "0"))
    if rule["bonus_cap"] is not None:
        bonus = min(bonus, Fraction(rule["bonus_cap"]))
    line.exact = score + bonus - Fraction(proposal.get("penalty", "0"))
    line.score = shown(line.exact, rule["decimals"])
    for tie in rule["rank"]["ties"]:
        kind, _, key = tie.partition(":")
        if kind in ("part", "vote"):
            line.ties[tie] = parts.get(key)
    if proposal.get("lot") is not None:
        line.ties["lot"] = -Fraction(proposal["lot"])
    if uses_sheets(rule) and sheets and rule["aggregate"] != "ticks":
        line.ties["untrimmed_mean"] = sum((s.total for s in sheets), Fraction(0)) / len(sheets)
    return line


def composite(rule: Any, parts: Mapping[str, Fraction]) -> Fraction:
    score = Fraction(0)
    for part in rule["parts"]:
        value = parts[part["key"]]
        if part.get("scale"):
            value = value * Fraction(part["scale"]["to"]) / Fraction(part["scale"]["max"])
        score += Fraction(part["weight"]) * value
    return score


def own_score(
    rule: Any, line: Line, sheets: Sequence[Sheet], effects: Mapping[str, Fraction], valid_ballots: int
) -> Fraction | None:
    """The session's own score before the factor; None where too few judges gave one."""
    line.counted = [s.judge for s in sheets]
    if rule["aggregate"] == "ticks":
        line.counted = [s.judge for s in sheets if s.marks]
        return Fraction(len(line.counted)) if valid_ballots >= rule["quorum"] else None
    if not sheets or len(sheets) < rule["quorum"]:
        return None
    return criteria_score(rule, line, sheets) if by_criterion(rule) else totals_score(rule, line, sheets, effects)


def totals_score(rule: Any, line: Line, sheets: Sequence[Sheet], effects: Mapping[str, Fraction]) -> Fraction:
    values = {s.seat: s.total - effects.get(s.judge, Fraction(0)) for s in sheets}
    kept, high, low = trimmed(rule, clamped(rule, values))
    names = {s.seat: s.judge for s in sheets}
    line.high, line.low = [names[i] for i in high], [names[i] for i in low]
    line.counted = [s.judge for s in sheets if s.seat in kept]
    for c in rule["criteria"]:
        average = sum((s.marks[c["key"]] for s in sheets if s.seat in kept), Fraction(0)) / len(kept)
        line.ties["criterion:" + c["key"]] = average
        line.criteria[c["key"]] = {
            "value": shown(average, rule["criterion_decimals"]),
            "left_out": {"high": line.high, "low": line.low},
        }
    return aggregated(rule["aggregate"], list(kept.values()))


def criteria_score(rule: Any, line: Line, sheets: Sequence[Sheet]) -> Fraction | None:
    score = Fraction(0)
    names = {s.seat: s.judge for s in sheets}
    for c in rule["criteria"]:
        marks = {s.seat: s.marks[c["key"]] for s in sheets if c["key"] in s.marks}
        if not marks:
            return None
        kept, high, low = trimmed(rule, clamped(rule, marks))
        value = rounded(aggregated(rule["aggregate"], list(kept.values())), rule["criterion_decimals"])
        line.ties["criterion:" + c["key"]] = sum((marks[i] for i in kept), Fraction(0)) / len(kept)
        line.criteria[c["key"]] = {
            "value": shown(value, rule["criterion_decimals"]),
            "left_out": {"high": [names[i] for i in high], "low": [names[i] for i in low]},
        }
        score += rounded(value * Fraction(c.get("weight", "1")), rule["product_decimals"])
    return score


def clamped(rule: Any, values: Mapping[int, Fraction]) -> dict[int, Fraction]:
    """Each value moved to within reach of the mean and rounded, where the rule says so."""
    clamp = rule.get("clamp")
    if not clamp:
        return dict(values)
    mean, within = aggregated("mean", list(values.values())), Fraction(clamp["within"])
    return {
        seat: rounded(max(mean - within, min(mean + within, value)), clamp.get("decimals"))
        for seat, value in values.items()
    }


def trimmed(rule: Any, values: Mapping[int, Fraction]) -> tuple[dict[int, Fraction], list[int], list[int]]:
    """The values kept, and the seats left out above and below; of equal values the later seat goes first."""
    trim = rule["trim"]
    if not trim or len(values) < trim["from"]:
        return dict(values), [], []
    downwards = sorted(values, key=lambda seat: (values[seat], seat), reverse=True)
    high, rest = downwards[: trim["high"]], downwards[trim["high"] :]
    low = sorted(rest, key=lambda seat: (values[seat], -seat))[: trim["low"]]
    return {seat: value for seat, value in values.items() if seat not in {*high, *low}}, high, low


def aggregated(kind: str, amounts: Sequence[Fraction]) -> Fraction:
    if kind == "sum":
        return sum(amounts, Fraction(0))
    if kind == "mean":
        return sum(amounts, Fraction(0)) / len(amounts)
    order, half = sorted(amounts), len(amounts) // 2
    return order[half] if len(order) % 2 else (order[half - 1] + order[half]) / 2


def count_top_sheets(lines: Iterable[Line], sheets: Mapping[str, Sequence[Sheet]]) -> None:
    """On how many judges' sheets a proposal has the best total, alone or not."""
    best: dict[str, Fraction] = {}
    for found in sheets.values():
        for s in found:
            best[s.judge] = max(s.total, best.get(s.judge, s.total))
    for line in lines:
        line.ties["top_sheets"] = Fraction(sum(s.total == best[s.judge] for s in sheets.get(line.key, ())))


def rank(rule: Any, lines: Sequence[Line]) -> list[Line]:
    """Best first, then those without a score in the order given; sets rank and `tie_broken_by`."""
    names = rule["rank"]["ties"]
    standing = [line for line in lines if line.exact is not None]
    keys = {line.key: _rank_key(rule, line) for line in standing}
    standing.sort(key=lambda line: keys[line.key])
    for place, line in enumerate(standing):
        before = standing[place - 1] if place else None
        if before is not None and keys[before.key] == keys[line.key]:
            line.rank = before.rank
        elif rule["rank"]["style"] == "dense":
            line.rank = 1 + (before.rank or 0 if before is not None else 0)
        else:
            line.rank = place + 1
    groups: dict[Any, list[Line]] = {}
    for line in standing:
        groups.setdefault(keys[line.key][0], []).append(line)
    for group in groups.values():
        spread = {keys[line.key] for line in group}
        for line in group:
            mine = keys[line.key]
            # Against each rival of the same score, the first tie rule that tells them apart; of these the last.
            needed = [next(i for i, x in enumerate(mine) if x != other[i]) for other in spread if other != mine]
            line.tie_broken_by = names[max(needed) - 1] if needed else None
    return standing + [line for line in lines if line.exact is None]


def _rank_key(rule: Any, line: Line) -> tuple[Any, ...]:
    """Smaller is better; who lacks the value of a tie rule comes after those that have it."""
    score = line.exact if line.exact is not None else Fraction(0)
    if rule["rank"]["by"] == "printed":
        score = rounded(score, rule["decimals"])
    ties = [line.ties.get(name) for name in rule["rank"]["ties"]]
    return (-score, *((1, Fraction(0)) if value is None else (0, -value) for value in ties))


# --- the moves: one chain for each judge ---


def move_name(move: Any) -> str:
    return f"评委 {clean(move['judge'])} 的第 {move['number']} 笔记录（项目 {clean(move['proposal'])}）"


def check_chains(session: Any, findings: list[str]) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """Each judge's moves by number, and the head of his chain at the lock as it follows from the moves."""
    chains: dict[str, list[Any]] = {judge: [] for judge in session["judges"]}
    for move in session["moves"]:
        if move["session"] != session["key"]:
            findings.append(f"{move_name(move)}属于场次 {clean(move['session'])}，却放在本场。")
        if move["judge"] not in chains:
            findings.append(f"{move_name(move)}：锁定时的评委名单里没有评委 {clean(move['judge'])}。")
        chains.setdefault(move["judge"], []).append(move)
    heads = {}
    for judge, moves in chains.items():
        moves.sort(key=lambda m: m["number"])
        digests = check_chain(judge, moves, findings)
        if judge in session["judges"]:
            heads[judge] = check_judge_head(judge, session["judges"][judge], moves, digests, findings)
    return chains, heads


def check_chain(judge: str, moves: Sequence[Any], findings: list[str]) -> dict[int, str]:
    """The digest of each move by number, computed from what it says."""
    numbers = Counter(move["number"] for move in moves)
    last = max(numbers, default=0)
    twice = sorted(n for n, times in numbers.items() if times > 1)
    # A number far away must not make a list of all that are missing.
    missing = [n for n in range(1, min(last, len(moves) + 20)) if n not in numbers]
    findings += [f"评委 {clean(judge)} 的第 {n} 笔记录有 {numbers[n]} 份，只能有一份。" for n in twice]
    if missing:
        listed = "、".join(str(n) for n in missing[:20]) + ("……" if len(missing) > 20 else "")
        findings.append(f"评委 {clean(judge)} 的记录编号不连续：缺第 {listed} 笔。")
    if 0 in numbers:
        findings.append(f"评委 {clean(judge)} 有编号为 0 的记录，编号应从 1 开始。")
    digests: dict[int, str] = {}
    for move in moves:
        digest = sha256(canonical({key: value for key, value in move.items() if key != "digest"}))
        digests[move["number"]] = digest
        if digest != move["digest"]:
            findings.append(f"{move_name(move)}的内容与它的摘要不符：记录被改动过。")
    written = {0: NOTHING, **{move["number"]: move["digest"] for move in moves}}
    for move in moves:
        before = written.get(move["number"] - 1)
        if before is not None and move["number"] > 0 and before != move["previous"]:
            findings.append(
                f"{move_name(move)}没有接在第 {move['number'] - 1} 笔之后：链条断了，有记录被改动、删除或调换。"
            )
    return digests


def check_judge_head(
    judge: str, stated: Any, moves: Sequence[Any], digests: Mapping[int, str], findings: list[str]
) -> str:
    n = stated["moves"]
    head = digests.get(n, NOTHING if n == 0 else None)
    if head is None:
        findings.append(f"评委 {clean(judge)} 锁定时有 {n} 笔记录，文件里没有第 {n} 笔（共 {len(moves)} 笔）。")
        return str(stated["head"])
    if head != stated["head"]:
        findings.append(f"评委 {clean(judge)} 锁定时的链头与第 {n} 笔记录不符：到锁定为止的记录有改动。")
    return head


def check_kinds(session: Any, chains: Mapping[str, Sequence[Any]], findings: list[str], notes: list[str]) -> None:
    """What may stand before and after the lock, in which order and with which revision."""
    late: list[str] = []
    unused: Counter[str] = Counter()
    for judge, moves in chains.items():
        limit = session["judges"].get(judge, {"moves": 0})["moves"]
        revisions: Counter[str] = Counter()
        state: dict[str, str] = {}
        for move in moves:
            kind, proposal = move["kind"], move["proposal"]
            if kind == "late" and (move["number"] > limit or _after_earlier_lock(session, move)):
                late.append(f"评委 {clean(judge)} 对项目 {clean(proposal)}")
            elif kind not in APPLIED and kind != "late":
                unused[kind] += 1
            findings.extend(kind_faults(session, move, limit, state.get(proposal, "")))
            if kind in APPLIED:
                revisions[proposal] += 1
                state[proposal] = kind
            due = revisions[proposal] if kind in APPLIED else 0
            if move["revision"] != due:
                findings.append(f"{move_name(move)}的修改次数应为 {due}，记录写的是 {move['revision']}。")
    if late:
        listed = "；".join(late[:10]) + ("……" if len(late) > 10 else "")
        notes.append(f"另有 {len(late)} 张锁定后送达的评分表，依规不计入：{listed}。")
    if unused:
        listed = "、".join(f"{KINDS[kind]} {n} 笔" for kind, n in sorted(unused.items()))
        notes.append(f"另有 {sum(unused.values())} 笔在案而不采用的提交：{listed}。")


def _after_earlier_lock(session: Any, move: Any) -> bool:
    """Whether the move came after a lock that was undone later."""
    return any(each["made_at"] <= move["at"] for each in session.get("earlier", []))


def kind_faults(session: Any, move: Any, limit: int, before: str) -> list[str]:
    kind, faults = move["kind"], []
    if move["number"] > limit and kind != "late":
        faults.append(
            f"在锁定之后（锁定时只到第 {limit} 笔），却记作“{KINDS[kind]}”（{kind}），应是“{KINDS['late']}”（late）。"
        )
    if move["number"] <= limit and kind == "late" and not _after_earlier_lock(session, move):
        faults.append(f"在锁定之前，却记作“{KINDS['late']}”（late）。")
    if kind in APPLIED and before == "void":
        faults.append(f"记作“{KINDS[kind]}”（{kind}），但这张评分表此前已经作废。")
    if kind == "kept" and before == "submitted":
        faults.append("记作“暂存”（kept），但这张评分表此前已经提交。")
    return [move_name(move) + fault for fault in faults]


def check_counted(session: Any, chains: Mapping[str, Sequence[Any]], findings: list[str]) -> None:
    """The scoring document holds the sheets that were submitted before the lock, those and no others."""
    last: dict[tuple[str, str], Any] = {}
    for judge, moves in chains.items():
        limit = session["judges"].get(judge, {"moves": 0})["moves"]
        for move in moves:
            if move["number"] <= limit and move["kind"] in APPLIED:
                last[judge, move["proposal"]] = move
    sheets = {(s["judge"], s["proposal"]): s for s in session["scoring"]["sheets"]}
    for pair in sorted({*last, *sheets}):
        fault = sheet_fault(last.get(pair), sheets.get(pair))
        if fault:
            findings.append(f"评委 {clean(pair[0])} 对项目 {clean(pair[1])} {fault}")


def sheet_fault(move: Any, sheet: Any) -> str:
    """What is wrong between the last move that was applied and the sheet of the scoring document, if anything."""
    kind = move["kind"] if move else None
    state = sheet.get("state", "submitted") if sheet else None
    if kind == "submitted":
        if state == "submitted":
            return differing_marks(move, sheet)
        said = "没有这张评分表" if state is None else f"这张评分表写作“{STATES[state]}”（{state}）"
        return f"提交了评分表（第 {move['number']} 笔记录），评分文件里却{said}。"
    if kind == "void" and state not in ("void", "recused"):
        said = "没有这张评分表" if state is None else f"写作“{STATES[state]}”（{state}）"
        return f"的评分表已作废（第 {move['number']} 笔记录），评分文件里却{said}。"
    if kind is None and state == "submitted":
        return "没有任何提交记录，评分文件里却有一张已提交的评分表。"
    if kind == "kept" and state == "submitted":
        return f"只暂存过（第 {move['number']} 笔记录）、从未提交，评分文件里却有一张已提交的评分表。"
    return ""


def differing_marks(move: Any, sheet: Any) -> str:
    sent, counted = move["marks"], sheet.get("marks", {})
    differ = [
        f"“{clean(key)}”提交时是 {clean(sent.get(key, '空白'))}，评分文件里是 {clean(counted.get(key, '空白'))}"
        for key in sorted({*sent, *counted})
        if not same_mark(sent.get(key), counted.get(key))
    ]
    return f"的分数与提交记录（第 {move['number']} 笔）不同：{'；'.join(differ)}。" if differ else ""


def same_mark(one: str | None, other: str | None) -> bool:
    if one is None or other is None or not is_decimal(one) or not is_decimal(other):
        return one == other
    return Fraction(one) == Fraction(other)


# --- one session ---


@dataclass
class Verdict:
    """What was found about a session; `differs`: proposal key → what differs in its line of the result."""

    head: str
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    differs: dict[str, list[str]] = field(default_factory=dict)
    recomputed: bool = False


def check_session(session: Any) -> Verdict:
    """Check everything that a session says against everything else that it says."""
    scoring = session["scoring"]
    findings: list[str] = []
    notes: list[str] = []
    chains, heads = check_chains(session, findings)
    check_kinds(session, chains, findings, notes)
    check_counted(session, chains, findings)
    check_judges(session, findings)
    rule_digest = sha256(canonical(scoring["rule"]))
    if rule_digest != session["rule_digest"]:
        findings.append(
            f"评分规则与锁定时的规则摘要不符：按文件里的规则算是 {rule_digest[:16]}…，登记的是 {clean(session['rule_digest'])[:16]}…。"
        )
    check_rule_changes(session, findings, notes)
    head = session_head(session["key"], rule_digest, session["judges"], heads, sha256(canonical(session["scoring"])))
    if head != session["head"]:
        findings.append(
            f"本场核对码不符：按文件里的规则、评委名单、评分记录和全部录入算是 {grouped(head)}，文件写的是 {grouped(clean(session['head']))}。"
        )
    check_draw(session, findings, notes)
    check_lots(session, findings)
    outside = outside_inputs(session)
    if outside:
        notes.append(f"以下录入不是评委写的，请对照现场记录：{'；'.join(outside)}。")
    verdict = Verdict(head, findings, notes)
    check_result(session, verdict)
    return verdict


def check_rule_changes(session: Any, findings: list[str], notes: list[str]) -> None:
    """Each change begins where the one before ended, and the last ends in the rule that was counted with."""
    changes = session.get("rule_changes", [])
    if not changes and session["scoring"]["rule"]["version"] != "v1" and "rule_changes" in session:
        findings.append(f"规则是 {clean(session['scoring']['rule']['version'])}，文件里却没有变更记录。")
    rules = [change["new"] for change in changes]
    starts = [change["old"] for change in changes]
    ends = [*starts[1:], session["scoring"]["rule"]] if changes else []
    if any(canonical(new) != canonical(end) for new, end in zip(rules, ends, strict=True)):
        findings.append("规则变更的记录前后接不上，或最后一次变更不是计分所用的规则。")
    for change in changes:
        old, new = clean(change["old"]["version"]), clean(change["new"]["version"])
        notes.append(
            f"评分开放后规则由 {old} 变更为 {new}（{clean(change['at'])}），理由：{clean(change['reason'], 300)}"
        )
    notes.extend(
        f"第 {each['number']} 次锁定的结果（摘要 {clean(each['digest'])[:16]}…）已解锁作废，理由：{clean(each['reason'], 300)}"
        for each in session.get("earlier", [])
    )


def session_head(
    key: str, rule_digest: str, judges: Mapping[str, Any], heads: Mapping[str, str], input_digest: str
) -> str:
    listed = sorted(f"{judge}:{judges[judge]['moves']}:{head}" for judge, head in heads.items())
    return sha256(
        canonical({"session": key, "rule_digest": rule_digest, "heads": listed, "input_digest": input_digest})
    )


def grouped(head: str) -> str:
    return " ".join(head[i : i + 4] for i in range(0, min(len(head), 16), 4))


def check_judges(session: Any, findings: list[str]) -> None:
    listed, locked = {j["key"] for j in session["scoring"]["judges"]}, set(session["judges"])
    findings += [f"评委 {clean(j)} 在锁定时的名单里，评分文件的名单里却没有。" for j in sorted(locked - listed)]
    findings += [f"评委 {clean(j)} 在评分文件的名单里，锁定时的名单里却没有。" for j in sorted(listed - locked)]


def check_draw(session: Any, findings: list[str], notes: list[str]) -> None:
    draw = session["draw"]
    if draw is None:
        notes.append("本场没有抽签记录，出场顺序未核对。")
        return
    if sha256(draw["secret"].encode("utf-8")) != draw["commitment"].lower():
        findings.append("抽签的密语与事先公布的承诺值不符。")
    findings.extend(
        f"抽签名单里项目 {clean(key)} 出现了 {n} 次。" for key, n in Counter(draw["order"]).items() if n > 1
    )
    due = sorted(draw["order"], key=lambda key: sha256(f"{draw['secret']}|{draw['number']}|{key}".encode()))
    if due != draw["order"]:
        place = next(i for i, key in enumerate(due) if key != draw["order"][i])
        findings.append(
            f"抽签顺序不符：按密语和现场号码，第 {place + 1} 个应是项目 {clean(due[place])}，"
            f"文件写的是项目 {clean(draw['order'][place])}。"
        )
    drawn, judged = set(draw["order"]), {p["key"] for p in session["scoring"]["proposals"]}
    findings += [f"项目 {clean(key)} 参加了评审，却不在抽签名单里。" for key in sorted(judged - drawn)]
    findings += [f"项目 {clean(key)} 在抽签名单里，评分文件里却没有。" for key in sorted(drawn - judged)]


def check_lots(session: Any, findings: list[str]) -> None:
    """Lots for ties: each proposal's lot is its place in an order that secret and number give."""
    if "lots" not in session:
        return  # a record from before lots were drawn by themselves
    lots = session["lots"]
    given = {p["key"]: p.get("lot") for p in session["scoring"]["proposals"] if p.get("lot") is not None}
    if lots is None:
        findings += [f"项目 {clean(key)} 有签号，文件里却没有同分抽签的记录。" for key in sorted(given)]
        return
    if sha256(lots["secret"].encode("utf-8")) != lots["commitment"].lower():
        findings.append("同分抽签的密语与事先公布的承诺值不符。")
    due = sorted(lots["order"], key=lambda key: sha256(f"{lots['secret']}|{lots['number']}|{key}".encode()))
    if due != lots["order"]:
        findings.append("同分抽签的顺序不符：不是密语和现场号码得出的顺序。")
    for number, key in enumerate(lots["order"], 1):
        if key in given and Fraction(given[key]) != number:
            findings.append(f"项目 {clean(key)} 的签号应为 {number}，评分文件写的是 {clean(given[key])}。")
    findings += [
        f"项目 {clean(key)} 有签号，却不在同分抽签的名单里。" for key in sorted(set(given) - set(lots["order"]))
    ]


def outside_inputs(session: Any) -> list[str]:
    """What counts but no judge wrote: the head does not cover it, so that somebody must look it up elsewhere."""
    rule = session["scoring"]["rule"]
    order = (session["draw"] or {"order": []})["order"]
    drawn = {key: place for place, key in enumerate(order, 1)}
    found = []
    for p in session["scoring"]["proposals"]:
        said = [OUTCOMES[p["state"]]] if p.get("state", "standing") != "standing" else []
        for key, name, usual in (("factor", "系数", 1), ("bonus", "加分", 0), ("penalty", "扣分", 0)):
            if Fraction(p.get(key, usual)) != usual:
                said.append(f"{name} {clean(p[key])}")
        said += [f"“{clean(key)}”部分 {clean(value)}" for key, value in sorted(p.get("parts", {}).items())]
        lot = p.get("lot")
        if "lot" in rule["rank"]["ties"] and lot is not None and Fraction(lot) != drawn.get(p["key"]):
            said.append(f"定先后的签 {clean(lot)}")
        if said:
            found.append(f"项目 {clean(p['key'])}：{'、'.join(said)}")
    return found


# --- the result against its recomputation ---


def check_result(session: Any, verdict: Verdict) -> None:
    scoring, result, findings = session["scoring"], session["result"], verdict.findings
    faults = _twice("评委", (j["key"] for j in scoring["judges"]))
    faults += rule_faults(scoring["rule"]) + proposal_faults(scoring["rule"], scoring["proposals"])
    faults += sheet_faults(scoring)
    if faults:
        findings += [*faults, "评分文件有以上错误，按规则得不出结果，因此没有重新计算。"]
        return
    try:
        due = recompute(scoring)
    except Unlinked:
        findings.append("有的评委组与其他组没有共同的评委也没有共同的项目，按规则不能校准，因此没有重新计算。")
        return
    verdict.recomputed = True
    for key, name in (("rule_digest", "规则摘要"), ("input_digest", "评分文件摘要")):
        if result[key] != due[key]:
            findings.append(f"结果里的{name}不符：应为 {due[key][:16]}…，写的是 {clean(result[key])[:16]}…。")
    compare_lines(due["results"], result["results"], verdict)
    compare_extras(due, result, findings)


def compare_lines(due: Sequence[Any], given: Sequence[Any], verdict: Verdict) -> None:
    lines = {line["proposal"]: line for line in given}
    expected = {line["proposal"]: line for line in due}
    findings = verdict.findings
    times = Counter(line["proposal"] for line in given)
    findings += [f"项目 {clean(key)} 在结果里出现了 {n} 次。" for key, n in times.items() if n > 1]
    findings += [f"项目 {clean(key)} 参加了评审，结果里却没有。" for key in expected if key not in lines]
    findings += [f"结果里有项目 {clean(key)}，评分文件里却没有。" for key in lines if key not in expected]
    for key, line in expected.items():
        if key in lines:
            differ = line_differences(line, lines[key])
            if differ:
                verdict.differs[key] = differ
                findings.append(f"项目 {clean(key)} 的结果与重新计算的不同：{'；'.join(differ)}。")
    order = [line["proposal"] for line in given]
    if set(times) == set(expected) and len(given) == len(due) and order != list(expected):
        place = next(i for i, key in enumerate(expected) if key != order[i])
        findings.append(
            f"结果的排列不符：第 {place + 1} 行应是项目 {clean(list(expected)[place])}，"
            f"文件写的是项目 {clean(order[place])}。"
        )


def line_differences(due: Any, given: Any) -> list[str]:
    names = {"outcome": "结论", "score": "得分", "exact": "精确值", "rank": "名次", "tie_broken_by": "同分依据"}
    pairs = [(name, due[key], given[key]) for key, name in names.items()]
    pairs.append(("计入的评委", people(due["counted"]), people(given["counted"])))
    pairs += _left_out("", due, given)
    for key in sorted({*due["criteria"], *given["criteria"]}):
        mine, theirs = due["criteria"].get(key), given["criteria"].get(key)
        if mine is None or theirs is None:
            pairs.append((f"评分项“{clean(key)}”", "无" if mine is None else "有", "无" if theirs is None else "有"))
            continue
        pairs.append((f"评分项“{clean(key)}”的分值", mine["value"], theirs["value"]))
        pairs += _left_out(f"评分项“{clean(key)}”", mine, theirs)
    return [f"{name}应为 {say(mine)}，文件写的是 {say(theirs)}" for name, mine, theirs in pairs if mine != theirs]


def _left_out(what: str, due: Any, given: Any) -> list[tuple[str, Any, Any]]:
    return [
        (f"{what}去掉的{name}的评委", people(due["left_out"][end]), people(given["left_out"][end]))
        for end, name in (("high", "最高分"), ("low", "最低分"))
    ]


def people(keys: Sequence[str]) -> str:
    return "、".join(sorted(keys)) or "无"


def say(value: Any) -> str:
    if value is None:
        return "空"
    return f"{OUTCOMES[value]}（{value}）" if value in OUTCOMES else clean(value)


def compare_extras(due: Any, given: Any, findings: list[str]) -> None:
    """What calibration and tick-votes add to a result."""
    effects, stated = ({j["judge"]: j for j in doc.get("judges", [])} for doc in (due, given))
    for judge in sorted({*effects, *stated}):
        mine, theirs = effects.get(judge), stated.get(judge)
        if mine != theirs:
            said = [f"{j['effect']}（据 {j['totals']} 张）" if j else "无" for j in (mine, theirs)]
            findings.append(f"评委 {clean(judge)} 的尺度偏差应为 {clean(said[0])}，结果写的是 {clean(said[1])}。")
    if ("judges" in due) != ("judges" in given) and not effects and not stated:
        findings.append("结果里该不该有各评委的尺度偏差，与规则不符。")
    if due.get("ballots") != given.get("ballots"):
        said = [
            f"发出 {b['given']}、有效 {b['valid']}、无效 {b['invalid']}" if b else "无"
            for b in (due.get("ballots"), given.get("ballots"))
        ]
        findings.append(f"选票数应为 {said[0]}，结果写的是 {said[1]}。")
    mine, theirs = due.get("invalid"), given.get("invalid")
    if (mine is None) != (theirs is None) or sorted(mine or []) != sorted(theirs or []):
        findings.append(f"选票无效的评委应为 {clean(people(mine or []))}，结果写的是 {clean(people(theirs or []))}。")


# --- the report ---


def in_china(moment: str) -> str:
    """A moment of UTC in the time of the place, to the second; as it is written where it is written otherwise."""
    try:
        found = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%f%z")
        return f"北京时间 {found.astimezone(timezone(timedelta(hours=8))):%Y-%m-%d %H:%M:%S} "
    except (ValueError, OverflowError):
        return f"{clean(moment)} "


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns two spaces apart, by the width that a terminal gives to Chinese characters."""
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell + " " * (widths[i] - width(cell)) for i, cell in enumerate(row)).rstrip() for row in rows
    ]


def result_table(session: Any, verdict: Verdict) -> list[str]:
    names = {p["key"]: p["name"] for p in session["scoring"]["proposals"]}
    rows = [("名次", "项目", "名称", "得分", "核对")]
    for line in session["result"]["results"]:
        key = line["proposal"]
        if not verdict.recomputed:
            said = "未能重新计算"
        elif key not in names:
            said = "评分文件里没有这个项目"
        else:
            said = "；".join(verdict.differs.get(key, ())) or "一致"
        place = "—" if line["rank"] is None else str(line["rank"])
        score = OUTCOMES[line["outcome"]] if line["score"] is None else clean(line["score"], 30)
        rows.append((place, clean(key, 30), clean(names.get(key, ""), 40), score, said))
    return table(rows)


def plain_code(code: str) -> str:
    """A head as somebody typed it from a sheet: width, case, spaces and dashes do not matter."""
    text = unicodedata.normalize("NFKC", code).lower()
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in ("Pd", "Cf"))


def matches(code: str, head: str) -> bool:
    text = plain_code(code)
    return len(text) in (16, 64) and head.startswith(text)


def session_report(session: Any, verdict: Verdict, codes: Sequence[str]) -> list[str]:
    if any(matches(code, verdict.head) for code in codes):
        compared = "与您给出的核对码一致"
    else:
        compared = "您给出的核对码不是这一场的" if codes else "请与现场大屏幕和签字纸上的核对码比对"
    found = len(verdict.findings)
    lines = [
        f"场次 {clean(session['key'])}：{clean(session['name'])}（{in_china(session['locked_at'])}锁定）",
        f"  核对码：{grouped(verdict.head)}（{compared}）",
        f"  评委 {len(session['judges'])} 位，评分记录 {len(session['moves'])} 笔。",
    ]
    lines += [f"  ✗ {finding}" for finding in verdict.findings[:MOST_FINDINGS]]
    if found > MOST_FINDINGS:
        lines.append(f"  ✗ ……共 {found} 处，以上只列前 {MOST_FINDINGS} 处。")
    lines += [f"  · {note}" for note in verdict.notes]
    lines.append(
        f"  本场{'有 ' + str(found) + ' 处不成立。' if found else '全部成立：文件里的各部分相互一致，结果与重新计算的相同。'}"
    )
    return [*lines, *result_table(session, verdict), ""]


def verify(document: Any, codes: Sequence[str]) -> tuple[int, list[str]]:
    """The number of findings and the report, line by line. `document` has the shape of a record."""
    sessions = document["sessions"]
    verdicts = [check_session(session) for session in sessions]
    lines = [f"期次 {clean(document['round']['code'])}：{clean(document['round']['title'])}", ""]
    for i, session in enumerate(sessions):
        lines += session_report(session, verdicts[i], codes)
    whole = [
        f"场次 {clean(key)} 在文件里出现了 {n} 次。" for key, n in Counter(s["key"] for s in sessions).items() if n > 1
    ]
    if not sessions:
        whole.append("文件里没有任何一场评审会，没有可以核对的内容。")
    whole += [
        f"核对码“{clean(code)}”与文件里任何一场都不符：这不是现场锁定的那份记录，或者核对码抄错了。"
        for code in codes
        if not any(matches(code, verdict.head) for verdict in verdicts)
    ]
    lines += [f"✗ {finding}" for finding in whole]
    found = len(whole) + sum(len(verdict.findings) for verdict in verdicts)
    if found:
        lines.append(f"结论：有 {found} 处不成立。")
        return found, lines
    lines.append("结论：全部成立。")
    loose = [clean(s["key"]) for i, s in enumerate(sessions) if not any(matches(c, verdicts[i].head) for c in codes)]
    if loose:
        lines.append(
            f"注意：场次 {'、'.join(loose)} 没有用 --head 与现场的核对码比对。"
            "不比对，只能说明文件自身前后一致，不能说明它就是现场锁定的那一份。"
        )
    return 0, lines


def arguments(words: Sequence[str]) -> tuple[str, list[str]]:
    """The file's name and the codes. Raises Unreadable with the usage."""
    names, codes = [], []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--head" and rest:
            codes.append(rest.pop(0))
        elif word.startswith("--head="):
            codes.append(word[len("--head=") :])
        elif word.startswith("-"):
            raise Unreadable(f"不认识的参数“{clean(word)}”，或 --head 后面没有写核对码。\n\n{USAGE}")
        else:
            names.append(word)
    if len(names) != 1:
        raise Unreadable(f"请写一个文件名。\n\n{USAGE}")
    return names[0], codes


def main(words: Sequence[str]) -> int:
    """Print the report; the exit status of the program."""
    for stream in (sys.stdout, sys.stderr):
        speak_chinese(stream)
    if list(words) in (["-h"], ["--help"]):
        sys.stdout.write(USAGE)
        return 0
    try:
        name, codes = arguments(words)
        found, lines = verify(load(name), codes)
    except Unreadable as refusal:
        sys.stderr.write(f"读不了：{refusal}\n")
        return 2
    except (RecursionError, MemoryError):
        sys.stderr.write("读不了：文件嵌套太深或太大，这台机器读不下。\n")
        return 2
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if found else 0


def speak_chinese(stream: Any) -> None:
    """Where the terminal's encoding has no Chinese, write UTF-8; never stop at a character."""
    try:
        "核对—✗·".encode(stream.encoding or "ascii")
        stream.reconfigure(errors="backslashreplace")
    except UnicodeEncodeError:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (BrokenPipeError, KeyboardInterrupt):
        # Whoever read along has gone: nothing was proven, and there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(2)
