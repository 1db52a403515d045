"""资金账 of a round: every yuan in exactly one place, each figure with the sum that makes it; and the ledger E10."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.rules import street_ids
from accounts.web import person
from audit.models import SelfCheck
from core import clock
from core.money import show_yuan
from funding import rules
from funding.domain.balance import Books, fund_problems, problems
from jobs.services import start_job
from rounds.models import Round


def _round(request: HttpRequest, round_id: int) -> Round:
    readable = Round.objects.filter(street__in=street_ids(request.user, *rules.READERS)).select_related("street")
    return get_object_or_404(readable, pk=round_id)


@require_safe
def books(request: HttpRequest, round_id: int) -> HttpResponse:
    """The books of a round and of the funds of its year, what is wrong with them, and the last nightly check."""
    round_ = _round(request, round_id)
    found, funds = rules.books(round_), rules.fund_balances(round_)
    facts = {
        "round": round_, "books": found, "sums": sums(found), "funds": funds, "wrong": problems(found) + fund_problems(funds),
        "total": {name: found.total(name) for name in ("allocated", "agreed", "unagreed", "paid", "returned", "net", "unpaid", "waiting")},
        "fund_total": {
            name: sum((getattr(f, name) for f in funds), Decimal("0.00")) for name in ("budget", "drawn", "paid", "returned", "net", "unpaid", "free")
        },
        "last": SelfCheck.objects.order_by("-pk").first(),
    }  # fmt: skip
    return render(request, "funding/books.html", facts)


def sums(found: Books) -> list[dict[str, Any]]:
    """The lines one can add up by hand: what, how much, and of what it is made."""
    t = {name: found.total(name) for name in ("allocated", "agreed", "unagreed", "paid", "returned", "net", "unpaid", "waiting")}  # fmt: skip
    rest = t["unpaid"] - t["waiting"]
    return [
        _sum("资金总额", found.pool, [("已分配", t["allocated"]), ("预留", found.reserve), ("余额", found.left)]),
        _sum("已分配", t["allocated"], [("已签协议", t["agreed"]), ("未签协议", t["unagreed"])]),
        _sum("已签协议", t["agreed"], [("已拨", t["net"]), ("未拨", t["unpaid"])]),
        _sum("未拨", t["unpaid"], [("办理中的申请", t["waiting"]), ("尚未申请", rest)]),
        _sum("拨付过的", t["paid"], [("已拨", t["net"]), ("退回和追回", t["returned"])]),
    ]


def _sum(name: str, amount: Decimal, parts: list[tuple[str, Decimal]]) -> dict[str, Any]:
    told = " + ".join(f"{word} {show_yuan(part)}" for word, part in parts)
    return {"name": name, "amount": amount, "parts": told, "holds": amount == sum((p for _, p in parts), Decimal(0))}


@require_POST
def ledger(request: HttpRequest, round_id: int) -> HttpResponse:
    """Start E10; the next page shows its progress."""
    user, round_ = person(request), _round(request, round_id)
    at = clock.now()
    day = clock.local(at).date()
    job = start_job(
        owner=user, kind="funding.e10", title=f"{round_.title}-协议签订及拨付台账-{day:%Y%m%d}", params={"round": round_.pk, "day": day.isoformat()},
        at=at, scope_id=round_.street_id,
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)
