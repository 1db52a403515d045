"""What is handed in: everything of a proposal as plain JSON."""

from typing import Any

from projects.domain.parts import as_content
from projects.models import Partner, Proposal
from projects.services.heads import pleas_content
from projects.services.papers import attachments_of
from projects.services.parts import parts_of
from projects.services.sections import sections_content


def content_of(proposal: Proposal) -> dict[str, Any]:
    """Everything that is handed in, as plain JSON: what is judged and kept. Of a draft: what would be handed in."""
    return {
        "round": proposal.round.title,
        "organization": proposal.organization.name,
        "organization_kind": proposal.organization.get_kind_display(),
        "title": proposal.title,
        "theme": proposal.theme.name if proposal.theme else "",
        "category": proposal.category,
        "community": proposal.community.name if proposal.community else "",
        "summary": proposal.summary,
        "plan": proposal.plan,
        "indicators": proposal.indicators,
        "starts_on": "" if proposal.starts_on is None else proposal.starts_on.isoformat(),
        "ends_on": "" if proposal.ends_on is None else proposal.ends_on.isoformat(),
        "beneficiaries": proposal.beneficiaries,
        "volunteers": proposal.volunteers,
        "unanswered": proposal.unanswered,
        "requested": "" if proposal.requested is None else f"{proposal.requested:.2f}",
        "minimum": "" if proposal.minimum is None else f"{proposal.minimum:.2f}",
        "needs": [
            {"number": number, "community": community, "words": words}
            for number, community, words in proposal.needs.order_by("pk").values_list("number", "community__name", "words")
        ],
        "orders": [
            {"number": number, "community": community, "title": title}
            for number, community, title in proposal.orders.order_by("pk").values_list("number", "community__name", "title")
        ],
        "lines": [
            {
                "head": line.get_head_display(), "item": line.item, "unit_price": f"{line.unit_price:.2f}",
                "quantity": line.quantity, "amount": f"{line.amount:.2f}", "grant": f"{line.grant:.2f}",
                "self_raised": f"{line.self_raised:.2f}", "other": f"{line.other:.2f}",
            }
            for line in proposal.lines.order_by("position")
        ],
        "pleas": pleas_content(proposal),
        **as_content(parts_of(proposal), dict(Partner.Kind.choices)),
        "attachments": attachments_of(proposal),
        **sections_content(proposal),
    }  # fmt: skip
