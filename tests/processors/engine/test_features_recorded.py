"""R20: runs that an older version has left half done are carried on with the decisions that it would have made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.processors.engine.feature_scene import FINAL, Scene, feature
from tests.processors.engine.recorded import FOLDER, read, then, time_of

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
async def test_R20_whatever_was_on_record_is_gone_on_with_as_it_was_then(path: Path) -> None:
    found: dict[str, Any] = json.loads(path.read_text())
    plan = feature(found["feature"])
    assert len(found["records"]) > 20
    for number, record in enumerate(found["records"]):
        scene = Scene(plan)
        if record["fails"]:
            scene.failing(record["fails"], error=FINAL)
        scene.store = read(record["steps"])
        scene.clock.time, scene.clock._ids = time_of(record["at"]), 10_000
        scene.outside.children = {one.child: ("bill", None) for one in scene.store.known.values() if one.child}
        assert await then(scene) == {"then": record["then"]}, number
