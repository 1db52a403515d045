"""`equal_shares`: every voter holds an equal part of the budget, and supporters buy projects together.

Rule: Peters and Skowron, "Method of Equal Shares"; completions as on equalshares.net. Exact: what the voters hold are
whole numbers over one common denominator.
"""

from fractions import Fraction
from math import gcd
from operator import itemgetter

from core.errors import FormatError
from core.exact import plain_text
from funding.domain.allocation.descent import spend_rest
from funding.domain.allocation.ledger import Ledger, barred
from funding.domain.allocation.model import Case, Outcomes, Project, Verdict, yuan

BELOW, ABOVE = 1 - 1e-12, 1 + 1e-12  # wider than what rounding a fraction to a float can err


class Electorate:
    """Who supports what: equal ballots together, and each project's supporters."""

    def __init__(self, case: Case, projects: list[Project]) -> None:
        if not case.ballots:
            raise FormatError("ballots", "missing_key", "这种分配方式须有选票，且至少有一张不是空白票。")
        # by whole numbers: hashing and comparing fractions would cost more than the purchases
        merged: dict[tuple[tuple[int, int, int], ...], tuple[int, dict[int, Fraction]]] = {}
        for ballot in case.ballots:
            picks = tuple(sorted((index, p.numerator, p.denominator) for index, p in ballot.points.items()))
            known = merged.get(picks)
            merged[picks] = (ballot.count + (known[0] if known else 0), ballot.points)
        ballots = [(points, count) for _, (count, points) in sorted(merged.items(), key=itemgetter(0))]
        self.counts = [count for _, count in ballots]
        self.voters = sum(self.counts)
        self.supporters: dict[int, list[int]] = {p.index: [] for p in projects}
        self.points: dict[int, dict[int, Fraction]] = {p.index: {} for p in projects}
        for n, (given, _) in enumerate(ballots):
            for index, points in given.items():
                if index in self.supporters:
                    self.supporters[index].append(n)
                    self.points[index][n] = points
        self.size = {index: sum(self.counts[n] for n in who) for index, who in self.supporters.items()}


def screened(case: Case, out: Outcomes) -> list[Project]:
    """The projects that may be bought, in tie order; verdicts on the others. Refuses least numbers."""
    for group in case.groups:
        if group.min_awards:
            raise FormatError(f"{group.path}.min_awards", "limit_not_available", "按选票购买的方式不能规定最少项数。")
    found = []
    for project in case.ranking():
        verdict = barred(case, project)
        if verdict is None:
            found.append(project)
        else:
            out.verdicts[project.index] = verdict
    return sorted(found, key=case.tie_key)


class _Purse:
    """What the voters of each kind of ballot hold: `held[n] / unit` fen each."""

    def __init__(self, electorate: Electorate, share: Fraction) -> None:
        self.counts = electorate.counts
        self.held = [share.numerator] * len(self.counts)
        self.unit = share.denominator

    def rate(self, cost: int, who: list[int], utility: dict[int, int] | None) -> tuple[int, int] | None:
        """The least rate, as numerator and denominator over `unit`, at which the supporters can pay, or None.

        A supporter pays min(what it holds, rate × utility); without `utility` everybody's is 1. Together they hold
        enough, so leaving out those who cannot pay the rate always leaves somebody to pay the rest.
        """
        held, counts = self.held, self.counts
        need = cost * self.unit
        if sum(held[n] * counts[n] for n in who) < need:
            return None
        rich = who
        weight = sum(counts[n] * (utility[n] if utility else 1) for n in rich)
        while True:
            if utility is None:
                least = -(-need // weight)
                poor = [n for n in rich if held[n] < least]
            else:
                poor = [n for n in rich if held[n] * weight < need * utility[n]]
            if not poor:
                return need, weight
            need -= sum(held[n] * counts[n] for n in poor)
            out = set(poor)
            rich = [n for n in rich if n not in out]
            weight = sum(counts[n] * (utility[n] if utility else 1) for n in rich)

    def pay(self, rate: tuple[int, int], who: list[int], utility: dict[int, int] | None) -> None:
        """Take the payments; afterwards everything stands over a denominator that holds them exactly."""
        top, bottom = rate
        common = gcd(top, bottom)
        top, bottom = top // common, bottom // common
        if bottom != 1:
            self.held = [h * bottom for h in self.held]
            self.unit *= bottom
        for n in who:
            due = top * (utility[n] if utility else 1)
            self.held[n] = self.held[n] - due if self.held[n] > due else 0
        if self.unit > 1 and self.unit.bit_length() > 256:
            self._shorten()

    def _shorten(self) -> None:
        common = gcd(self.unit, *self.held)
        if common > 1:
            self.unit //= common
            self.held = [h // common for h in self.held]


class _Run:
    """One purchase run with a given share."""

    def __init__(self, case: Case, electorate: Electorate, projects: list[Project]) -> None:
        self.case = case
        self.electorate = electorate
        self.projects = projects
        kind = case.method["utility"]
        self.utility: dict[int, dict[int, int] | None] = {}
        # A utility that is the same for all supporters of a project only scales its rate: rate × utility is what each
        # pays, so projects are compared by payment ÷ utility.
        self.scale: dict[int, int] = {}
        for p in projects:
            self.utility[p.index] = None
            self.scale[p.index] = p.request if kind == "cost" else 1
        if kind == "points":
            places = 1
            for points in electorate.points.values():
                for value in points.values():
                    places = places * value.denominator // gcd(places, value.denominator)
            for p in projects:
                self.utility[p.index] = {n: int(v * places) for n, v in electorate.points[p.index].items()}

    def buy(self, share: Fraction) -> tuple[list[tuple[Project, Fraction]], "_Purse", Ledger]:
        """Return what is bought, in order, with its rate; the purse afterwards; the ledger."""
        ledger = Ledger(self.case)
        purse = _Purse(self.electorate, share)
        bought: list[tuple[Project, Fraction]] = []
        waiting = []
        for p in self.projects:
            if not self.electorate.size[p.index]:
                continue
            if p.request == 0:
                if ledger.forbids(p, 0) is None:
                    ledger.take(p, 0)
                    bought.append((p, Fraction(0)))
            else:
                waiting.append(p)
        # A rate never falls while money is spent, so an old rate is a lower bound: look again only while it may win.
        # Kept as floats a hair too small, so that sorting is cheap and no project is passed over by rounding.
        old = {p.index: 0.0 for p in waiting}
        place = {p.index: n for n, p in enumerate(self.projects)}
        while waiting:
            queue = sorted(waiting, key=lambda p: old[p.index])
            best: tuple[Fraction, int, Project, tuple[int, int]] | None = None
            above, gone = 0.0, set()
            for p in queue:
                if best is not None and old[p.index] > above:
                    break
                found = None
                if ledger.forbids(p, p.request) is None:
                    found = purse.rate(p.request, self.electorate.supporters[p.index], self.utility[p.index])
                if found is None:
                    gone.add(p.index)
                    continue
                rate = Fraction(found[0], found[1] * purse.unit * self.scale[p.index])
                old[p.index] = float(rate) * BELOW
                mine = (rate, place[p.index], p, found)
                if best is None or mine[:2] < best[:2]:
                    best, above = mine, float(rate) * ABOVE
            waiting = [p for p in waiting if p.index not in gone]
            if best is None:
                break
            p = best[2]
            purse.pay(best[3], self.electorate.supporters[p.index], self.utility[p.index])
            ledger.take(p, p.request)
            bought.append((p, best[0]))
            waiting.remove(p)
        return bought, purse, ledger


def by_equal_shares(case: Case) -> Outcomes:
    """Buy by equal shares, then complete as the method says. Raises FormatError where there are no ballots."""
    out = Outcomes()
    projects = screened(case, out)
    electorate = Electorate(case, projects)
    run = _Run(case, electorate, projects)
    share = Fraction(case.budget, electorate.voters)
    out.step(f"{electorate.voters} 张有效选票，每票先得 {plain_text(share / 100)} 元。")
    bought, purse, ledger = run.buy(share)
    completion = case.method["completion"]
    raised = 0
    if completion.startswith("add1"):
        bought, purse, ledger, raised = _add_one(case, run, share, (bought, purse, ledger), completion)
        if raised:
            out.step(f"逐步增加每票金额，每次 1 元，共增加 {raised} 元后停止。")
    left = case.budget
    for order, (project, rate) in enumerate(bought, start=1):
        size = electorate.size[project.index]
        words = f"，{size} 张选票支持，由支持者共同出资（第 {order} 个入选）"
        if project.cut:
            words = f"，{project.cut}{words}"
        left -= project.request
        out.verdicts[project.index] = Verdict("funded", words, "funded", project.request, order)
        out.step(
            f"{project.key} 由 {size} 张选票出资，单位效用价格 {plain_text(rate)}，"
            f"资助 {yuan(project.request)}，余额 {yuan(left)}。"
        )
    if completion == "rank":
        rest = [p for p in case.ranking() if p.index not in out.verdicts]
        spend_rest(case, ledger, rest, out)
    for project in projects:
        if project.index not in out.verdicts:
            out.verdicts[project.index] = _refused(case, electorate, purse, ledger, project)
    return out


def _add_one(
    case: Case,
    run: _Run,
    share: Fraction,
    first: tuple[list[tuple[Project, Fraction]], _Purse, Ledger],
    completion: str,
) -> tuple[list[tuple[Project, Fraction]], _Purse, Ledger, int]:
    """Raise the share yuan by yuan; return the last outcome that the budget pays, and by how much it was raised."""
    best, raised = first, 0
    while True:
        bought, _, ledger = best
        has = {p.index for p, _ in bought}
        rest = [p for p in run.projects if p.index not in has and ledger.forbids(p, p.request) is None]
        if completion == "add1_stop_exhaustive" and all(p.request > ledger.left for p in rest):
            break
        if not any(run.electorate.size[p.index] for p in rest):
            break
        following = run.buy(share + 100 * (raised + 1))
        if following[2].left < 0:
            break
        best, raised = following, raised + 1
    return (*best, raised)


def _refused(case: Case, electorate: Electorate, purse: _Purse, ledger: Ledger, project: Project) -> Verdict:
    limit = ledger.forbids(project, project.request)
    if limit is not None:
        return Verdict(limit[0], f"；{limit[1]}")
    held = Fraction(sum(purse.held[n] * purse.counts[n] for n in electorate.supporters[project.index]), purse.unit)
    size = electorate.size[project.index]
    if case.method["completion"] == "rank":
        words = f"；{size} 张选票的支持者购买不足，余款 {yuan(ledger.left)}也不足以支付 {yuan(project.request)}"
        return Verdict("budget_left_too_small", words)
    words = f"；{size} 张选票支持，支持者手中余款合计 {yuan(int(held))}，不足以支付 {yuan(project.request)}"
    return Verdict("not_enough_support", words)
