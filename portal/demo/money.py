"""The finished round's money: funds, agreements signed, first instalments at every desk. All amounts are made up."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile

from funding.domain.agreement import Content, Pull, Share, Target, split
from funding.domain.agreement import Place as Site
from funding.models import Agreement, Award, Fund, Instalment, Payment
from funding.services import (
    add_paper,
    approve_agreement,
    approve_payment,
    check_payment,
    draft_agreement,
    fail_payment,
    pay,
    record_repayment,
    request_payment,
    set_fund,
    sign_agreement,
    submit_agreement,
)
from portal.demo.people import Place, start
from rounds.models import Round

# How far the first instalment of each project is, in the order of the plan.
WAY = ("paid", "paid", "paid", "failed", "returned", "approved", "checked", "requested", "requested", "")
PARTY = Decimal("4000.00")  # what the residents' service fund carries of the first project


def scan(words: str) -> SimpleUploadedFile:
    """A tiny PDF of one page that says what it stands for; Latin letters only, as its built-in font has no others."""
    stream = f"BT /F1 18 Tf 72 760 Td (DEMO {words}) Tj ET".encode("ascii")
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for n, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj%b endobj\n" % (n, part)
    table = b"".join(b"%010d 00000 n \n" % at for at in places)
    tail = b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    body += tail % (len(parts) + 1, table, len(parts) + 1, len(body))
    return SimpleUploadedFile("demo.pdf", body, content_type="application/pdf")


def fund_and_pay(place: Place, round_: Round) -> None:
    """Funds, an agreement for every funded project, and its first instalment as far as WAY says."""
    general, party = _funds(place)
    awards = Award.objects.filter(plan__round=round_, plan__state="approved", amount__gt=0).order_by("place")
    for i, award in enumerate(awards.select_related("proposal__organization", "proposal__community")):
        pulls = [(general, award.amount)] if i else [(party, PARTY), (general, award.amount - PARTY)]
        agreement = _agree(place, award, pulls, i)
        if i == 0:
            _papers(place, agreement)
        if WAY[i]:
            _first(place, agreement, WAY[i], i)


def _funds(place: Place) -> tuple[Fund, Fund]:
    office, at = place.people["office"], start(2017, 9, 26)
    general = set_fund(
        fund_id=None, street=place.area, name="党建项目创投资金（演示）", kind="general", year=2017, budget=Decimal("200000.00"), by=office, at=at,
        is_demo=True,
    )  # fmt: skip
    party = set_fund(
        fund_id=None, street=place.area, name="党组织服务群众经费（演示）", kind="party", year=2017, budget=Decimal("50000.00"), by=office, at=at,
        forbidden_heads=["staff"], needs_papers=True, is_demo=True,
    )  # fmt: skip
    return general, party


def _agree(place: Place, award: Award, pulls: Sequence[tuple[Fund, Decimal]], i: int) -> Agreement:
    proposal, office, total = award.proposal, place.people["office"], award.amount
    community = proposal.community.name if proposal.community else ""
    content = Content(
        first=f"{place.area.name}组工办", second=proposal.organization.name, third=community, amount=total, starts_on=date(2017, 10, 1),
        ends_on=date(2018, 3, 31), payee_name=proposal.organization.name, payee_bank="演示银行西南支行",
        payee_account=f"6200000000{i + 1:09d}", copies=3, terms=split(total, "60-40"),
        pulls=tuple(Pull(fund.pk, str(fund), amount) for fund, amount in pulls),
        shares=(Share(proposal.organization.name, total, "组织实施（演示）", is_lead=True),), places=(Site(community, "党群服务中心"),),
        targets=(Target("活动场次", f"{8 + i} 场"), Target("受益人次", f"{300 + 50 * i} 人次")), more="演示数据：金额、账户和指标为演示而编。",
    )  # fmt: skip
    version = draft_agreement(proposal_id=proposal.pk, content=content, by=office, at=start(2017, 9, 26, 10, i))
    submit_agreement(version_id=version.pk, by=office, at=start(2017, 9, 26, 11, i))
    approve_agreement(version_id=version.pk, by=place.people["leader"], at=start(2017, 9, 27, 9, i), note="同意。")
    return sign_agreement(
        version_id=version.pk, signed_on=date(2017, 9, 28), scan=scan(f"agreement {i + 1}"), by=office, at=start(2017, 9, 28, 15, i)
    )  # fmt: skip


def _papers(place: Place, agreement: Agreement) -> None:
    for n, kind in enumerate(("minutes", "vote", "photo")):
        add_paper(
            agreement_id=agreement.pk, kind=kind, file=scan(f"paper {kind}"), by=place.people["office"], at=start(2017, 9, 28, 16, n)
        )  # fmt: skip


def _first(place: Place, agreement: Agreement, way: str, i: int) -> None:
    """Ask for the first instalment and carry it to the desk that `way` names."""
    unit = next(key for key, row in place.organizations.items() if row.pk == agreement.proposal.organization_id)
    term = agreement.instalments.get(position=1)
    payment = request_payment(
        instalment_id=term.pk, amount=term.amount, words="协议已签订，收据随附（演示）。", spent=Decimal("0.00"), files=[scan(f"receipt {i + 1}")],
        by=place.people[f"member:{unit}"], at=start(2017, 10, 9, 9, i),
    )  # fmt: skip
    if way == "requested":
        return
    _check(place, payment, term, i)
    if way == "checked":
        return
    approve_payment(payment_id=payment.pk, by=place.people["leader"], at=start(2017, 10, 11, 15, i))
    if way == "approved":
        return
    _settle(place, payment, way, start(2017, 10, 12, 14, i), i)


def _check(place: Place, payment: Payment, term: Instalment, i: int) -> None:
    seen = dict.fromkeys(term.conditions, "协议原件已签字盖章，收据 1 张（演示）")
    check_payment(payment_id=payment.pk, confirmed=seen, by=place.people["office"], at=start(2017, 10, 10, 10, i))


def _settle(place: Place, payment: Payment, way: str, at: datetime, i: int) -> None:
    finance = place.people["finance"]
    pay(payment_id=payment.pk, paid_on=date(2017, 10, 12), voucher=f"演示记字{i + 1:03d}号", by=finance, at=at)
    if way == "failed":
        fail_payment(
            payment_id=payment.pk, reason="户名有误，银行退票（演示）。", by=finance, at=start(2017, 10, 13, 10)
        )
    if way == "returned":
        part = payment.parts.get()
        record_repayment(
            part_id=part.pk, kind="returned", amount=Decimal("600.00"), received_on=date(2017, 10, 20), voucher="演示收字001号",
            reason="物资采购结余退回（演示）。", by=finance, at=start(2017, 10, 20, 16),
        )  # fmt: skip
