"""Running on one's own machine with `make run`."""

from ductape_site.settings.base import *

SESSION_COOKIE_SECURE = False
CSRF_COOKIE_SECURE = False
