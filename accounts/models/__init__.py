"""People, areas and roles; how people get in and prove who they are."""

from accounts.models.entry import Invitation, PeopleImport, RoleRequest
from accounts.models.factor import Authenticator, FactorPolicy, RecoveryCode
from accounts.models.people import Area, AreaQuerySet, Role, RoleGrant, SignIn, SignInAttempt, User, UserManager

__all__ = [
    "Area", "AreaQuerySet", "Authenticator", "FactorPolicy", "Invitation", "PeopleImport", "RecoveryCode", "Role",
    "RoleGrant", "RoleRequest", "SignIn", "SignInAttempt", "User", "UserManager",
]  # fmt: skip
