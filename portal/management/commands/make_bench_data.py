"""Fill an empty database with deterministic data, for benchmarks and for putting another system beside this one."""

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import Area, Role, User
from accounts.services import add_area, add_user, grant_role, let_off
from core.exact import digest
from core.pinyin import pinyin_key
from judging.models import Entry, Judge, ScoreSheet, Session
from needs.models import Need, NeedStep, OrderNeed, ServiceOrder
from needs.services.history import found_by
from organizations.models import Organization
from projects.models import BudgetLine, EligibilityDecision, Proposal, ProposalVersion
from rounds.models import Round, Theme

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PASSWORD = "Bench-pass-2026"  # noqa: S105 - the data is made up, so are its accounts
THEMES = ("党建", "环保", "文体", "便民", "帮扶")
LINES = (("activity", "活动物资"), ("activity", "讲师费"), ("staff", "人员补贴"), ("management", "管理费"))


class Command(BaseCommand):
    help = "在空数据库中生成确定的大批量数据：N 个项目 × M 位评委 × K 个评分项，以及成比例的需求和服务项目单。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--proposals", type=int, default=1000)
        parser.add_argument("--judges", type=int, default=20)
        parser.add_argument("--criteria", type=int, default=4)
        parser.add_argument("--needs", type=int, default=None, help="默认为项目数的三倍")
        parser.add_argument("--unscored", type=int, default=0, help="最后若干个项目不生成评分表，留给压力测试")

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists() or Area.objects.exists():
            raise CommandError("数据库不是空的，未写入任何数据。")
        with transaction.atomic():
            street, communities, office = _place()
            judges = _judges(options["judges"])
            round_, themes = _round(street)
            entries = _proposals(options["proposals"], street, communities, round_, themes, office)
            session = _session(round_, options["criteria"])
            _sheets(session, entries, judges, options["criteria"], options["unscored"])
            wanted = options["needs"] if options["needs"] is not None else 3 * options["proposals"]
            _needs(wanted, street, communities, round_, office)
        self.stdout.write(
            f"已生成：项目 {Proposal.objects.count()}，评委 {len(judges)}，评分表 {ScoreSheet.objects.count()}，"
            f"需求 {Need.objects.count()}，服务项目单 {ServiceOrder.objects.count()}。账号 bench_office、bench_judge1…，密码 {PASSWORD}"
        )


def _place() -> tuple[Area, list[Area], User]:
    district = add_area(kind=Area.Kind.DISTRICT, name="基准区")
    street = add_area(kind=Area.Kind.STREET, name="基准街道", parent=district)
    let_off(street=street, at=START, reason="性能测试数据：凭密码即可登录")
    communities = [add_area(kind=Area.Kind.COMMUNITY, name=f"第{i}社区", parent=street) for i in range(1, 21)]
    office = add_user(username="bench_office", display_name="基准创投办", password=PASSWORD, at=START, by=None)
    grant_role(user=office, role=Role.OFFICE, area=street, at=START, by=None)
    return street, communities, office


def _judges(count: int) -> list[User]:
    first = add_user(username="bench_judge1", display_name="基准评委1", password=PASSWORD, at=START, by=None)
    rest = [
        User(username=f"bench_judge{i}", display_name=f"基准评委{i}", password=first.password)
        for i in range(2, count + 1)
    ]
    return [first, *User.objects.bulk_create(rest)][:count]


def _round(street: Area) -> tuple[Round, list[Theme]]:
    rules = {"title": "基准期次"}
    round_ = Round.objects.create(
        street=street, title="基准期次", number=1, year=2026, fund_source="基准资金", applicant_kinds=["social"],
        budget=Decimal("20000000.00"), cap=Decimal("50000.00"), apply_opens_at=START,
        apply_closes_at=START + timedelta(days=30), state=Round.State.OPEN, rules=rules, rules_digest=digest(rules),
        opened_at=START,
    )  # fmt: skip
    return round_, [Theme.objects.create(round=round_, name=n, position=i) for i, n in enumerate(THEMES, 1)]


def _proposals(
    count: int, street: Area, communities: list[Area], round_: Round, themes: list[Theme], office: User
) -> list[Proposal]:
    names = [f"基准社会组织{i:05d}" for i in range(1, count + 1)]
    organizations = Organization.objects.bulk_create(
        [Organization(street=street, kind="social", name=n, pinyin=pinyin_key(n), created_at=START) for n in names],
        batch_size=1000,
    )
    proposals = Proposal.objects.bulk_create(
        [
            Proposal(
                round=round_, organization=o, community=communities[i % len(communities)], theme=themes[i % len(themes)],
                title=f"基准项目{i + 1:05d}", summary="为社区居民提供服务。", plan="每周六开展活动。", indicators="服务 600 人次。",
                beneficiaries=100 + i % 400, requested=Decimal(10000 + i % 200 * 100), minimum=Decimal(5000),
                state=Proposal.State.PASSED, receipt_number=f"JZ-{i + 1:06d}", submitted_at=START + timedelta(days=9),
                created_by=office, created_at=START, saved_at=START,
            )
            for i, o in enumerate(organizations)
        ],
        batch_size=1000,
    )  # fmt: skip
    for proposal in proposals:
        assert proposal.requested is not None  # noqa: S101 - set a few lines above
    BudgetLine.objects.bulk_create(
        [
            BudgetLine(
                proposal=p, position=j, head=head, item=item, unit_price=(p.requested or Decimal(0)) / 4, quantity=1,
                amount=(p.requested or Decimal(0)) / 4, grant=(p.requested or Decimal(0)) / 4, self_raised=Decimal(0),
            )
            for p in proposals
            for j, (head, item) in enumerate(LINES, 1)
        ],
        batch_size=2000,
    )  # fmt: skip
    ProposalVersion.objects.bulk_create(
        [
            ProposalVersion(
                proposal=p, number=1, content={"title": p.title}, digest=digest({"title": p.title}),
                submitted_by=office, submitted_at=START + timedelta(days=9),
            )
            for p in proposals
        ],
        batch_size=1000,
    )  # fmt: skip
    versions = dict(ProposalVersion.objects.values_list("proposal_id", "pk"))
    EligibilityDecision.objects.bulk_create(
        [
            EligibilityDecision(
                proposal=p, version_id=versions[p.pk], outcome="pass", decided_by=office, decided_at=START + timedelta(days=31)
            )
            for p in proposals
        ],
        batch_size=2000,
    )  # fmt: skip
    return proposals


def bench_rule(criteria: int) -> dict[str, Any]:
    """A scoring rule with that many criteria whose maxima add up to 100, in steps of 0.5."""
    share, rest = divmod(100, criteria)
    return {
        "version": "v1",
        "criteria": [
            {"key": f"c{k}", "label": f"评分项{k}", "min": "0", "max": str(share + (rest if k == 1 else 0)), "step": "0.5", "weight": "1"}
            for k in range(1, criteria + 1)
        ],
        "trim": {"high": 1, "low": 1, "from": 5, "on": "total"},
        "clamp": None, "calibration": None, "aggregate": "mean", "criterion_decimals": None, "product_decimals": None,
        "decimals": 2, "quorum": 3, "own_part": None, "parts": [], "bonus_cap": None,
        "rank": {"by": "printed", "style": "competition", "ties": ["criterion:c1", "untrimmed_mean"]},
    }  # fmt: skip


def _session(round_: Round, criteria: int) -> Session:
    rule = bench_rule(criteria)
    return Session.objects.create(
        round=round_, name="基准评审会", held_on=START.date(), state=Session.State.SCORING, rule=rule,
        rule_digest=digest(rule), scoring_opened_at=START + timedelta(days=40),
    )  # fmt: skip


def _sheets(session: Session, proposals: list[Proposal], users: list[User], criteria: int, unscored: int) -> None:
    versions = dict(ProposalVersion.objects.values_list("proposal_id", "pk"))
    entries = Entry.objects.bulk_create(
        [Entry(session=session, proposal=p, version_id=versions[p.pk], position=i) for i, p in enumerate(proposals, 1)],
        batch_size=1000,
    )
    judges = Judge.objects.bulk_create([Judge(session=session, user=u, seat=i) for i, u in enumerate(users, 1)])
    tops = [Decimal(c["max"]) for c in session.rule["criteria"]]
    at = START + timedelta(days=40, hours=1)
    sheets = []
    for i, entry in enumerate(entries[: len(entries) - unscored]):
        for j, judge in enumerate(judges):
            marks = [tops[k] - Decimal((i * 7 + j * 3 + k * 5) % 13) / 2 for k in range(criteria)]
            sheets.append(
                ScoreSheet(
                    session=session, judge=judge, entry=entry, state=ScoreSheet.State.SUBMITTED,
                    marks={f"c{k + 1}": f"{m:.1f}" for k, m in enumerate(marks)}, total=sum(marks, Decimal(0)),
                    saved_at=at, submitted_at=at,
                )
            )  # fmt: skip
    ScoreSheet.objects.bulk_create(sheets, batch_size=2000)


def _needs(count: int, street: Area, communities: list[Area], round_: Round, office: User) -> None:
    categories = [c for c, _ in Need.Category.choices]
    needs = Need.objects.bulk_create(
        [
            Need(
                number=f"JZX-{i:07d}", tracking_code=f"JZ{i:08d}", street=street, community=communities[i % len(communities)],
                channel=Need.Channel.VISIT, category=categories[i % len(categories)], words=f"基准需求{i}：希望增加便民服务。",
                people_count=1 + i % 90, state=Need.State.HANDLING if i % 3 == 0 else Need.State.COLLECTED, posted_by=office,
                route=Need.Route.ORDER if i % 3 == 0 else "", collected_at=START + timedelta(minutes=i),
                **found_by(f"基准需求{i}：希望增加便民服务。", communities[i % len(communities)].pk, street.pk),
            )
            for i in range(1, count + 1)
        ],
        batch_size=2000,
    )  # fmt: skip
    NeedStep.objects.bulk_create(
        [
            NeedStep(need=n, act="order" if n.route else "post", to_state=n.state, by=office, by_name=office.display_name, at=n.collected_at)
            for n in needs
        ],
        batch_size=2000,
    )  # fmt: skip
    orders = ServiceOrder.objects.bulk_create(
        [
            ServiceOrder(
                number=f"JZD-{i:07d}", street=street, community=n.community, round=round_, title=f"基准服务{i:06d}", target="居民",
                content="每周六便民服务。", price_ceiling=Decimal(5000), state=ServiceOrder.State.LISTED, mode="scoring", buyer="street", drafted_by=office,
                drafted_at=START, listed_at=START,
            )
            for i, n in enumerate(needs[2::3], 1)
        ],
        batch_size=2000,
    )  # fmt: skip
    OrderNeed.objects.bulk_create(
        [OrderNeed(order=o, need=n) for o, n in zip(orders, needs[2::3], strict=True)], batch_size=2000
    )
