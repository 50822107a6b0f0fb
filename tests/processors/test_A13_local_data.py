"""A13: what a deleted environment, product or resource had on this installation's disk goes, and never comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processors.models import Run
from processors.services import deleting, local_data, operations
from processors.services.operations import OperationRequest
from products import dispatch
from products.models import Environment, LeftFolders, Resource
from products.queries.callable_resources import Wanted, callable_operation
from products.services import resources
from products.services.environments import create_environment, delete_environment
from products.services.products import delete_product
from products.services.workspaces import delete_workspace
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.scene import Scene
from tests.processors.test_A13_deleting import deleted

pytestmark = pytest.mark.django_db(transaction=True)
LOCAL = {"provider": "local", "settings": {"folder": "a"}}


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    settings.RESOURCES_DIR = tmp_path / "resources"
    return tmp_path / "resources"


@pytest.fixture
def storage(runs: Runs, scene: Scene, root: Path) -> Iterator[Resource]:
    """`files` on the disk, in `dev` and `stg`."""
    create_environment(runs.actor, "shop", {"slug": "stg", "name": "Staging"})
    wanted = {"name": "Files", "environments": {"dev": LOCAL, "stg": LOCAL}}
    return resources.create_resource(runs.actor, "shop", "storage", wanted)


def use(runs: Runs, environment: str, operation: str, **given: Any) -> Run:
    request = OperationRequest("shop", environment, Wanted("storage", "files", operation), given)
    return runs.execute(operations.start_operation(runs.actor, request).run)


def keys(runs: Runs, environment: str) -> list[str]:
    return [one["key"] for one in use(runs, environment, "list").output["files"]]


def contents(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def gone(row: Environment | LeftFolders) -> None:
    while deleting.go_on(row.pk):
        pass


def test_A13_an_environment_of_the_same_slug_begins_with_nothing_of_the_one_before(
    runs: Runs, scene: Scene, storage: Resource, root: Path, people: Cast
) -> None:
    use(runs, "dev", "save", key="old.txt", content="of the old one")
    use(runs, "stg", "save", key="stays.txt", content="x")
    delete_environment(people.as_(people.dev), "shop", "dev")
    create_environment(runs.actor, "shop", {"slug": "dev", "name": "Development"})
    resources.configure(runs.actor, storage, "dev", LOCAL)
    assert keys(runs, "dev") == [], "before the old one's rows and files are gone"
    use(runs, "dev", "save", key="new.txt", content="of the new one")
    gone(Environment.whole.get(pk=scene.environment.pk))
    assert contents(root) == ["new.txt", "stays.txt"]
    assert (keys(runs, "dev"), keys(runs, "stg")) == (["new.txt"], ["stays.txt"])


def test_A13_an_environment_from_before_keeps_its_folder_and_leaves_it_to_nobody(
    runs: Runs, scene: Scene, storage: Resource, root: Path, people: Cast
) -> None:
    """Folders had the slug for their last part."""
    Environment.objects.filter(pk=scene.environment.pk).update(folder="")
    use(runs, "dev", "save", key="old.txt", content="x")
    assert (root / f"{storage.pk.hex}-dev" / "a" / "old.txt").exists()
    delete_environment(people.as_(people.dev), "shop", "dev")
    create_environment(runs.actor, "shop", {"slug": "dev", "name": "Development"})
    resources.configure(runs.actor, storage, "dev", LOCAL)
    assert keys(runs, "dev") == []
    gone(Environment.whole.get(pk=scene.environment.pk))
    assert contents(root) == []


def test_A13_what_is_forgotten_for_an_environment_is_there_when_it_is_configured_again(
    runs: Runs, storage: Resource
) -> None:
    use(runs, "dev", "save", key="stays.txt", content="x")
    resources.forget(runs.actor, storage, "dev")
    resources.configure(runs.actor, storage, "dev", LOCAL)
    assert keys(runs, "dev") == ["stays.txt"]


def test_A13_a_deleted_product_leaves_nothing_on_the_disk(
    runs: Runs, scene: Scene, storage: Resource, root: Path, people: Cast
) -> None:
    for environment in ("dev", "stg"):
        use(runs, environment, "save", key="a/b/c.txt", content="x")
    delete_environment(people.as_(people.dev), "shop", "dev")  # which the product takes along
    delete_product(people.as_(people.dev), "shop")
    deleted(scene.product)
    assert list(root.iterdir()) == []


def test_A13_a_deleted_workspace_leaves_nothing_on_the_disk(
    runs: Runs, scene: Scene, storage: Resource, root: Path, people: Cast
) -> None:
    use(runs, "dev", "save", key="a.txt", content="x")
    delete_workspace(people.as_(people.alice))
    deleted(people.workspace)
    assert list(root.iterdir()) == []


def test_A13_a_deleted_resource_leaves_nothing_on_the_disk(
    runs: Runs, storage: Resource, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(runs, "dev", "save", key="a.txt", content="x")
    other = resources.create_resource(runs.actor, "shop", "storage", {"name": "Other"})
    (root / f"{other.pk.hex}-dev").mkdir()
    resources.delete_resource(runs.actor, storage)
    rung: list[str] = []

    def hear(_task: str, *ids: str) -> bool:
        rung.extend(ids)
        return True

    with monkeypatch.context() as patched:
        patched.setattr(dispatch, "ring", hear)
        assert deleting.ring_unfinished() == 1, "a lost message is made good"
    left = LeftFolders.objects.get()
    assert rung == [str(left.pk)]
    gone(left)
    assert [path.name for path in root.iterdir()] == [f"{other.pk.hex}-dev"]
    assert not LeftFolders.objects.exists()


def test_A13_many_files_go_in_lots_and_what_a_link_leads_to_stays(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "stays.txt").write_text("x")
    for number in range(30):
        (root / "gone" / f"{number % 3}").mkdir(parents=True, exist_ok=True)
        (root / "gone" / f"{number % 3}" / f"{number}.txt").write_text("x")
    (root / "gone" / "link").symlink_to(outside)
    (root / "gone" / "file").symlink_to(outside / "stays.txt")
    lots = 1
    while local_data.remove_some(["gone", "never-there"], 10):
        lots += 1
    assert lots == 4
    assert list(root.iterdir()) == []
    assert (outside / "stays.txt").exists()
    for name in ("", ".", "..", "../outside", "a/b"):
        with pytest.raises(ValueError, match="folder"):
            local_data.remove_some([name], 10)


def test_A13_the_folder_of_a_composition_is_the_environments_own(runs: Runs, scene: Scene, storage: Resource) -> None:
    made = callable_operation(runs.actor, scene.product, scene.environment, Wanted("storage", "files", "list"))
    assert made["folder"] == f"{storage.pk.hex}-{scene.environment.folder}"
    assert len(scene.environment.folder) == 32
