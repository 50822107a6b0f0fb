"""What goes over Valkey: hints to sockets in the channel layer's own format, ended runs, and asks to cancel.

Publishing in that format directly spares an event loop on the synchronous side and a second pool on the other.
"""

from __future__ import annotations

from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

from processors.live.topics import Topic
from products.hints import group_of

ENDED = "ductape:ended"  # run ids, separated by spaces
CANCEL = "ductape:cancel"  # one run id
NEWS = "ductape:news"  # one run id: it was told something
LOOK = "ductape:look:{id}"  # what somebody wants to see of a resource, sealed
SEEN = "ductape:seen:{id}"  # and what it is, sealed
PART = "ductape:part:{id}"  # some bytes of a file that somebody fetches, sealed
FETCHES = "ductape:fetches:{workspace}"  # which of a workspace's files are being fetched, by when they are given up


def hint(topic: Topic, seq: int) -> tuple[str, bytes]:
    """The Valkey channel and the message that tell every socket listening to `topic`: there is news up to `seq`."""
    layer: Any = get_channel_layer()
    config: Any = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    message = layer.serialize({"type": "hint", "topic": str(topic), "seq": seq})
    return f"{config.get('prefix', 'asgi')}__group__{group_of(str(topic))}", message
