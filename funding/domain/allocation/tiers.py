"""`tiers`: fixed prizes down the ranking, each at most the request; what is left stays left."""

from itertools import groupby

from funding.domain.allocation.ledger import Ledger, barred, score_to_pass
from funding.domain.allocation.minima import infeasible, taken_first
from funding.domain.allocation.model import Case, Outcomes, Project, Verdict, yuan


def by_tier(case: Case) -> Outcomes:
    """Hand out the places of the tiers. Raises FormatError where least numbers cannot be met."""
    run = _Tiers(case)
    run.go()
    return run.out


class _Tiers:
    def __init__(self, case: Case) -> None:
        self.case = case
        self.out = Outcomes()
        self.ledger = Ledger(case)
        self.ranking = case.ranking()
        self.places = [(label, amount) for label, count, amount in case.method["tiers"] for _ in range(count)]
        self.at = 0  # places used
        self.reserve = False
        self.last: list[Project] = []

    def go(self) -> None:
        eligible = []
        for project in self.ranking:
            verdict = barred(self.case, project)
            if verdict is None:
                eligible.append(project)
            else:
                self.out.verdicts[project.index] = verdict
        self.first = {p.index for p in taken_first(self.case, eligible, lambda _: 0)}
        for _, block in groupby(eligible, key=lambda p: p.score):
            tied = list(block)
            if len(tied) == 1 or self.case.method["tie"] == "order" or not self._across(tied):
                for project in tied:
                    self._single(project)
            elif self.case.method["tie"] == "share":
                self._share(tied)
            else:
                self._promote(tied)
        for n, group in enumerate(self.case.groups):
            if self.ledger.counts[n] < group.min_awards:
                raise infeasible(group, self.ledger.counts[n])
        for project in self.ranking:
            verdict = self.out.verdicts[project.index]
            if not verdict.order:
                self.out.step(f"{project.key} {_kind(verdict)}：{verdict.because.lstrip('；，')}。")

    def _place(self, n: int) -> tuple[str, int] | None:
        return self.places[n] if n < len(self.places) else None

    def _across(self, tied: list[Project]) -> bool:
        """Tell whether equals would stand on both sides of a border between tiers, or of the last one."""
        able = len(self._allowed(tied))
        spots = {self._place(self.at + n) for n in range(able)}
        return self._place(self.at) is not None and len(spots) > 1

    def _allowed(self, tied: list[Project]) -> list[Project]:
        """Those of the tied whom the limits on numbers let through, in tie order."""
        trial = Ledger(self.case)
        trial.awards = self.ledger.awards
        trial.counts = list(self.ledger.counts)
        trial.amounts = list(self.ledger.amounts)
        found = []
        for project in tied:
            if trial.forbids(project, 0) is None:
                trial.take(project, 0)
                found.append(project)
        return found

    def _single(self, project: Project) -> None:
        place = self._place(self.at)
        limit = self.ledger.forbids(project, min(place[1], project.request) if place else 0)
        waiting = sum(1 for index in self.first if index not in self.out.verdicts)
        if limit is not None:
            self._refuse(project, limit[0], limit[1])
        elif place is None:
            self._refuse(project, "stopped_before", f"各等次共 {len(self.places)} 项已全部评出")
        elif project.index not in self.first and len(self.places) - self.at <= waiting:
            self._refuse(project, "stopped_before", f"余下 {waiting} 个名额须留给有最少项数要求的组")
        elif self._give(project, place[1], place[0]):
            self.at += 1

    def _share(self, tied: list[Project]) -> None:
        allowed = self._allowed(tied)
        spots = [self._place(self.at + n) for n in range(len(allowed))]
        pooled = sum(spot[1] for spot in spots if spot)
        each = pooled // len(allowed) // self.case.unit * self.case.unit
        names = "、".join(dict.fromkeys(spot[0] for spot in spots if spot))
        words = f"{len(allowed)} 项同分，{names}的 {yuan(pooled)}合并均分"
        self._block(tied, allowed, each, words)
        self.at += len(allowed)

    def _promote(self, tied: list[Project]) -> None:
        allowed = self._allowed(tied)
        place = self._place(self.at)
        assert place is not None  # noqa: S101 - a border lies ahead
        cost = sum(min(place[1], p.request) for p in allowed)
        behind = [
            p for p in self.ranking if p.score is not None and tied[0].score is not None and p.score < tied[0].score
        ]
        seats = self.places[self.at + len(allowed) :]
        rest = sum(
            min(amount, p.request)
            for (_, amount), p in zip(seats, (p for p in behind if barred(self.case, p) is None), strict=False)
        )
        if cost + rest > self.ledger.left:
            self.out.step(f"{len(allowed)} 项同分，预算不足以同升{place[0]}，按同分规则定先后。")
            for project in tied:
                self._single(project)
            return
        self._block(tied, allowed, place[1], f"{place[0]}，{len(allowed)} 项同分一并晋等")
        self.at += len(allowed)

    def _block(self, tied: list[Project], allowed: list[Project], each: int, words: str) -> None:
        for project in tied:
            limit = self.ledger.forbids(project, min(each, project.request))
            if limit is not None or project not in allowed:
                code, why = limit or ("max_awards", "同分项目中名额已满")
                self._refuse(project, code, why)
            else:
                self._give(project, each, words)

    def _give(self, project: Project, amount: int, words: str) -> bool:
        """Pay a tier's amount, or say why not. Returns whether the place is used."""
        paid = min(amount, project.request)
        if paid < max(1, project.minimum):
            self._refuse(project, "below_minimum", f"{words}为 {yuan(paid)}，低于最低可行金额 {yuan(project.minimum)}")
            return False
        if paid > self.ledger.left:
            least = self.ledger.left if self.ledger.left >= max(1, project.minimum) else None
            self._refuse(
                project,
                "budget_left_too_small",
                f"余额 {yuan(self.ledger.left)}，不足以支付{words} {yuan(paid)}",
                least,
            )
            return False
        order = self.ledger.take(project, paid)
        capped = f"，不超过{'核减后的' if project.cut else ''}申报金额 {yuan(project.request)}" if paid < amount else ""
        because = f"，{words} {yuan(amount)}{capped}"
        self.out.verdicts[project.index] = Verdict("funded", because, "funded", paid, order)
        self.last.append(project)
        self.out.step(
            f"{project.key} 得分 {project.score_text}，{words}，资助 {yuan(paid)}，余额 {yuan(self.ledger.left)}。"
        )
        return True

    def _refuse(self, project: Project, code: str, words: str, amount: int | None = None) -> None:
        verdict = Verdict(code, f"；{words}", needed_amount=amount)
        if code == "stopped_before" and self.last:
            verdict.needed_score = score_to_pass(self.case, project, self.last[-1])
        if code in {"stopped_before", "budget_left_too_small"} and not self.reserve:
            self.reserve = True
            verdict.outcome = "reserve"
        self.out.verdicts[project.index] = verdict


def _kind(verdict: Verdict) -> str:
    return "列为备选" if verdict.outcome == "reserve" else "不资助"
