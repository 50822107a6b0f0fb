"""The command line of `ductape`: what it understands, and which code it ends with."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from ductape_site.cli import commands, evaluate
from ductape_site.cli.attaching import become, use_known_servers, with_servers, without_servers
from ductape_site.cli.backup import back_up, restore
from ductape_site.cli.commands import Listening
from ductape_site.cli.errors import CommandFailedError, Exit
from ductape_site.cli.keys import MAKERS
from ductape_site.cli.preparing import ensure_static
from ductape_site.cli.supervisor import Child, Supervisor
from ductape_site.cli.surroundings import use_installation
from ductape_site.cli.up import Options, say, tell, up
from ductape_site.embedded.errors import AlreadyRunningError, EmbeddedError, FolderNotWritableError
from ductape_site.embedded.folder import DataFolder, default_data_folder

Handler = Callable[[argparse.Namespace], int]
STOP_SECONDS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit codes are those of `Exit`."""
    options, rest = parser().parse_known_args(arguments)
    if rest and not options.passes_on:
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings.dev")
    try:
        return int(options.handler(options))
    except CommandFailedError as error:
        return fail(str(error), error.code)
    except AlreadyRunningError as error:
        return fail(str(error), Exit.ALREADY_RUNNING)
    except FolderNotWritableError as error:
        return fail(str(error), Exit.NOT_WRITABLE)
    except EmbeddedError as error:
        return fail(str(error), Exit.SERVER_UNUSABLE)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def fail(message: str, code: Exit) -> int:
    """Say on standard error why the command ends."""
    sys.stderr.write(f"{message}\n")
    return code


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="ductape", description="Compose, run and monitor products made of connected APIs."
    )
    top.set_defaults(passes_on=False)
    kinds = top.add_subparsers(metavar="COMMAND", required=True)
    _add(kinds, "up", run_up, "start everything on this machine")
    serve = _add(kinds, "serve", run_serve, "start one web process")
    for command in (kinds.choices["up"], serve):
        command.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
        command.add_argument("--port", type=port, default=os.environ.get("PORT") or "8000")
    kinds.choices["up"].add_argument("--workers", type=int, default=commands.worker_count(), help="worker processes")
    kinds.choices["up"].add_argument("--verbose", action="store_true", help="show the logs of all processes")
    worker = _add(kinds, "worker", run_worker, "start worker processes")
    worker.add_argument("--processes", type=int, default=1)
    worker.add_argument("--concurrency", type=int, default=commands.CONCURRENCY, help="threads that hear announcements")
    worker.add_argument("--queues", default=commands.QUEUES)
    worker.add_argument("--name", default="worker")
    _add(kinds, "scheduler", run_scheduler, "start a scheduler")
    _add(kinds, "migrate", run_migrate, "bring the database up to date", passes_on=True)
    importing = "import an API description: FILE [--app TAG] [--dry-run] [--remove] [--json]"
    _add(kinds, "import", run_import, importing, passes_on=True)
    _add(kinds, "manage", run_manage, "run one of Django's management commands", passes_on=True)
    _add(
        kinds, "rotate-keys", run_rotate_keys, "seal under the newest keys: [--data-keys] [--make-key]", passes_on=True
    )
    evaluate.add_arguments(
        _add(kinds, "evaluate", evaluate.run_evaluate, "evaluate an expression over a file of values")
    )
    saving = _add(kinds, "backup", run_backup, "write the database, the keys and all files into a new folder")
    restoring = _add(kinds, "restore", run_restore, "fill an empty installation from such a folder")
    for command in (saving, restoring):
        command.add_argument("folder", type=Path)
    _add(kinds, "stop", run_stop, "stop what `ductape up` started")
    doctor = _add(kinds, "doctor", run_doctor, "check this installation")
    doctor.add_argument("--json", action="store_true")
    return top


def _add(
    kinds: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    handler: Handler,
    words: str,
    *,
    passes_on: bool = False,
) -> argparse.ArgumentParser:
    command = kinds.add_parser(name, help=words, description=words, add_help=not passes_on)
    command.set_defaults(handler=handler, passes_on=passes_on)
    return command


def port(value: str) -> int:
    """A port number that a program may listen on."""
    number = int(value)
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is not a port")
    return number


def run_up(options: argparse.Namespace) -> int:
    """Everything on this machine."""
    return up(Options(options.host, options.port, workers=options.workers, verbose=options.verbose))


def run_serve(options: argparse.Namespace) -> int:
    """One web process in place of this one."""
    use_known_servers()
    folder = DataFolder(default_data_folder())
    folder.prepare()
    ensure_static(folder.logs / "prepare.log")
    return become(commands.web(Listening(options.host, options.port)))


def run_worker(options: argparse.Namespace) -> int:
    """One worker process in place of this one, or several under a supervisor."""
    use_known_servers()
    name = f"{options.name}-{os.getpid()}"
    lines = [
        commands.worker(name=f"{name}-{number}", queues=options.queues, concurrency=options.concurrency)
        for number in range(1, options.processes + 1)
    ]
    if len(lines) == 1:
        return become(lines[0])
    folder = DataFolder(default_data_folder())
    folder.prepare()
    children = [Child(f"worker {n}", line, folder.logs / f"{name}-{n}.log") for n, line in enumerate(lines, 1)]
    supervisor = Supervisor(children)
    with supervisor.listening_to_signals():
        try:
            supervisor.start()
            for died in supervisor.watch():
                tell(died)
        finally:
            supervisor.stop()
    return Exit.DONE


def run_scheduler(_options: argparse.Namespace) -> int:
    """One scheduler in place of this process."""
    use_known_servers()
    return become(commands.scheduler())


def run_migrate(options: argparse.Namespace) -> int:
    """Django's migrate, with the embedded servers started for it when they are needed and not running."""
    return with_servers(commands.manage("migrate", *options.rest))


def run_manage(options: argparse.Namespace) -> int:
    """Any management command."""
    return with_servers(commands.manage(*options.rest))


def run_import(options: argparse.Namespace) -> int:
    """The importer's own command, on a database that is up to date; a dry run looks into one that runs already."""
    if "--dry-run" in options.rest:
        return without_servers(commands.manage("ductape_import", *options.rest))
    return with_servers(commands.manage("ductape_import", *options.rest), prepared=True)


def run_rotate_keys(options: argparse.Namespace) -> int:
    """Everything under the newest master key; may run beside everything else. A new key needs no servers."""
    if "--make-key" in options.rest:
        say(MAKERS["FIELD_ENCRYPTION_KEYS"]())
        return Exit.DONE
    return with_servers(commands.manage("ductape_rotate_keys", *options.rest))


def run_backup(options: argparse.Namespace) -> int:
    """The database, the keys and the files."""
    count = back_up(options.folder)
    files = f"{count} {'file' if count == 1 else 'files'} of resources"
    say(f"{options.folder} holds the database, the keys and {files}. Whoever has it can read every secret.")
    return Exit.DONE


def run_restore(options: argparse.Namespace) -> int:
    """The way back."""
    restore(options.folder)
    say("Restored. The next start brings the database up to date with this version.")
    return Exit.DONE


def run_stop(_options: argparse.Namespace) -> int:
    """Ask the process that holds the data folder to stop, and wait for it."""
    folder = DataFolder(default_data_folder())
    holder = folder.note("holder").get("pid")
    if not isinstance(holder, int) or not folder.is_held():
        raise CommandFailedError("Ductape is not running with this data folder.")
    process = psutil.Process(holder)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired:
        raise CommandFailedError(f"Ductape (process {holder}) has not stopped after {STOP_SECONDS} seconds.") from None
    return Exit.DONE


def run_doctor(options: argparse.Namespace) -> int:
    """Look at everything that can be wrong with an installation."""
    from ductape_site.cli.doctor import examine, report  # noqa: PLC0415 - loads Django

    use_installation()
    findings = examine()
    say(json.dumps([finding.as_record() for finding in findings], indent=1) if options.json else report(findings))
    return Exit.FAILED if any(finding.is_failure for finding in findings) else Exit.DONE
