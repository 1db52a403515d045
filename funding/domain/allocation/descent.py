"""Methods that go down the ranking once: `rank`, `classes` and `claimed`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from core.exact import plain_text
from funding.domain.allocation.ledger import Ledger, Standing, barred, score_to_pass
from funding.domain.allocation.minima import taken_first
from funding.domain.allocation.model import Case, Outcomes, Project, Verdict, yuan


@dataclass(slots=True)
class Rule:
    """How a descent pays: the amount, its words, and what happens when the money left is too small."""

    amount_of: Callable[[Project], int]
    words: Callable[[Project], str]
    misfit: str = "skip"
    share: Fraction | None = None
    partial: bool = False

    def pays(self, amount: int, left: int) -> bool:
        """Tell whether the full amount is paid out of `left`."""
        return amount <= left or (self.share is not None and left >= self.share * amount)


def full(project: Project) -> str:
    """Words for an award of the whole request."""
    return f"，{project.cut}，按核减后的金额全额资助" if project.cut else "，按申报金额全额资助"


def by_rank(case: Case) -> Outcomes:
    """`rank`: the whole request down the ranking while the money lasts."""
    method = case.method
    rule = Rule(lambda p: p.request, full, method["misfit"], method["share"], method["partial"])
    return descend(case, rule)


def by_class(case: Case) -> Outcomes:
    """`classes`: each project the amount of its class, at most its request."""
    attr, amounts = case.method["attr"], case.method["amounts"]

    def words(project: Project) -> str:
        value = project.attrs[attr]
        capped = "，不超过申报金额" if project.request < amounts[value] else ""
        return f"，“{value}”档定额 {yuan(amounts[value])}{capped}"

    return descend(case, Rule(lambda p: min(p.request, amounts[p.attrs[attr]]), words))


def by_claim(case: Case) -> Outcomes:
    """`claimed`: the price of the service order, at most the request, until the money does not reach."""

    def price(project: Project) -> int:
        return project.request if project.price is None else min(project.price, project.request)

    return descend(case, Rule(price, lambda p: f"，按项目单价格 {yuan(price(p))}资助", "stop"))


def descend(case: Case, rule: Rule) -> Outcomes:
    """Run a rule down the ranking. Raises FormatError where least numbers cannot be met."""
    run = _Descent(case, rule)
    run.take_minima()
    run.go()
    return run.out


def spend_rest(case: Case, ledger: Ledger, candidates: Iterable[Project], out: Outcomes) -> None:
    """Spend what a method left as `rank` with skip over `candidates`, in ranking order; books into `ledger`."""
    for project in candidates:
        if ledger.forbids(project, project.request) or project.request > ledger.left:
            continue
        order = ledger.take(project, project.request)
        words = f"{full(project)}（余款按排名补足）"
        out.verdicts[project.index] = Verdict("funded", words, "funded", project.request, order)
        out.step(f"余款补足 {project.key}，资助 {yuan(project.request)}，余额 {yuan(ledger.left)}。")


class _Descent:
    def __init__(self, case: Case, rule: Rule) -> None:
        self.case = case
        self.rule = rule
        self.out = Outcomes()
        self.ledger = Ledger(case)
        self.ranking = case.ranking()
        self.stopped_by: Project | None = None
        self.reserve = False
        self.turns: list[tuple[Project | None, Standing]] = []

    def _barred(self, project: Project) -> Verdict | None:
        verdict = barred(self.case, project)
        if verdict is None and self.rule.amount_of(project) < project.minimum:
            amount = yuan(self.rule.amount_of(project))
            return Verdict("below_minimum", f"；可得 {amount}，低于最低可行金额 {yuan(project.minimum)}")
        return verdict

    def take_minima(self) -> None:
        eligible = [p for p in self.ranking if self._barred(p) is None]
        for project in taken_first(self.case, eligible, self.rule.amount_of):
            amount = self.rule.amount_of(project)
            order = self.ledger.take(project, amount)
            labels = "、".join(g.label for g in self.case.groups_of(project) if g.min_awards)
            words = f"{self.rule.words(project)}（{labels}最少项数，先行入选）"
            self.out.verdicts[project.index] = Verdict("funded", words, "funded", amount, order)
            self.out.step(
                f"为满足{labels}的最少项数，先取 {project.key}，得分 {project.score_text}，"
                f"资助 {yuan(amount)}，余额 {yuan(self.ledger.left)}。"
            )

    def go(self) -> None:
        late = []
        for project in self.ranking:
            if project.index in self.out.verdicts:
                continue
            verdict = self._barred(project) or self._turn(project)
            self.out.verdicts[project.index] = verdict
            if verdict.code == "below_min_score":
                late.append(project)
            self._tell(project, verdict)
        if self.stopped_by is None:
            self.turns.append((None, self.ledger.standing()))
        for project in late:
            self._needed_score(project, self.out.verdicts[project.index])

    def _turn(self, project: Project) -> Verdict:
        amount = self.rule.amount_of(project)
        limit = self.ledger.forbids(project, amount)
        if self.stopped_by is not None:
            verdict = self._after_stop(limit)
        else:
            if limit is None and self.rule.pays(amount, self.ledger.left):
                return self._pay(project, amount)
            if limit is None and self.rule.partial and self.ledger.left >= max(1, project.minimum):
                return self._part(project)
            verdict = self._refuse(project, amount, limit)
            self.turns.append((project, self.ledger.standing()))
            if limit is None and self.rule.misfit != "skip":
                self.stopped_by = project
        if limit is None and not self.reserve:
            self.reserve = True
            verdict.outcome = "reserve"
        self._needed_score(project, verdict)
        return verdict

    def _pay(self, project: Project, amount: int) -> Verdict:
        self.turns.append((project, self.ledger.standing()))
        words = self.rule.words(project)
        if amount > self.ledger.left:
            words += f"（余额 {yuan(self.ledger.left)}，不少于其 {_percent(self.rule.share)}，超出部分照付）"
            self.stopped_by = project
        order = self.ledger.take(project, amount)
        return Verdict("funded", words, "funded", amount, order)

    def _part(self, project: Project) -> Verdict:
        self.turns.append((project, self.ledger.standing()))
        amount = self.ledger.left
        order = self.ledger.take(project, amount)
        asked = yuan(self.rule.amount_of(project))
        words = f"，余额 {yuan(amount)}少于应得金额 {asked}，不低于最低可行金额 {yuan(project.minimum)}，余额全部给予"
        if self.rule.misfit != "skip":
            self.stopped_by = project
        return Verdict("partial", words, "partial", amount, order)

    def _after_stop(self, limit: tuple[str, str] | None) -> Verdict:
        assert self.stopped_by is not None  # noqa: S101 - asked only after a stop
        words = f"；分配到 {self.stopped_by.key} 为止，余额 {yuan(self.ledger.left)}不再往下分配"
        if limit is not None:
            return Verdict(limit[0], f"{words}，且{limit[1]}")
        return Verdict("stopped_before", words)

    def _refuse(self, project: Project, amount: int, limit: tuple[str, str] | None) -> Verdict:
        short = self._short(project, amount)
        if limit is not None:
            room = self.ledger.room(project)
            fits = limit[0] == "group_max_amount" and room >= max(1, project.minimum)
            words = f"；{short}，且{limit[1]}" if short else f"；{limit[1]}"
            return Verdict(limit[0], words, needed_amount=room if fits else None)
        share = self.rule.share
        most = self.ledger.left if share is None else int(self.ledger.left / share)
        needed = most if most >= max(1, project.minimum) else None
        return Verdict("budget_left_too_small", f"；{short}", needed_amount=needed)

    def _short(self, project: Project, amount: int) -> str:
        """Words for money left that does not reach, or nothing."""
        left = self.ledger.left
        if self.rule.pays(amount, left):
            return ""
        if left < project.minimum:
            return f"余额 {yuan(left)}，低于最低可行金额 {yuan(project.minimum)}"
        share = "" if self.rule.share is None else f"的 {_percent(self.rule.share)}"
        return f"余额 {yuan(left)}，不足以支付 {yuan(amount)}{share}"

    def _needed_score(self, project: Project, verdict: Verdict) -> None:
        """Find the lowest place in the ranking at which the project would have been paid."""
        amount = self.rule.amount_of(project)
        if verdict.code == "below_minimum" or project.score is None:
            return
        for other, at in reversed(self.turns):
            if other is project:
                continue
            fits = self.rule.pays(amount, at.left) or (self.rule.partial and at.left >= max(1, project.minimum))
            if not fits or self.ledger.forbids(project, amount, at):
                continue
            if other is not None:
                verdict.needed_score = score_to_pass(self.case, project, other)
            return

    def _tell(self, project: Project, verdict: Verdict) -> None:
        score = f"得分 {project.score_text}，" if project.score is not None else ""
        if verdict.amount or verdict.outcome == "funded":
            kind = "部分资助" if verdict.outcome == "partial" else "资助"
            self.out.step(f"{project.key} {score}{kind} {yuan(verdict.amount)}，余额 {yuan(self.ledger.left)}。")
        else:
            kind = "列为备选" if verdict.outcome == "reserve" else "不资助"
            why = verdict.because.lstrip("；，")
            left = "" if "余额" in why else f"；余额 {yuan(self.ledger.left)}"
            self.out.step(f"{project.key} {score}{kind}：{why}{left}。")


def _percent(share: Fraction | None) -> str:
    return "" if share is None else f"{plain_text(share * 100, 40)}%"
