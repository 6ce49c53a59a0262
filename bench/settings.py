"""The portal's settings for benchmarks: production's way of serving, quiet, cheap where nothing is measured."""

from portal.settings import *  # noqa: F403

ALLOWED_HOSTS = ["testserver", "localhost"]
DEBUG = False
SECURE_SSL_REDIRECT = False
STORAGES = {  # static file names are not measured and need not be collected
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CACHES = {
    name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": name}
    for name in ("default", "figures")
}
API_RATE_LIMIT_FACTOR = 1000  # counted as in production, and never reached
