"""Settings of the clinic portal: one file, read from the environment and from `.env`.

Without a `.env`, what `make up` noted about its demo in the data directory counts (`clinic/demo.py`).

Every variable is documented in `.env.example`. Outside demo mode there are no default secrets:
a missing one is named by a system check (`apps/core/checks.py`) instead of being invented here.
"""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.utils.translation import gettext_lazy as _

from clinic import demo, dotenv, sentry
from clinic.logs import configure_logging

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
_read_dotenv = not env.bool("CLINIC_IGNORE_DOTENV", default=False)
if _read_dotenv and (BASE_DIR / ".env").exists():
    dotenv.check(BASE_DIR / ".env")
    env.read_env(BASE_DIR / ".env")
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
if _read_dotenv and not (BASE_DIR / ".env").exists() and (_note := demo.note(DATA_DIR)):
    env.read_env(_note)
dotenv.check_environment(env.ENVIRON)

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
TESTING = env.bool("CLINIC_TESTING", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="only-for-tests-never-used-outside-this-machine" if TESTING else "")
if DEMO and not SECRET_KEY:
    SECRET_KEY = demo.secret_key(DATA_DIR)
DEMO_SIGN_INS, DEMO_PASSWORD = demo.SIGN_INS, demo.PASSWORD
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"] if DEMO or DEBUG or TESTING else []
)
CSRF_FAILURE_VIEW = "apps.core.refusals.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
_host, _port = env.str("HOST", default="") or "127.0.0.1", env.str("PORT", default="") or "8000"
PUBLIC_BASE_URL = env.str(
    "PUBLIC_BASE_URL", default=f"http://{f'[{_host}]' if ':' in _host else _host}:{_port}"
).rstrip("/")

# ── database and broker: the given ones, else embedded servers under DATA_DIR ─────────────────────────────────────────
_database_url = env.str("DATABASE_URL", default="")
_redis_url = env.str("REDIS_URL", default="")
if not _database_url or not _redis_url:
    from clinic import embedded  # a deployment with both addresses need not carry the embedded servers

    _servers = embedded.ensure_running(DATA_DIR, postgres=not _database_url, valkey=not _redis_url)
    _database_url = _database_url or _servers.database_url
    _redis_url = _redis_url or _servers.redis_url
REDIS_URL = _redis_url

DATABASES = {
    "default": {
        **environ.Env.db_url_config(_database_url),
        "ENGINE": "apps.core.database",
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "apps.core.cache.TolerantRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "clinic",
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
    }
}

# ── apps: floors from the ground up (docs/architecture.md) ────────────────────────────────────────────────────────────
CLINIC_APPS = [
    "apps.core",
    "apps.organizations",
    "apps.events",
    "apps.audit",
    "apps.practitioners",
    "apps.patients",
    "apps.media",
    "apps.communications",
    "apps.notifications",
    "apps.appointments",
    "apps.conversations",
    "apps.journeys",
    "apps.webhooks",
    "apps.portal",
]
INSTALLED_APPS = [
    *CLINIC_APPS,
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "apps.core.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "phonenumber_field",
    "csp",
    "django_prometheus",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "apps.core.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "apps.core.middleware.PrivacyHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.core.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "apps.core.middleware.ApplicationErrorMiddleware",
    "apps.organizations.middleware.OrganizationMiddleware",
    "apps.portal.middleware.LiveCursorMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.portal.context_processors.frame",
                "apps.organizations.context_processors.demo_sign_ins",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]

# ── people and sign-in ────────────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "organizations.User"
AUTHENTICATION_BACKENDS = [
    "apps.organizations.backends.PortalBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else ["django.contrib.auth.hashers.ScryptPasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "apps.organizations.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # one step for the time it takes to type, as RFC 6238 section 5.2 advises
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up by themselves, so nobody can take an address that is not theirs
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or DEMO
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# ── where files are: a bucket, else DATA_DIR (docs/media.md) ─────────────────────────────────────────────────────────
S3_BUCKET_NAME = env.str("S3_BUCKET_NAME", default="")
AWS_REGION = env.str("AWS_REGION", default="us-east-1")
AWS_S3_ENDPOINT_URL = env.str("AWS_S3_ENDPOINT_URL", default="").rstrip("/")
FILES_ORIGIN = (
    ("{0.scheme}://{0.netloc}".format(urlsplit(AWS_S3_ENDPOINT_URL)))
    if AWS_S3_ENDPOINT_URL
    else f"https://{S3_BUCKET_NAME}.s3.{AWS_REGION}.amazonaws.com"
)
# Browsers send and fetch files at the bucket's own address.
_files_from = ["'self'", *([FILES_ORIGIN] if S3_BUCKET_NAME else [])]
_MIB = 1024 * 1024
MEDIA_LIMITS = {
    "image": 25 * _MIB,
    "pdf": 50 * _MIB,
    "text": 2 * _MIB,
    "word": 25 * _MIB,
    "audio": 25 * _MIB,
    "video": 100 * _MIB,
    "card": 1 * _MIB,
}
MEDIA_MOST_PIXELS = 50_000_000  # of a picture, all frames together: what it takes in memory, whatever its file weighs

# ── transport security: only a demo or debug run on loopback goes without TLS ─────────────────────────────────────────
_secure = not (DEBUG or DEMO or TESTING)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SECURE_SSL_REDIRECT = _secure and env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _secure
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=_secure) else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Behind a proxy the caller's address is the last one it added; else everybody would share one rate limit.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=1 if SECURE_PROXY_SSL_HEADER else 0)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024 * 2
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": (),
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": [*_files_from, "data:"],
        "media-src": _files_from,
        "connect-src": _files_from,
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}

# ── the admin's looks: the portal's own colour (static/css/app.css --brand) in unfold's scale ─────────────────────────
UNFOLD = {
    "SITE_TITLE": "Clinic portal",
    "SITE_HEADER": "Clinic portal",
    "SITE_SUBHEADER": "apps.core.admin.organization_name",
    "SITE_SYMBOL": "local_hospital",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "apps.core.admin.favicon"}],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "COLORS": {
        "primary": {
            "50": "#eef7f7",
            "100": "#e3f0f0",
            "200": "#c3e0e0",
            "300": "#a8cfcf",
            "400": "#57a9aa",
            "500": "#177e80",
            "600": "#0d6062",
            "700": "#0b5557",
            "800": "#0a4e50",
            "900": "#0c3f40",
            "950": "#052626",
        }
    },
}

# ── language, time ────────────────────────────────────────────────────────────────────────────────────────────────────
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish")), ("hi", _("Hindi"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
PHONENUMBER_DB_FORMAT = "E164"
PHONENUMBER_DEFAULT_REGION = "US"

# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
_static_backend = "clinic.staticfiles.ModuleStaticFilesStorage"
STORAGES = {
    "default": {
        "BACKEND": "apps.media.storage.BucketFiles",
        "OPTIONS": {
            "bucket_name": S3_BUCKET_NAME,
            "access_key": env.str("AWS_ACCESS_KEY_ID", default="") or None,
            "secret_key": env.str("AWS_SECRET_ACCESS_KEY", default="") or None,
            "region_name": AWS_REGION,
            "endpoint_url": AWS_S3_ENDPOINT_URL or None,
        },
    }
    if S3_BUCKET_NAME
    else {"BACKEND": "apps.media.storage.LocalFiles", "OPTIONS": {"location": str(DATA_DIR / "media")}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or DEMO or TESTING
        else _static_backend
    },
}
WHITENOISE_USE_FINDERS = DEBUG or DEMO or TESTING
WHITENOISE_AUTOREFRESH = DEBUG

# ── API ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
API_RATE_LIMIT = env.str("API_RATE_LIMIT", default="600/min")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.organizations.authentication.ActorAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["apps.organizations.authentication.ActorHasPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.api.parsers.JSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "apps.core.api.schema.PortalSchema",
    "DEFAULT_FILTER_BACKENDS": ["apps.core.api.filters.FilterBackend", "apps.core.api.filters.SearchBackend"],
    "DEFAULT_PAGINATION_CLASS": "apps.core.api.pagination.CursorPagination",
    "DEFAULT_THROTTLE_CLASSES": ["apps.core.api.throttling.ActorThrottle"],
    "EXCEPTION_HANDLER": "apps.core.api.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Clinic portal API",
    "VERSION": "1",
    "DESCRIPTION": "Patients, appointments, conversations and messages of one organization per key.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_PERMISSIONS": ["apps.organizations.authentication.ActorIsKnown"],
    "SERVE_PUBLIC": True,
    "PREPROCESSING_HOOKS": ["apps.core.api.schema.only_versioned"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "Channel": "apps.communications.models.Channel",
        "CommunicationStatus": "apps.communications.models.Status",
        "CommunicationCategory": "apps.communications.models.Category",
        "PlannedCategory": "apps.communications.serializers.COMPOSABLE",
        "ConsentStatus": "apps.patients.models.ConsentStatus",
        "ConsentMethod": "apps.patients.models.ConsentMethod",
        "ContactUse": "apps.patients.models.ContactUse",
        "AddressUse": "apps.patients.models.AddressUse",
        "PurposeEnum": "apps.patients.models.ConsentPurpose",
        "MediaPurpose": "apps.media.models.Purpose",
        "MediaState": "apps.media.models.MediaState",
        "UploadPurpose": "apps.media.serializers.UPLOAD_PURPOSES",
        "AppointmentStatus": "apps.appointments.models.VISIT_STATUSES",
        "ImportStatus": "apps.core.imports.models.ImportStatus",
        "ImportRowState": "apps.core.imports.models.RowState",
        "JourneyStatus": "apps.journeys.models.InstanceStatus",
        "CancelReason": "apps.appointments.models.CancelReason",
    },
}

# ── background work ───────────────────────────────────────────────────────────────────────────────────────────────────


def broker_url(redis_url: str) -> str:
    """Translate a redis URL for kombu, which spells unix sockets `redis+socket://PATH?virtual_host=N`."""
    if not redis_url.startswith("unix://"):
        return redis_url
    parts = urlsplit(redis_url)
    database = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={database}"


CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "events"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    "visibility_timeout": 3600,
    "queue_order_strategy": "priority",
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_TIMEZONE = "UTC"

# ── outside services ──────────────────────────────────────────────────────────────────────────────────────────────────
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="demo-twilio-token" if DEMO and not TWILIO_ACCOUNT_SID else "")
TWILIO_PHONE_NUMBER = env.str("TWILIO_PHONE_NUMBER", default="")
TWILIO_WHATSAPP_NUMBER = env.str("TWILIO_WHATSAPP_NUMBER", default="")
TWILIO_MESSAGING_SERVICE_SID = env.str("TWILIO_MESSAGING_SERVICE_SID", default="")
TWILIO_API_BASE_URL = env.str("TWILIO_API_BASE_URL", default="")
EMAIL_URL = env.str("EMAIL_URL", default="")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="clinic@localhost")
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
elif DEMO:
    # The only mail that does not go through the simulator is about sign-ins; it is for the person at the terminal.
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
EMAIL_TIMEOUT = 15
SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    sentry.start(SENTRY_DSN, environment=env.str("SENTRY_ENVIRONMENT", default="production"))

LOG_FORMAT = env.str("LOG_FORMAT", default="console" if DEBUG or DEMO else "json")
LOG_REQUESTS = LOG_FORMAT == "json"
LOGGING_CONFIG = None
configure_logging(LOG_FORMAT, quiet=TESTING)
# W161 takes a fixed time of day for a forgotten now() when the check happens to run within ten seconds of it: quiet hours
# end at eight by default.
SILENCED_SYSTEM_CHECKS = ["fields.W161"]
