"""The sample API in a process of its own, so that it does not share the web process's event loop."""

from __future__ import annotations

import sys

import uvicorn

from ductape_site.sample_api.asgi import SampleApi

if __name__ == "__main__":
    options = {"lifespan": "off", "access_log": False, "log_level": "warning"}
    uvicorn.run(SampleApi(), host="127.0.0.1", port=int(sys.argv[1]), **options)
