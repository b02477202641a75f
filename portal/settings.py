"""All settings, in one file, read from the environment.

Without DATABASE_URL and REDIS_URL the portal uses the embedded PostgreSQL and Valkey under
DATA_DIR (``portal.embedded``). A value that makes no sense stops the start with one clear
sentence; production (PORTAL_MODE=production) refuses to run on demo secrets, DEBUG or plain
cookies. ``docs/settings.md`` lists every variable.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from portal import embedded, logs

BASE_DIR = Path(__file__).resolve().parent.parent


# --- typed environment helpers ---------------------------------------------------------------


def env_str(name: str, default: str = "") -> str:
    """The variable, stripped; empty counts as absent."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool) -> bool:
    value = env_str(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r}：只能是 1/0、true/false、yes/no、on/off")


def env_int(name: str, default: int, *, at_least: int = 0, at_most: int = 2**31) -> int:
    value = env_str(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r}：须为整数") from None
    if not at_least <= number <= at_most:
        raise ImproperlyConfigured(f"{name}={number}：须在 {at_least} 到 {at_most} 之间")
    return number


def env_list(name: str, default: list[str]) -> list[str]:
    """Comma-separated values; blanks are dropped."""
    value = env_str(name)
    return [part.strip() for part in value.split(",") if part.strip()] if value else default


def env_choice(name: str, default: str, choices: set[str]) -> str:
    value = env_str(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r}：只能是 {'、'.join(sorted(choices))}")
    return value


def env_url(name: str, schemes: set[str], default: str = "") -> str:
    """A URL with one of ``schemes``; says which are possible when it is not."""
    value = env_str(name, default)
    if value and urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(f"{name}：须以 {' 或 '.join(s + '://' for s in schemes)} 开头")
    return value


def database_from(url: str) -> dict:
    """``postgresql://user:password@host:port/name?option=value`` as Django wants it.

    The host may also be a socket folder, percent-encoded or as ``?host=/path``.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    try:
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured("DATABASE_URL：端口须为数字") from None
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL：缺少数据库名，例如 postgresql://用户@主机/portal")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        # A new connection per request halves throughput; a broken one is noticed before use.
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": "5", **options},
        "TEST": {"NAME": env_str("TEST_DATABASE") or f"test_{name}"},
    }


# --- where and how it runs -------------------------------------------------------------------

MODE = env_choice("PORTAL_MODE", "development", {"development", "demo", "production"})
PRODUCTION = MODE == "production"
DEMO = MODE == "demo"
SERVICE_PHONE = env_str("SERVICE_PHONE", "12345")  # shown where a page cannot help
DEBUG = env_bool("DEBUG", False)
TESTING = "pytest" in sys.modules
DATA_DIR = Path(env_str("DATA_DIR", str(BASE_DIR / ".data"))).resolve()

if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("生产环境不能打开 DEBUG")

SECRET_KEY = env_str("SECRET_KEY")
if PRODUCTION:
    if len(SECRET_KEY) < 50 or SECRET_KEY.startswith(("change-me", "django-insecure")):
        raise ImproperlyConfigured(
            "生产环境须在 SECRET_KEY 中设置至少 50 个字符的随机密钥（不得使用示例值）"
        )
elif not SECRET_KEY:
    SECRET_KEY = embedded.local_secret(DATA_DIR, "secret_key")

# Phones and the like are encrypted with this key (first: current, further: old ones).
FIELD_KEYS = env_list("FIELD_KEYS", [])
if not FIELD_KEYS:
    if PRODUCTION:
        raise ImproperlyConfigured("生产环境须在 FIELD_KEYS 中设置字段加密密钥")
    FIELD_KEYS = [embedded.local_secret(DATA_DIR, "field_key")]
if PRODUCTION and min(map(len, FIELD_KEYS)) < 32:
    raise ImproperlyConfigured("生产环境 FIELD_KEYS 中的每个密钥须至少 32 个随机字符")

COOKIES_SECURE = env_bool("COOKIES_SECURE", PRODUCTION)
if PRODUCTION and not COOKIES_SECURE:
    raise ImproperlyConfigured("生产环境的会话 Cookie 须加密传输，不能关闭 COOKIES_SECURE")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = COOKIES_SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("BEHIND_PROXY", PRODUCTION) else None
)
SECURE_SSL_REDIRECT = env_bool("SSL_REDIRECT", PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env_int("HSTS_SECONDS", 31536000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env_bool("HSTS_SUBDOMAINS", False)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", [] if PRODUCTION else ["*"])
if PRODUCTION and (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS):
    raise ImproperlyConfigured("生产环境须在 ALLOWED_HOSTS 中写明域名，不能用 *")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", [])
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"

# --- the house ---------------------------------------------------------------------------------

INSTALLED_APPS = [
    "portal",
    "grids",
    "exchange",
    "points",
    "publicity",
    "orgs",
    "inbox",
    "rules",
    "ui",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
    "django_htmx",
    "guardian",
    "heroicons",
    "pghistory",
    "pgtrigger",
    "template_partials",
    "treebeard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.nonsense.NoNul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.sign_in.sessions.Limits",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

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
                "portal.context.shell",
            ],
        },
    },
]

# --- stores ------------------------------------------------------------------------------------

DATABASE_URL = env_url("DATABASE_URL", {"postgres", "postgresql"})
REDIS_URL = env_url("REDIS_URL", {"redis", "rediss", "unix"})
if not (DATABASE_URL and REDIS_URL):
    if PRODUCTION:
        raise ImproperlyConfigured("生产环境须设置 DATABASE_URL 与 REDIS_URL")
    addresses = embedded.addresses(DATA_DIR)
    DATABASE_URL = DATABASE_URL or addresses.database_url
    REDIS_URL = REDIS_URL or addresses.redis_url

if TESTING and (worker := os.environ.get("PYTEST_XDIST_WORKER")):  # "gw3": each has its own broker
    REDIS_URL = f"{REDIS_URL.rpartition('/')[0]}/{int(worker.removeprefix('gw')) + 1}"

DATABASES = {"default": database_from(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 5},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# --- people ------------------------------------------------------------------------------------

AUTH_USER_MODEL = "orgs.Person"
GUARDIAN_USER_OBJ_PERMS_MODEL = "orgs.Grant"
ANONYMOUS_USER_NAME = None  # guardian: no stand-in person for visitors

SILENCED_SYSTEM_CHECKS = [
    "guardian.W001",  # rights are read by orgs.access, not by a backend
    "security.W021",  # to be on the browsers' preload list is for the domain's owner to decide
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]

# --- sign-in (docs/sign_in.md) -----------------------------------------------------------------

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "portal.sign_in.adapter.Accounts"
ACCOUNT_LOGIN_METHODS = {"phone"}
ACCOUNT_SIGNUP_FIELDS = ["phone*", "password1"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PHONE_VERIFICATION_ENABLED = False  # a code sent to the phone is what proves it
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 5 * 60
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "1/m/key,10/d/key,200/h/ip",  # whatever the code is for
    "login_failed": "5/15m/key",  # second factor; passwords are counted by axes
    "reauthenticate": "10/m/user",
}
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env_bool("BEHIND_PROXY", PRODUCTION) else 0
MFA_ADAPTER = "portal.sign_in.adapter.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "portal.sign_in.forms.SecondFactorForm",
    "reauthenticate": "portal.sign_in.forms.ProveFactorForm",
    "activate_totp": "portal.sign_in.forms.ActivateFactorForm",
}
ACCOUNT_FORMS = {"reauthenticate": "portal.sign_in.forms.ProvePasswordForm"}
MFA_TOTP_TOLERANCE = 1  # phones whose clock is off by half a minute
STAFF_TOTP_REQUIRED = env_bool("STAFF_TOTP_REQUIRED", PRODUCTION)
STAFF_SMS_SECOND_STEP = env_bool("STAFF_SMS_SECOND_STEP", PRODUCTION)  # until TOTP is set up

AXES_HANDLER = "portal.sign_in.lockouts.Lockouts"
AXES_USERNAME_CALLABLE = "portal.sign_in.lockouts.account_of"
AXES_CLIENT_IP_CALLABLE = "portal.sign_in.lockouts.address_of"
AXES_LOCKOUT_CALLABLE = "portal.sign_in.views.locked_out"
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_FAILURE_LIMIT = env_int("LOCKOUT_FAILURES", 5, at_least=3, at_most=10)
AXES_COOLOFF_TIME = timedelta(minutes=env_int("LOCKOUT_MINUTES", 15, at_least=1))
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "phone", "code", "next"]
AXES_VERBOSE = False
# Whole buildings share one address: it gets more tries than an account.
LOCKOUT_ADDRESS_FAILURES = env_int("LOCKOUT_ADDRESS_FAILURES", 30, at_least=5)

PASSWORD_HISTORY = 5
STAFF_PASSWORD_DAYS = env_int("STAFF_PASSWORD_DAYS", 90 if PRODUCTION else 0)  # 0: for ever
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "portal.sign_in.passwords.LongEnough"},
    {"NAME": "portal.sign_in.passwords.MixedEnough"},
    {"NAME": "portal.sign_in.passwords.NotOneself"},
    {"NAME": "portal.sign_in.passwords.NotCommon"},
    {
        "NAME": "portal.sign_in.passwords.NotUsedBefore",
        "OPTIONS": {"remembered": PASSWORD_HISTORY},
    },
]
if TESTING:  # hashing is slow on purpose, and tests sign in all the time
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

STAFF_IDLE_MINUTES = env_int("STAFF_IDLE_MINUTES", 15 if PRODUCTION else 240, at_least=1)
STAFF_SESSION_HOURS = env_int("STAFF_SESSION_HOURS", 8 if PRODUCTION else 24, at_least=1)
STAFF_ONE_SESSION = env_bool("STAFF_ONE_SESSION", PRODUCTION)
RESIDENT_IDLE_MINUTES = env_int("RESIDENT_IDLE_MINUTES", 30 if PRODUCTION else 240, at_least=1)
ELDER_IDLE_MINUTES = env_int("ELDER_IDLE_MINUTES", 60 if PRODUCTION else 240, at_least=1)
RESIDENT_STAY_DAYS = env_int("RESIDENT_STAY_DAYS", 30, at_least=1, at_most=90)
SESSION_COOKIE_AGE = RESIDENT_STAY_DAYS * 24 * 3600  # sessions end earlier by their marks
SESSION_EXPIRE_AT_BROWSER_CLOSE = True  # unless the person stays signed in on their own phone

# --- words and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_THOUSAND_SEPARATOR = False
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
WORKING_HOURS = env_str("WORKING_HOURS", "08:30-12:00,14:00-17:30")

# --- files -------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = env_str("STATIC_ROOT", str(DATA_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = env_str("MEDIA_ROOT", str(DATA_DIR / "media"))  # never served by URL
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- background work ---------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A killed worker's task comes back after this many seconds, not after an hour.
    "visibility_timeout": env_int("TASK_VISIBILITY_SECONDS", 300, at_least=10),
    "unacked_restore_throttle": 1,
    "unacked_restore_interval": 2,
    "socket_connect_timeout": 2,
    "retry_on_timeout": True,
}
# Publishing is only a nudge: when the broker is gone, say so at once and let the sweep do it.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {"task": "portal.tasks.heartbeat", "schedule": timedelta(seconds=15)},
    "resume-clocks": {"task": "rules.tasks.resume_expired", "schedule": timedelta(minutes=5)},
    "issue-limits": {"task": "grids.tasks.watch_limits", "schedule": timedelta(minutes=5)},
    "watch-whistles": {"task": "grids.tasks.watch_whistles", "schedule": timedelta(minutes=5)},
    "archive-issues": {"task": "grids.tasks.put_away", "schedule": timedelta(hours=6)},
    "notices": {"task": "publicity.tasks.tend_notices", "schedule": timedelta(minutes=10)},
    "point-issues": {"task": "grids.tasks.sweep_points", "schedule": timedelta(hours=24)},
    "point-claims": {"task": "points.tasks.tend_claims", "schedule": timedelta(minutes=30)},
    "point-batches": {"task": "points.tasks.tend_batches", "schedule": timedelta(minutes=10)},
    "sweep-handed": {"task": "exchange.tasks.sweep_handed", "schedule": timedelta(hours=6)},
    "expire-orders": {"task": "exchange.tasks.expire_orders", "schedule": timedelta(minutes=10)},
    "watch-exchange": {"task": "exchange.tasks.watch_exchange", "schedule": timedelta(hours=24)},
    "public-account": {"task": "exchange.tasks.publish_account", "schedule": timedelta(hours=3)},
    "settlements": {"task": "exchange.tasks.tend_settlements", "schedule": timedelta(hours=1)},
    "disclosures": {"task": "publicity.tasks.tend_disclosures", "schedule": timedelta(minutes=30)},
    "count-months": {"task": "grids.tasks.count_months", "schedule": timedelta(minutes=5)},
    "recount-months": {"task": "grids.tasks.recount_months", "schedule": timedelta(hours=24)},
    "publish-figures": {"task": "grids.tasks.publish_figures", "schedule": timedelta(hours=3)},
    "callbacks": {
        "task": "grids.tasks.deliver_callbacks",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "sweep-orders": {"task": "grids.tasks.sweep_orders", "schedule": timedelta(minutes=2)},
    "propose-topics": {"task": "grids.tasks.propose_topics", "schedule": timedelta(hours=6)},
    "sweep-drafts": {"task": "grids.tasks.sweep_drafts", "schedule": timedelta(hours=12)},
    "sweep-photos": {"task": "grids.tasks.sweep_photos", "schedule": timedelta(hours=6)},
    "sweep-evidence": {"task": "points.tasks.sweep_evidence", "schedule": timedelta(hours=6)},
    "seal-books": {"task": "points.tasks.seal_books", "schedule": timedelta(minutes=5)},
    "close-months": {"task": "points.tasks.close_months", "schedule": timedelta(hours=1)},
    "verify-books": {"task": "points.tasks.verify_books", "schedule": crontab(hour=3, minute=10)},
    "expire-points": {"task": "points.tasks.expire_points", "schedule": timedelta(hours=12)},
    "grow-points": {"task": "points.tasks.grow_points", "schedule": timedelta(hours=24)},
    "clear-sessions": {"task": "portal.tasks.clear_sessions", "schedule": timedelta(hours=12)},
}

# --- messages out ------------------------------------------------------------------------------

EMAIL_BACKEND = env_str("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "noreply@localhost")
EMAIL_HOST = env_str("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25, at_least=1, at_most=65535)
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env_str("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10  # a silent mail server must not hold a worker
EMAIL_FILE_PATH = env_str("EMAIL_FILE_PATH", str(DATA_DIR / "mail"))  # file-based backend only
SMS_CHANNEL = env_str("SMS_CHANNEL", "inbox.channels.ConsoleSms")  # a gateway's class
QUIET_HOURS = env_str("QUIET_HOURS", "21:00-08:00")  # no SMS then, urgent ones excepted; or "off"
PUBLIC_URL = env_url("PUBLIC_URL", {"http", "https"})  # for links in e-mails
# How long a worker may hold a delivery before another takes over (it died, presumably).
DELIVERY_CLAIM_SECONDS = env_int("DELIVERY_CLAIM_SECONDS", 120, at_least=2)
SWEEP_SECONDS = env_int("SWEEP_SECONDS", 15, at_least=1)
# Hosts inside the own network that callbacks to partners may go to; all others must be public.
CALLBACK_PRIVATE_HOSTS = env_list("CALLBACK_PRIVATE_HOSTS", [])
CELERY_BEAT_SCHEDULE["inbox-sweep"] = {
    "task": "inbox.tasks.sweep",
    "schedule": timedelta(seconds=SWEEP_SECONDS),
    "options": {"expires": SWEEP_SECONDS},  # the next one does the same
}

# --- watching ----------------------------------------------------------------------------------

SENTRY_DSN = env_url("SENTRY_DSN", {"http", "https"})
HEARTBEAT_MAX_SECONDS = env_int("HEARTBEAT_MAX_SECONDS", 60, at_least=20)
LOG_LEVEL = env_choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
if SENTRY_DSN:
    import sentry_sdk

    # Nothing about people leaves the house: by default local variables and forms would go along.
    sentry_sdk.init(
        dsn=SENTRY_DSN,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
    )
LOGGING = logs.configure(level=LOG_LEVEL, as_json=PRODUCTION)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
