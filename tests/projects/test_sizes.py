"""Pages of the eligibility check and of cuts cost the same at 3 and at 3,000 rows."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.pinyin import pinyin_key
from organizations.models import Organization
from projects.models import BudgetCut, BudgetLine, CutLine, Proposal, ProposalVersion
from projects.services import limits
from projects.services.cutting import Approval, cut_budget
from tests.projects import make
from tests.projects.test_limits import LINES, REASON, handed_in

LIMITS = {"takes_waivers": True, "head_limits": {"staff": 30}, "grace_hours": 24}


@pytest.fixture
def street(world):
    return make.ruled(world.here, **LIMITS)


def many(street, model, at, count, *, begin=0):
    """So many more proposals handed in, each of an organization of its own, with a version and a line."""
    units = Organization.objects.bulk_create(
        Organization(street=street.area, kind="social", name=f"量{n}", pinyin=pinyin_key(f"量{n}"), created_at=at) for n in range(begin, begin + count)
    )  # fmt: skip
    rows = Proposal.objects.bulk_create(
        Proposal(
            round=street.round, organization=unit, community=street.communities[0], theme=street.themes[0], category="其他类",
            title=f"项目{n}", summary=chr(0x4E00 + n) * 3, plan=chr(0x5E00 + n) * 9, requested=Decimal(6000), minimum=Decimal(5000),
            beneficiaries=9, state="submitted", receipt_number=f"SB-2026-9{n:05d}", submitted_at=at, saved_at=at, created_at=at,
            created_by=street.people["member"],
        )
        for n, unit in enumerate(units, begin)
    )  # fmt: skip
    BudgetLine.objects.bulk_create(
        BudgetLine(
            proposal=p, position=1, head="activity", item="物资", unit_price=Decimal(60), quantity=100, amount=Decimal(6000), grant=Decimal(6000),
            self_raised=Decimal(0),
        )
        for p in rows
    )  # fmt: skip
    content = model.versions.get().content
    ProposalVersion.objects.bulk_create(
        ProposalVersion(
            proposal=p, number=1, content=content, digest="0" * 64, submitted_by=street.people["member"],
            submitted_at=at,
        )
        for p in rows
    )  # fmt: skip


def cost(user, path):
    client = Client()
    client.force_login(user)
    client.get(path)  # whatever is remembered afterwards
    with CaptureQueriesContext(connection) as found:
        answer = client.get(path)
    assert answer.status_code == 200
    return len(found)


def test_list_and_check_at_3_and_at_3000(street, at):
    proposal = handed_in(street, at)
    many(street, proposal, at, 2)
    pages = [
        ("office", "/proposals/"),
        ("office", f"/proposals/?round={street.round.pk}&state=submitted"),
        ("office", f"/proposals/{proposal.pk}/"),
        ("leader", f"/proposals/{proposal.pk}/"),
        ("member", "/proposals/mine/"),
        ("office", f"/rounds/{street.round.pk}/graces/"),
    ]
    few = [cost(street.people[who], path) for who, path in pages]
    many(street, proposal, at, 2997, begin=2)
    assert Proposal.objects.in_round(street.round).handed_in().count() == 3000
    assert [cost(street.people[who], path) for who, path in pages] == few


def test_cuts_at_3_lines_and_at_60_lines_with_50_versions(street, at):
    lines = (*LINES, replace(LINES[0], item="场地", unit_price=Decimal(1)))
    proposal = handed_in(street, at, lines=lines)
    limits.rule_on_limit(
        proposal_id=proposal.pk, head="staff", outcome="grant", reason=REASON, by=street.people["office"], at=at
    )
    make.decide(proposal, street, "pass", at)
    stored = list(proposal.lines.order_by("position"))
    approvals = [Approval(x.position, x.grant, "") for x in stored]
    cut_budget(proposal_id=proposal.pk, approvals=approvals, seen=0, by=street.people["finance"], at=at)
    path = f"/proposals/{proposal.pk}/cut/"
    few = [cost(street.people[who], path) for who in ("finance", "member")]
    BudgetLine.objects.bulk_create(
        BudgetLine(
            proposal=proposal, position=n, head="activity", item=f"物资{n}", unit_price=Decimal(1), quantity=1, amount=Decimal(1),
            grant=Decimal(1), self_raised=Decimal(0),
        )
        for n in range(4, 61)
    )  # fmt: skip
    cuts = BudgetCut.objects.bulk_create(
        BudgetCut(proposal=proposal, number=n, asked=Decimal(60), approved=Decimal(60), made_by=street.people["finance"], made_at=at)
        for n in range(2, 51)
    )  # fmt: skip
    CutLine.objects.bulk_create(
        CutLine(cut=c, position=n, head="activity", item="物资", asked=Decimal(1), approved=Decimal(1)) for c in cuts for n in range(1, 61)
    )  # fmt: skip
    assert CutLine.objects.filter(cut__proposal=proposal).count() >= 2940
    assert [cost(street.people[who], path) for who in ("finance", "member")] == few
