"""A page's end of a socket, in memory; Channels' own twin of it needs a server that is not installed."""

from __future__ import annotations

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class Page(ApplicationCommunicator):
    """Speaks the ASGI WebSocket protocol to an application."""

    def __init__(self, application: Any, *, headers: tuple[tuple[bytes, bytes], ...] = (), **scope: Any) -> None:
        super().__init__(application, {
            "type": "websocket", "path": "/ws/live/", "query_string": b"", "headers": list(headers), "subprotocols": [],
            **scope,
        })  # fmt: skip

    async def connect(self) -> bool:
        """Whether it was let in."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(3)
        return bool(answer["type"] == "websocket.accept")

    async def send_text(self, text: str) -> None:
        """One frame."""
        await self.send_input({"type": "websocket.receive", "text": text})

    async def say(self, **frame: Any) -> None:
        """One frame of JSON."""
        await self.send_text(json.dumps(frame))

    async def joined(self, *names: str) -> None:
        """Subscribed, and known to be: the answer about a topic that is none comes after all others."""
        await self.say(subscribe=[*names, "nothing"])
        assert await self.hear() == {"topic": "nothing", "denied": True}

    async def hear(self) -> Any:
        """The next frame."""
        event = await self.receive_output(5)
        assert event["type"] == "websocket.send", event
        return json.loads(event["text"])

    async def closed(self) -> int:
        """The code it was closed with."""
        event = await self.receive_output(5)
        assert event["type"] == "websocket.close", event
        return int(event["code"])

    async def silent(self) -> bool:
        """Whether nothing comes."""
        return bool(await self.receive_nothing(0.3))

    async def leave(self) -> None:
        """Goes away."""
        await self.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wait(3)
