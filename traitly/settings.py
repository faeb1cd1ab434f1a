"""Every setting, each from the environment; README has the table. Safe by default, strict about bad values."""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from traitly.secrets import kept_secrets

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def number(name: str, default: int, least: int = 0) -> int:
    """A whole number of at least ``least`` from the environment."""
    text = env.str(name, default=str(default))
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}, not {text!r}.")
    return int(text)


def switch(name: str, *, default: bool) -> bool:
    """A yes or no from the environment; anything else stops the start, so that a typo never turns a safeguard off."""
    text = env.str(name, default=str(default)).lower()
    if text not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {text!r}.")
    return text in {"1", "true", "yes", "on"}


# Database ------------------------------------------------------------------------------------------------------------

DATABASE_URL = env.str("DATABASE_URL", default="")
DATA_DIR = Path(env.str("TRAITLY_DATA_DIR", default="") or BASE_DIR / "var").resolve()

DATABASES: dict[str, dict[str, Any]]
if DATABASE_URL:
    DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
    if not DATABASES["default"].get("ENGINE", "").startswith("django.db.backends.postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL: postgres://user:password@host:5432/name.")
else:
    DATABASES = {"default": {"ENGINE": "traitly.postgres", "NAME": "traitly", "OPTIONS": {"data_dir": DATA_DIR}}}
DATABASES["default"] |= {
    "CONN_MAX_AGE": number("CONN_MAX_AGE", 600),
    # Iterators are paged by keyset, never by server-side cursors over requests: poolers in transaction mode work.
    "DISABLE_SERVER_SIDE_CURSORS": True,
}
# A statement that waits for a lock gives up before a client does; a migration that cannot get its lock fails
# instead of queueing every request behind it.
DATABASES["default"].setdefault("OPTIONS", {})["options"] = f"-c lock_timeout={number('LOCK_TIMEOUT_MS', 10_000, 1)}"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Secrets -------------------------------------------------------------------------------------------------------------

_secrets = {name: env.str(name, default="") for name in ("SECRET_KEY", "API_KEY_ENCRYPTION_KEYS")}
if not all(_secrets.values()):
    if DATABASE_URL and not env.str("TRAITLY_DATA_DIR", default=""):
        missing = " and ".join(name for name, value in _secrets.items() if not value)
        raise ImproperlyConfigured(
            f"Set {missing}, or set TRAITLY_DATA_DIR to a folder that persists, in which they are made and kept."
        )
    _secrets = {name: _secrets[name] or kept for name, kept in kept_secrets(DATA_DIR).items()}
SECRET_KEY = _secrets["SECRET_KEY"]
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Fernet keys, comma separated: the first encrypts, all decrypt.
API_KEY_ENCRYPTION_KEYS = _secrets["API_KEY_ENCRYPTION_KEYS"].split(",")

# Web -----------------------------------------------------------------------------------------------------------------

DEBUG = switch("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "traitly.urls"
WSGI_APPLICATION = "traitly.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "traitly.api",
    "accounts",
    "customers",
    "events",
]
MIDDLEWARE = [
    "traitly.api.middleware.RequestIdMiddleware",
    "traitly.api.errors.JsonErrorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # serves before collectstatic has run: `make run` needs no build step

# Behind TLS (HTTPS=true) cookies are secure and browsers are told to stay there. The API never redirects: a redirect
# turns a client's POST into a GET.
HTTPS = switch("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^api/", r"^health$"]
SECURE_HSTS_SECONDS = number("HSTS_SECONDS", 31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if switch("TRUST_PROXY_HEADERS", default=False) else None
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

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

# API -----------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    # Default-deny: a view that says nothing needs a key with the scope of its method.
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "traitly.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
# A key's row is trusted for this long without asking the database again, so a revoked key works at most this much
# longer in any process (the contract allows five seconds).
API_KEY_CACHE_SECONDS = 4
MAX_BODY_BYTES = number("MAX_BODY_BYTES", 16 * 1024 * 1024, 1024)
MAX_ITEMS = 10_000
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES

# Log: one line an event on stderr ------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "traitly.api.middleware.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]},
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"django.server": {"handlers": ["stderr"], "propagate": False}},
}
