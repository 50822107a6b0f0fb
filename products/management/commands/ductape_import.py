"""`ductape import FILE`: reads an API description from the shell, and makes or updates an app of it."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, ProgrammingError

from products.importers import AppDraft, DocumentError, read_document
from products.lib.document_errors import MAX_BYTES
from products.lib.errors import DomainError
from products.lib.jsontypes import JsonObject
from products.queries.import_reports import report_json
from products.services.import_now import compare_now, import_now
from products.ui.formats import visible_text

REFUSED, USAGE = 1, 2
_KEPT = "not in the document (kept; --remove deletes them)"
_NOT_COMPARED = "The database cannot be reached; what this would change in the app is not known."
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
        parser.add_argument(
            "--dry-run", action="store_true", help="only read the document and report; with --app, what it would change"
        )
        parser.add_argument("--remove", action="store_true", help="delete actions of the app that the document lacks")
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
        where = {"workspace_tag": options["workspace"], "app_tag": options["app"]}
        if not options["dry_run"]:
            return import_now(draft, **where, remove=options["remove"])
        if not options["app"]:
            return {**report_json(draft), "dry_run": True}
        try:
            return {**compare_now(draft, **where), "dry_run": True}
        except (OperationalError, ProgrammingError):
            return {**report_json(draft), "dry_run": True, "not_compared": _NOT_COMPARED}

    def _say(self, report: JsonObject, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
            return
        counts = ", ".join(f"{count} {what}" for what, count in report["counts"].items() if count)
        self.stdout.write(f"{report['title']} ({report['format']} {report['version']}): {counts}")
        for line in _about_the_app(report):
            self.stdout.write(visible_text(line))
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


def _about_the_app(report: JsonObject) -> list[str]:
    """What an import changed in the app, or would change, one action a line; nothing where it was not compared."""
    if "app" not in report:
        return [report["not_compared"]] if "not_compared" in report else []
    dry, counts = "dry_run" in report, dict(report["difference"])
    if not report.get("removed"):
        counts["not in the document" if dry else _KEPT] = counts.pop("removed")
    words = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    verb = (" would be new:" if report["new"] else " would have:") if dry else ":"
    line = f"App {report['app']} in workspace {report['workspace']}{verb} {words or 'nothing changed'}"
    return [line, *_changes(report["changes"])] if dry else [line]


def _changes(changes: JsonObject) -> list[str]:
    lines = [
        f"  {word:8} {each['method']} {each['path']} ({', '.join(each.get('fields') or [each['name']])})"
        for key, word in (("added", "added"), ("changed", "changed"), ("removed", "missing"))
        for each in changes[key]
    ]
    for part, found in changes["parts"].items():
        named = [f"{name} ({', '.join(fields)})" for name, fields in found["fields"].items()]
        for word, names in (("added", found["added"]), ("changed", named)):
            lines += [f"  {word:8} {part.replace('_', ' ')}: {name}" for name in names]
    return lines


def _bytes_of(file: str) -> bytes:
    """One byte more than is allowed, so that the reader says that it is too large."""
    if file == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(file).open("rb") as stream:
        return stream.read(MAX_BYTES + 1)
