from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "tests.ui_gallery"
    label = "ui_gallery"
    default_auto_field = "django.db.models.BigAutoField"
