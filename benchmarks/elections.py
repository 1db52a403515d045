"""Divides money by ballots and by proof: our engine beside pabutools 1.2.3 on the same elections.

pabutools is licensed under the GPL. It is never imported by the product: this benchmark installs it into a virtual
environment of its own under `var/` and runs it in a process of its own. Elections: those of PORTAL_ELECTIONS (a folder
of .pb files with approvals), where there are any, and generated ones. Compared are the winners, the time of the rule
alone (reading apart), and how much memory the rule takes above what the ballots hold.
"""

import csv
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "var" / "elections"
PABUTOOLS = "pabutools==1.2.3"
RULES = {
    "mes": {"name": "equal_shares", "utility": "cost", "completion": "none"},
    "add1": {"name": "equal_shares", "utility": "cost", "completion": "add1_stop_exhaustive"},
    "phragmen": {"name": "phragmen"},
}
LABELS = {"mes": "票选等额", "add1": "票选等额、逐元增加", "phragmen": "票选均担"}

# Runs in the other environment: reads {budget, projects, ballots}, answers the winners, seconds, MiB above the ballots.
OTHER = """
import json, resource, sys, time
from pabutools.election import ApprovalBallot, ApprovalProfile, Cost_Sat, Instance, Project
from pabutools.rules import method_of_equal_shares, sequential_phragmen
from pabutools.tiebreaking import TieBreakingRule
given = json.load(open(sys.argv[1]))
by = {k: Project(k, cost) for k, cost in given["projects"].items()}
instance = Instance(by.values(), budget_limit=given["budget"])
profile = ApprovalProfile([ApprovalBallot([by[k] for k in picks]) for count, picks in given["ballots"] for _ in range(count)])
score = {p: profile.approval_score(p) for p in by.values()}
key = {k: n for n, k in enumerate(given["order"])}
ties = TieBreakingRule(lambda i, f, p: (p.cost, -score[p], key[p.name]))
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
if given["rule"] == "phragmen":
    won = sequential_phragmen(instance, profile, tie_breaking=ties)
else:
    more = {"voter_budget_increment": 1} if given["rule"] == "add1" else {}
    won = method_of_equal_shares(instance, profile, sat_class=Cost_Sat, tie_breaking=ties, **more)
took = time.perf_counter() - began
print(json.dumps({"won": sorted(p.name for p in won), "seconds": took,
                  "mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}))
"""


def other_python() -> str:
    """The interpreter that has pabutools; installed on the first run."""
    python = HOME / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", HOME / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PABUTOOLS], check=True)
    return str(python)


def generated(projects: int, voters: int, seed: int = 7) -> dict[str, Any]:
    """Approvals of about ten projects each, popular ones more often; costs in whole yuan; the budget buys about a tenth."""
    lot = random.Random(seed)
    costs = {f"P{n}": lot.randint(1_000, 50_000) for n in range(projects)}
    keys, weights = list(costs), [1 / (1 + n % 97) for n in range(projects)]
    ballots: Counter[tuple[str, ...]] = Counter()
    for _ in range(voters):
        ballots[tuple(sorted(set(lot.choices(keys, weights, k=lot.randint(3, 17)))))] += 1
    return {
        "budget": sum(costs.values()) // 10,
        "projects": costs,
        "ballots": [(n, list(p)) for p, n in sorted(ballots.items())],
    }


def read_pb(path: Path) -> dict[str, Any] | None:
    """An election of a Pabulib file with approvals and whole costs, or None."""
    section, head, meta, projects, votes = "", None, {}, {}, []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file, delimiter=";"):
            if not row or not row[0].strip():
                continue
            if row[0].strip() in ("META", "PROJECTS", "VOTES") and not any(cell.strip() for cell in row[1:]):
                section, head = row[0].strip(), None
            elif head is None:
                head = [cell.strip() for cell in row]
            elif section == "META":
                meta[row[0].strip()] = row[1].strip()
            else:
                item = dict(zip(head, row, strict=False))
                if section == "PROJECTS":
                    projects[row[0].strip()] = item
                else:
                    votes.append(item)
    if meta.get("vote_type") not in ("approval", "choose-1"):
        return None
    costs = {key: Decimal(p["cost"]) for key, p in projects.items()}
    if any(cost != int(cost) for cost in [*costs.values(), Decimal(meta["budget"])]):
        return None
    ballots = Counter(
        tuple(sorted({key for key in (v.strip() for v in vote["vote"].split(",")) if key in costs})) for vote in votes
    )
    ballots.pop((), None)
    return {
        "budget": int(Decimal(meta["budget"])),
        "projects": {key: int(cost) for key, cost in costs.items()},
        "ballots": [(n, list(picks)) for picks, n in sorted(ballots.items())],
    }


def document(election: dict[str, Any], rule: str) -> dict[str, Any]:
    """The election as chuangtou/allocation@1."""
    return {
        "format": "chuangtou/allocation@1", "budget": str(election["budget"]), "unit": "0.01", "method": RULES[rule],
        "ties": ["lower_requested", "higher_score", "key"], "limits": {"min_score": None, "max_awards": None, "groups": []},
        "proposals": [
            {"key": k, "name": k, "requested": str(c), "minimum": str(c), "attrs": {}} for k, c in election["projects"].items()
        ],
        "ballots": [{"count": n, "points": dict.fromkeys(picks, "1")} for n, picks in election["ballots"]],
    }  # fmt: skip


def ours(path: str) -> dict[str, Any]:
    """The same answer as OTHER gives, of our engine; run in a process of its own so that memory is its own."""
    from funding.domain.allocation import _METHODS  # the rule without reading and writing, as the other is timed
    from funding.domain.allocation.reading import read

    given = json.loads(Path(path).read_text())
    case = read(given)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    out = _METHODS[given["method"]["name"]](case)
    took = time.perf_counter() - began
    mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    won = sorted(case.projects[n].key for n, verdict in out.verdicts.items() if verdict.outcome == "funded")
    return {"won": won, "seconds": took, "mib": mib, "proven": out.proven}


def _run(python: str, code: str, given: dict[str, Any], name: str) -> dict[str, Any]:
    file = HOME / f"{name}.json"
    file.write_text(json.dumps(given))
    run = subprocess.run([python, "-c", code, str(file)], cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


OURS = "import json, sys\nfrom benchmarks.elections import ours\nprint(json.dumps(ours(sys.argv[1])))"


def natural(election: dict[str, Any]) -> list[str]:
    """Keys in the order in which our engine breaks the last tie."""
    from funding.domain.allocation.model import natural as key_of

    return sorted(election["projects"], key=key_of)


def compare(name: str, election: dict[str, Any], rules: tuple[str, ...]) -> None:
    """One line per rule."""
    python = other_python()
    for rule in rules:
        mine = _run(sys.executable, OURS, document(election, rule), "ours")
        theirs = _run(python, OTHER, {**election, "rule": rule, "order": natural(election)}, "theirs")
        same = "相同" if mine["won"] == theirs["won"] else f"不同：{sorted(set(mine['won']) ^ set(theirs['won']))[:5]}"
        print(
            f"  {name} {LABELS[rule]}：本系统 {mine['seconds']:.2f} 秒 {mine['mib']:.0f} MiB；pabutools {theirs['seconds']:.2f} 秒 "
            f"{theirs['mib']:.0f} MiB；快 {theirs['seconds'] / max(mine['seconds'], 1e-4):.1f} 倍；入选 {len(mine['won'])} 项，{same}",
            flush=True,
        )


def optimum(projects: int = 500) -> None:
    """A proven optimum with limits by theme, organization and community."""
    lot = random.Random(11)
    items = [
        {
            "key": f"P{n}", "name": "", "score": f"{lot.randint(6000, 9999) / 100:.2f}", "requested": str(lot.randrange(5_000, 60_000, 100)),
            "minimum": "0", "attrs": {"theme": f"T{lot.randrange(8)}", "organization": f"O{lot.randrange(projects // 2)}", "community": f"C{lot.randrange(20)}"},
        }
        for n in range(projects)
    ]  # fmt: skip
    groups = [
        {"attr": "theme", "each": True, "max_amount": "500000"},
        {"attr": "organization", "each": True, "max_awards": 1},
        {"attr": "community", "each": True, "max_awards": 6},
    ]
    given = {
        "format": "chuangtou/allocation@1", "budget": "2000000", "unit": "0.01", "method": {"name": "optimal", "partial": False},
        "ties": ["lower_requested", "higher_score", "key"], "limits": {"min_score": None, "max_awards": None, "groups": groups}, "proposals": items,
    }  # fmt: skip
    mine = _run(sys.executable, OURS, given, "optimum")
    proven = "已证明" if mine["proven"] else "未证明"
    print(
        f"  总分最优 {projects} 个项目，按主题、单位、社区设限：{mine['seconds']:.2f} 秒，{proven}，入选 {len(mine['won'])} 项",
        flush=True,
    )


def report() -> None:
    """Everything, in one run on one machine; read the ratios."""
    HOME.mkdir(parents=True, exist_ok=True)
    print("资金分配：与 pabutools 1.2.3 比")
    optimum()
    compare("生成 500 项 × 10,000 票", generated(500, 10_000), ("mes", "phragmen"))
    compare("生成 100 项 × 10,000 票", generated(100, 10_000, 3), ("add1",))
    folder = os.environ.get("PORTAL_ELECTIONS", "")
    for path in sorted(Path(folder).glob("*.pb")) if folder else []:
        election = read_pb(path)
        if election is not None:
            compare(path.stem, election, ("mes", "phragmen"))
