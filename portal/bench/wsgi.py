"""The portal as gunicorn serves it, plus the bare page."""

import os

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
settings.ROOT_URLCONF = "portal.bench.urls"

from portal.wsgi import application  # noqa: E402 the address table must be chosen first

__all__ = ["application"]
