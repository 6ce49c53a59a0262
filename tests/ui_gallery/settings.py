"""The portal's look without the portal's apps: `manage.py runserver --settings tests.ui_gallery.settings`."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIDDLEWARE, TEMPLATES, _folder

INSTALLED_APPS = [*INSTALLED_APPS, "tests.ui_gallery"]
ROOT_URLCONF = "tests.ui_gallery.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": _folder / "gallery.sqlite3"}}
MIDDLEWARE = [
    name
    for name in MIDDLEWARE
    if name not in {"portal.middleware.SessionActorMiddleware", "portal.middleware.WorkspaceMiddleware"}
]
MIDDLEWARE += ["tests.ui_gallery.middleware.GalleryMiddleware"]
TEMPLATES[0]["DIRS"] = [*TEMPLATES[0]["DIRS"], BASE_DIR / "tests" / "ui_gallery" / "templates"]  # noqa: F405
TEMPLATES[1]["DIRS"] = [*TEMPLATES[1]["DIRS"], BASE_DIR / "tests" / "ui_gallery" / "templates"]  # noqa: F405
DEBUG = False
