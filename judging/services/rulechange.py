"""The rule after scoring has opened: a change needs a reason and a second person, and results say 规则v2."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import Role, User
from accounts.rules import may
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.exact import digest
from judging import rules
from judging.domain.scoring import check_rule
from judging.models import Judge, RuleChange, Session
from judging.services.setup import BadRule, NoReason, locked
from judging.services.sheets import ScoringNotOpen, closed
from judging.services.telling import session_changed


class CriteriaStay(DomainError):
    message = "评分项、满分和每档分值在开放评分后不能改：评委已按它打分。能改的是去掉几个最高最低分、平均或中位数、名次和同分办法等。"
    status = 400


class NothingChanges(DomainError):
    message = "规则没有变化。"
    status = 400


class ChangeWaits(DomainError):
    message = "已有一项规则变更等待批准，请先批准或不批准。"


class ChangeDecided(DomainError):
    message = "这项规则变更已经决定过了，请刷新页面查看。"


class ProposerDecides(DomainError):
    message = "提出和批准必须是两个人，请由街道领导批准。"


class JudgeDecides(DomainError):
    message = "本场评委不能提出或批准规则变更。"
    status = 403


def _scoring(session_id: int) -> Session:
    session = locked(session_id)
    if session.state == Session.State.SETUP:
        raise ScoringNotOpen
    if session.state != Session.State.SCORING:
        raise closed(session.locked_at)
    return session


def _no_judge(session: Session, by: User) -> None:
    if Judge.objects.filter(session=session, user=by).exists():
        raise JudgeDecides


@transaction.atomic(durable=True)
def propose_rule(*, session_id: int, rule: Mapping[str, Any], reason: str, by: User, at: datetime) -> RuleChange:
    """Propose another arithmetic for the same marks.

    Raises NotAllowed, JudgeDecides, ScoringNotOpen, ScoringClosed, NoReason, BadRule, CriteriaStay, NothingChanges, ChangeWaits.
    """
    session = _scoring(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    _no_judge(session, by)
    if not reason.strip():
        raise NoReason
    version = f"v{int(session.rule['version'].removeprefix('v')) + 1}"
    new = {**rule, "version": version}
    if new["criteria"] != session.rule["criteria"]:
        raise CriteriaStay
    if {**new, "version": ""} == {**session.rule, "version": ""}:
        raise NothingChanges
    try:
        check_rule(new)
    except DomainError as error:
        raise BadRule(why=error.message) from error
    try:
        with transaction.atomic():
            change = RuleChange.objects.create(
                session=session, old_rule=session.rule, new_rule=new, old_digest=session.rule_digest, new_digest=digest(new),
                reason=reason.strip()[:300], proposed_by=by, proposed_at=at,
            )  # fmt: skip
    except IntegrityError as error:
        raise ChangeWaits from error
    record(
        actor=by, verb="judging.rule_change_proposed", about=session, at=at, scope_id=session.round.street_id, reason=change.reason,
        facts={"version": version, "digest": change.new_digest},
    )  # fmt: skip
    return change


@transaction.atomic(durable=True)
def decide_rule(*, change_id: int, approve: bool, words: str, by: User, at: datetime) -> RuleChange:
    """A leader lets the change take effect, or not (with words).

    Raises NotAllowed, JudgeDecides, ProposerDecides, NoReason, ScoringClosed, ChangeDecided.
    """
    session_id = RuleChange.objects.values_list("session_id", flat=True).get(pk=change_id)
    session = locked(session_id)
    if not may(by, session.round.street, Role.LEADER):
        raise NotAllowed
    if session.state != Session.State.SCORING:
        raise closed(session.locked_at)
    _no_judge(session, by)
    change = RuleChange.objects.select_for_update().get(pk=change_id)
    if change.state != RuleChange.State.WAITING:
        raise ChangeDecided
    if change.proposed_by_id == by.pk:
        raise ProposerDecides
    if not approve and not words.strip():
        raise NoReason
    change.state = RuleChange.State.APPLIED if approve else RuleChange.State.REFUSED
    change.decided_by, change.decided_at, change.words = by, at, words.strip()[:300]
    change.save(update_fields=["state", "decided_by", "decided_at", "words"])
    if approve:
        session.rule, session.rule_digest = change.new_rule, change.new_digest
        session.save(update_fields=["rule", "rule_digest"])
        session_changed(session, at)
    record(
        actor=by, verb="judging.rule_changed" if approve else "judging.rule_change_refused", about=session, at=at,
        scope_id=session.round.street_id, reason=change.words or change.reason,
        facts={"version": change.new_rule["version"], "digest": change.new_digest},
    )  # fmt: skip
    return change
