"""Every setting, each from the environment; README has the table. Safe by default, strict about bad values."""

import warnings
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
from django.core.exceptions import ImproperlyConfigured

from traitly.secrets import kept_secrets

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def secret(name: str, default: str = "") -> str:
    """A value from the environment, or from the file that ``<name>_FILE`` names, as orchestrators mount secrets."""
    value: str = env.str(name, default="")
    file: str = env.str(f"{name}_FILE", default="")
    if not file:
        return value or default
    if value:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    try:
        return Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}.") from error


def number(name: str, default: int, least: int = 0) -> int:
    """A whole number of at least ``least`` from the environment."""
    text = env.str(name, default=str(default))
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise ImproperlyConfigured(
            f"{name} must be a whole number of at least {least}, not {text!r}."
        )
    return int(text)


def rate(name: str) -> tuple[int, int] | None:
    """A number of requests and the seconds in which they may come, from text as ``600/minute``; None if unset."""
    text = env.str(name, default="")
    if not text:
        return None
    number, _, unit = text.partition("/")
    seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}.get(unit)
    if not number.isascii() or not number.isdigit() or int(number) < 1 or seconds is None:
        raise ImproperlyConfigured(
            f"{name} must be like 600/minute (second, minute, hour, day), not {text!r}."
        )
    return int(number), seconds


def switch(name: str, *, default: bool) -> bool:
    """A yes or no from the environment; anything else stops the start, so that a typo never turns a safeguard off."""
    text = env.str(name, default=str(default)).lower()
    if text not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {text!r}.")
    return text in {"1", "true", "yes", "on"}


def choice(name: str, *choices: str) -> str:
    """One of some words from the environment, the first by default."""
    text: str = env.str(name, default=choices[0]).lower()
    if text not in choices:
        raise ImproperlyConfigured(
            f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}, not {text!r}."
        )
    return text


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Networks from the environment, comma separated: ``10.0.0.0/8,::1``."""
    try:
        return [ip_network(text.strip()) for text in env.list(name, default=[])]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} must be networks like 10.0.0.0/8, comma separated: {error}."
        ) from error


# Database
# ------------------------------------------------------------------------------------------------------------

DATABASE_URL = secret("DATABASE_URL")
DATA_DIR = Path(env.str("TRAITLY_DATA_DIR", default="") or BASE_DIR / "var").resolve()

DATABASES: dict[str, dict[str, Any]]
if DATABASE_URL:
    DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
    if not DATABASES["default"].get("ENGINE", "").startswith("django.db.backends.postgresql"):
        raise ImproperlyConfigured(
            "DATABASE_URL must name a PostgreSQL: postgres://user:password@host:5432/name."
        )
    # libpq's form of a socket's folder: postgres://user@%2Fvar%2Frun%2Fpostgresql/name.
    DATABASES["default"]["HOST"] = unquote(DATABASES["default"].get("HOST", ""))
else:
    DATABASES = {
        "default": {
            "ENGINE": "traitly.postgres",
            "NAME": "traitly",
            "OPTIONS": {"data_dir": DATA_DIR},
        }
    }
DATABASES["default"] |= {
    "CONN_MAX_AGE": number("CONN_MAX_AGE", 600),
    # Lists are paged by keyset, never by server-side cursors that span requests, so poolers in
    # transaction mode work.
    "DISABLE_SERVER_SIDE_CURSORS": True,
}
# Notice a server that is down, or that accepts and never responds: libpq would wait for ever, and
# the kernel for hours. Values in DATABASE_URL (?connect_timeout=10) take precedence.
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 3,  # seconds, including authentication
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds until sent data must be acknowledged
} | DATABASES["default"].get("OPTIONS", {})
# What is read where it may be behind: traitly.db.replica.
DATABASE_REPLICA_URL = secret("DATABASE_REPLICA_URL")
if DATABASE_REPLICA_URL:
    _replica = environ.Env.db_url_config(DATABASE_REPLICA_URL)
    if not _replica.get("ENGINE", "").startswith("django.db.backends.postgresql"):
        raise ImproperlyConfigured(
            "DATABASE_REPLICA_URL must name a PostgreSQL: postgres://user:password@host:5432/name."
        )
    if not DATABASE_URL:
        raise ImproperlyConfigured(
            "DATABASE_REPLICA_URL names a copy of DATABASE_URL's server: set both."
        )
    DATABASES["replica"] = {
        **DATABASES["default"],
        **_replica,
        "HOST": unquote(_replica.get("HOST", "")),
        "OPTIONS": DATABASES["default"]["OPTIONS"] | _replica.get("OPTIONS", {}),
        # One that was restarted is found out before a list is read, and the primary read
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"MIRROR": "default"},
    }
# A statement gives up waiting for a lock before its client does, and a migration fails instead of
# blocking every request behind it. No request occupies PostgreSQL for more than a few seconds. See
# traitly.db.timeouts.
LOCK_TIMEOUT_MS = number("LOCK_TIMEOUT_MS", 3_000, 1)
STATEMENT_TIMEOUT_MS = number("STATEMENT_TIMEOUT_MS", 5_000, 1)
SLOW_STATEMENT_TIMEOUT_MS = number(
    "SLOW_STATEMENT_TIMEOUT_MS", 600_000, 1
)  # erasures, nightly work
# The web server's role, if it is not the owner of the tables: manage.py migrate grants it what it
# needs.
WEB_DATABASE_ROLE = env.str("WEB_DATABASE_ROLE", default="")
WEB_DATABASE_PASSWORD = secret("WEB_DATABASE_PASSWORD")
# Off behind a pooler in transaction mode: each statement would have to be prepared on every
# PostgreSQL connection.
PREPARE_STATEMENTS = switch("PREPARE_STATEMENTS", default=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Secrets
# -------------------------------------------------------------------------------------------------------------

_secrets = {name: secret(name) for name in ("SECRET_KEY", "API_KEY_ENCRYPTION_KEYS")}
if not all(_secrets.values()):
    if DATABASE_URL and not env.str("TRAITLY_DATA_DIR", default=""):
        missing = " and ".join(name for name, value in _secrets.items() if not value)
        raise ImproperlyConfigured(
            f"Set {missing}, or set TRAITLY_DATA_DIR to a folder that persists, in which they are made and kept."
        )
    try:
        _secrets = {name: _secrets[name] or kept for name, kept in kept_secrets(DATA_DIR).items()}
    except OSError as error:
        raise ImproperlyConfigured(
            f"Cannot keep secrets in TRAITLY_DATA_DIR, which is {DATA_DIR}: {error}."
        ) from error
SECRET_KEY = _secrets["SECRET_KEY"]
SECRET_KEY_FALLBACKS = list(filter(None, secret("SECRET_KEY_FALLBACKS").split(",")))
# Fernet keys, comma separated: the first encrypts, all decrypt.
API_KEY_ENCRYPTION_KEYS = _secrets["API_KEY_ENCRYPTION_KEYS"].split(",")

# Web
# -----------------------------------------------------------------------------------------------------------------

DEBUG = switch("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "traitly.urls"
WSGI_APPLICATION = "traitly.wsgi.application"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # before the admin, whose templates it overrides
    "operators.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "portal",  # before allauth, whose templates it overrides
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "rest_framework",
    "traitly",
    "accounts",
    "rejections",
    "customers",
    "events",
    "feed",
    "transfer",
    "assistants",
    "reference",
    "operators.apps.OperatorsConfig",
]
MIDDLEWARE = [
    "traitly.http.observe.ObserveMiddleware",
    "traitly.http.middleware.RequestIdMiddleware",
    "traitly.http.errors.JsonErrorsMiddleware",
    "traitly.http.middleware.ApiMiddleware",  # handles the API; everything below is for pages
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.PageBodyMiddleware",
    "portal.browsers.KnownBrowserMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "csp.middleware.CSPMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [
            BASE_DIR / "operators" / "templates"
        ],  # before django-unfold's, some of which they override
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.access.context",
            ],
        },
    },
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
FORMAT_MODULE_PATH = "traitly.formats"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = (
    True  # serves static files before collectstatic has run, so `make run` needs no build step
)
warnings.filterwarnings(
    "ignore", "No directory at", UserWarning
)  # so the warning about it is noise

# Behind TLS (HTTPS=true) cookies are secure and browsers are told to keep using HTTPS. The API
# never redirects, because a redirect turns a client's POST into a GET.
HTTPS = switch("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^api/", r"^mcp/?$", r"^health(?:/live|/ready)?$", r"^metrics$"]
SECURE_HSTS_SECONDS = number("HSTS_SECONDS", 31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# Opt-in: browsers' preload lists are slow to change, and cover the whole domain.
SECURE_HSTS_PRELOAD = HTTPS and switch("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # warns unless preload is on
TRUST_PROXY_HEADERS = switch("TRUST_PROXY_HEADERS", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY_HEADERS else None
ALLAUTH_TRUSTED_PROXY_COUNT = int(
    TRUST_PROXY_HEADERS
)  # its X-Forwarded-For names the client for rate limits
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
# Pages load nothing from other hosts and contain no inline scripts or styles, so injected ones do
# not run.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# The operators' admin, which django-unfold draws.
UNFOLD = {
    "SITE_TITLE": "Traitly admin",
    "SITE_HEADER": "Traitly",
    "SITE_SUBHEADER": "Admin",
    "SITE_ICON": f"/{STATIC_URL}portal/logo.svg",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": f"/{STATIC_URL}portal/logo.svg"}
    ],
    "STYLES": [f"/{STATIC_URL}operators/admin.css"],
    "SIDEBAR": {"navigation": "operators.navigation.groups"},
    "ACCOUNT": {"navigation": [{"title": "Security", "link": "/2fa/"}]},
    "DASHBOARD_CALLBACK": "operators.dashboard.context",
}

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Webhooks
# ------------------------------------------------------------------------------------------------------------

# Private networks that webhooks may be sent to. None by default: whoever creates a webhook could
# probe the inside.
WEBHOOK_ALLOWED_NETWORKS = networks("WEBHOOK_ALLOWED_NETWORKS")

# Log in and sign up (django-allauth) and mail
# ------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portal:overview"
ACCOUNT_ADAPTER = "portal.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "portal.forms.SignUpForm",
    "change_password": "portal.forms.ChangePasswordForm",
    "reset_password_from_key": "portal.forms.ResetPasswordKeyForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_REDIRECT_URL = "portal:quickstart"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
# An email address is verified by a code entered on the same page before anyone is let in. This way
# the responses for known and unknown addresses look alike; otherwise a sign-up would reveal whether
# an address is taken.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  # "your password was changed", and the like
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Traitly] "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# In addition to allauth's own. For log-ins see portal.adapter.
ACCOUNT_RATE_LIMITS = {
    "invite": "20/h/user",
    "login_failed": "10/m/ip,5/5m/key",
    "login_unknown": "100/h/key",
    "login_known": "5/5m/key",
}
# Who may sign up: everyone, only people who were invited, or nobody (accounts come from `manage.py
# create_account`).
SIGN_UP = env.str("SIGN_UP", default="open")
if SIGN_UP not in {"open", "invite", "closed"}:
    raise ImproperlyConfigured(f"SIGN_UP must be open, invite or closed, not {SIGN_UP!r}.")
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
MFA_ADAPTER = "portal.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Traitly"
# allauth counts attempts in the cache. In the database all processes count together, and no further
# service is needed.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",  # created by a migration of portal
        "OPTIONS": {
            "MAX_ENTRIES": 100_000
        },  # culling drops counters, so an attacker must not be able to trigger it
    }
}

# For example smtp+tls://user:password@host:587. Without it, mail is printed to stdout.
EMAIL_URL = secret("EMAIL_URL", "consolemail://")
try:
    globals().update(environ.Env.email_url_config(EMAIL_URL))
except KeyError as error:
    raise ImproperlyConfigured(
        "EMAIL_URL must be like smtp+tls://user:password@host:587."
    ) from error
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default="Traitly <traitly@localhost>"
)

# API
# -----------------------------------------------------------------------------------------------------------------

API_RATE_LIMIT = rate("API_RATE_LIMIT")
# Quotas of accounts that have none of their own; 0: unlimited.
ACCOUNT_MAX_CUSTOMERS = number("ACCOUNT_MAX_CUSTOMERS", 0)
ACCOUNT_MAX_EVENTS_PER_DAY = number("ACCOUNT_MAX_EVENTS_PER_DAY", 0)
REST_FRAMEWORK = {
    # Deny by default: a view that declares nothing needs a key with the scope of its method.
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.KeyRateThrottle"] if API_RATE_LIMIT else [],
    "EXCEPTION_HANDLER": "traitly.http.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
# A key's row is cached this long, so a revoked key works at most this much longer in any process
# (the contract allows five seconds).
API_KEY_CACHE_SECONDS = 4
MAX_BODY_BYTES = number("MAX_BODY_BYTES", 16 * 1024 * 1024, 1024)
MAX_ITEMS = 10_000
# Of pages, which anyone may send before logging in; the API counts for itself. The largest is an
# item of 64 KiB that is mended and sent again.
MAX_PAGE_BODY_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# No form accepts files. Django's default would write uploads of any size to disk.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
# What was refused can be looked at and sent again for so long; of an account the newest so many, of
# up to 64 KiB each.
REJECTIONS_KEPT_DAYS = number("REJECTIONS_KEPT_DAYS", 7)
REJECTIONS_MOST_KEPT = number("REJECTIONS_MOST_KEPT", 10_000)

# Metrics and logs: one line per event on stderr
# ------------------------------------------------------------------------

# Nobody may read /metrics unless one of these is set.
METRICS_TOKEN = secret("METRICS_TOKEN")
METRICS_ALLOWED_NETWORKS = networks("METRICS_ALLOWED_NETWORKS")
# Errors to Sentry and traces by OpenTelemetry, if configured; they need
# requirements-observability.txt.
SENTRY_DSN = secret("SENTRY_DSN")
if env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default=""):
    MIDDLEWARE.insert(0, "traitly.observability.tracing.TracingMiddleware")
LOG_FORMAT = choice("LOG_FORMAT", "text", "json")
LOG_REQUESTS = choice("LOG_REQUESTS", "refused", "all", "none")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "traitly.http.middleware.RequestIdFilter"},
        # traitly.http.observe logs refused requests, without the path, because it contains
        # customers' identifiers.
        "failures": {"()": "traitly.http.middleware.FailuresFilter"},
        "no_traceback": {"()": "traitly.http.middleware.NoTracebackFilter"},
    },
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
        "json": {"()": "traitly.observability.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "traitly.log_contents.CleanHandler",
            "formatter": LOG_FORMAT,
            "filters": ["request_id"],
        },
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "django.request": {"filters": ["failures"]},
        "gunicorn.error": {"handlers": ["stderr"], "propagate": False},
        "django.security.DisallowedHost": {"filters": ["no_traceback"]},  # any client can cause it
    },
}
