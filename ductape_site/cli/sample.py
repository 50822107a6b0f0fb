"""Gives the sample API a port of its own, the same at every start, and lets actions reach it."""

import os

from ductape_site.cli.surroundings import given, is_open
from ductape_site.embedded import ports
from ductape_site.embedded.folder import DataFolder

NOTE = "sample"
SETTING = "SAMPLE_API_PORT"


def open_sample_api(folder: DataFolder) -> None:
    """Sets SAMPLE_API_PORT, unless it is given (0 switches the sample off), and adds it to EGRESS_ALLOW."""
    if is_open(SETTING):
        port = ports.choose(folder.note(NOTE).get("port"))
        folder.remember(NOTE, {"port": port})
        os.environ[SETTING] = str(port)
    if given(SETTING) == "0":
        return
    opened = f"{ports.LOOPBACK}:{given(SETTING)}"
    os.environ["EGRESS_ALLOW"] = ",".join(filter(None, [given("EGRESS_ALLOW"), opened]))
    os.environ.pop("EGRESS_ALLOW_FILE", None)
