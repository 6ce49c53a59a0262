"""The portal's settings for tests: the same, but with cheap passwords, plain static files and folders of their own."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Set before the portal's settings are read. Each run has its own folder, so two runs never meet.
_folder = Path(tempfile.mkdtemp(prefix="portal-test-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["PORTAL_VAR"] = str(_folder)
os.environ["PORTAL_ENV"] = "embedded"
os.environ["SECRET_KEY"] = "tests-only-" + "0123456789abcdef" * 4
for _name, _test_name in (("DATABASE_URL", "TEST_DATABASE_URL"), ("REDIS_URL", "TEST_REDIS_URL")):
    if os.environ.get(_test_name):
        os.environ[_name] = os.environ[_test_name]

from portal.settings import *  # noqa: E402, F403
from portal.settings import CACHES, DATABASES, SQLITE, STORAGES  # noqa: E402

if SQLITE:
    # A file and not memory: only with a file do two threads meet as two processes would.
    DATABASES["default"]["NAME"] = _folder / "portal.sqlite3"
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"]["OPTIONS"],
        "init_command": DATABASES["default"]["OPTIONS"]["init_command"] + "PRAGMA synchronous=OFF;",
    }
else:
    # What the server loses when it falls is of no interest here.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"

# Each process of a run counts for itself.
for _name, _cache in CACHES.items():
    if "KEY_PREFIX" in _cache:
        _cache["KEY_PREFIX"] = f"portal-test-{_name}-{_folder.name}"
        _cache["BACKEND"] = "tests.caches.OwnKeysRedisCache"

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ARGON2_TIME_COST = 1
ARGON2_MEMORY_COST = 8  # KiB
ARGON2_PARALLELISM = 1
CELERY_TASK_ALWAYS_EAGER = False
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
# Tests call more often than anybody may; those about the limits raise it.
API_RATE_LIMIT_FACTOR = 0
