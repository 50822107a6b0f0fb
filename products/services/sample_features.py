"""The features of the sample product: kept as files beside the sample API whose actions they call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from products.access import Actor
from products.models import Product
from products.services.features import create_feature
from products.services.releases import deploy, make_release

PINNED: Final = "prd"


def make_sample_features(actor: Actor, product: Product, folder: Path) -> None:
    """Makes them in the order of their files' names, releases them, and pins production to that release."""
    files = sorted(folder.glob("*.json"))
    for file in files:
        create_feature(actor, product, **json.loads(file.read_bytes()))
    if files:
        release = make_release(actor, product, note="As it was installed.")
        deploy(actor, product.environments.get(slug=PINNED), release.number)
