"""W5: 补正通知书 and 不予受理通知书, from the decision as it stands on record."""

import tempfile
from pathlib import Path

from core.clock import local, spoken
from core.documents import Part, Plain, Signed, write_document
from projects.models import EligibilityDecision, Proposal
from projects.services import FIELDS, fields_of

TITLES = {EligibilityDecision.Outcome.RETURN: "补正通知书", EligibilityDecision.Outcome.REFUSE: "不予受理通知书"}


def notice_title(decision: EligibilityDecision) -> str | None:
    """What the notice is called; None where a decision has none (it passed)."""
    return TITLES.get(EligibilityDecision.Outcome(decision.outcome))


def notice_word(decision: EligibilityDecision, proposal: Proposal) -> bytes:
    """The notice as .docx, dated the day of the decision. `proposal` comes with its round, street and organization."""
    round_, title = proposal.round, TITLES[EligibilityDecision.Outcome(decision.outcome)]
    parts: list[Part] = []
    if proposal.is_demo or round_.is_demo:
        parts.append(Plain("演示数据：单位、项目和金额为演示而编。"))
    name, receipt = decision.version.content["title"], proposal.receipt_number
    parts.append(Plain(f"{proposal.organization.name}："))
    parts.append(
        f"你单位申报“{round_.title}”的项目“{name}”（受理编号 {receipt}，第 {decision.version.number} 版）收悉。"
    )
    if decision.outcome == EligibilityDecision.Outcome.RETURN:
        parts.append("经资格初审，以下栏目需要补正：")
        labels = FIELDS | fields_of(round_)
        marked = [labels.get(f, f) for f in decision.fields_open]
        parts += [f"{n}．{words}" for n, words in enumerate(marked, 1)]
        parts.append(f"补正意见：{decision.reason}")
        if decision.complete_by is not None:
            until = local(decision.complete_by)
            parts.append(
                f"请于{spoken(until.date())}{until:%H:%M:%S}（北京时间）前在平台修改上述栏目并重新提交。逾期不能再提交。"
            )
    else:
        parts += ["经资格初审，不符合本期申报条件，决定不予受理。", f"理由：{decision.reason}"]
        if round_.objection_contact:
            parts.append(f"如对本决定有异议，可以联系：{round_.objection_contact}。")
    parts += ["特此通知。", Signed(round_.street.name, spoken(local(decision.decided_at).date()))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notice.docx"
        write_document(path, title, parts, author=round_.street.name)
        return path.read_bytes()
