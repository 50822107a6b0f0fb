"""`make bench`: measures the whole system and a bare baseline, prints a table, writes bench/latest.json."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from bench.callers import Call, Measured, many_at_once, one_at_a_time
from bench.documents import large_document
from bench.expressions import of_expressions
from bench.figures import Figure, figure, percentile, save, table
from bench.following import of_log
from bench.pages import of_pages
from bench.processes import process, until
from bench.system import PeakMemory, System
from ductape_site.cli.surroundings import use_installation
from ductape_site.embedded import ports
from ductape_site.embedded.folder import PROJECT, DataFolder
from ductape_site.sample_api.people import API_KEY

ROUNDS = 5
CALLERS = 32
GIVEN = {"category": "tape"}


def main() -> int:
    """Measures everything, or a short version to see whether it still works."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", choices=["features", "operations", "storages", "databases"], help="this part alone")
    parser.add_argument("--runs", type=int, default=0, help="stored runs behind the pages; default: a million")
    options = parser.parse_args()
    # Root's servers run as another user, who must be able to enter the folder.
    folder = Path(tempfile.mkdtemp(prefix="ductape-bench-"))
    folder.chmod(0o711)
    figures: list[Figure] = []
    try:
        for some in chosen(options, folder):
            figures += some
    finally:  # what was measured before something broke is worth seeing
        shutil.rmtree(folder, ignore_errors=True)
        sys.stdout.write(f"\n{table(figures)}\n")
        save(figures, PROJECT / "bench" / "latest.json")
    return 0


def chosen(options: argparse.Namespace, folder: Path) -> Iterator[list[Figure]]:
    """The part that was asked for, or all of them."""
    quick = options.quick
    if options.only == "features":
        return measure_features(folder, quick=quick)
    if options.only == "operations":
        return measure_operations(folder, quick=quick)
    if options.only == "storages":
        from bench.storages import of_storages

        return iter([of_storages(quick=quick)])
    if options.only == "databases":
        from bench.databases import of_databases

        return iter([of_databases(quick=quick)])
    return measure(folder, quick=quick, runs=options.runs or (20_000 if quick else 1_000_000))


def measure(folder: Path, *, quick: bool, runs: int) -> Iterator[list[Figure]]:
    """Every figure, part by part, the baseline's last."""
    say("expressions")
    yield of_expressions(quick=quick)
    target = ports.choose(None)
    port = ports.choose(None, avoid=frozenset({target}))
    system = System(folder, port, {"EGRESS_ALLOW": f"127.0.0.1:{target}"})
    with process([sys.executable, "-m", "bench.target", str(target)], port=target):
        try:
            say("starting the system")
            yield [figure("first start to ready", "s", [system.start()])]
            yield of_system(system, target=target, quick=quick)
            say("log lines")
            yield of_log(system.address, quick=quick)
            say(f"pages, with {runs:,} stored runs")
            yield of_pages(system.address, count=runs, quick=quick)
            yield of_restart(system, rounds=1 if quick else 3)
            system.stop()
            system.workers = 2
            system.start()
            yield of_features(system, quick=quick)
            say("databases and caches in runs")
            from bench import operations

            yield operations.of_operations(system.address, quick=quick)
            yield of_baseline(target, quick=quick)
        finally:
            system.stop()


def measure_features(folder: Path, *, quick: bool) -> Iterator[list[Figure]]:
    """The features alone, with two workers."""
    target = ports.choose(None)
    port = ports.choose(None, avoid=frozenset({target}))
    system = System(folder, port, {"EGRESS_ALLOW": f"127.0.0.1:{target}"}, workers=2)
    with process([sys.executable, "-m", "bench.target", str(target)], port=target):
        try:
            system.start()
            enter(system)
            from bench import inside

            inside.aim(f"http://127.0.0.1:{target}/sandbox")
            yield of_features(system, quick=quick)
        finally:
            system.stop()


def measure_operations(folder: Path, *, quick: bool) -> Iterator[list[Figure]]:
    """Databases and caches through whole runs."""
    system = System(folder, ports.choose(None), {}, workers=2)
    try:
        system.start()
        enter(system)
        from bench import features, operations

        features.await_workers(system.workers)
        yield operations.of_operations(system.address, quick=quick)
    finally:
        system.stop()


def of_features(system: System, *, quick: bool) -> list[Figure]:
    """Runs of features, by two workers."""
    say("features")
    from bench import features

    features.await_workers(system.workers)
    return features.of_features(system.address, system.memory_mb, quick=quick)


def enter(system: System) -> None:
    """This process works in the system's database from now on."""
    os.environ["DUCTAPE_DATA"] = str(system.folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "ductape_site.settings.dev"
    os.environ["LOG_LEVEL"] = "WARNING"
    use_installation(DataFolder(system.folder))


def of_system(system: System, *, target: int, quick: bool) -> list[Figure]:
    """REST, queues, imports and memory."""
    enter(system)
    from bench import inside

    inside.aim(f"http://127.0.0.1:{target}/sandbox")
    call = Call(
        f"{system.address}/api/v1/workspaces/main/processor/action/run",
        {"product": inside.PRODUCT, "environment": inside.ENVIRONMENT, "app": inside.ACCESS_TAG,
         "action": "list-products", "input": GIVEN, "wait": 20},
        inside.Key(inside.access_key()).headers,
        state="completed",
    )  # fmt: skip
    time.sleep(3)
    idle = system.memory_mb()
    found = of_calls("REST, run with wait", call, quick=quick)
    say("bulk")
    size = 200 if quick else 1000
    bulk = [inside.bulk("list-products", GIVEN, count=size) for _ in range(ROUNDS)]
    found.append(figure(f"bulk of {size} queued runs, settled", "runs/s", [size / seconds for seconds, _ in bulk],
                        note=failures(sum(bad for _, bad in bulk))))  # fmt: skip
    say("1 s calls")
    count = 100 if quick else 1000
    seconds, bad = inside.bulk("slow", {"seconds": 1}, count=count)
    found.append(figure(f"{count} runs of a 1 s call, one worker", "s", [seconds], note=failures(bad)))
    for circle, words in ((6, "few schemas each"), (60, "all schemas in a circle")):
        say(f"import, {words}")
        document = large_document(circle=circle)
        peak = PeakMemory(system.worker())
        imports = [inside.import_document(document) for _ in range(1 if quick else 3)]
        name = f"import of {len(document) / 1e6:.1f} MB, {imports[0][1]} operations"
        found.append(figure(name, "s", [each[0] for each in imports], note=words))
        found.append(figure("worker during these imports, peak", "MB", [peak.mb()], note=words))
    found.append(figure("everything idle, memory", "MB", [idle]))
    found.append(figure("everything after the load, memory", "MB", [system.memory_mb()]))
    return found


def of_calls(name: str, call: Call, *, quick: bool) -> list[Figure]:
    """One at a time, then many at once."""
    say(name)
    asyncio.run(one_at_a_time(call, count=20))
    single = [asyncio.run(one_at_a_time(call, count=20 if quick else 100)) for _ in range(ROUNDS)]
    many = [asyncio.run(many_at_once(call, callers=CALLERS, seconds=1 if quick else 4)) for _ in range(ROUNDS)]
    refused = sum(each.errors for each in (*single, *many))
    if any(not each.times for each in (*single, *many)):
        raise RuntimeError(f"{name}: a round had no good answer: {asyncio.run(what_comes(call))}")
    return [
        figure(f"{name}, one at a time, p50", "ms", [percentile(each.times, 0.5) for each in single]),
        figure(f"{name}, one at a time, p95", "ms", [percentile(each.times, 0.95) for each in single]),
        figure(f"{name}, {CALLERS} callers", "results/s", [rate(each) for each in many], note=failures(refused)),
        figure(f"{name}, {CALLERS} callers, p95", "ms", [percentile(each.times, 0.95) for each in many]),
    ]


async def what_comes(call: Call) -> str:
    """The answer as it is, for the message of a failed bench."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(call.url, json=call.body, headers=call.headers) as answer,
    ):
        return f"{answer.status} {(await answer.text())[:500]}"


def of_restart(system: System, *, rounds: int) -> list[Figure]:
    """Stopped and started again with all its data."""
    say("restart")
    times = []
    for _ in range(rounds):
        system.stop()
        times.append(system.start())
    return [figure("started again to ready", "s", times)]


def of_baseline(target: int, *, quick: bool) -> list[Figure]:
    """The same call by a bare application, and empty tasks by a bare Celery."""
    port = ports.choose(None)
    url = f"http://127.0.0.1:{target}/sandbox/products?category=tape"
    with process([sys.executable, "-m", "bench.baseline", str(port), url, API_KEY], port=port):
        found = of_calls("bare ASGI with aiohttp", Call(f"http://127.0.0.1:{port}/", {}), quick=quick)
    return [*found, *of_celery(count=200 if quick else 1000)]


def of_celery(*, count: int) -> list[Figure]:
    """Empty tasks of a bare worker, through the system's own Valkey but in a database of its own."""
    say("bare Celery")
    os.environ["BARE_BROKER"] = os.environ["VALKEY_URL"].rsplit("/", 1)[0] + "/9"
    from bench import baseline

    worker = [sys.executable, "-m", "celery", "-A", "bench.baseline:app", "worker", "-P", "threads", "-c", "100"]
    times = []
    with process([*worker, "-n", "bare@bench", "--without-gossip", "--without-mingle"]):
        for size in (20, *[count] * ROUNDS):
            baseline.counter().set(baseline.DONE, 0)
            began = time.perf_counter()
            for _ in range(size):
                baseline.nothing.delay()
            until(lambda size=size: int(baseline.counter().get(baseline.DONE) or 0) >= size, seconds=180)
            times.append(size / (time.perf_counter() - began))
    return [figure("bare Celery, empty tasks", "tasks/s", times[1:])]


def rate(measured: Measured) -> float:
    """Good answers a second."""
    return len(measured.times) / measured.seconds


def failures(count: int) -> str:
    """For the note beside a figure."""
    return f"{count} failed" if count else "none failed"


def say(words: str) -> None:
    """What is being done."""
    sys.stdout.write(f"{words} …\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
