"""The socket of a page: it says what it shows, and hears that there is news; never what the news is."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import HASH_SESSION_KEY

from processors.consumers.guard import guard
from processors.live.topics import Topic, parse
from processors.queries.signed_in import SignIn
from products.hints import group_of
from products.models import User

MAX_TOPICS = 50
MAX_FRAME = 4_096
MAX_FRAMES_PER_S = 20
SIGNED_OUT, MISBEHAVES, TOO_MANY = 4401, 4008, 4429


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """`{"subscribe": […]}` and `{"unsubscribe": […]}` come in, `{"topic", "seq"}` and `{"topic", "denied"}` go out."""

    async def connect(self) -> None:
        """Nobody who is not signed in gets anything."""
        self._topics: dict[str, Topic] = {}
        self._latest: dict[str, int] = {}
        self._free_at: dict[str, float] = {}
        self._planned: set[asyncio.Task[None]] = set()
        self._frames: list[float] = []
        await self.accept()
        if not self.scope["user"].is_authenticated:
            await self.close(SIGNED_OUT)
        elif not guard().enter(self):
            await self.close(TOO_MANY)

    async def disconnect(self, code: int) -> None:
        """Forgets everything."""
        guard().leave(self)
        for task in self._planned:
            task.cancel()
        for topic in list(self._topics):
            await self._leave(topic)

    @property
    def person(self) -> User:
        """Whose socket it is."""
        user: User = self.scope["user"]
        return user

    @property
    def session(self) -> tuple[str, SignIn] | None:
        """By which session it was opened; it was read when the socket opened and is not read again."""
        session = self.scope.get("session")
        if session is None or not session.session_key:
            return None
        return session.session_key, SignIn(self.person.pk, session.get(HASH_SESSION_KEY, ""))

    @property
    def topics(self) -> set[Topic]:
        """What it hears of."""
        return set(self._topics.values())

    async def end(self) -> None:
        """The session was ended elsewhere, the password changed, the person locked out."""
        await self.close(SIGNED_OUT)

    async def deny(self, topics: set[Topic]) -> None:
        """Who was removed or narrowed in the meantime hears nothing more."""
        for name in [name for name, topic in self._topics.items() if topic in topics]:
            await self._leave(name)
            await self.send(json.dumps({"topic": name, "denied": True}))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One frame of the page."""
        asked = self._read(text_data)
        if asked is None:
            await self.close(MISBEHAVES)
            return
        for name in asked["unsubscribe"]:
            await self._leave(name)
        wanted = [name for name in dict.fromkeys(asked["subscribe"]) if name not in self._topics]
        if len(self._topics) + len(wanted) > MAX_TOPICS:
            await self.close(MISBEHAVES)
            return
        await self._join(wanted)

    async def hint(self, message: dict[str, Any]) -> None:
        """There is news; told at once, or when the topic's interval is over."""
        name = message["topic"]
        topic = self._topics.get(name)
        if topic is None:
            return
        is_planned = name in self._latest
        self._latest[name] = max(int(message["seq"]), self._latest.get(name, 0))
        if is_planned:
            return
        wait = self._free_at.get(name, 0) - time.monotonic()
        if wait <= 0:
            await self._tell(name)
            return
        task = asyncio.create_task(self._tell(name, after_s=wait))
        self._planned.add(task)
        task.add_done_callback(self._planned.discard)

    async def _tell(self, name: str, *, after_s: float = 0) -> None:
        if after_s:
            await asyncio.sleep(after_s)
        seq = self._latest.pop(name, None)
        topic = self._topics.get(name)
        if topic is not None and seq is not None:
            self._free_at[name] = time.monotonic() + topic.every_s
            await self.send(json.dumps({"topic": name, "seq": seq}))

    async def _join(self, names: list[str]) -> None:
        topics = {name: topic for name in names if (topic := parse(name)) is not None}
        seen = await guard().allowed(self, set(topics.values())) if topics else set()
        for name in names:
            topic = topics.get(name)
            if topic is None or topic not in seen:
                await self.send(json.dumps({"topic": name[:200], "denied": True}))
                continue
            self._topics[name] = topic
            await self.channel_layer.group_add(group_of(name), self.channel_name)

    async def _leave(self, name: str) -> None:
        if self._topics.pop(name, None) is not None:
            self._latest.pop(name, None)
            self._free_at.pop(name, None)
            await self.channel_layer.group_discard(group_of(name), self.channel_name)

    def _read(self, text: str | None) -> dict[str, list[str]] | None:
        """What the page asks; None for anything that is not the protocol, or too much of it."""
        now = time.monotonic()
        self._frames = [*(at for at in self._frames if at > now - 1), now]
        if text is None or len(text) > MAX_FRAME or len(self._frames) > MAX_FRAMES_PER_S:
            return None
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(frame, dict) or set(frame) - {"subscribe", "unsubscribe"}:
            return None
        asked = {name: frame.get(name, []) for name in ("subscribe", "unsubscribe")}
        is_good = all(
            isinstance(names, list) and all(isinstance(one, str) for one in names) for names in asked.values()
        )
        return asked if is_good else None
