"""Opening a session: what is still missing, and the document that the scores are computed from."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q

from accounts.models import User
from audit.services import record
from core.errors import DomainError
from core.exact import digest, plain_text
from judging import rules
from judging.domain.scoring import check_rule
from judging.models import Draw, Entry, Judge, LotDraw, Recusal, ScoreSheet, Session
from judging.services.setup import in_setup
from judging.services.telling import session_changed
from organizations.models import Membership


class NotReady(DomainError):
    message = "还不能开放评分：{gaps}。"


def gaps_before_opening(session: Session) -> list[str]:
    """What is still missing before scoring may open, as sentences; empty when ready."""
    found = []
    entries = Entry.objects.filter(session=session)
    judges = Judge.objects.filter(session=session)
    if not entries.exists():
        found.append("还没有参评项目")
    if judges.count() < max(1, int(session.rule["quorum"])):
        found.append(f"评委少于 {session.rule['quorum']} 位")
    if not Draw.objects.filter(session=session, drawn_at__isnull=False).exists():
        found.append("还没有抽签")
    elif entries.filter(position=None).exists():
        found.append("有项目没有出场顺序")
    if session.is_assigned:
        given = entries.annotate(
            n=Count("assignments", distinct=True)
            - Count("recusals", filter=Q(recusals__judge__assignments__entry=F("pk")), distinct=True)
        )
        thin = given.filter(n__lt=int(session.rule["quorum"])).count()
        if thin:
            found.append(f"{thin} 个项目分到的评委少于 {session.rule['quorum']} 位，请重新分配评审")
    excused = set(
        Recusal.objects.filter(judge__session=session).values_list("judge_id", "entry__proposal__organization_id")
    )
    insiders = Membership.objects.filter(
        user__in=judges.values("user"), organization__in=entries.values("proposal__organization")
    ).select_related("user", "organization")
    seat_of = dict(judges.values_list("user_id", "pk"))
    found += [
        f"“{m.user.display_name}”是参评单位“{m.organization.name}”的成员，请登记回避"
        for m in insiders
        if (seat_of[m.user_id], m.organization_id) not in excused
    ]
    return found


@transaction.atomic(durable=True)
def open_scoring(*, session_id: int, by: User, at: datetime) -> Session:
    """Freeze the rule with its digest and open scoring. Raises NotReady, NotInSetup."""
    session = in_setup(session_id, by)
    gaps = gaps_before_opening(session)
    if gaps:
        raise NotReady(gaps="；".join(gaps))
    check_rule(session.rule)
    session.rule_digest = digest(session.rule)
    for rehearsal in session.rehearsals.exclude(state=Session.State.ENDED):
        rehearsal.state = Session.State.ENDED
        rehearsal.save(update_fields=["state"])
        session_changed(rehearsal, at)
    session.state, session.scoring_opened_at = Session.State.SCORING, at
    session.save(update_fields=["rule_digest", "state", "scoring_opened_at"])
    record(
        actor=by, verb="judging.scoring_opened", about=session, at=at, scope_id=session.round.street_id,
        facts={"rule_digest": session.rule_digest},
    )  # fmt: skip
    session_changed(session, at)
    return session


def scoring_document(session: Session) -> dict[str, Any]:
    """The chuangtou/scoring@1 document of a session: judges `J<seat>`, proposals by receipt number in running order."""
    judges = list(Judge.objects.filter(session=session).order_by("seat").values_list("pk", "seat"))
    entries = list(
        Entry.objects.filter(session=session)
        .order_by(F("position").asc(nulls_last=True), "pk")
        .values_list("pk", "proposal__receipt_number", "proposal__title", "proposal__state", "position", "parts", "factor", "bonus", "penalty")
    )  # fmt: skip
    sheets = {
        (j, e): marks
        for j, e, marks in ScoreSheet.objects.filter(session=session, state=ScoreSheet.State.SUBMITTED).values_list(
            "judge_id", "entry_id", "marks"
        )
    }
    recused = set(Recusal.objects.filter(judge__session=session).values_list("judge_id", "entry_id"))
    rows = []
    for entry, key, *_ in entries:
        for judge, seat in judges:
            if (judge, entry) in recused:
                state, marks = "recused", {}
            elif (judge, entry) in sheets:
                state, marks = "submitted", sheets[judge, entry]
            else:
                state, marks = "absent", {}
            rows.append({"judge": f"J{seat}", "proposal": key, "state": state, "marks": marks})
    columns = set(rules.other_parts(session.rule))
    drawn = (
        LotDraw.objects.filter(session=session, drawn_at__isnull=False).values_list("order", flat=True).first() or []
    )
    lots = {key: str(number) for number, key in enumerate(drawn, 1)}
    return {
        "format": "chuangtou/scoring@1",
        "rule": session.rule,
        "proposals": [
            {"key": key, "name": title, "state": "standing" if standing == "passed" else "withdrawn", "lot": lots.get(key or ""),
             **_brought(columns, *figures)}
            for _, key, title, standing, _, *figures in entries
        ],
        "judges": [{"key": f"J{seat}", "name": f"评委{seat}"} for _, seat in judges],
        "sheets": rows,
    }  # fmt: skip


def _brought(
    columns: set[str], parts: Mapping[str, str], factor: Decimal, bonus: Decimal, penalty: Decimal
) -> dict[str, Any]:
    """What a proposal brings along, as the format writes it; what is the format's default is left out."""
    known = {k: v for k, v in parts.items() if k in columns}
    found: dict[str, Any] = {"parts": known} if known else {}
    defaults = (("factor", factor, 1), ("bonus", bonus, 0), ("penalty", penalty, 0))
    return found | {name: plain_text(value) for name, value, default in defaults if value != default}
