"""Roadshow sessions, rubric, judges, draw, recusal, score sheets, results."""

from django.db import models
from django.db.models import F, Q

from accounts.models import Area, User
from organizations.models import Organization
from projects.models import Proposal, ProposalVersion
from rounds.models import Round


class SessionQuerySet(models.QuerySet["Session"]):
    def under(self, area: Area) -> "SessionQuerySet":
        return self.filter(round__street__path__startswith=area.path)

    def of_judge(self, user: User) -> "SessionQuerySet":
        return self.filter(judges__user=user)


class Session(models.Model):
    """One roadshow 路演评审会 of a round. Its rule is frozen with a digest when scoring opens."""

    class State(models.TextChoices):
        SETUP = "setup", "筹备中"
        SCORING = "scoring", "评分中"
        LOCKED = "locked", "已锁定"
        PUBLISHED = "published", "已公布"
        ENDED = "ended", "排练结束"

    round = models.ForeignKey(Round, models.PROTECT, related_name="+", verbose_name="期次")
    name = models.CharField("名称", max_length=60)
    held_on = models.DateField("日期")
    venue = models.CharField("地点", max_length=80, blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.SETUP)
    rule = models.JSONField("评分规则", help_text="the `rule` of chuangtou/scoring@1, criteria included")
    notes = models.JSONField(
        "评分说明",
        default=dict,
        blank=True,
        help_text='{"anchors": {criterion key: [[grade, sentence], …]}}, beside the rule',
    )
    rule_digest = models.CharField("规则摘要", max_length=64, blank=True)
    scoring_opened_at = models.DateTimeField("开放评分", null=True, blank=True)
    locked_at = models.DateTimeField("锁定时间", null=True, blank=True)
    locked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="锁定人")
    published_at = models.DateTimeField("公布时间", null=True, blank=True)
    is_paced = models.BooleanField("由主持人逐个开放评分", default=False, help_text="off: all open with the session")
    opens_after = models.PositiveSmallIntegerField(
        "校准", default=1, help_text="scoring opens only after this many presentations, for all of them together"
    )
    head = models.CharField(
        "流水总摘要", max_length=64, blank=True, help_text="made at the lock, judging/domain/ledger.py"
    )
    current = models.OneToOneField(
        "Result",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="现行结果",
        help_text="of the last lock",
    )
    reveals_after = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="等另一组评完再公布",
        help_text="no score of this session is revealed or published before that one is locked",
    )  # fmt: skip
    rehearsal_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="rehearsals", verbose_name="排练的评审会",
        help_text="a rehearsal can never be published, and nothing above this app reads it",
    )  # fmt: skip
    is_assigned = models.BooleanField(
        "分配评审", default=False, help_text="each judge scores only what she is assigned; off: every judge scores all"
    )
    pin = models.CharField("现场口令", max_length=6, blank=True, help_text="read out in the hall")
    is_demo = models.BooleanField("演示数据", default=False)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = "评审会"
        verbose_name_plural = "评审会"
        constraints = [
            models.UniqueConstraint(
                fields=["round", "name"],
                name="session_name_once_per_round",
                violation_error_message="本期次已有同名评审会。",
            ),
            models.CheckConstraint(
                condition=Q(state="setup", locked_at__isnull=True)
                | (Q(state="scoring", scoring_opened_at__isnull=False, locked_at__isnull=True) & ~Q(rule_digest=""))
                | (Q(state__in=["locked", "published"], locked_at__isnull=False) & ~Q(rule_digest=""))
                | Q(state="ended", rehearsal_of__isnull=False),
                name="session_state_has_its_moments",
                violation_error_message="评审会状态与时间不一致。",
            ),
            models.CheckConstraint(
                condition=Q(rehearsal_of=None) | ~Q(state="published"),
                name="session_rehearsal_never_published",
                violation_error_message="排练不能公布。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def result(self) -> "Result":
        """The result of the last lock. Raises Result.DoesNotExist where the session is not locked."""
        if self.current is None:
            raise Result.DoesNotExist
        return self.current


class Judge(models.Model):
    """A person's seat in one session; the role `judge` is this row and nothing else."""

    class Answer(models.TextChoices):
        COMING = "coming", "出席"
        AWAY = "away", "不能出席"

    session = models.ForeignKey(Session, models.PROTECT, related_name="judges", verbose_name="评审会")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="评委")
    seat = models.PositiveSmallIntegerField("席位")
    moves = models.PositiveIntegerField("流水条数", default=0)
    head = models.CharField("流水摘要", max_length=64, default="0" * 64, help_text="digest of the last move")
    seen_at = models.DateTimeField("最近在线", null=True, blank=True)
    answer = models.CharField("能否出席", max_length=10, choices=Answer.choices, blank=True)
    answer_words = models.CharField("说明", max_length=100, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    device = models.CharField("当前设备", max_length=64, blank=True, help_text="SHA-256 of the device's cookie")
    device_at = models.DateTimeField("设备启用时间", null=True, blank=True)

    class Meta:
        verbose_name = "评委"
        verbose_name_plural = "评委"
        constraints = [
            models.UniqueConstraint(
                fields=["session", "user"], name="judge_once_per_session", violation_error_message="该评委已在本场。"
            ),
            models.UniqueConstraint(
                fields=["session", "seat"], name="judge_seat_once", violation_error_message="席位重复。"
            ),
        ]


class SeatPass(models.Model):
    """A way to a seat: the invitation, which only answers and asks for the PIN, or a QR that signs in once.

    The token itself is known to nobody but its holder: here stands its SHA-256.
    """

    class Kind(models.TextChoices):
        INVITATION = "invitation", "邀请链接"
        QR = "qr", "席位二维码"

    judge = models.ForeignKey(Judge, models.CASCADE, related_name="passes", verbose_name="评委")
    kind = models.CharField("种类", max_length=10, choices=Kind.choices)
    digest = models.CharField("摘要", max_length=64, unique=True)
    made_at = models.DateTimeField("生成时间")
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="生成人")
    expires_at = models.DateTimeField("失效时间", null=True, blank=True)
    used_at = models.DateTimeField("使用时间", null=True, blank=True)

    class Meta:
        verbose_name = "席位凭证"
        verbose_name_plural = "席位凭证"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "kind"], name="seat_pass_one_of_a_kind", violation_error_message="席位凭证重复。"
            ),
            models.CheckConstraint(
                condition=Q(kind="invitation", expires_at=None, used_at=None) | Q(kind="qr", expires_at__isnull=False),
                name="seat_pass_qr_expires",
                violation_error_message="席位二维码必须有失效时间。",
            ),
        ]


class Entry(models.Model):
    """A proposal that is presented in a session, in the version that is judged; `position` comes from the draw."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="entries", verbose_name="评审会")
    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="+", verbose_name="项目")
    version = models.ForeignKey(ProposalVersion, models.PROTECT, related_name="+", verbose_name="评审版本")
    position = models.PositiveSmallIntegerField("出场顺序", null=True, blank=True)
    parts = models.JSONField("其他部分得分", default=dict, blank=True, help_text="part of the rule → decimal string")
    factor = models.DecimalField("系数", max_digits=7, decimal_places=4, default=1)
    bonus = models.DecimalField("加分", max_digits=9, decimal_places=4, default=0)
    penalty = models.DecimalField("扣分", max_digits=9, decimal_places=4, default=0)
    opened_at = models.DateTimeField("开放评分", null=True, blank=True, help_text="used where the session is paced")
    closed_at = models.DateTimeField("关闭评分", null=True, blank=True)

    class Meta:
        verbose_name = "参评项目"
        verbose_name_plural = "参评项目"
        constraints = [
            models.UniqueConstraint(
                fields=["session", "proposal"],
                name="entry_once_per_session",
                violation_error_message="该项目已在本场。",
            ),
            models.UniqueConstraint(
                fields=["session", "position"],
                condition=Q(position__isnull=False),
                name="entry_position_once",
                violation_error_message="出场顺序重复。",
            ),
            models.CheckConstraint(
                condition=Q(factor__gt=0, bonus__gte=0, penalty__gte=0),
                name="entry_figures_not_negative",
                violation_error_message="系数应大于 0，加分和扣分不能为负数。",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(opened_at__isnull=False),
                name="entry_closed_was_open",
                violation_error_message="没有开放过的项目不能关闭评分。",
            ),
        ]


class Draw(models.Model):
    """A witnessed draw for the order: the commitment is published first, the public number typed in before witnesses."""

    session = models.OneToOneField(Session, models.PROTECT, related_name="draw", verbose_name="评审会")
    commitment = models.CharField("承诺值", max_length=64, help_text="SHA-256 of the secret, shown before the draw")
    secret = models.CharField("密语", max_length=64, help_text="shown only after the draw")
    public_number = models.CharField("现场号码", max_length=20, blank=True)
    witnesses = models.CharField("见证人", max_length=100, blank=True)
    committed_at = models.DateTimeField("承诺时间")
    drawn_at = models.DateTimeField("抽签时间", null=True, blank=True)
    drawn_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="操作人")

    class Meta:
        verbose_name = "抽签"
        verbose_name_plural = "抽签"
        constraints = [
            models.CheckConstraint(
                condition=Q(drawn_at__isnull=True) | (~Q(public_number="") & ~Q(witnesses="")),
                name="draw_has_number_and_witnesses",
                violation_error_message="抽签必须有现场号码和见证人。",
            )
        ]


class LotDraw(models.Model):
    """A witnessed draw of lots for ties 同分抽签: every entry's lot, in the order drawn. Made as the running order is."""

    session = models.OneToOneField(Session, models.PROTECT, related_name="lots", verbose_name="评审会")
    commitment = models.CharField("承诺值", max_length=64, help_text="SHA-256 of the secret, shown before the draw")
    secret = models.CharField("密语", max_length=64, help_text="shown only after the draw")
    public_number = models.CharField("现场号码", max_length=20, blank=True)
    witnesses = models.CharField("见证人", max_length=100, blank=True)
    order = models.JSONField("签号顺序", default=list, help_text="receipt numbers; the first has lot 1")
    committed_at = models.DateTimeField("承诺时间")
    drawn_at = models.DateTimeField("抽签时间", null=True, blank=True)
    drawn_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="操作人")

    class Meta:
        verbose_name = "同分抽签"
        verbose_name_plural = "同分抽签"
        constraints = [
            models.CheckConstraint(
                condition=Q(drawn_at__isnull=True) | (~Q(public_number="") & ~Q(witnesses="")),
                name="lots_have_number_and_witnesses",
                violation_error_message="抽签必须有现场号码和见证人。",
            )
        ]


class Recusal(models.Model):
    """回避: this judge does not score this entry."""

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="recusals", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="recusals", verbose_name="项目")
    reason = models.CharField("理由", max_length=200)
    declared_at = models.DateTimeField("时间")
    confirmed_at = models.DateTimeField("确认时间", null=True, blank=True, help_text="it holds from the declaration on")
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="确认人"
    )

    class Meta:
        verbose_name = "回避"
        verbose_name_plural = "回避"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "entry"], name="recusal_once", violation_error_message="已登记回避。"
            )
        ]


class ScoreSheetQuerySet(models.QuerySet["ScoreSheet"]):
    def counted(self) -> "ScoreSheetQuerySet":
        """Submitted sheets of proposals that still stand."""
        return self.filter(state=ScoreSheet.State.SUBMITTED, entry__proposal__state=Proposal.State.PASSED)


class ScoreSheet(models.Model):
    """One judge's marks for one entry. A trigger refuses every write unless the session is scoring."""

    class State(models.TextChoices):
        DRAFT = "draft", "暂存"
        SUBMITTED = "submitted", "已提交"
        VOID = "void", "已作废"

    session = models.ForeignKey(Session, models.PROTECT, related_name="sheets", verbose_name="评审会")
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="sheets", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="sheets", verbose_name="项目")
    state = models.CharField("状态", max_length=10, choices=State.choices)
    marks = models.JSONField("得分", help_text="criterion key → decimal string")
    total = models.DecimalField("合计", max_digits=9, decimal_places=4, null=True, blank=True)
    comment = models.CharField("评语", max_length=300, blank=True)
    revision = models.PositiveIntegerField("修改次数", default=1)
    client_id = models.CharField("请求编号", max_length=64, blank=True, help_text="the last request that was applied")
    device = models.CharField("设备", max_length=40, blank=True)
    counter = models.PositiveIntegerField("设备序号", default=0)
    saved_at = models.DateTimeField("保存时间")
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)

    title = ""  # not a column: the project's title, where a service has it at hand

    objects = ScoreSheetQuerySet.as_manager()

    class Meta:
        verbose_name = "评分表"
        verbose_name_plural = "评分表"
        constraints = [
            models.UniqueConstraint(
                fields=["session", "judge", "entry"],
                name="sheet_once",
                violation_error_message="每位评委对每个项目只有一张评分表。",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "void"]) | Q(submitted_at__isnull=False, total__isnull=False),
                name="sheet_submitted_is_complete",
                violation_error_message="已提交的评分表必须有合计和时间。",
            ),
        ]


class Move(models.Model):
    """One line of the ledger 评分流水: whatever a judge sent, applied or not. Append-only, chained per judge.

    Applied kinds (kept, submitted, void) carry the revision of the sheet that they made; the others stand on record and
    never count. `digest` covers every other column that the open file shows, `previous` included.
    """

    class Kind(models.TextChoices):
        KEPT = "kept", "暂存"
        SUBMITTED = "submitted", "提交"
        VOID = "void", "作废"
        CONFLICT = "conflict", "与另一设备冲突，未采用"
        SUPERSEDED = "superseded", "已被同一设备后来的修改取代"
        LATE = "late", "锁定后送达，不计入"

    session = models.ForeignKey(Session, models.PROTECT, related_name="moves", verbose_name="评审会")
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="ledger", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="moves", verbose_name="项目")
    number = models.PositiveIntegerField("序号")
    kind = models.CharField("类别", max_length=10, choices=Kind.choices)
    marks = models.JSONField("得分")
    reason = models.CharField("理由", max_length=200, blank=True)
    base = models.PositiveIntegerField("所依据的修改次数", default=0)
    revision = models.PositiveIntegerField("生成的修改次数", default=0)
    client_id = models.CharField("请求编号", max_length=64, blank=True)
    device = models.CharField("设备", max_length=40, blank=True)
    counter = models.PositiveIntegerField("设备序号", default=0)
    by = models.CharField("录入", max_length=10, default="judge", help_text="judge, or clerk for a paper sheet")
    at = models.DateTimeField("时间")
    previous = models.CharField("前一条摘要", max_length=64)
    digest = models.CharField("摘要", max_length=64)

    class Meta:
        verbose_name = "评分流水"
        verbose_name_plural = "评分流水"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "number"], name="move_number_once", violation_error_message="流水序号重复。"
            ),
            models.UniqueConstraint(
                fields=["judge", "entry", "client_id"], condition=~Q(client_id=""), name="move_client_id_once",
                violation_error_message="同一请求只记一次。",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["kept", "submitted", "void"], revision__gt=0)
                | Q(kind__in=["conflict", "superseded", "late"], revision=0),
                name="move_applied_has_revision",
                violation_error_message="只有被采用的流水才有修改次数。",
            ),
        ]  # fmt: skip


class Relation(models.Model):
    """利害关系: what a judge has to do with an organization, as she or the office declared it. Holds for every session."""

    class Kind(models.TextChoices):
        KIN = "kin", "近亲属在该单位"
        OFFICE = "office", "任职或兼职"
        ADVICE = "advice", "顾问、指导或培训"
        MONEY = "money", "投资、合同或其他经济往来"
        DISPUTE = "dispute", "三年内有纠纷"
        HELPED = "helped", "参与过本次申报的准备"
        OTHER = "other", "其他"

    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="评委")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name="单位")
    kind = models.CharField("关系", max_length=10, choices=Kind.choices)
    words = models.CharField("说明", max_length=100, blank=True)
    declared_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="申报人")
    declared_at = models.DateTimeField("申报时间")

    class Meta:
        verbose_name = "利害关系"
        verbose_name_plural = "利害关系"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organization", "kind"],
                name="relation_once",
                violation_error_message="已申报这项关系。",
            )
        ]


class KeptJudge(models.Model):
    """不回避: the office looked at a hint and says why the judge may score the entry all the same."""

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="+", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="+", verbose_name="项目")
    reason = models.CharField("理由", max_length=200)
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="决定人")
    decided_at = models.DateTimeField("决定时间")

    class Meta:
        verbose_name = "不回避"
        verbose_name_plural = "不回避"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "entry"], name="kept_judge_once", violation_error_message="已决定不回避。"
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="kept_judge_has_reason", violation_error_message="不回避必须写明理由。"
            ),
        ]


class PoolJudge(models.Model):
    """评委库: somebody the street may invite to judge, with what she knows about."""

    street = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="街道")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="评委")
    unit = models.CharField("单位和职务", max_length=60, blank=True)
    expertise = models.CharField(
        "专长", max_length=120, blank=True, help_text="words that themes and categories are matched with"
    )
    is_active = models.BooleanField("可邀请", default=True)
    added_at = models.DateTimeField("入库时间")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="入库人")

    class Meta:
        verbose_name = "评委库"
        verbose_name_plural = "评委库"
        constraints = [
            models.UniqueConstraint(
                fields=["street", "user"], name="pool_judge_once", violation_error_message="已在评委库中。"
            )
        ]


class Assignment(models.Model):
    """分配评审: this judge reviews this entry. Counts only where the session is assigned."""

    judge = models.ForeignKey(Judge, models.CASCADE, related_name="assignments", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="assignments", verbose_name="项目")

    class Meta:
        verbose_name = "分配"
        verbose_name_plural = "分配"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "entry"], name="assignment_once", violation_error_message="已分配。"
            )
        ]


class Absence(models.Model):
    """缺评: it is on record that this judge gives no sheet for this entry. A sheet that comes after all counts."""

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="absences", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="absences", verbose_name="项目")
    reason = models.CharField("理由", max_length=200)
    recorded_at = models.DateTimeField("时间")
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")

    class Meta:
        verbose_name = "缺评"
        verbose_name_plural = "缺评"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "entry"], name="absence_once", violation_error_message="已登记缺评。"
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="absence_has_reason", violation_error_message="登记缺评必须写明理由。"
            ),
        ]


class CarriedSheet(models.Model):
    """转录: a sheet that came on paper or in a file from a device. One person enters it, another confirms it unchanged."""

    class Source(models.TextChoices):
        PAPER = "paper", "纸质评分表"
        FILE = "file", "设备导出"

    class State(models.TextChoices):
        ENTERED = "entered", "待复核"
        CONFIRMED = "confirmed", "已复核"
        REJECTED = "rejected", "已退回"

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="carried", verbose_name="评委")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="carried", verbose_name="项目")
    source = models.CharField("来源", max_length=10, choices=Source.choices)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.ENTERED)
    marks = models.JSONField("得分")
    total = models.DecimalField("合计", max_digits=9, decimal_places=4, null=True, blank=True)
    request = models.JSONField("设备请求", default=dict, blank=True, help_text="id, device, counter, base, after, do")
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="录入人")
    entered_at = models.DateTimeField("录入时间")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="复核人")
    decided_at = models.DateTimeField("复核时间", null=True, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        verbose_name = "转录的评分表"
        verbose_name_plural = "转录的评分表"
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "entry"],
                condition=Q(state="entered", source="paper"),
                name="carried_one_waiting",
                violation_error_message="这张评分表已录入，等待复核。",
            ),
            models.UniqueConstraint(
                fields=["judge", "entry", "request"],
                condition=Q(source="file"),
                name="carried_request_once",
                violation_error_message="这条设备记录已导入。",
            ),
            models.CheckConstraint(
                condition=Q(state="entered", decided_by=None, decided_at=None)
                | (~Q(state="entered") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="carried_decided_by_somebody",
                violation_error_message="复核必须写明人和时间。",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("entered_by")),
                name="carried_two_people",
                violation_error_message="录入和复核必须是两个人。",
            ),
        ]


class Stage(models.Model):
    """What the hall sees: who presents, the clock, what has been revealed. Every change makes a new version."""

    class Phase(models.TextChoices):
        WAITING = "waiting", "等待开始"
        PRESENTING = "presenting", "陈述中"
        QUESTIONS = "questions", "答辩中"
        BREAK = "break", "休息"
        REVEALING = "revealing", "揭晓中"
        FINAL = "final", "最终结果"

    session = models.OneToOneField(Session, models.PROTECT, related_name="stage", verbose_name="评审会")
    version = models.PositiveIntegerField("版本", default=0)
    key = models.CharField("大屏密钥", max_length=40, help_text="in the big screen's link; a new one revokes the old")
    phase = models.CharField("阶段", max_length=12, choices=Phase.choices, default=Phase.WAITING)
    entry = models.ForeignKey(Entry, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="当前项目")
    started_at = models.DateTimeField("计时开始", null=True, blank=True)
    paused_at = models.DateTimeField("暂停于", null=True, blank=True)
    paused_seconds = models.PositiveIntegerField("本阶段已暂停秒数", default=0)
    seconds_present = models.PositiveSmallIntegerField("陈述（秒）", default=300)
    seconds_question = models.PositiveSmallIntegerField("答辩（秒）", default=180)
    seconds_warning = models.PositiveSmallIntegerField("提前提醒（秒）", default=60)
    revealed = models.PositiveSmallIntegerField("已揭晓", default=0, help_text="how many lines, from the last rank up")
    changed_at = models.DateTimeField("更新时间")

    class Meta:
        verbose_name = "导播台"
        verbose_name_plural = "导播台"
        constraints = [
            models.CheckConstraint(
                condition=~Q(phase__in=["presenting", "questions"]) | Q(entry__isnull=False, started_at__isnull=False),
                name="stage_clock_has_entry",
                violation_error_message="陈述和答辩必须有当前项目。",
            )
        ]


class Result(models.Model):
    """The immutable outcome of one lock of a session: the whole input and output documents. Append-only."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="results", verbose_name="评审会")
    number = models.PositiveSmallIntegerField("第几次锁定", default=1)
    scoring = models.JSONField("评分文件", help_text="chuangtou/scoring@1")
    outcome = models.JSONField("结果文件", help_text="chuangtou/result@1")
    digest = models.CharField("结果摘要", max_length=64)
    heads = models.JSONField("流水摘要", default=dict, help_text="judge key → {moves, head} at the lock")
    made_at = models.DateTimeField("生成时间")

    class Meta:
        verbose_name = "评审结果"
        verbose_name_plural = "评审结果"
        constraints = [
            models.UniqueConstraint(
                fields=["session", "number"], name="result_number_once", violation_error_message="锁定次数重复。"
            )
        ]


class ResultLine(models.Model):
    """One proposal of a result: rank, printed score, exact fraction, arithmetic. Append-only; funding reads only these."""

    result = models.ForeignKey(Result, models.PROTECT, related_name="lines", verbose_name="评审结果")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="result_lines", verbose_name="参评项目")
    place = models.PositiveSmallIntegerField("排列")
    outcome = models.CharField("结论", max_length=20)
    rank = models.PositiveSmallIntegerField("名次", null=True, blank=True)
    score = models.DecimalField("最后得分", max_digits=9, decimal_places=4, null=True, blank=True)
    detail = models.JSONField("计算过程", help_text="this proposal's object of chuangtou/result@1")

    class Meta:
        verbose_name = "评审结果行"
        verbose_name_plural = "评审结果行"
        constraints = [
            models.UniqueConstraint(
                fields=["result", "entry"], name="result_line_once", violation_error_message="该项目在结果中只有一行。"
            ),
            models.CheckConstraint(
                condition=Q(outcome="ranked", rank__isnull=False, score__isnull=False)
                | (~Q(outcome="ranked") & Q(rank__isnull=True)),
                name="result_ranked_has_score",
                violation_error_message="有名次的项目必须有得分。",
            ),
        ]


class RuleChange(models.Model):
    """A change of the rule after scoring opened: proposed with a reason, decided by a second person, on record for ever."""

    class State(models.TextChoices):
        WAITING = "waiting", "待批准"
        APPLIED = "applied", "已生效"
        REFUSED = "refused", "未批准"

    session = models.ForeignKey(Session, models.PROTECT, related_name="rule_changes", verbose_name="评审会")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.WAITING)
    old_rule = models.JSONField("原规则")
    new_rule = models.JSONField("新规则")
    old_digest = models.CharField("原规则摘要", max_length=64)
    new_digest = models.CharField("新规则摘要", max_length=64)
    reason = models.CharField("理由", max_length=300)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="提出人")
    proposed_at = models.DateTimeField("提出时间")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="批准人")
    decided_at = models.DateTimeField("批准时间", null=True, blank=True)
    words = models.CharField("批准意见", max_length=300, blank=True)

    class Meta:
        verbose_name = "规则变更"
        verbose_name_plural = "规则变更"
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(state="waiting"), name="rule_change_one_waiting",
                violation_error_message="已有一项规则变更等待批准。",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_by=None, decided_at=None)
                | (~Q(state="waiting") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="rule_change_decided_by_somebody",
                violation_error_message="决定必须写明人和时间。",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="rule_change_two_people",
                violation_error_message="提出和批准必须是两个人。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="rule_change_has_reason", violation_error_message="变更规则必须写明理由。"
            ),
        ]  # fmt: skip


class Unlock(models.Model):
    """解锁: asked with a reason, approved by the leader, co-signed by the supervisor; it undoes one lock, once."""

    class State(models.TextChoices):
        WAITING = "waiting", "待会签"
        DONE = "done", "已解锁"
        WITHDRAWN = "withdrawn", "已撤回"

    session = models.ForeignKey(Session, models.PROTECT, related_name="unlocks", verbose_name="评审会")
    result = models.ForeignKey(Result, models.PROTECT, related_name="+", verbose_name="所解锁的结果")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField("理由", max_length=300)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="申请人")
    asked_at = models.DateTimeField("申请时间")
    expires_at = models.DateTimeField("过期时间")
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="批准人"
    )
    approved_at = models.DateTimeField("批准时间", null=True, blank=True)
    cosigned_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="会签人"
    )
    cosigned_at = models.DateTimeField("会签时间", null=True, blank=True)

    class Meta:
        verbose_name = "解锁"
        verbose_name_plural = "解锁"
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(state="waiting"), name="unlock_one_waiting",
                violation_error_message="已有一项解锁申请等待会签。",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(cosigned_by=None) | ~Q(approved_by=F("cosigned_by")),
                name="unlock_two_people",
                violation_error_message="批准和会签必须是两个人。",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(approved_by__isnull=False, cosigned_by__isnull=False),
                name="unlock_done_is_signed",
                violation_error_message="解锁必须有批准和会签。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="unlock_has_reason", violation_error_message="解锁必须写明理由。"
            ),
        ]  # fmt: skip


class SupervisorNote(models.Model):
    """监督记录: what the supervisor saw. Append-only."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="supervisor_notes", verbose_name="评审会")
    entry = models.ForeignKey(Entry, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目")
    words = models.CharField("记录", max_length=500)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="监督员")
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "监督记录"
        verbose_name_plural = "监督记录"
