"""Settings, fed by the environment and safe by default.

Every switch is described in docs/production.md. Development comfort (debug pages, plain HTTP) exists only under an
explicit flag. The file is importable without any variable, so that `score_file` and `allocate_file` run anywhere.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

import chuangtou.celery  # noqa: F401 - every process with Django has the app that shared tasks are sent by
from core.queue import BULK, INTERACTIVE, MAIL, QUEUES

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("PORTAL_DEBUG", default=False)
PLAIN_HTTP = env.bool("PORTAL_PLAIN_HTTP", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Of sealed columns (core.sealed), newest first; without any they are sealed with SECRET_KEY.
FIELD_KEYS = env.list("PORTAL_FIELD_KEYS", default=[])
ALLOWED_HOSTS = env.list("PORTAL_HOSTS", default=[])
DATA_DIR = Path(env.str("PORTAL_DATA", default=str(BASE_DIR / "var")))
SITE_URL = env.str("PORTAL_SITE_URL", default="http://localhost:8000").rstrip("/")
SUB_PATH = env.str("PORTAL_SUB_PATH", default="").strip("/")

# Where browsers find chuangtou.push: "/push/" on this site, ":8001" on another port of this host, "" nowhere (they poll).
PORTAL_PUSH = env.str("PORTAL_PUSH", default="")
if not re.fullmatch(r"(/([A-Za-z0-9_.-]+/)+|:[0-9]{1,5})?", PORTAL_PUSH):
    raise ImproperlyConfigured(f"PORTAL_PUSH is a path like /push/ or a port like :8001, not {PORTAL_PUSH!r}")

# What the public footer and the page heads say; a street office fills these in.
SITE_NAME = env.str("PORTAL_SITE_NAME", default="创投门户")
SITE_HOST_UNIT = env.str("PORTAL_HOST_UNIT", default="")
SITE_PHONE = env.str("PORTAL_PHONE", default="（待填写）")
SITE_RECORD = env.str("PORTAL_RECORD", default="")
VERSION = "0.1.0"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "portal",
    "reminders",
    "delivery",
    "funding",
    "judging",
    "projects",
    "needs",
    "rounds",
    "organizations",
    "accounts",
    "messaging",
    "jobs",
    "workdays",
    "audit",
    "core",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.middleware.RefuseNulBytes",
    "core.middleware.FormsByScript",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.Sitting",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "judging.middleware.SeatOnly",
    "django.contrib.messages.middleware.MessageMiddleware",
    "messaging.middleware.LiveInbox",
    "core.middleware.InWeChat",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.middleware.DomainErrors",
]

ROOT_URLCONF = "chuangtou.urls"
WSGI_APPLICATION = "chuangtou.wsgi.application"
FORCE_SCRIPT_NAME = f"/{SUB_PATH}" if SUB_PATH else None

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.site",
                "portal.context.menu",
            ],
            "builtins": ["core.templatetags.face"],
        },
    },
]

MESSAGE_STORAGE = "core.told.KeptStorage"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

if env.str("DATABASE_URL", default=""):
    DATABASES = {"default": env.db_url("DATABASE_URL", engine="django.db.backends.postgresql")}
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    DATABASES["default"].setdefault("OPTIONS", {})
    DATABASES["default"]["OPTIONS"] |= {"options": "-c statement_timeout=30000 -c lock_timeout=10000"}
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.dummy"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")


def _broker(url: str) -> str:
    """Spell a redis-py URL as kombu wants it: sockets are `redis+socket:///path?virtual_host=0`."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    database = dict(p.split("=", 1) for p in parts.query.split("&") if "=" in p).get("db", "0")
    return f"redis+socket://{unquote(parts.path)}?virtual_host={database}"


# Celery as docs/decisions/celery.md has it: a message is given back when its worker dies, so every task may come twice.
# No task may run longer than the visibility timeout, or a second worker gets its message: 1560 s at most against 1800.
QUEUE_PREFIX = env.str("PORTAL_QUEUE_PREFIX", default="")  # where several portals share one Redis
CELERY_BROKER_URL = _broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_TASK_QUEUES = [Queue(f"{QUEUE_PREFIX}{lane}") for lane in QUEUES]
CELERY_TASK_DEFAULT_QUEUE = f"{QUEUE_PREFIX}{INTERACTIVE}"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # KiB; looked at after each task
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 3
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that is away for a day is waited for
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = (
    False  # they end, and their message does no harm when it returns
)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    # a broker that hangs must not hold a request: what is due stays in the database for the sweep
    "socket_connect_timeout": 2,
    "socket_timeout": 3,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}

# Days before the end of applications on which unfinished drafts are reminded of it: one, unless the office wants more.
REMINDER_DAYS_BEFORE = env.list("PORTAL_REMINDER_DAYS", cast=int, default=[3])
CELERY_BEAT_MAX_LOOP_INTERVAL = 15  # seconds; beat gives a sign of life each time
CELERY_BEAT_SCHEDULER = "chuangtou.beat:SoleScheduler"
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "reminders.sweep",
        "schedule": 60.0,
        "options": {"expires": 55, "queue": f"{QUEUE_PREFIX}{MAIL}"},
    },
    "jobs": {
        "task": "jobs.sweep",
        "schedule": 60.0,
        "options": {"expires": 55, "queue": f"{QUEUE_PREFIX}{INTERACTIVE}"},
    },
    "tidy": {
        "task": "jobs.tidy",
        "schedule": crontab(hour="2", minute="40"),
        "options": {"queue": f"{QUEUE_PREFIX}{BULK}"},
    },
    "needs": {  # days count here, not minutes
        "task": "needs.sweep",
        "schedule": 300.0,
        "options": {"expires": 295, "queue": f"{QUEUE_PREFIX}{BULK}"},
    },
    "registry": {
        "task": "organizations.tidy",
        "schedule": crontab(hour="2", minute="50"),
        "options": {"queue": f"{QUEUE_PREFIX}{BULK}"},
    },
    "accounts": {  # what was read and not imported is forgotten
        "task": "accounts.tidy",
        "schedule": crontab(hour="2", minute="55"),
        "options": {"queue": f"{QUEUE_PREFIX}{BULK}"},
    },
    "self-check": {
        "task": "portal.self_check",
        "schedule": crontab(hour="3", minute="20"),
        "options": {"expires": 4 * 3600, "queue": f"{QUEUE_PREFIX}{BULK}"},
    },
}

# Who may read /metrics: whoever has the token, or comes straight (through no proxy) from one of these networks.
METRICS_TOKEN = env.str("PORTAL_METRICS_TOKEN", default="")
METRICS_FROM = [ip_network(n) for n in env.list("PORTAL_METRICS_FROM", default=[])]
# Below so much free space on the disk of PORTAL_DATA, /readyz raises the alarm.
DISK_FREE_AT_LEAST = env.int("PORTAL_DISK_FREE_MB", default=500) * 1024 * 1024

# A command that looks at each uploaded document, its path put behind: 0 clean, 1 infected. Empty: nobody looks.
VIRUS_SCANNER = env.str("PORTAL_VIRUS_SCANNER", default="")

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.NameOrPhone"]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "portal:home"
LOGOUT_REDIRECT_URL = "portal:front"
SECURITY_PROFILE = env.str("SECURITY_PROFILE", default="dengbao")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10 if SECURITY_PROFILE == "dengbao" else 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if SECURITY_PROFILE == "dengbao":
    AUTH_PASSWORD_VALIDATORS.append({"NAME": "accounts.passwords.ThreeClasses"})

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
DATE_FORMAT = "Y年n月j日"
FORMAT_MODULE_PATH = ["core.formats"]

STATIC_URL = f"/{SUB_PATH}/static/" if SUB_PATH else "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static", ("vendor", BASE_DIR / "assets")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# Nobody stays signed in for longer than SESSION_COOKIE_AGE, nor without doing anything for IDLE_MINUTES (but in a hall).
SESSION_COOKIE_AGE = 12 * 3600
IDLE_MINUTES = env.int("PORTAL_IDLE_MINUTES", default=30)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.list("PORTAL_TRUSTED_ORIGINS", default=[])
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if not PLAIN_HTTP:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    if not SUB_PATH:
        SESSION_COOKIE_NAME = "__Host-sid"
        CSRF_COOKIE_NAME = "__Host-csrf"
if SUB_PATH:
    SESSION_COOKIE_PATH = f"/{SUB_PATH}/"
    CSRF_COOKIE_PATH = f"/{SUB_PATH}/"
    SESSION_COOKIE_NAME = "sid"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}

EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="portal@localhost")

# A restored copy of a database must tell nobody: PORTAL_SENDING=0 leaves everything due.
SENDING = env.bool("PORTAL_SENDING", default=True)
# What an officer sends to many can be recalled for so long; to more people than this a second person must agree.
MASS_HOLD_MINUTES = env.int("PORTAL_MASS_HOLD_MINUTES", default=5)
# So long a decision's message to one applicant waits and can be recalled (群发消息, 暂缓中的消息); 0: it goes at once.
OFFICER_HOLD_MINUTES = env.int("PORTAL_OFFICER_HOLD_MINUTES", default=5)
MASS_REVIEW_OVER = env.int("PORTAL_MASS_REVIEW_OVER", default=30)
# Where robots may speak: hosts (https) or whole origins. SMS: the gateway's address, its secret, the approved template.
WECOM_HOSTS = env.list("PORTAL_WECOM_HOSTS", default=["qyapi.weixin.qq.com"])
DINGTALK_HOSTS = env.list("PORTAL_DINGTALK_HOSTS", default=["oapi.dingtalk.com"])
SMS_URL = env.str("SMS_URL", default="")
SMS_SECRET = env.str("SMS_SECRET", default="")
SMS_TEMPLATE = env.str("SMS_TEMPLATE", default="")

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
}
