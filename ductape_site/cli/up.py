"""`ductape up`: everything on one machine under one supervisor, from the servers to the web page."""

import http.client
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ductape_site.cli import commands
from ductape_site.cli.commands import Listening
from ductape_site.cli.errors import CommandFailedError, Exit
from ductape_site.cli.following import Followed
from ductape_site.cli.keys import ensure_keys
from ductape_site.cli.outside import check_given_servers
from ductape_site.cli.preparing import FIRST, SignIn, prepare
from ductape_site.cli.sample import open_sample_api
from ductape_site.cli.supervisor import Child, Supervisor, rotate
from ductape_site.cli.surroundings import is_open, set_if_open, use_file, use_installation
from ductape_site.embedded.folder import PROJECT, DataFolder, default_data_folder
from ductape_site.embedded.ports import is_free
from ductape_site.embedded.postgres import last_line
from ductape_site.embedded.servers import Addresses, Wanted, running

READY_SECONDS = 90
FAILURES_BEFORE_GIVING_UP = 3
SERVER_LOGS = ("postgres.log", "valkey.log", "prepare.log")


@dataclass(frozen=True, slots=True)
class Options:
    """What `ductape up` was asked for."""

    host: str
    port: int
    workers: int
    verbose: bool = False


def up(options: Options) -> int:
    """Start everything, print one block when it is ready, watch it until asked to stop, stop everything."""
    use_file(PROJECT / ".env")
    folder = DataFolder(default_data_folder())
    folder.prepare()
    folder.hold()
    listening = Listening(options.host, options.port)
    _check_port(listening)
    folder.remember("holder", {"pid": os.getpid(), "address": listening.address})
    supervisor = Supervisor()
    try:
        with interruptible(), servers(folder):
            open_sample_api(folder)
            sign_in = prepare(folder)
            with supervisor.listening_to_signals():
                _run(supervisor, folder=folder, options=options, sign_in=sign_in)
    finally:
        (folder.run / "holder.json").unlink(missing_ok=True)
        folder.release()
    return Exit.DONE


@contextmanager
def interruptible() -> Iterator[None]:
    """An ordinary kill and a closed terminal end the block like Ctrl-C does, so that the servers are stopped."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def servers(folder: DataFolder) -> Iterator[None]:
    """The servers that the environment names, and embedded ones in place of those it does not name.

    The caller holds the folder. The environment of this process names all of them inside the block.
    """
    check_given_servers()
    for log in SERVER_LOGS:
        rotate(folder.logs / log)
    wanted = Wanted(postgres=is_open("DATABASE_URL"), valkey=is_open("VALKEY_URL"))
    ensure_keys(folder)
    with running(folder, wanted=wanted) as addresses:
        _name(addresses)
        use_installation(folder)
        yield


def _name(addresses: Addresses) -> None:
    set_if_open("DATABASE_URL", addresses.database_url)
    set_if_open("VALKEY_URL", addresses.valkey_url)
    set_if_open("CELERY_BROKER_URL", os.environ.get("VALKEY_URL", addresses.valkey_url))


def _check_port(listening: Listening) -> None:
    if not is_free(listening.port, host=listening.host):
        raise CommandFailedError(
            f"Port {listening.port} is taken by another program; choose a free one, for example "
            f"`PORT={listening.port + 1} make run`.",
            code=Exit.PORT_TAKEN,
        )


def _run(supervisor: Supervisor, *, folder: DataFolder, options: Options, sign_in: SignIn | None) -> None:
    listening = Listening(options.host, options.port)
    os.environ["PORT"] = str(options.port)
    supervisor.children = children(folder, listening=listening, workers=options.workers)
    try:
        supervisor.start()
        logs = Followed(child.log for child in supervisor.children) if options.verbose else Followed([])
        _wait_until_ready(supervisor, listening, logs)
        if not supervisor.stopping.is_set():
            say(block(listening, sign_in=sign_in, folder=folder))
            folder.forget(FIRST)
        for died in supervisor.watch():
            tell(died)
            logs.show_new()
        say("Stopping …")
    finally:
        supervisor.stop()


def children(folder: DataFolder, *, listening: Listening, workers: int) -> list[Child]:
    """Everything that runs beside the servers."""
    found = [Child("web", commands.web(listening), folder.logs / "web.log")]
    for number in range(1, workers + 1):
        name = f"worker-{number}"
        found.append(Child(name, commands.worker(name=name), folder.logs / f"{name}.log"))
    found.append(Child("scheduler", commands.scheduler(), folder.logs / "scheduler.log"))
    return found


def tell(died: list[Child]) -> None:
    """Say which processes had to be started again."""
    for child in died:
        say(f"The {child.name} process stopped and is started again; its log is {child.log}.")


def _wait_until_ready(supervisor: Supervisor, listening: Listening, logs: Followed) -> None:
    """Wait until the web process serves; raises CommandFailedError when it keeps dying or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    web = supervisor.children[0]
    for _ in supervisor.watch(seconds=0.1):
        logs.show_new()
        if answers_ready(listening):
            return
        if web.failures >= FAILURES_BEFORE_GIVING_UP:
            raise CommandFailedError(f"The web process does not start: {last_line(web.log)} (see {web.log})")
        if time.monotonic() > deadline:
            raise CommandFailedError(f"The web process is not ready after {READY_SECONDS} seconds; see {web.log}.")


def answers_ready(listening: Listening) -> bool:
    """Whether /readyz says that the web process can serve."""
    host = "127.0.0.1" if listening.host in {"0.0.0.0", "::"} else listening.host  # noqa: S104
    connection = http.client.HTTPConnection(host, listening.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def block(listening: Listening, *, sign_in: SignIn | None, folder: DataFolder) -> str:
    """The one thing that a start prints."""
    lines = ["", f"  Ductape is running at {listening.address}", ""]
    if sign_in and sign_in.password:
        lines += [f"  Sign in with  {sign_in.email}", f"  Password      {sign_in.password}", ""]
        lines += ["  The password is shown only this once; change it under your name in the dashboard.", ""]
        lines += ["  Next: open the address, sign in, and run an action of the sample product.", ""]
    elif sign_in:
        lines += [f"  Sign in with  {sign_in.email} and your password", ""]
    lines += [f"  Data and logs are in {folder.root}. Ctrl-C stops everything.", ""]
    return "\n".join(lines)


def say(words: str) -> None:
    """Print for people, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
