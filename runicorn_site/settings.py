"""Every setting of the portal, read from the environment (docs/settings.md explains each one)."""

from pathlib import Path

from environs import Env

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent

# Where things are -----------------------------------------------------------------------------
RUNICORN_DATA_DIR = Path(env.str("RUNICORN_DATA_DIR", str(BASE_DIR / "var"))).absolute()
RUNICORN_STORAGE_ROOT = Path(
    env.str("RUNICORN_STORAGE_ROOT", str(RUNICORN_DATA_DIR / "store"))
).absolute()
RUNICORN_HOST = env.str("RUNICORN_HOST", "127.0.0.1")
RUNICORN_PORT = env.int("RUNICORN_PORT", 23300)
RUNICORN_ACCESS = env.str("RUNICORN_ACCESS", "open")

SECRET_KEY = env.str("RUNICORN_SECRET_KEY", "not-yet-a-secret")
ALLOWED_HOSTS = env.list("RUNICORN_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
DEBUG = False

INSTALLED_APPS = [
    "runicorn_site",
    "accounts",
    "artifacts",
    "lineage",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "runicorn_site.urls"
WSGI_APPLICATION = "runicorn_site.wsgi.application"
APPEND_SLASH = False  # contract.md: a redirect would turn DELETE and POST into GET

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
            ]
        },
    }
]

DATABASES = {"default": env.dj_db_url("DATABASE_URL", "postgres:///portal")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.BasicAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.access.MayEnter"],
    "DEFAULT_PARSER_CLASSES": ["runicorn_site.api.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "runicorn_site.api.handle_exception",
    "UNICODE_JSON": True,
}
