"""Every setting of the portal, read from the environment (docs/settings.md explains each one).

Each variable may also be given as ``<NAME>_FILE``, a file that holds the value. A value that cannot
be read stops the start with one line that names the variable; values that do not fit together are
refused by ``runicorn_site/checks.py``.
"""

from datetime import timedelta
from pathlib import Path

from django.core.management.utils import get_random_secret_key
from environs import FileAwareEnv, validate

from runicorn.version import __version__
from runicorn_site.embedded import database_url

env = FileAwareEnv(strip_whitespace=True)

BASE_DIR = Path(__file__).resolve().parent.parent

# Where things are -----------------------------------------------------------------------------
RUNICORN_DATA_DIR = Path(env.str("RUNICORN_DATA_DIR", "") or BASE_DIR / "var").absolute()
RUNICORN_STORAGE_ROOT = Path(
    env.str("RUNICORN_STORAGE_ROOT", "") or RUNICORN_DATA_DIR / "store"
).absolute()
EMBEDDED_HOME = RUNICORN_DATA_DIR / "postgres"
SECRET_KEY_PATH = RUNICORN_DATA_DIR / "secret_key"

# Who may come in ------------------------------------------------------------------------------
RUNICORN_HOST = env.str("RUNICORN_HOST", "127.0.0.1").strip("[]")
RUNICORN_PORT = env.int("RUNICORN_PORT", 23300, validate=validate.Range(1, 65535))
RUNICORN_ACCESS = env.str("RUNICORN_ACCESS", "open", validate=validate.OneOf(["open", "team"]))
ALLOWED_HOSTS = [
    host.strip()
    for host in env.str("RUNICORN_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
    if host.strip()
]

RUNICORN_TRUSTED_PROXIES = env.int("RUNICORN_TRUSTED_PROXIES", 0, validate=validate.Range(0, 10))
RUNICORN_HTTPS = env.str("RUNICORN_HTTPS", "off", validate=validate.OneOf(["off", "on"]))
RUNICORN_WRITES_PER_MINUTE = env.int(
    "RUNICORN_WRITES_PER_MINUTE", 6000, validate=validate.Range(0, 1_000_000)
)

# Without a key of one's own: the one `serve` keeps, or one that lives as long as this process.
RUNICORN_SECRET_KEY = env.str("RUNICORN_SECRET_KEY", "")
SECRET_KEY = RUNICORN_SECRET_KEY or (
    SECRET_KEY_PATH.read_text() if SECRET_KEY_PATH.exists() else get_random_secret_key()
)
SETUP_CODE = ""  # drawn by `serve` where there is no admin yet (accounts/setup.py)
SETUP_CODE_AFTER_EVENT = 0  # the last row of the audit log at that moment

# The server -----------------------------------------------------------------------------------
RUNICORN_WORKERS = env.int("RUNICORN_WORKERS", 2, validate=validate.Range(1, 64))
RUNICORN_LOG_LEVEL = env.str(
    "RUNICORN_LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"])
)
RUNICORN_MATERIALIZED_BYTES = env.int(
    "RUNICORN_MATERIALIZED_BYTES", 20 << 30, validate=validate.Range(0)
)
RUNICORN_MAX_FILE_BYTES = env.int("RUNICORN_MAX_FILE_BYTES", 0, validate=validate.Range(0))
RUNICORN_MAX_VERSION_FILES = env.int(
    "RUNICORN_MAX_VERSION_FILES", 1_000_000, validate=validate.Range(1, 1_000_000)
)
DEBUG = False

INSTALLED_APPS = [
    "runicorn_site",
    "accounts",
    "artifacts",
    "lineage",
    "axes",
    "django_htmx",
    "runicorn_site.admin_config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "runicorn_site.request_log.access_log",
    "runicorn_site.headers.page_policy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "runicorn_site.middleware.well_formed_request",
    "runicorn_site.middleware.same_site_writes",
    "runicorn_site.bodies.readable_chunked_body",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "runicorn_site.language.PageLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "runicorn_site.middleware.limited_writes",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "runicorn_site.refusals.PageRefusals",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "runicorn_site.urls"
WSGI_APPLICATION = "runicorn_site.wsgi.application"
APPEND_SLASH = False  # contract.md: a redirect would turn DELETE and POST into GET
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# Behind a proxy that speaks HTTPS for us, and says so in a header that no client can make up.
IS_HTTPS = RUNICORN_HTTPS == "on"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS and RUNICORN_TRUSTED_PROXIES else None
)
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = ["^api/"]  # contract.md: a redirect would turn DELETE and POST into GET
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_HTTPS else 0
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
# HSTS for this host alone: other hosts below it, and lists in browsers, are not ours to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# Guesses at passwords, counted for each name from each address --------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "accounts.origin.client_address"
AXES_USERNAME_CALLABLE = "runicorn_site.guessing.guessed_name"
AXES_LOCKOUT_CALLABLE = "runicorn_site.guessing.locked_out"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # logins are in the audit log
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

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
                "runicorn_site.context.frame",
            ]
        },
    }
]

# The database ---------------------------------------------------------------------------------
# SQLite passes here for commands that look at models and never at rows; `serve` refuses it.
IS_EMBEDDED = not env.str(
    "DATABASE_URL",
    "",
    validate=validate.Regexp(
        r"$|(postgres|postgresql|pgsql|sqlite)://",
        error="Not a database URL of PostgreSQL: postgres://user:password@host:5432/name; "
        "unset it for the embedded one.",
    ),
)
RUNICORN_DATABASE_POOL = env.int("RUNICORN_DATABASE_POOL", 16, validate=validate.Range(0, 1000))
DATABASES = {
    "default": env.dj_db_url("DATABASE_URL")
    if not IS_EMBEDDED
    else env.dj_db_url("", database_url(EMBEDDED_HOME))
}
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if RUNICORN_DATABASE_POOL and DATABASES["default"]["ENGINE"].endswith("postgresql"):
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": RUNICORN_DATABASE_POOL,
        "timeout": 10,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
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

# The form of a version's metadata is the largest; content is not sent by forms.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 << 20

LOGIN_URL = "login"
CSRF_FAILURE_VIEW = "runicorn_site.api.csrf_failure"
LOGIN_REDIRECT_URL = "home"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # straight from the packages: no collectstatic to forget

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.access.MayEnter"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.limits.WriteLimit"],
    "DEFAULT_PARSER_CLASSES": ["runicorn_site.json_parser.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "runicorn_site.negotiation.OnlyForm",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "runicorn_site.pagination.LinkPagination",
    "EXCEPTION_HANDLER": "runicorn_site.api.handle_exception",
    "UNICODE_JSON": True,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Runicorn Portal",
    "DESCRIPTION": "A self-hosted, multi-user home for a team's machine-learning artifacts.",
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["accounts.access.MayEnter"],
    "ENFORCE_NON_BLANK_FIELDS": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "runicorn_site.schema.may_be_anonymous",
    ],
    "ENUM_NAME_OVERRIDES": {
        "VersionStatus": "artifacts.api.schemas.STATUSES",
        "RunStatus": "lineage.models.Run.Status",
    },
    "PATH_CONVERTER_OVERRIDES": {"version": {"type": "integer", "minimum": 1}},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "runicorn_site.request_log.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s request=%(request_id)s",
        }
    },
    "filters": {"request_id": {"()": "runicorn_site.request_log.RequestIdFilter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": RUNICORN_LOG_LEVEL},
    "loggers": {
        # The access log has every refusal already; only 500s (with their traceback) are news.
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
    },
}
