"""The Celery application: a Celery message is a doorbell that carries a run's id, nothing else."""

from __future__ import annotations

import os
import socket

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings.dev")  # before Celery(), or it is not seen

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_ready
from django.conf import settings

from ductape_site import broker, tracing, worker_metrics

# Whoever rings must not wait for a broker that is away: the row is there, and the scheduler rings later.
TRANSPORT = {
    "visibility_timeout": settings.BROKER_VISIBILITY_TIMEOUT_S,
    "socket_connect_timeout": 2,
    "socket_timeout": 2,
    # Who waits for a message has nothing to send: without this a line that is cut without a word stays dead for ever.
    "socket_keepalive": True,
    # And where it had just asked for one, the kernel sends that again for a quarter of an hour before it gives up.
    "socket_keepalive_options": {
        socket.TCP_KEEPIDLE: 10,
        socket.TCP_KEEPINTVL: 5,
        socket.TCP_KEEPCNT: 3,
        socket.TCP_USER_TIMEOUT: 20_000,
    },
    "max_retries": 0,
    "max_connections": 400,
}

broker.install()
app = Celery("ductape")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    task_ignore_result=True,  # the state of a run is in PostgreSQL
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=3,
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=2,
    broker_pool_limit=4,
    broker_transport_options=TRANSPORT,
    task_default_queue="default",
    task_create_missing_queues=True,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    enable_utc=True,
    timezone="UTC",
)
app.set_default()  # for every thread: whoever rings by name must find this broker
app.autodiscover_tasks(["processors"])
worker_ready.connect(worker_metrics.begin, weak=False)


@worker_init.connect(weak=False)
def need_fitting_keys(**_: object) -> None:
    """A worker that could not open the inputs and credentials of runs ends here, with one sentence."""
    from ductape_site.master_keys import need_fitting_keys as need  # noqa: PLC0415 - models, which come with Django

    need()


@worker_init.connect(weak=False)
def wait_for_messages(**_: object) -> None:
    """A worker's connection is silent for as long as nobody rings."""
    app.conf.broker_transport_options = TRANSPORT | {"socket_timeout": None}


@worker_init.connect(weak=False)
def begin_tracing(**_: object) -> None:
    """If a collector is named."""
    tracing.begin("worker")


@setup_logging.connect(weak=False)
def keep_our_logging(**_: object) -> None:
    """Celery leaves logging alone when somebody listens to this signal; ours is set up with Django."""
