"""The `ductape` command."""


def main() -> int:
    """Run the command line; loaded late, because `manage.py` and the install need only small parts of this package."""
    from ductape_site.cli.command import main as run  # noqa: PLC0415

    return run()
