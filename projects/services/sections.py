"""What the round asks of an application beside the fixed fields: sections, attachments, commitment."""

from collections.abc import Mapping
from typing import Any

from core.clock import spoken
from core.exact import digest
from organizations.models import Organization
from projects.domain import sections as domain
from projects.domain.parts import target_content, target_gaps, team_content, team_gaps
from projects.models import Proposal
from projects.services.parts import parts_of
from rounds.domain.papers import OWN, PAPERS, SEAL, Paper, Section, papers_of, sections_of
from rounds.models import Round

CARRIED = ("intro", "experience")  # sections that the next application begins with


def is_page(round_: Round) -> bool:
    """Whether applications to the round are one page."""
    return round_.paper == Round.Paper.PAGE


def asked(round_: Round) -> list[Section]:
    """Sections of the round, in the order of the application; one page has none."""
    return [] if is_page(round_) else sections_of(round_.sections)


def papers_for(proposal: Proposal) -> list[Paper]:
    """Kinds of attachments that this applicant may hand in. A round that names none takes what there is."""
    round_ = proposal.round
    found = papers_of(round_.papers, proposal.organization.kind)
    if not round_.papers:
        return [Paper(p.key, p.label, False, 15, 20, ()) for p in PAPERS.values() if p.key not in OWN]
    if round_.opinion and all(p.key != SEAL for p in found):
        kind = PAPERS[SEAL]
        found.append(Paper(SEAL, kind.label, False, kind.most, kind.megabytes, ()))
    return found


def paper_labels(proposal: Proposal) -> dict[str, str]:
    """What each kind of attachment is called in the round."""
    return {k: p.label for k, p in PAPERS.items()} | {p.key: p.label for p in papers_of(proposal.round.papers)}


def missing_papers(round_: Round, applicant: str, counts: Mapping[str, int]) -> list[Paper]:
    """Kinds that the round wants of this kind of applicant and that are not there; `counts` by kind."""
    return [p for p in papers_of(round_.papers, applicant) if p.is_required and not counts.get(p.key)]


def paper_gaps(proposal: Proposal) -> list[tuple[str, str]]:
    """Attachments that are still missing: (field, sentence)."""
    if not any(row["required"] for row in proposal.round.papers):
        return []
    kinds = list(proposal.attachments.standing().values_list("kind", flat=True))
    lacks = missing_papers(proposal.round, proposal.organization.kind, {k: kinds.count(k) for k in kinds})
    return [("attachments", f"请在附件材料中上传{p.label}") for p in lacks]


def section_gaps(proposal: Proposal) -> list[tuple[str, str]]:
    """What is still missing in the sections: (field, sentence)."""
    wanted = asked(proposal.round)
    if not wanted:
        return []
    parts = parts_of(proposal)
    team, targets = list(parts.team or ()), list(parts.targets or ())
    found = domain.gaps(wanted, proposal.sections, {"team": len(team), "targets": len(targets)})
    if domain.asks_table(wanted, "team"):
        found += [("team", words) for words in team_gaps(team)]
    if domain.asks_table(wanted, "targets"):
        found += [("targets", words) for words in target_gaps(targets, proposal.beneficiaries)]
    return found


def sections_filled(proposal: Proposal) -> list[domain.Filled]:
    """How far each section is, for the meter."""
    wanted = asked(proposal.round)
    rows = {s.key: getattr(proposal, s.key).count() for s in wanted if s.kind.is_table}
    return domain.filled(wanted, proposal.sections, rows)


def put_sections(proposal: Proposal, facts: Mapping[str, Any]) -> None:
    """Take the texts of the sections out of the facts of a save."""
    told = _told(facts)
    texts = {s.key: domain.tidy(told[s.key]) for s in asked(proposal.round) if not s.kind.is_table and s.key in told}
    proposal.sections = {k: v for k, v in (proposal.sections | texts).items() if v}


def changed_sections(proposal: Proposal, facts: Mapping[str, Any]) -> set[str]:
    """Fields of the sections whose text a save would change."""
    return domain.changed(asked(proposal.round), proposal.sections, _told(facts))


def _told(facts: Mapping[str, Any]) -> dict[str, str]:
    cut = len(domain.PREFIX)
    return {name[cut:]: str(words or "") for name, words in facts.items() if name.startswith(domain.PREFIX)}


def first_sections(round_: Round, organization: Organization) -> dict[str, str]:
    """What a new application begins with: who the applicant is, from its last application or from the registry."""
    wanted = {s.key: s for s in asked(round_) if s.key in CARRIED}
    if not wanted:
        return {}
    last = (
        Proposal.objects.filter(organization=organization)
        .exclude(sections={})
        .order_by("-pk")
        .values_list("sections", flat=True)
        .first()
    )
    found = {key: words for key, words in (last or {}).items() if key in wanted}
    if "intro" in wanted and not found.get("intro"):
        found["intro"] = _registered(organization)[: wanted["intro"].most]
    return found


def _registered(organization: Organization) -> str:
    words = f"{organization.name}，{organization.get_kind_display()}"
    if organization.founded_on:
        words += f"，{spoken(organization.founded_on)}成立"
    if organization.grade:
        words += f"，评估等级{organization.get_grade_display()}"
    return words + "。" + (f"业务范围：{organization.business.rstrip('。')}。" if organization.business else "")


def sections_content(proposal: Proposal) -> dict[str, Any]:
    """What a version keeps of all this; nothing where the round asks nothing."""
    round_ = proposal.round
    wanted = asked(round_)
    found: dict[str, Any] = {"paper": round_.paper} if is_page(round_) else {}
    if texts := domain.as_content(wanted, proposal.sections):
        found["sections"] = texts
    if any(s.kind.is_table for s in wanted):
        parts = parts_of(proposal)
        if domain.asks_table(wanted, "team"):
            found["team"] = team_content(parts.team or ())
        if domain.asks_table(wanted, "targets"):
            found["targets"] = target_content(parts.targets or ())
    if round_.promise:
        found["promise"] = {"words": round_.promise, "digest": digest(round_.promise)}
    return found
