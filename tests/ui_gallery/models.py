"""A table of sample rows to try the list framework on."""

from django.db import models


class Sample(models.Model):
    objects: models.Manager["Sample"] = models.Manager()
    iccid = models.CharField(max_length=19)
    imsi = models.CharField(max_length=15, blank=True)
    name = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=20)
    volume = models.BigIntegerField(default=0)
    created = models.DateTimeField()

    class Meta:
        app_label = "ui_gallery"

    def __str__(self) -> str:
        return self.iccid
