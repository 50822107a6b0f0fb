"""The files to run it elsewhere fit the software: no setting that is not one, no command that is none, no root."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ductape_site.cli.command import parser
from products.catalog.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
MANIFESTS = [
    document
    for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
]
OUR_SERVICES = {name: each for name, each in COMPOSE["services"].items() if "x-" not in name and "build" in each}
OTHERS = {"POSTGRES_PASSWORD"}  # of the database's own image
OF_THE_CONTAINERS = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "VALKEY_URL", "DUCTAPE_DATA"}
IMAGE = re.compile(r"[a-z0-9.-]+(/[a-z0-9._-]+)*:[a-z0-9][a-z0-9._-]*")
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def of_kind(kind: str) -> list[Any]:
    return [document for document in MANIFESTS if document["kind"] == kind]


def pods() -> Iterator[tuple[str, Any]]:
    for document in MANIFESTS:
        if document["kind"] in {"Deployment", "Job"}:
            yield document["metadata"]["name"], document["spec"]["template"]["spec"]


def containers() -> Iterator[Any]:
    for _, pod in pods():
        yield from (*pod.get("initContainers", []), *pod["containers"])


def locked(name: str) -> dict[str, str]:
    return dict(LOCKED.findall((ROOT / name).read_text()))


def is_setting(name: str) -> bool:
    return name in SETTINGS or name.removesuffix("_FILE") in SETTINGS


def test_every_setting_in_them_is_one() -> None:
    named = {name for service in OUR_SERVICES.values() for name in service["environment"]}
    named |= set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text())) - OTHERS
    named |= {name for document in [*of_kind("ConfigMap")] for name in document["data"]}
    named |= {name for document in [*of_kind("Secret")] for name in document["stringData"]}
    lines = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    units = "\n".join(path.read_text() for path in (ROOT / "deploy" / "systemd").glob("*.service"))
    named |= {*lines, *re.findall(r"^Environment=([A-Z_]+)=", units, re.MULTILINE)}
    assert {name for name in named - OTHERS if not is_setting(name)} == set()
    assert len(named) > 15


def test_every_setting_can_reach_the_containers_of_compose() -> None:
    for name, service in OUR_SERVICES.items():
        assert service["env_file"] == [{"path": ".env", "required": False}], name
        given = {key: value for key, value in service["environment"].items() if f"${{{key}" not in value}
        assert set(given) == OF_THE_CONTAINERS, name  # what .env says of these is not heard


def test_every_command_in_them_is_understood() -> None:
    lines = [service["command"] for service in OUR_SERVICES.values()]
    lines += [container["args"] for container in containers()]
    for line in lines:
        options, rest = parser().parse_known_args([str(word) for word in line])
        assert not rest or options.passes_on, line
    assert {line[0] for line in lines} == {"serve", "worker", "scheduler", "migrate", "manage"}


def test_secret_values_are_in_no_file() -> None:
    (secret,) = of_kind("Secret")
    assert {name for name, value in secret["stringData"].items() if "CHANGE-ME" not in value} == {"DUCTAPE_OWNER_EMAIL"}
    for service in OUR_SERVICES.values():
        for name, value in service["environment"].items():
            if name in SETTINGS and SETTINGS[name].secret and name != "VALKEY_URL":
                assert value.startswith("${") or "${POSTGRES_PASSWORD" in value, name


def test_nothing_secret_is_in_the_open_settings() -> None:
    (config,) = of_kind("ConfigMap")
    assert {name for name in config["data"] if SETTINGS[name].secret} == set()


def test_images_have_a_name_and_a_version() -> None:
    named = [service["image"] for service in COMPOSE["services"].values()]
    named += [container["image"] for container in containers()]
    assert [image for image in named if not IMAGE.fullmatch(image) or image.endswith(":latest")] == []
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Containerfile").read_text(), re.MULTILINE)
    assert len(set(bases)) == 1


@pytest.mark.parametrize("name", ["ductape-web", "ductape-worker", "ductape-scheduler", "ductape-migrate"])
def test_pods_run_as_nobody_in_particular_and_write_only_where_they_must(name: str) -> None:
    pod = dict(pods())[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    for container in (*pod.get("initContainers", []), *pod["containers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["resources"]["limits"]["memory"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def test_R27_what_resources_keep_on_the_disk_outlives_the_pods_of_workers() -> None:
    pod = dict(pods())["ductape-worker"]
    claims = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume
    }
    (mount,) = [mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] in claims]
    assert mount["mountPath"] == "/data/resources"  # RESOURCES_DIR where nobody names one
    (claim,) = of_kind("PersistentVolumeClaim")
    assert claim["metadata"]["name"] == claims[mount["name"]]
    # One machine may have SQLite's files open, and no more.
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    (affinity,) = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (workers,) = [each for each in of_kind("Deployment") if each["metadata"]["name"] == "ductape-worker"]
    assert affinity["labelSelector"]["matchLabels"] == workers["spec"]["selector"]["matchLabels"]
    assert affinity["topologyKey"] == "kubernetes.io/hostname"


def test_web_and_workers_are_probed_and_not_all_taken_at_once() -> None:
    for name in ("ductape-web", "ductape-worker"):
        (container,) = dict(pods())[name]["containers"]
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "livenessProbe"):
            check = container[probe].get("httpGet") or container[probe]["tcpSocket"]
            assert check["port"] in ports
            assert check.get("path", "/livez") in {"/livez", "/readyz"}
    budgets = {budget["metadata"]["name"] for budget in of_kind("PodDisruptionBudget")}
    assert budgets == {"ductape-web", "ductape-worker"}


def test_selectors_find_what_they_select() -> None:
    labels = [document["spec"]["template"]["metadata"]["labels"] for document in of_kind("Deployment")]
    selectors = [document["spec"]["selector"]["matchLabels"] for document in of_kind("Deployment")]
    selectors += [document["spec"]["selector"]["matchLabels"] for document in of_kind("PodDisruptionBudget")]
    selectors += [document["spec"]["selector"] for document in of_kind("Service")]
    for selector in selectors:
        assert sum(selector.items() <= each.items() for each in labels) == 1, selector


def test_services_of_compose_wait_for_what_they_need_and_say_when_they_are_well() -> None:
    for name, service in COMPOSE["services"].items():
        for needed, how in service.get("depends_on", {}).items():
            other = COMPOSE["services"][needed]
            assert how["condition"] != "service_healthy" or "healthcheck" in other, (name, needed)
            assert how["condition"] != "service_completed_successfully" or other["restart"] == "no", (name, needed)
    assert {name for name, service in OUR_SERVICES.items() if service.get("read_only") is not True} == set()


def test_the_image_is_made_of_what_is_there_and_runs_as_an_ordinary_user() -> None:
    text = (ROOT / "Containerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert [name for name in line.split() if not (ROOT / name).exists()] == []
    assert re.findall(r"^USER (\d+):\d+$", text, re.MULTILINE)[-1] != "0"
    assert "HEALTHCHECK" in text
    ignored = (ROOT / ".containerignore").read_text()
    assert ignored == (ROOT / ".dockerignore").read_text()
    assert {".env", "var", ".git"} <= set(ignored.split())


@pytest.mark.parametrize("name", ["requirements-image.lock", "requirements-otel.lock", "requirements-fuzz.lock"])
def test_the_locks_agree(name: str) -> None:
    everything, part = locked("requirements.lock"), locked(name)
    assert {package for package, version in part.items() if everything.get(package, version) != version} == set()
    assert "pytest" not in part
    assert name != "requirements-image.lock" or set(part) <= set(everything)


def test_units_of_systemd_start_commands_that_exist() -> None:
    for path in sorted((ROOT / "deploy" / "systemd").glob("*.service")):
        (line,) = re.findall(r"^ExecStart=(.+)$", path.read_text(), re.MULTILINE)
        program, command = line.split()
        assert program == "/opt/ductape/.venv/bin/ductape"
        for word in (command,) if command != "%i" else ("serve", "worker", "scheduler"):
            parser().parse_args([word])
