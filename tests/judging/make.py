"""Sessions for tests, made through the services: any number of entries and judges, in any state."""

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

from django.test import Client

from judging import rules, services
from judging.domain.rubrics import RUBRICS
from judging.models import Entry, Session
from judging.services.absences import NoGaps, record_absences
from needs.services import draft_order, list_order, post_need
from projects.domain.budget import Line
from projects.services import decide_eligibility, save_draft, start_proposal, submit_proposal
from tests.world import organization, person


def make_order(world, at):
    """A service order on the round's list; returns its id."""
    who, community = world.here.people["community"], world.here.communities[0]
    need = post_need(
        community=community, channel="visit", category="culture", words="想有个活动的地方。", people_count=9, urgency="low", at=at,
        by=who, contact_name="王某", contact_phone="13800000000", consented=True,
    )  # fmt: skip
    order = draft_order(
        community=community, need_ids=[need.pk], title="文艺角", target="居民", content="每周一次。", price_ceiling=Decimal(9000), by=who, at=at,
    )  # fmt: skip
    list_order(order_id=order.pk, round_id=world.here.round.pk, by=who, at=at)
    return order.pk


def make_passed_proposals(world, at, count):
    """Proposals that passed the eligibility check, each of an organization of its own; returns their ids."""
    from organizations.models import Membership

    order, here, found = make_order(world, at), world.here, []
    for i in range(count):
        member = person(f"applicant{i}", at)
        unit = organization(here.area, f"第{i}协会", at)
        Membership.objects.create(organization=unit, user=member, duty="clerk", since=at)
        draft = start_proposal(
            round_id=here.round.pk, organization=unit, title=f"项目{i}", by=member, at=at, order_ids=[order]
        )
        facts = {
            "title": f"项目{i}", "theme": here.themes[2].pk, "category": "文体娱乐类", "community": here.communities[0].pk,
            "summary": "简介", "plan": "计划", "indicators": "指标", "starts_on": date(here.round.apply_closes_at.year + 1, 1, 1), "ends_on": date(here.round.apply_closes_at.year + 1, 12, 31), "beneficiaries": 100, "minimum": Decimal(5000),
        }  # fmt: skip
        save_draft(
            proposal_id=draft.pk, facts=facts, lines=[Line("activity", "物资", Decimal(1000), 9, Decimal(0))], need_ids=[],
            order_ids=[order], revision=0, by=member, at=at,
        )  # fmt: skip
        submit_proposal(proposal_id=draft.pk, by=member, at=at)
        decide_eligibility(proposal_id=draft.pk, outcome="pass", by=here.people["office"], at=at)
        found.append(draft.pk)
    return found


def make_session(
    world,
    at,
    *,
    entries=1,
    judges=("judge", "second_judge", "third_judge"),
    quorum=2,
    rule=None,
    name="路演",
):
    """A session in preparation. `judges`: keys of `world.here.people`, or users."""
    who = world.here.people
    session = services.create_session(
        round_id=world.here.round.pk, name=name, held_on=date(2026, 11, 30), venue="礼堂", by=who["office"], at=at,
        rule=rule or services.make_rule(RUBRICS["community"].as_criteria(), quorum=quorum),
    )  # fmt: skip
    proposals = make_passed_proposals(world, at, entries)
    services.set_entries(session_id=session.pk, proposal_ids=proposals, by=who["office"], at=at)
    people = [who[j] if isinstance(j, str) else j for j in judges]
    services.seat_judges(session_id=session.pk, user_ids=[p.pk for p in people], by=who["office"], at=at)
    return session


def open_session(world, at, **options):
    """A session drawn and open for scoring; returns it with its entries in running order."""
    session, office = make_session(world, at, **options), world.here.people["office"]
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="2026133", witnesses="见证人", by=office, at=at)
    services.open_scoring(session_id=session.pk, by=office, at=at)
    return Session.objects.get(pk=session.pk), list(Entry.objects.filter(session=session).order_by("position"))


def full_marks(session, less="0"):
    """Every criterion at its maximum minus `less`."""
    return {c["key"]: str(Decimal(c["max"]) - Decimal(less)) for c in session.rule["criteria"]}


def hand_in(session, entry, judge, at, *, marks=None, submit=True, base=0, client=""):
    """One judge's sheet through the service."""
    return services.save_sheet(
        entry_id=entry.pk, judge=judge, marks=marks or full_marks(session), submit=submit, at=at,
        request=services.Request(client_id=client or f"{judge.pk}-{entry.pk}-{base}", base=base),
    )  # fmt: skip


def lock(world, session, at, reason="测试缺评"):
    """Lock an hour after `at`; whatever is missing is recorded as absent first."""
    office, later = world.here.people["office"], at + timedelta(hours=1)
    while True:  # judges may hand in while we look
        gaps = [(g.judge_id, g.entry_id) for g in rules.gaps(session)]
        if gaps:
            with suppress(NoGaps):
                record_absences(session_id=session.pk, gaps=gaps, reason=reason, by=office, at=later)
        with suppress(services.Gaps):
            return services.lock_session(session_id=session.pk, by=office, at=later)


def publish(world, session, at):
    """Publish two hours after `at`."""
    return services.publish_result(session_id=session.pk, by=world.here.people["office"], at=at + timedelta(hours=2))


def signed_in(user):
    """A client that is signed in."""
    client = Client()
    client.force_login(user)
    return client
