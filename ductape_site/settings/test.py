"""Tests: the embedded servers, quick password hashes, no connection pool."""

import os

from cryptography.fernet import Fernet

os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 40)
os.environ.setdefault("FIELD_ENCRYPTION_KEYS", Fernet.generate_key().decode())
os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")  # lint and types need no server
os.environ.setdefault("VALKEY_URL", "redis://127.0.0.1:1/0")

from ductape_site.settings.base import *

DATABASES["default"]["OPTIONS"] = {}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
LOG_FORMAT = "console"
