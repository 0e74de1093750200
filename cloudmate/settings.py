"""The one settings file: all from the environment, with defaults that need no server and no key."""

from pathlib import Path

from cloudmate import env
from cloudmate.llm import roles

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("CLOUDMATE_DATA", BASE_DIR / "var")

# Web
DEBUG = env.boolean("CLOUDMATE_DEBUG", False)
SECRET_KEY = env.secret("CLOUDMATE_SECRET_KEY", DATA_DIR / "secret-key")
ALLOWED_HOSTS = env.items("CLOUDMATE_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
HTTPS = env.boolean("CLOUDMATE_HTTPS", False)  # behind a proxy that ends TLS and sets X-Forwarded-Proto and -For
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_ENGINE = "cloudmate.signed_in"
AUTHENTICATION_BACKENDS = ["cloudmate.signed_in.Accounts"]
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_FAILURE_VIEW = "cloudmate.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

INSTALLED_APPS = [
    "cloudmate",
    "cases",
    "sandbox",
    "rules",
    "rest_framework",
    "django_htmx",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cloudmate.fragments.told_apart",
    "cloudmate.drafts.SavedDrafts",
]
ROOT_URLCONF = "cloudmate.urls"
WSGI_APPLICATION = "cloudmate.wsgi.application"
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
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024  # an agent's step may carry a long raw return

# Database. SQLite begins each atomic block as a writer (IMMEDIATE), so that a read never has to become
# a write and fail at once; with a write-ahead log readers never wait.
DATABASES = {
    "default": env.postgres("CLOUDMATE_DATABASE_URL")
    or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "cloudmate.sqlite3",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "PRAGMA journal_size_limit=27103364; PRAGMA cache_size=-4000;",
        },
    }
}
if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # its just-in-time compiler takes up to 1.3 s before questions that are answered in 0.1 s; a plan that is kept is for
    # all values; ?options= of the address wins
    DATABASES["default"]["OPTIONS"].setdefault("options", "-c jit=off -c plan_cache_mode=force_generic_plan")
# What cloudmate/prepared.py asks a second time is planned once, but not where a pooler gives each transaction another
# connection, which does not know the plans.
KEEP_PLANS = env.boolean("CLOUDMATE_DATABASE_KEEP_PLANS", True)
DATABASES["default"]["CONN_MAX_AGE"] = env.integer("CLOUDMATE_DATABASE_KEEP_SECONDS", 60, least=0)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Background work
EMBEDDED_BROKER = "embedded://localhost/"
SLOTS = env.integer("CLOUDMATE_SLOTS", 4, least=1)  # runs of one kind at the same time, over all workers
CELERY_BROKER_URL = env.text("CLOUDMATE_BROKER_URL", EMBEDDED_BROKER)
if CELERY_BROKER_URL == EMBEDDED_BROKER:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"path": str(DATA_DIR / "broker.sqlite3"), "visibility_timeout": 30}
elif CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": env.integer("CLOUDMATE_BROKER_VISIBILITY_SECONDS", 3600, least=10),
        "unacked_restore_interval": 10,  # with the throttle at 1: a dead worker's nudges come back within 10 s
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 10,  # so too where it died while it looked for those of another
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
SWEEPS = {"cases.tasks.sweep": 2, "sandbox.tasks.sweep": 2, "rules.tasks.sweep": 3}  # task -> seconds between calls

# Models that speak, by role; none is needed
CLOUDMATE_LLM = roles.read(env)

# API
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "NUM_PROXIES": int(HTTPS),  # whose word on where a request comes from is taken
    "DEFAULT_THROTTLE_RATES": {
        "agent": env.rate("CLOUDMATE_API_RATE", "1200/min"),
        "sign_in": env.rate("CLOUDMATE_SIGN_IN_RATE", "10/min"),
    },
}

# What is counted for a minute: in each process tries to sign in and an agent's requests, of which trying hundreds of
# names pushes none out; for all processes of a machine sums over all there is, which take long.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
    "sums": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / "sums",
        "TIMEOUT": 60,
    },
}

# Static files: named by their content and compressed, so a browser never asks twice
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

USE_I18N = False  # every word is English: none is looked up in a catalogue, on pages with thousands of them
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

LOG_LEVEL = env.choice("CLOUDMATE_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"words": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "words"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        **{name: {"level": "WARNING"} for name in ("httpx", "httpx2", "openai")},  # they log each request
    },
}
