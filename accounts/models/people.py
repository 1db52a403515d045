"""People, areas (区 → 街道 → 社区 → 网格) and roles with their scope."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username=username)


class User(AbstractBaseUser):
    """A person who signs in with a user name or phone and a password. Nobody is staff or superuser."""

    username = models.CharField("用户名", max_length=40, unique=True)
    phone = models.CharField("手机号", max_length=20, unique=True, null=True, blank=True)
    email = models.EmailField("电子邮件", blank=True)
    display_name = models.CharField("姓名", max_length=40)
    street = models.ForeignKey("Area", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="所属街道")
    is_active = models.BooleanField("启用", default=True)
    is_demo = models.BooleanField("演示账号", default=False)
    created_at = models.DateTimeField("创建时间", auto_now_add=True)
    must_change_password = models.BooleanField(
        "须改密码", default=False, help_text="the password was made by somebody else"
    )
    password_changed_at = models.DateTimeField("密码设定时间", default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = "账号"
        verbose_name_plural = "账号"

    def __str__(self) -> str:
        return self.display_name


class AreaQuerySet(models.QuerySet["Area"]):
    def under(self, area: "Area") -> "AreaQuerySet":
        """The area itself and everything below it."""
        return self.filter(path__startswith=area.path)

    def streets(self) -> "AreaQuerySet":
        return self.filter(kind=Area.Kind.STREET)

    def communities(self) -> "AreaQuerySet":
        return self.filter(kind=Area.Kind.COMMUNITY)

    def in_chinese_order(self) -> "AreaQuerySet":
        return self.order_by("pinyin", "name")


class Area(models.Model):
    """A node of the administrative tree. `path` is `/1/4/17/`: ids from the root to the node itself."""

    class Kind(models.TextChoices):
        DISTRICT = "district", "区"
        STREET = "street", "街道"
        COMMUNITY = "community", "社区"
        GRID = "grid", "网格"

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级"
    )
    street = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="所属街道")
    kind = models.CharField("级别", max_length=10, choices=Kind.choices)
    name = models.CharField("名称", max_length=60)
    alias = models.CharField("又名", max_length=60, blank=True)
    pinyin = models.CharField("拼音", max_length=200, editable=False)
    path = models.CharField("路径", max_length=200, unique=True, editable=False)

    objects = AreaQuerySet.as_manager()

    class Meta:
        verbose_name = "区域"
        verbose_name_plural = "区域"
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"],
                name="area_name_once_per_parent",
                violation_error_message="同级区域不能重名。",
            ),
            models.CheckConstraint(
                condition=Q(kind="district", parent__isnull=True) | (~Q(kind="district") & Q(parent__isnull=False)),
                name="area_only_district_is_root",
                violation_error_message="只有区没有上级。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def contains(self, other: "Area") -> bool:
        """Whether `other` is this area or lies below it."""
        return other.path.startswith(self.path)


class Role(models.TextChoices):
    """What a person may be, within an area. Judges and members of organizations are rows of their own apps."""

    OFFICE = "office", "创投办"
    LEADER = "leader", "街道领导"
    FINANCE = "finance", "财政所"
    HOST = "host", "主持/计分员"
    SUPERVISOR = "supervisor", "监督员"
    COMMUNITY = "community", "社区工作者"
    GRID = "grid", "网格员"
    SYSTEM_ADMIN = "system_admin", "系统管理员"
    SECURITY_ADMIN = "security_admin", "安全管理员"
    AUDIT_ADMIN = "audit_admin", "审计管理员"


class RoleGrant(models.Model):
    """A role that a person holds for an area and all that lies below it."""

    user = models.ForeignKey(User, models.PROTECT, related_name="grants", verbose_name="人员")
    role = models.CharField("角色", max_length=20, choices=Role.choices)
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="范围")
    granted_at = models.DateTimeField("授予时间")
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="授予人")

    class Meta:
        verbose_name = "角色授予"
        verbose_name_plural = "角色授予"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "area"], name="grant_once", violation_error_message="该人员已有此角色。"
            ),
        ]


class SignInAttempt(models.Model):
    """A failed sign-in, counted by account and device, never by address alone."""

    account = models.CharField("账号", max_length=80)
    device = models.CharField("设备", max_length=64)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "登录失败"
        verbose_name_plural = "登录失败"
        indexes = [models.Index(fields=["account", "-at"], name="attempt_account")]


class SignIn(models.Model):
    """A session of a person: since when, on what device. Gone when it is signed out."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name="人员")
    session_key = models.CharField("会话", max_length=40, unique=True)
    device = models.CharField("设备", max_length=60)
    signed_at = models.DateTimeField("登录时间")

    class Meta:
        verbose_name = "登录"
        verbose_name_plural = "登录"
