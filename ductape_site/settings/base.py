"""The settings that every way of running shares."""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from ductape_site import database, env, mail

BASE_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = Path(env.text("DUCTAPE_DATA", str(BASE_DIR / "var")))
RESOURCES_DIR = Path(env.text("RESOURCES_DIR", str(DATA_DIR / "resources")))  # SQLite databases and local storages

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
FIELD_ENCRYPTION_KEYS = env.words("FIELD_ENCRYPTION_KEYS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
PORT = env.number("PORT", 8000, least=1, most=65535)
BASE_URL = env.text("BASE_URL", f"http://localhost:{PORT}").rstrip("/")

INSTALLED_APPS = [
    "products",
    "processors",
    "ductape_site.admin_site.AdminApp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "ductape_site.middleware.safe_headers",
    "ductape_site.request_times.RequestTimesMiddleware",
    "ductape_site.logging.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "ductape_site.middleware.PagePolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ductape_site.request_log.RequestLogMiddleware",
]

ROOT_URLCONF = "ductape_site.urls"
ASGI_APPLICATION = "ductape_site.asgi.application"
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
            ],
            "builtins": ["django.templatetags.static", "products.templatetags.ui"],
        },
    }
]

# Servers -----------------------------------------------------------------------------------------------------------

DATABASE_URL = env.text("DATABASE_URL")
DATABASES = {"default": database.described(DATABASE_URL)}
# How long one statement of a request may take, in seconds; 0: without limit.
WEB_STATEMENT_S = env.number("WEB_STATEMENT_S", 30, most=3_600)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

VALKEY_URL = env.text("VALKEY_URL")
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", VALKEY_URL)
BROKER_VISIBILITY_TIMEOUT_S = env.number("BROKER_VISIBILITY_TIMEOUT_S", 3_600, least=10)
CELERY_APP = "ductape_site.celery"  # loaded with Django, so that every process rings the same doorbell
CHANNEL_LAYERS = {
    # The core layer dies after five idle seconds with redis-py 8 (channels_redis#422); pubsub is at most once,
    # which is all a socket needs that only says "refetch up to number N".
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [VALKEY_URL], "prefix": "ductape"},
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": VALKEY_URL,
        "KEY_PREFIX": "ductape",
        # Django's own serializer pickles: whoever writes to the cache would run code here.
        "OPTIONS": {"serializer": "ductape_site.caching.JsonSerializer"},
    }
}

# People ------------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "products.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # the invitation, which came by mail, has proved the address
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "products.signup.InvitedAccountAdapter"
ACCOUNT_FORMS = {"signup": "products.forms.signup.InvitedSignupForm"}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # an unlocked screen is not enough to take an account over
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",  # the key is the address of the account; second factors count too
    "reset_password": "10/m/ip,3/10m/key",
    "reset_password_from_key": "10/m/ip",
    "signup": "10/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
MFA_ADAPTER = "products.signup.SealedMfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Ductape"
MFA_TOTP_TOLERANCE = 1  # clocks differ by half a minute
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0, most=10)
globals().update(mail.server(env.text("EMAIL_URL", "")))
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Ductape <ductape@localhost>")

SESSION_ENGINE = "ductape_site.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # pages carry the token themselves
CSRF_FAILURE_VIEW = "ductape_site.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "style-src": [SELF, NONCE],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Files -------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [("dist", BASE_DIR / "static" / "dist")]  # built from the sources beside it
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# REST --------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "products.api.authentication.AccessKeyAuthentication",
        "products.api.authentication.BrowserSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["products.api.parsers.StrictJsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "products.api.errors.problem_response",
    "DEFAULT_PAGINATION_CLASS": "products.api.paging.KeysetPagination",
    "PAGE_SIZE": 50,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Requests in a minute: of one access key or person, and of everybody in one workspace together. 0: without limit.
RATE_LIMIT_CALLER = env.number("RATE_LIMIT_CALLER", 30_000)
RATE_LIMIT_WORKSPACE = env.number("RATE_LIMIT_WORKSPACE", 120_000)
SPECTACULAR_SETTINGS = {
    "TITLE": "Ductape",
    "DESCRIPTION": "Everything the dashboard does, over REST. Send an access key as `Authorization: Bearer …`.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "products.api.manners.describe"],
    "ENUM_NAME_OVERRIDES": {
        "RunStateEnum": "processors.models.RunState",
        "ImportStateEnum": "products.models.ImportState",
    },
}

# Work --------------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOG_FORMAT = env.text("LOG_FORMAT", "json")
LOGGING_CONFIG = "ductape_site.logging.configure"
LOGGING = {"version": 1}  # Django calls the function above only when this is not empty

# For Prometheus: the token that /metrics asks for (none: there is no /metrics), and a worker's own port (0: none).
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
METRICS_HOST = env.text("METRICS_HOST", "127.0.0.1")
METRICS_PORT = env.number("METRICS_PORT", 0, most=65535)

# Addresses inside private networks that actions may call: `10.0.0.0/8` or `127.0.0.1:8000`, separated by commas.
EGRESS_ALLOW = env.words("EGRESS_ALLOW")

# Whom the first start makes; without a password it makes one and prints it once.
OWNER_EMAIL = env.text("DUCTAPE_OWNER_EMAIL", "owner@example.com")
OWNER_PASSWORD = env.text("DUCTAPE_OWNER_PASSWORD", "")

# The sample shop that the site serves itself, on a port of its own; 0 means not at all.
SAMPLE_API_PORT = env.number("SAMPLE_API_PORT", 0, most=65535)
SAMPLE_API_DOCUMENT = BASE_DIR / "ductape_site" / "sample_api" / "openapi.json"
