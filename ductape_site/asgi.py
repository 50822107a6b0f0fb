"""Where requests and sockets come in."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings.dev")

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings

from ductape_site import database, tracing

django.setup(set_prefix=False)
database.bound_statements(settings.WEB_STATEMENT_S)
tracing.begin("web")  # before the middleware is loaded, which it adds itself to

from ductape_site.health import HealthProbes
from ductape_site.metrics import MetricsPage
from ductape_site.pages import PagesHandler
from ductape_site.sample_api.asgi import SampleApiOrSite
from processors.consumers.routing import websocket_urlpatterns

site = ProtocolTypeRouter({
    "http": HealthProbes(MetricsPage(PagesHandler())),
    "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
})
application = SampleApiOrSite(site, port=settings.SAMPLE_API_PORT)
