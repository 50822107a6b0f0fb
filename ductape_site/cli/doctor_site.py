"""What the doctor looks at once the database answers: workers, scheduler, queues, and what the site was told."""

from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from ductape_site.cli.findings import Finding, State
from processors.conf import knobs
from processors.queries.figures import Figures, figures
from products.lib.addresses import PolicyError
from products.lib.release import our_version
from products.services.egress import address_policy

SILENT_S = 60.0
OLD_S = 60.0
WIDE_NETWORK = 1 << 24  # addresses; 10.0.0.0/8 has as many


def check_work() -> list[Finding]:
    """Workers, scheduler, queues."""
    try:
        knobs()
    except ImproperlyConfigured as error:
        return [Finding("settings", State.BAD, str(error))]
    found = figures()
    return [_workers(found), _scheduler(found), _queues(found)]


def _workers(found: Figures) -> Finding:
    states = Counter(view.state for view in found.workers)
    alive = [view.worker for view in found.workers if view.state != "lost"]
    waiting = max((queue.oldest_s for queue in found.queues), default=0.0)
    if not alive:
        state = State.BAD if waiting > OLD_S else State.NOTE
        return Finding("workers", state, "none is alive" + (", and runs wait for one" if waiting > OLD_S else ""))
    versions = Counter(worker.version for worker in alive)
    words = ", ".join(f"{count} of version {version}" for version, count in versions.most_common())
    if states["lost"]:
        words += f"; {states['lost']} lost"
    strange = set(versions) - {our_version()}
    return Finding("workers", State.NOTE if strange or states["lost"] else State.WELL, words)


def _scheduler(found: Figures) -> Finding:
    silent = found.scheduler_silent_s
    if silent is not None and silent <= SILENT_S:
        return Finding("scheduler", State.WELL, f"heard of {silent:.0f} s ago")
    words = "not heard of" if silent is None else f"silent for {silent:.0f} s"
    works = any(view.state != "lost" for view in found.workers)
    return Finding("scheduler", State.BAD if works else State.NOTE, f"{words}; without it lost messages stay lost")


def _queues(found: Figures) -> Finding:
    queued, running = (sum(getattr(queue, name) for queue in found.queues) for name in ("queued", "running"))
    oldest = max((queue.oldest_s for queue in found.queues), default=0.0)
    words = f"{queued} queued, {running} running, the oldest waits for {oldest:.0f} s"
    return Finding("queues", State.NOTE if oldest > OLD_S else State.WELL, words)


def check_egress() -> list[Finding]:
    """Which private addresses actions may call."""
    try:
        policy = address_policy()
    except PolicyError as error:
        return [Finding("egress", State.BAD, f"EGRESS_ALLOW: {error}")]
    except OSError as error:
        return [Finding("egress", State.BAD, f"where the database and the broker are is not known: {error}")]
    if not settings.EGRESS_ALLOW:
        return [Finding("egress", State.WELL, "public addresses only")]
    wide = [str(network) for network in policy.networks if network.num_addresses > WIDE_NETWORK]
    words = f"public addresses and {', '.join(settings.EGRESS_ALLOW)}"
    if wide:
        return [Finding("egress", State.NOTE, f"{words}; {', '.join(sorted(wide))} is very wide")]
    return [Finding("egress", State.WELL, words)]


def check_site() -> list[Finding]:
    """Whether the site answers to the name that it tells people."""
    parts = urlsplit(settings.BASE_URL)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return [Finding("address", State.BAD, f"BASE_URL: {settings.BASE_URL} is not an http or https address")]
    if not validate_host(parts.hostname, settings.ALLOWED_HOSTS):
        return [Finding("address", State.BAD, f"BASE_URL names {parts.hostname}, which ALLOWED_HOSTS refuses")]
    notes = []
    if "*" in settings.ALLOWED_HOSTS:
        notes.append("ALLOWED_HOSTS lets everything in")
    if settings.DEBUG:
        notes.append("DEBUG shows code and values to everybody")
    if _is_production() and parts.scheme != "https":
        notes.append("in production BASE_URL should be https")
    return [Finding("address", State.NOTE if notes else State.WELL, "; ".join([settings.BASE_URL, *notes]))]


def check_django() -> list[Finding]:
    """Django's own checks, with those for deployment in production."""
    found = checks.run_checks(include_deployment_checks=_is_production())
    shown = [message for message in found if not message.is_silenced() and message.level >= checks.WARNING]
    if not shown:
        return [Finding("checks", State.WELL, "for deployment" if _is_production() else "for development")]
    return [
        Finding("checks", State.BAD if message.is_serious() else State.NOTE, f"{message.id}: {message.msg}")
        for message in shown
    ]


def _is_production() -> bool:
    return bool(settings.SESSION_COOKIE_SECURE)


SITE_CHECKS: list[Callable[[], list[Finding]]] = [
    check_work,
    check_egress,
    check_site,
    check_django,
]
