"""What can be done with a need: form, words and service per act."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from needs import rules, services
from needs.forms import act as forms
from needs.models import Need

Form = forms.ActForm


@dataclass(frozen=True, slots=True)
class Act:
    """One act: the button, what it does in a sentence, what is said when it is done, its form, its service."""

    words: str
    hint: str
    done: str
    form: type[Form]
    run: Callable[..., Any]
    fields: tuple[str, ...]

    def do(self, need: Need, data: dict[str, Any], **who: Any) -> Any:
        """Call the service with what the form says."""
        given = {name: data.get(name) for name in self.fields}
        return self.run(need_id=need.pk, seen=data["seen"], **given, **who)


REASON = ("reason",)
ACTS: dict[str, Act] = {
    "analyse": Act(
        "分析", "定分级和处置方式，办理期限随处置方式计算。", "已分析，期限已计算。", forms.AnalyseForm, services.analyse_need,
        ("route", "level", "category", "grid", "words"),
    ),
    "begin": Act("开始处置", "分析好了，着手办理。", "已开始处置。", Form, services.begin_need, ()),
    "finish": Act("处置完毕", "办好了，接着反馈给居民。", "已登记处置完毕，请把结果反馈给居民。", forms.FinishForm, services.finish_need, ("words",)),
    "close": Act("办结", "有居民评议后办结。", "已办结。", forms.CloseForm, services.close_need, REASON),
    "assign": Act("确定承办人", "A岗承办，B岗代办。", "已确定承办人。", forms.AssignForm, services.assign_need, ("worker", "deputy")),
    "escalate": Act("上报", "网格办不了报社区，社区办不了报街道。", "已上报。", forms.ReasonForm, services.escalate_need, REASON),
    "refer": Act("转交部门", "属于职能部门的事；社区继续跟踪并反馈。", "已登记转交。", forms.ReferForm, services.refer_need, ("department", "reason")),
    "transfer": Act("转交其他社区", "由对方社区从分析开始办。", "已转交。", forms.TransferForm, services.transfer_need, ("community", "reason")),
    "hold": Act("挂起", "暂时办不了，到期自动恢复。", "已挂起，到期自动恢复办理。", forms.HoldForm, services.hold_need, ("reason", "until")),
    "resume": Act("恢复办理", "从挂起前的一步接着办。", "已恢复办理。", Form, services.resume_need, ()),
    "give_back": Act("退回上一步", "前一步没有做好，说明哪里要重做。", "已退回上一步。", forms.ReasonForm, services.give_back_need, REASON),
    "refuse": Act("不予受理", "居民查进度时会看到理由。", "已登记不予受理，居民查进度时会看到理由。", forms.ToldReasonForm, services.refuse_need, REASON),
    "reopen": Act("重新办理", "已办结或不予受理的，重新办。", "已重新办理。", forms.ToldReasonForm, services.reopen_need, REASON),
    "split": Act("拆出来单独办", "与合并的那件不是同一件事。", "已拆出来，单独办理。", forms.ReasonForm, services.split_need, REASON),
    "publish": Act("公开内容", "核对后，居民在“需求公开”里能看到并附议。", "公开内容已保存。", forms.PublishForm, services.publish_words, ("words",)),
}  # fmt: skip

# The act that leads on from a state; the others are offered below it
NEXT = {
    "collected": "analyse", "analysed": "begin", "handling": "finish", "feedback": "tell", "rating": "close",
    "held": "resume", "merged": "split",
}  # fmt: skip


def make_form(act: str, need: Need, *args: Any) -> Form:
    """The form of an act on a need, unbound or with what was posted and the files."""
    return ACTS[act].form(*args, need=need, prefix=act)


def offered(user: Any, need: Need, bound: tuple[str, Form] | None = None) -> dict[str, Any]:
    """`first`: (act, Act, form) to go on with, or None; `others`: the rest; `tell`: the feedback form, or None.

    A refused form takes the place of the fresh one and stands open.
    """
    allowed = rules.acts_of(user, need)
    if rules.can_handle(user, need) and need.state not in (Need.State.MERGED, Need.State.REFUSED):
        allowed |= {"publish"}
    named, refused = bound or ("", None)
    shown = []
    for act, what in ACTS.items():
        if act in allowed or act == named:
            form = refused if act == named and refused is not None else make_form(act, need)
            shown.append((act, what, form))
    first = next((row for row in shown if row[0] == NEXT.get(need.state)), None)
    tells = rules.can_work(user, need) and need.state not in (Need.State.MERGED, Need.State.REFUSED)
    tell = refused if named == "tell" else forms.FeedbackForm(need=need, prefix="tell") if tells else None
    return {
        "first": first, "others": [row for row in shown if row is not first], "tell": tell, "named": named,
        "tell_first": need.state == Need.State.FEEDBACK,
    }  # fmt: skip
