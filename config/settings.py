"""Django's settings, all derived from `env` and from the product's defaults (docs/SETTINGS.md)."""

from __future__ import annotations

from typing import Any

import dj_database_url
from csp.constants import NONCE
from django.conf import global_settings

from config.env import ROOT, read_environment
from config.logs import logging_settings, secret_parts

ENV = read_environment()

# --- who we are ------------------------------------------------------------------------------
PUBLIC_ORIGIN = ENV.origin
SECRET_KEY = ENV.secret_key
DEBUG = ENV.debug
IS_DEVNET = ENV.is_devnet
ALLOWED_HOSTS = [ENV.host]
CSRF_TRUSTED_ORIGINS = [PUBLIC_ORIGIN]
STATE_DIR = ENV.state_dir
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["marketplace.accounts.backends.WalletBackend"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "/connect/"

INSTALLED_APPS = [
    "config.ops.OpsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "template_partials",
    "realtime",
    "escrow",
    "chat",
    "marketplace.accounts",
    "marketplace",
    "stack",
]
if IS_DEVNET:
    INSTALLED_APPS.append("practice")

MIDDLEWARE = [
    "config.requests.RequestLines",
    "django.middleware.security.SecurityMiddleware",
    "config.policy.ContentSecurityPolicy",
    "config.policy.PrivatePages",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketplace.context.page",
            ],
        },
    }
]

# --- where things are kept -------------------------------------------------------------------
DATABASES = {
    "default": dj_database_url.parse(ENV.database_url, conn_max_age=60, conn_health_checks=True)
}
REDIS_URL = ENV.redis_url
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "parley",
        # A Redis that hangs must not take the pages with it.
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "parley"},
    }
}

# --- sessions --------------------------------------------------------------------------------
SESSION_ENGINE = "config.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_ORIGIN.startswith("https:")
CSRF_USE_SESSIONS = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
# Wallets open their own windows; they may keep a handle to themselves, never to us.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin-allow-popups"
X_FRAME_OPTIONS = "DENY"
if PUBLIC_ORIGIN.startswith("https:"):
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'", NONCE],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["htmx", "app"],
        "report-uri": ["/csp/"],
    }
}

# --- files of the page -----------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
# The bundle's own build puts a content hash into each name, so the files never change.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 0


def WHITENOISE_IMMUTABLE_FILE_TEST(path: str, url: str) -> bool:  # noqa: N802 - WhiteNoise names it
    """Only names that carry a content hash may be cached for ever."""
    return "/build/" in url


# --- words and numbers -----------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# --- the chain -------------------------------------------------------------------------------
CHAIN_RPC_URL = ENV.chain_rpc_url
CHAIN_ID = 72731
CHAIN_DEPTH = 2
RELAYER_KEY = ENV.relayer_key
RELAYER_MAX_COST_WEI = ENV.relayer_max_cost_wei
RELAYER_MIN_BALANCE_WEI = ENV.relayer_min_balance_wei

# --- watching the hub ------------------------------------------------------------------------
METRICS_TOKEN = ENV.metrics_token
ALARM_MAIL = ENV.alarm_mail

# --- the product's defaults ------------------------------------------------------------------
FEE_BPS = 50
TAKE_OPEN_SECONDS = 600
RULING_SECONDS = 14 * 24 * 3600
# How long what was said is kept after a trade's end, and after the end of its case.
CHAT_KEPT_DAYS, EVIDENCE_KEPT_DAYS = 180, 365

# 32 bytes as hex: signs for what the chat stored. Without it a key is made of SECRET_KEY.
RECEIPT_KEY = ENV.receipt_key
# Sealed files of the chat; a hub of several machines shares the folder.
STORAGES = {
    **global_settings.STORAGES,
    "sealed": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": STATE_DIR / "files", "base_url": None},
    },
}

# --- notices that leave the site -------------------------------------------------------------
# "smtp" with a mail server, "file" on a devnet without one, "" where mail is not set up.
MAIL_WAY = "smtp" if ENV.mail_server else "file" if IS_DEVNET else ""
MAIL_FOLDER = STATE_DIR / "mail"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.mail_from
EMAIL_TIMEOUT = 10
if ENV.mail_server:
    EMAIL_HOST, EMAIL_PORT = ENV.mail_server.host, ENV.mail_server.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = ENV.mail_server.user, ENV.mail_server.password
    EMAIL_USE_SSL, EMAIL_USE_TLS = ENV.mail_server.is_tls, ENV.mail_server.is_starttls
# A P-256 key in base64url; "" where push is not set up.
VAPID_PRIVATE_KEY = ENV.vapid_private_key
# A browser tells us where to post; we post nowhere but to the push services of browsers.
PUSH_ORIGINS = ENV.push_origins or (
    "https://fcm.googleapis.com",
    "https://*.push.services.mozilla.com",
    "https://*.notify.windows.com",
    "https://web.push.apple.com",
)

# --- tasks -----------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL

LOGGING = logging_settings(
    is_devnet=IS_DEVNET,
    secrets=[
        *(SECRET_KEY, RELAYER_KEY, RELAYER_KEY.removeprefix("0x"), METRICS_TOKEN),
        *(part for url in (CHAIN_RPC_URL, REDIS_URL) for part in secret_parts(url)),
        *(part for part in (DATABASES["default"].get("PASSWORD"),) if part),
    ],
)
