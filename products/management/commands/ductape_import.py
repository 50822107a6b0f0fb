"""`ductape import FILE`: reads an API description from the shell, and makes or updates an app of it."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError

from products.importers import AppDraft, DocumentError, read_document
from products.lib.document_errors import MAX_BYTES
from products.lib.errors import DomainError
from products.lib.jsontypes import JsonObject
from products.queries.import_reports import report_json
from products.services.import_now import import_now

REFUSED, USAGE = 1, 2
_HEADINGS = {"skipped": "Did not come in", "changed": "Came in otherwise", "warning": "Worth a look"}


class Command(BaseCommand):
    """Exit status: 0 imported, 1 the document was refused, 2 wrong usage."""

    help = "Import an OpenAPI, Swagger or Postman document as an app."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`-` reads the document from standard input."""
        parser.add_argument("file", metavar="FILE", help="a document in JSON or YAML, or - for standard input")
        parser.add_argument("--workspace", default="", help="tag of the workspace; not needed where there is only one")
        parser.add_argument("--app", default="", help="tag of the app to make or update")
        parser.add_argument("--dry-run", action="store_true", help="only read the document and report")
        parser.add_argument("--json", action="store_true", help="print the report as JSON and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reads, imports unless it is a dry run, reports."""
        try:
            data = _bytes_of(options["file"])
        except OSError as error:
            self._leave(options, USAGE, {"code": "no_file", "message": f"{options['file']}: {error.strerror}"})
        try:
            report = self._imported(data, options)
        except DocumentError as error:
            place = {"line": error.line, "column": error.column} if error.line else {}
            self._leave(options, REFUSED, {"code": error.code, "message": error.message, **place})
        except DomainError as error:
            self._leave(options, USAGE, {"code": error.code, "message": error.message})
        except OperationalError:
            self._leave(options, USAGE, {"code": "no_database", "message": "The database cannot be reached."})
        self._say(report, as_json=options["json"])

    def _imported(self, data: bytes, options: dict[str, Any]) -> JsonObject:
        name = "" if options["file"] == "-" else Path(options["file"]).name
        draft: AppDraft = read_document(data, filename=name)
        if options["dry_run"]:
            return {**report_json(draft), "dry_run": True}
        return import_now(draft, workspace_tag=options["workspace"], app_tag=options["app"])

    def _say(self, report: JsonObject, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
            return
        counts = ", ".join(f"{count} {what}" for what, count in report["counts"].items() if count)
        self.stdout.write(f"{report['title']} ({report['format']} {report['version']}): {counts}")
        if "app" in report:
            changes = ", ".join(f"{count} {what}" for what, count in report["difference"].items() if count)
            self.stdout.write(f"App {report['app']} in workspace {report['workspace']}: {changes or 'nothing changed'}")
        for level, heading in _HEADINGS.items():
            notices = [each for each in report["notices"] if each["level"] == level]
            if notices:
                self.stdout.write(f"\n{heading}:")
            for each in notices:
                self.stdout.write(f"  {each['place']}: {each['message']}" if each["place"] else f"  {each['message']}")

    def _leave(self, options: dict[str, Any], status: int, error: JsonObject) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"actions": 0, "error": error}, ensure_ascii=False, indent=2))
        else:
            line = f" (line {error['line']}, column {error['column']})" if "line" in error else ""
            self.stderr.write(f"{error['message']}{line}")
        sys.exit(status)


def _bytes_of(file: str) -> bytes:
    """One byte more than is allowed, so that the reader says that it is too large."""
    if file == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(file).open("rb") as stream:
        return stream.read(MAX_BYTES + 1)
