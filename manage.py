#!/usr/bin/env python
"""Django's command line, for this installation's own settings."""

import os
import sys

from django.core.management import execute_from_command_line

from ductape_site.cli.surroundings import use_installation


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings.dev")
    use_installation()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
