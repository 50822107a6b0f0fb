"""The REST documentation page, from local files, under the same strict policy as every page."""

from __future__ import annotations

from drf_spectacular.views import SpectacularSwaggerSplitView


class ApiDocsPage(SpectacularSwaggerSplitView):
    """Swagger UI with its script in a file of its own; for everybody: the schema names no data.

    It asks nobody who they are: its template would ask once more while it draws the refusal of a wrong key, and fail.
    """

    authentication_classes = ()
