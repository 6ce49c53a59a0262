"""The one settings module. The environment decides; `docs/configuration.md` lists every variable.

Two shapes of the same code: *embedded* (the default: SQLite, a folder as broker, nothing to install) and *production*
(`PORTAL_ENV=production`: HTTPS only, secrets from outside, JSON logs). `DATABASE_URL` and `REDIS_URL` work in both.
An odd value stops the start and names its variable.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from kit.env import Env, kept_secret, private_folder

# `ModelForm[Sim]`, `ModelAdmin[Sim]` and the like: the type checker needs them, plain Django refuses them when it runs.
django_stubs_ext.monkeypatch()

env = Env(os.environ)

BASE_DIR = Path(__file__).resolve().parent.parent
PORTAL_ENV = env.choice("PORTAL_ENV", ("embedded", "production"), default="embedded")
PRODUCTION = PORTAL_ENV == "production"
DEBUG = False if PRODUCTION else env.flag("DEBUG")

# Everything that a running portal writes lies here: database, broker, cache, mail, collected static files.
VAR_DIR = private_folder(Path(env.text("PORTAL_VAR", str(BASE_DIR / "var"))).expanduser().resolve())

if PRODUCTION:
    SECRET_KEY = env.required("SECRET_KEY", "production needs 50 or more random characters")
    env.required("ALLOWED_HOSTS", "production needs the host names that the portal answers to, separated by commas")
else:
    SECRET_KEY = env.text("SECRET_KEY") or kept_secret(VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", default=("localhost", ".localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")

# --- where the supervisor (`manage.py portal`) listens, and how many processes it starts ---

PORTAL_HOST = env.text("PORTAL_HOST", "127.0.0.1")
PORTAL_PORT = env.number("PORT", default=8000, minimum=0, maximum=65535)
PORTAL_WEB_PROCESSES = env.number("PORTAL_WEB_PROCESSES", default=2 if PRODUCTION else 1, minimum=1, maximum=64)
PORTAL_WEB_THREADS = env.number("PORTAL_WEB_THREADS", default=8, minimum=1, maximum=64)
# 1 means: the worker runs its tasks in its own process (the solo pool).
PORTAL_WORKERS = env.number("PORTAL_WORKERS", default=2 if PRODUCTION else 1, minimum=1, maximum=64)

# --- applications ---

INSTALLED_APPS = [
    "kit",
    # The log comes first, so that it hears of a cause before of what other listeners make of it.
    "events",
    "accounts",
    "sims",
    "orders",
    "portal",
    "portal.admin_config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.humanize",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "django_filters",
    "django_tables2",
    "lucide",
]

MIDDLEWARE = [
    "portal.middleware.HeadersMiddleware",
    "portal.middleware.ApiPathMiddleware",
    # First: whatever answers, an error page included, asks whether htmx sent the request.
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # The actor context stands around everything that can act or fail, the request id is on every answer.
    "portal.middleware.ActionContextMiddleware",
    # Django hides the length of a compressed page (Heal The Breach), so secrets in it can't be guessed by its size.
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "kit.htmx.SessionEndMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.middleware.SessionActorMiddleware",
    "portal.middleware.WorkspaceMiddleware",
]
# Django's cache middleware and cache_page are never used: a page belongs to one person in one workspace.

ROOT_URLCONF = "portal.urls"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DJANGO_TABLES2_TEMPLATE = "kit/table.html"
DJANGO_TABLES2_TABLE_ATTRS = {"class": "table"}
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context_processors.shell",
            ],
        },
    },
    {
        # The rows of the long tables: three times as fast as Django's engine there.
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": "jinja2",
        "DIRS": [BASE_DIR / "templates" / "jinja"],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "portal.jinja.environment"},
    },
]

# --- database ---

SQLITE_OPTIONS: dict[str, Any] = {
    # A transaction takes the write lock when it begins: two writers wait for each other and never fail half-way.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,  # seconds
    "init_command": (
        "PRAGMA journal_mode=WAL;"
        "PRAGMA synchronous=NORMAL;"
        "PRAGMA foreign_keys=ON;"
        # Without it INSERT OR REPLACE slips past the triggers that keep the log append-only.
        "PRAGMA recursive_triggers=ON;"
        "PRAGMA temp_store=MEMORY;"
        "PRAGMA cache_size=-32000;"  # KiB
    ),
}

DATABASES: dict[str, dict[str, Any]] = {"default": env.database("DATABASE_URL", default=VAR_DIR / "portal.sqlite3")}
SQLITE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
if SQLITE:
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
else:
    # One connection a thread, kept; a pool would have to be shared between forked processes.
    DATABASES["default"]["CONN_MAX_AGE"] = env.number("DATABASE_MAX_AGE", default=60, minimum=0, maximum=3600)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A cursor of the server lives in one connection, and a pooler in transaction mode gives the next FETCH another one.
    # Nothing here needs them: long lists are read page by page.
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- cache, sessions, Celery: Redis where there is one, else files. Redis is speed, never correctness. ---

REDIS_URL = env.redis("REDIS_URL")
CACHES: dict[str, dict[str, Any]]
if REDIS_URL:
    CACHES = {
        name: {
            "BACKEND": "kit.caches.ForgivingRedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": prefix,
            # Seconds. Redis answers in a millisecond or is away; no page waits for it.
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
        for name, prefix in (("default", "portal"), ("figures", "portal-figures"))
    }
    CELERY_BROKER_URL = REDIS_URL
    # Seconds until an unfinished task is handed to another worker: above the longest task.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "visibility_timeout": 3600,
        "global_keyprefix": "portal:",
        "socket_connect_timeout": 2,
    }
else:
    # Never memory of one process: the limits of sign-in are counted here, and several processes serve.
    # Full, a folder forgets at random. So counters (default) have one of their own: nobody can push out the count of
    # their guesses by asking for thousands of different figures.
    CACHES = {
        name: {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": private_folder(VAR_DIR / folder),
            "OPTIONS": {"MAX_ENTRIES": most},
        }
        for name, folder, most in (("default", "counters", 10_000), ("figures", "cache", 2_000))
    }
    _broker = private_folder(VAR_DIR / "broker")
    CELERY_BROKER_URL = "filesystem://localhost"
    # Whoever can write to this folder can start tasks, so it is this user's alone.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(private_folder(_broker / "queue")),
        "data_folder_out": str(private_folder(_broker / "queue")),
        "control_folder": str(private_folder(_broker / "control")),
        "polling_interval": 0.5,  # seconds
    }

CELERY_TASK_DEFAULT_QUEUE = "portal"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
# Goes on when the clock is set back.
CELERY_BEAT_SCHEDULER = "portal.beat:Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
# An entry that could not be run until its next turn is dropped, so they never pile up while no worker runs.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep-jobs": {"task": "kit.sweep_jobs", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-transfers": {"task": "orders.sweep_transfers", "schedule": 60.0, "options": {"expires": 60}},
    "cancel-unpaid": {"task": "orders.cancel_unpaid", "schedule": 600.0, "options": {"expires": 600}},
    "sweep-mails": {"task": "kit.sweep_mails", "schedule": 60.0, "options": {"expires": 60}},
    "expire-messages": {"task": "sims.expire_messages", "schedule": 60.0, "options": {"expires": 60}},
    "begin-scheduled": {"task": "sims.begin_scheduled", "schedule": 15.0, "options": {"expires": 15}},
    "sweep-factory-tests": {"task": "sims.sweep_factory_tests", "schedule": 60.0, "options": {"expires": 60}},
    "forget-unknown-addresses": {
        "task": "accounts.forget_unknown_addresses",
        "schedule": 3_600.0,
        "options": {"expires": 3_600},
    },
    "settle-prepaid": {"task": "sims.settle_prepaid", "schedule": 60.0, "options": {"expires": 60}},
    "settle-trials": {"task": "accounts.settle_trials", "schedule": 60.0, "options": {"expires": 60}},
    "end-expired-tokens": {"task": "accounts.end_expired_tokens", "schedule": 60.0, "options": {"expires": 60}},
    "end-support-access": {"task": "accounts.end_support_access", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-imports": {"task": "sims.sweep_imports", "schedule": 300.0, "options": {"expires": 300}},
    "forget-reports": {"task": "sims.forget_reports", "schedule": 86_400.0, "options": {"expires": 86_400}},
    "sweep-filters": {"task": "kit.sweep_filters", "schedule": 86_400.0, "options": {"expires": 86_400}},
}

# --- people ---

AUTH_USER_MODEL = "accounts.User"
# The address is unique in lower case, by an index that this check does not know (`user_email_unique`).
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = ["accounts.sign_in.authentication.PortalBackend"]
PASSWORD_HASHERS = ["accounts.sign_in.hashers.Argon2Sha1PasswordHasher"]
# What hashing a password costs: rounds, KiB of memory, and threads.
ARGON2_TIME_COST = env.number("ARGON2_TIME_COST", default=2, minimum=1, maximum=20)
ARGON2_MEMORY_COST = env.number("ARGON2_MEMORY_COST", default=102_400, minimum=19_456, maximum=4_194_304)
ARGON2_PARALLELISM = env.number("ARGON2_PARALLELISM", default=8, minimum=1, maximum=64)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CSRF_FAILURE_VIEW = "portal.error_views.csrf_failure"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "accounts.sign_in.allauth_adapter.AccountAdapter"
MFA_ADAPTER = "accounts.sign_in.second_factors.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
ACCOUNT_FORMS = {
    "login": "accounts.sign_in.forms.SignInForm",
    "reset_password": "accounts.sign_in.forms.ForgottenForm",
    "reset_password_from_key": "accounts.sign_in.forms.NewPasswordForm",
}
# An address without an account gets no mail: nobody shall be written to because somebody typed it here.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
# The lock-out counts per account (accounts.authentication); these serve per address only, and later than it.
ACCOUNT_RATE_LIMITS = {"login_failed": "100/5m/ip", "login": "300/5m/ip"}
# How many proxies of ours stand before us: that many addresses at the end of X-Forwarded-For are believed.
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", default=0, minimum=0, maximum=10)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

# Days after which usage is closed: a record that ended longer ago is refused.
USAGE_CLOSES_AFTER_DAYS = env.number("USAGE_CLOSES_AFTER_DAYS", default=90, minimum=1, maximum=3650)

# Days that the link of an invitation works.
INVITATION_DAYS = env.number("INVITATION_DAYS", default=7, minimum=1, maximum=90)

# Minutes that staff stay in a customer's workspace at most.
SUPPORT_ACCESS_MINUTES = env.number("SUPPORT_ACCESS_MINUTES", default=60, minimum=5, maximum=480)

# Minutes that tokens of the API work: the one that opens it, the one that renews it, and the one that says that the
# password was right and the code of the second factor is still missing.
AUTH_TOKEN_MINUTES = env.number("AUTH_TOKEN_MINUTES", default=240, minimum=1, maximum=1440)
REFRESH_TOKEN_MINUTES = env.number("REFRESH_TOKEN_MINUTES", default=10_080, minimum=1, maximum=129_600)
MFA_TOKEN_MINUTES = env.number("MFA_TOKEN_MINUTES", default=5, minimum=1, maximum=60)

# Whether the operator's staff need a second factor for the admin site and for support access.
STAFF_MFA_REQUIRED = env.flag("STAFF_MFA_REQUIRED")
# How customers read who of the operator's staff acted: by name and address, or as "Operator staff" with the id.
STAFF_SHOWN_AS = env.choice("STAFF_SHOWN_AS", ("person", "id"), default="person")
# Whether codes by e-mail are enough of a second factor for staff; if not, they need an authenticator app.
STAFF_EMAIL_CODES = env.flag("STAFF_EMAIL_CODES", default=True)
EMAIL_CODE_MINUTES = env.number("EMAIL_CODE_MINUTES", default=20, minimum=1, maximum=60)

SESSION_COOKIE_AGE = 60 * 60 * 12  # seconds
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SIGNED_COOKIE_LEGACY_SALT_FALLBACK = False

# --- the browser's side of security ---

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "object-src": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000  # ten thousand ticked rows and a few fields more
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes; larger files go to a temporary file

if PRODUCTION:
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    # A program that sends its token over plain HTTP must see it fail; probes come from inside, without TLS.
    SECURE_REDIRECT_EXEMPT = [r"^api/", r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", default=31_536_000, minimum=0, maximum=63_072_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    if TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- static files: collected by `manage.py portal` when they changed, served compressed and for ever cacheable ---

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
MEDIA_ROOT = VAR_DIR / "media"

# --- language and time ---

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- mail ---

DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "portal@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", default=25, minimum=1, maximum=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10  # seconds
if EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
# Where mails lie as files while there is no mail server; what lies there is still cleared when a person is erased.
EMAIL_FILE_PATH = VAR_DIR / "mail"

# --- logs: JSON lines for machines, short lines for a terminal ---

LOG_FORMAT = env.choice("LOG_FORMAT", ("console", "json"), default="json" if PRODUCTION else "console")
LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO" if PRODUCTION else "WARNING")
_FORMATTERS: dict[str, dict[str, Any]] = {
    "json": {"()": "portal.logs.JsonFormatter"},
    "console": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s", "datefmt": "%H:%M:%S"},
}
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": _FORMATTERS[LOG_FORMAT]},
    "filters": {"one_line": {"()": "portal.logs.OneLineWarning"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # Every 4xx answer is a warning to Django; people mistype addresses all day.
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "propagate": True},
        # Anybody can send a wrong Host header, as often as they like.
        "django.security.DisallowedHost": {"filters": ["one_line"]},
    },
}

# --- the API ---

# The published rate limits times this number; 0 for none.
API_RATE_LIMIT_FACTOR = env.number("API_RATE_LIMIT_FACTOR", default=1, minimum=0, maximum=1000)

# --- bulk actions ---

# What takes more devices than this offline asks for its number to be typed.
CONFIRM_OFFLINE_DEVICES = env.number("CONFIRM_OFFLINE_DEVICES", default=50, minimum=0, maximum=1_000_000)

# --- the SIM shop ---

# A card that does not exist, so that the shop can be tried. Whoever knows it could buy for nothing.
SHOP_TEST_PAYMENTS = env.flag("SHOP_TEST_PAYMENTS", default=not PRODUCTION)
SHOP_BANK_ACCOUNT = env.text("SHOP_BANK_ACCOUNT")
# Stock is kept for an order that is not paid yet. So it has to be paid in time, and nobody may keep the whole stock.
SHOP_LOW_STOCK = env.number("SHOP_LOW_STOCK", default=5, minimum=0, maximum=1_000_000)
SHOP_UNPAID_HOURS = env.number("SHOP_UNPAID_HOURS", default=24, minimum=1, maximum=24 * 90)
SHOP_INVOICE_DAYS = env.number("SHOP_INVOICE_DAYS", default=30, minimum=1, maximum=365)
SHOP_UNPAID_ORDERS = env.number("SHOP_UNPAID_ORDERS", default=10, minimum=1, maximum=100_000)
SHOP_UNPAID_SIMS = env.number("SHOP_UNPAID_SIMS", default=20_000, minimum=1, maximum=10_000_000)

# --- billing ---

# The zone in which months and days of charges begin and end, for everybody (kit.billing).
BILLING_ZONE = env.zone("BILLING_ZONE", default="UTC")

# --- the network's usage records ---

# Without one nothing is taken in; an embedded portal derives its own (kit.network_feed).
NETWORK_FEED_TOKEN = env.text("NETWORK_FEED_TOKEN")

# --- seals over the log (docs/trust.md) ---

# The private key, PEM or 32 bytes in base64; else the file, which is made at its first use. Never in the database.
SEAL_KEY = env.text("SEAL_KEY")
SEAL_KEY_FILE = Path(env.text("SEAL_KEY_FILE", str(VAR_DIR / "seal_key"))).expanduser()
# Checkpoints and tiles outside the database, laid out so that any web server can publish the folder.
SEALS_FOLDER = Path(env.text("SEALS_FOLDER", str(VAR_DIR / "seals"))).expanduser()
# How the logs of this portal are called in checkpoints; a log keeps the name it began with.
SEAL_NAME = env.text("SEAL_NAME") or next((host for host in ALLOWED_HOSTS if host[:1] not in "*.["), "localhost")
# Each "KEY ADDRESS", separated by commas: who cosigns checkpoints (C2SP tlog-witness).
SEAL_WITNESSES = env.items("SEAL_WITNESSES")
CELERY_BEAT_SCHEDULE |= {
    "look-at-guards": {"task": "events.look_at_guards", "schedule": 600.0, "options": {"expires": 600}},
    "seal-log": {"task": "events.seal_log", "schedule": 30.0, "options": {"expires": 30}},
    "ask-witnesses": {"task": "events.ask_witnesses", "schedule": 600.0, "options": {"expires": 600}},
    "mail-seals": {"task": "events.mail_seals", "schedule": 3600.0, "options": {"expires": 3600}},
    "thin-checkpoints": {"task": "events.thin_checkpoints", "schedule": 86_400.0, "options": {"expires": 86_400}},
    "verify-log": {"task": "events.verify_log", "schedule": 60.0, "options": {"expires": 60}},
    "replay-log": {"task": "events.replay_log", "schedule": 60.0, "options": {"expires": 60}},
}
