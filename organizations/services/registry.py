"""Registering organizations and their people."""

import re
import unicodedata
from datetime import datetime

from django.db import IntegrityError, transaction
from stdnum.cn import uscc as uscc_rules
from stdnum.exceptions import ValidationError as NotUscc

from accounts.models import Area, User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.pinyin import pinyin_key
from organizations import rules
from organizations.domain.uscc import WRONG
from organizations.models import Membership, Organization
from organizations.rules import may_manage


class BadUscc(DomainError):
    message = WRONG


class UsccMissing(DomainError):
    message = "登记社会组织必须填写统一社会信用代码。"


class CommunityMissing(DomainError):
    message = "社区（村）党组织必须选择所在社区。"


class GroupIncomplete(DomainError):
    message = "居民小组须写明所在社区、负责人和支持单位（管账户的单位）。"


class GroupHasNoCode(DomainError):
    message = "居民小组没有统一社会信用代码，请留空；有代码的请选其他性质。"


class AlreadyRegistered(DomainError):
    message = "本街道已有同名组织，或该信用代码已登记。"


class AlreadyMember(DomainError):
    message = "该人员已是本组织成员。"


def compact(text: str) -> str:
    """The code without what people put between its signs; full-width signs are the plain ones."""
    return re.sub(r"[\s-]+", "", unicodedata.normalize("NFKC", text)).upper()


def clean_uscc(text: str) -> str:
    """A valid unified social credit code: compact, upper case. Raises BadUscc."""
    try:
        return str(uscc_rules.validate(compact(text)))
    except NotUscc as error:
        raise BadUscc from error


def check_group(kind: str, *, uscc: str, community: Area | None, legal_name: str, supporter: str) -> None:
    """A group of residents has no code, but a community, somebody who answers for it, and a unit that holds its money.

    Raises GroupIncomplete, GroupHasNoCode.
    """
    if kind != Organization.Kind.GROUP:
        return
    if uscc:
        raise GroupHasNoCode
    if community is None or not legal_name.strip() or not supporter.strip():
        raise GroupIncomplete


def register(
    *,
    street: Area,
    kind: str,
    name: str,
    at: datetime,
    by: User | None,
    uscc: str = "",
    community: Area | None = None,
    legal_name: str = "",
    supporter: str = "",
    is_demo: bool = False,
) -> Organization:
    """Register an organization. Needs an open transaction.

    Raises UsccMissing, BadUscc, CommunityMissing, GroupIncomplete, GroupHasNoCode, AlreadyRegistered.
    """
    if by is not None and not rules.can_register(by, street.pk):
        raise NotAllowed
    if kind == Organization.Kind.SOCIAL and not uscc and not is_demo:
        raise UsccMissing
    if kind == Organization.Kind.PARTY and community is None:
        raise CommunityMissing
    check_group(kind, uscc=uscc, community=community, legal_name=legal_name, supporter=supporter)
    code = clean_uscc(uscc) if uscc else None
    try:
        with transaction.atomic():
            row = Organization.objects.create(
                street=street, kind=kind, name=name.strip(), pinyin=pinyin_key(name.strip()), uscc=code, community=community,
                legal_name=legal_name.strip(), supporter=supporter.strip(), is_demo=is_demo, created_at=at,
            )  # fmt: skip
    except IntegrityError as error:
        raise AlreadyRegistered from error
    record(actor=by, verb="organizations.registered", about=row, at=at, scope_id=street.pk)
    return row


@transaction.atomic(durable=True)
def register_organization(
    *, street: Area, kind: str, name: str, uscc: str, community: Area | None, at: datetime, by: User, legal_name: str = "",
    supporter: str = "",
) -> Organization:  # fmt: skip
    """Register an organization in a transaction of its own; see `register`."""
    return register(
        street=street, kind=kind, name=name, at=at, by=by, uscc=uscc, community=community, legal_name=legal_name, supporter=supporter
    )  # fmt: skip


def add_member(*, organization: Organization, user: User, duty: str, at: datetime, by: User | None) -> Membership:
    """Let a person act for an organization. Needs an open transaction. Raises AlreadyMember."""
    if by is not None and not may_manage(by, organization):
        raise NotAllowed
    if Membership.objects.filter(organization=organization, user=user).exists():
        raise AlreadyMember
    row = Membership.objects.create(organization=organization, user=user, duty=duty, since=at)
    record(
        actor=by, verb="organizations.member_added", about=organization, at=at, scope_id=organization.street_id,
        facts={"user": user.pk, "duty": duty},
    )  # fmt: skip
    return row
