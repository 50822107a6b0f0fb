"""Tells browsers that there is something new: a topic and a number, nothing else; the page asks for the rest itself."""

from __future__ import annotations

import re

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
_NOT_IN_GROUPS = re.compile(r"[^A-Za-z0-9._-]")


def group_of(topic: str) -> str:
    """The name of the channel group of a topic: `import:<id>` is `topic.import.<id>`."""
    return ("topic." + _NOT_IN_GROUPS.sub(".", topic))[:99]


def hint(topic: str, seq: int) -> None:
    """Says "up to number `seq`" to whoever watches `topic`. Losing it changes nothing, so no failure gets out."""
    layer = get_channel_layer()
    try:
        async_to_sync(layer.group_send)(group_of(topic), {"type": "hint", "topic": topic, "seq": seq})
    except (RedisError, OSError) as error:
        log.warning("hint_not_sent", topic=topic, error=type(error).__name__)
