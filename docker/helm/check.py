#!/usr/bin/env python3
"""Checks the Helm chart, and writes the kustomize base from it.

    docker/helm/check.py BINARY          fails with every fault that it finds
    docker/helm/check.py BINARY --write  also writes docker/kustomize/base

Real Helm (its official SDK, as a library) lints and renders the chart with each file of docker/helm/pixmill/ci. The objects are
checked with the schemas of Kubernetes, and the configuration and environment in them with `pixmill check-config`, by BINARY.
Values that cannot work must be refused with a sentence. Alerts and the dashboard must name metrics, labels
and headings of the documentation that exist.
"""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import helm_python
import kubernetes_validate
import yaml

FOLDER = Path(__file__).resolve().parent
CHART = FOLDER / "pixmill"
REPO = FOLDER.parent.parent
BASE = FOLDER.parent / "kustomize" / "base"
# The oldest version of Kubernetes that the chart states, and the newest that the schemas know.
VERSIONS = ["1.27", "1.37"]
# Kinds of operators, whose schemas are not known here.
FOREIGN = {"ScaledObject", "ServiceMonitor", "PrometheusRule"}
ORIGIN = {"config": {"origin": {"url": "https://pictures.example.com"}}}


def merge(base, more):
    """`base` with the keys of `more`, recursively."""
    merged = copy.deepcopy(base)
    for key, value in more.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def env(*names, value="x"):
    """Values that set these variables."""
    return {"extraEnv": [{"name": name, "value": value} for name in names]}


def admin_from(*networks):
    """Values that open the admin listener to these networks."""
    return {"networkPolicy": {"adminFrom": [{"ipBlock": {"cidr": network}} for network in networks]}}


def memory(limit, request="2Gi"):
    return {"resources": {"limits": {"memory": limit}, "requests": {"memory": request}}}


def mounts(name, path):
    return {"extraVolumes": [{"name": name, "emptyDir": {}}], "extraVolumeMounts": [{"name": name, "mountPath": path}]}


PASSWORD = {"config": {"admin": {"username": "operator", "password": "secret"}}}
UPLOADS = {"config": {"uploads": {"enabled": True}}}

# Values that are merged into ORIGIN, and what the refusal must contain.
REFUSED = [
    ({"config": {"origin": {"url": ""}}}, "there is no origin"),
    ({"config": {"listen": {"address": "0.0.0.0:80"}}}, "config.listen.address is set by the chart"),
    ({"config": {"listen": {"drain_delay": "1s"}}}, "config.listen.drain_delay is set by the chart"),
    ({"config": {"admin": {"address": "0.0.0.0:80"}}}, "config.admin.address is set by the chart"),
    ({"config": {"cache": {"disk": {"path": "/tmp"}}}}, "config.cache.disk.path is set by the chart"),
    (env("PIXMILL__LISTEN__ADDRESS"), "extraEnv has PIXMILL__LISTEN__ADDRESS, which overrides listen.address of the chart"),
    (env("PIXMILL__LISTEN__DRAIN_DELAY"), "remove it, and use drainSeconds"),
    (env("PIXMILL__listen__Shutdown_Timeout"), "remove it, and use shutdownSeconds"),
    (env("PIXMILL__ADMIN__ADDRESS"), "remove it, and use adminService.port"),
    (env("PIXMILL__ADMIN"), "overrides admin.address"),
    (env("PIXMILL__UPLOADS__ADDRESS"), "remove it, and use uploadService.port"),
    (env("PIXMILL__UPLOADS__ENABLED"), "remove it, and use config.uploads.enabled"),
    (env("PIXMILL__CACHE__DISK__PATH"), "remove it, and use disk.enabled"),
    (env("PIXMILL__CACHE__DISK__MAX_BYTES"), "remove it, and use disk.maxBytes"),
    (env("PIXMILL__CACHE"), "extraEnv has PIXMILL__CACHE, which overrides cache.disk"),
    (env("PIXMILL_CONFIG"), "extraEnv has PIXMILL_CONFIG, which is set by the chart"),
    (merge(env("PIXMILL__CACHE__REDIS__URL"), {"redis": {"enabled": True}}), "use either redis.enabled or"),
    ({"config": {"output": {"webp_effort": None}}}, "a key without a value"),
    ({"terminationGracePeriodSeconds": 35}, "terminationGracePeriodSeconds is 35: expected more than"),
    ({"drainSeconds": 60, "terminationGracePeriodSeconds": 40}, "terminationGracePeriodSeconds is 40"),
    ({"drainSeconds": 601}, "drainSeconds"),
    ({"adminService": {"type": "LoadBalancer"}}, "adminService.type is LoadBalancer: expected ClusterIP"),
    ({"uploadService": {"type": "NodePort"}}, "uploadService.type is NodePort: expected ClusterIP"),
    ({"networkPolicy": {"enabled": False}}, "networkPolicy.enabled is false, so that clients may reach the admin listener"),
    ({"networkPolicy": {"enabled": False}, "existingSecret": "pixmill"}, "expected a password"),
    (merge(env("PIXMILL__ADMIN__PASSWORD", value=""), {"networkPolicy": {"enabled": False}}), "expected a password"),
    (admin_from("0.0.0.0/0"), "networkPolicy.adminFrom has 0.0.0.0/0, so that clients may reach the admin listener"),
    (admin_from("10.0.0.0/8", "::/0"), "networkPolicy.adminFrom has ::/0"),
    (admin_from("0.0.0.0/1", "128.0.0.0/1"), "networkPolicy.adminFrom has 128.0.0.0/1"),
    (admin_from("2000::/3"), "networkPolicy.adminFrom has 2000::/3"),
    (merge(PASSWORD, merge(UPLOADS, admin_from("0.0.0.0/0"))), "clients may reach the upload listener: expected tokens"),
    (admin_from("monitoring"), 'networkPolicy.adminFrom.ipBlock.cidr is "monitoring": expected a network'),
    ({"networkPolicy": {"adminFrom": [{}]}}, "adminFrom"),
    ({"credentialsFromSecret": True}, "credentialsFromSecret needs existingSecret"),
    (merge(PASSWORD, {"serviceMonitor": {"enabled": True}}), "serviceMonitor.basicAuth is empty"),
    ({"serviceMonitor": {"basicAuth": {"username": {"name": "pixmill", "key": "user"}}}}, "basicAuth"),
    ({"originFromSecret": True}, "originFromSecret needs existingSecret"),
    ({"redis": {"enabled": True}, "config": {"cache": {"redis": {"url": "redis://a"}}}}, "exclude each other"),
    ({"autoscaling": {"enabled": True, "minReplicas": 9, "maxReplicas": 3}}, "maxReplicas is less than"),
    ({"redis": {"enabled": True}, "config": {"cache": {"redis": {"mode": "cluster"}}}}, "cache.redis.mode is cluster"),
    ({"redis": {"enabled": True, "maxMemory": "640mb"}}, "redis.resources.limits.memory is 640Mi: expected more than 640Mi, for redis.maxMemory"),
    ({"redis": {"maxMemory": "512Mi"}}, "a size above 0 in the notation of Redis"),
    ({"redis": {"enabled": True, "resources": {"limits": {"memory": "600Mi"}}}}, "redis.resources.requests.memory is 640Mi: expected at most"),
    ({"redis": {"maxMemory": "0"}}, "a size above 0 in the notation of Redis"),
    (memory("1Gi"), "resources.requests.memory is 2Gi: expected at most resources.limits.memory, 1Gi"),
    (memory("2GB"), "resources.limits.memory is 2GB: expected a quantity of Kubernetes"),
    (memory("2048m", "1m"), "resources.limits.memory is 2048m: expected more than 384Mi"),
    (memory("384Mi", "1Mi"), "resources.limits.memory is 384Mi: expected more than 384Mi"),
    (merge(UPLOADS, memory("600Mi", "1Mi")), "expected more than 640Mi"),
    ({"config": {"cache": {"memory": {"max_bytes": "1.875GiB"}}}}, "resources.limits.memory is 2Gi: expected more than 2048Mi"),
    ({"config": {"cache": {"memory": {"max_bytes": 2147483648}}}}, "expected more than 2176Mi"),
    (env("PIXMILL__CACHE__MEMORY__MAX_BYTES", value="2.2GB"), "expected more than 2227Mi"),
    ({"config": {"cache": {"memory": {"max_bytes": "many"}}}}, "cache.memory.max_bytes is many: expected a size"),
    ({"resources": {"limits": {"cpu": "1500m"}}}, "resources.requests.cpu is 2: expected at most resources.limits.cpu, 1500m"),
    ({"resources": {"requests": {"cpu": None}}, "autoscaling": {"enabled": True}}, "resources.requests.cpu is not set"),
    ({"resources": {"limits": {"ephemeral-storage": "10Gi"}}, "disk": {"enabled": True}}, "expected more than 10240Mi, for disk.maxBytes"),
    ({"podDisruptionBudget": {"maxUnavailable": 0}}, 'podDisruptionBudget.maxUnavailable is "0": expected at least 1'),
    ({"podDisruptionBudget": {"maxUnavailable": "0%"}}, "or no machine of the cluster can be drained"),
    ({"podDisruptionBudget": {"maxUnavailable": -1}}, "or no machine of the cluster can be drained"),
    ({"shutdownSeconds": 0}, "shutdownSeconds"),
    ({"drainSeconds": -1}, "drainSeconds"),
    ({"serviceMonitor": {"interval": "0s"}}, 'serviceMonitor.interval is "0s": expected a time above 0'),
    ({"serviceMonitor": {"interval": ""}}, "expected a time above 0"),
    ({"autoscaling": {"keda": {"wait": "0.0"}}}, 'autoscaling.keda.wait is "0.0": expected seconds above 0'),
    ({"image": {"repository": "pixmill:0.1.0"}}, "expected a name without a tag"),
    ({"image": {"repository": ""}}, "expected a name without a tag"),
    ({"image": {"tag": "sha256:0123"}}, "which a digest is not"),
    ({"imagePullSecrets": [{"name": ""}]}, 'imagePullSecrets.name is "": expected the name of a Secret'),
    ({"imagePullSecrets": ["registry"]}, "imagePullSecrets"),
    ({"existingSecret": " "}, 'existingSecret is " ": expected the name of a Secret'),
    ({"disk": {"storageClass": "Fast SSD"}}, "expected the name of a StorageClass"),
    ({"ingress": {"enabled": True, "hosts": ["https://images.example.com"]}}, "ingress.hosts is"),
    ({"serviceAccount": {"create": False, "annotations": {"a": "b"}}}, "serviceAccount.annotations needs serviceAccount.create"),
    ({"podLabels": {"app.kubernetes.io/name": "images"}}, "podLabels has app.kubernetes.io/name"),
    ({"podAnnotations": {"checksum/config": "0"}}, "podAnnotations has checksum/config"),
    (merge({"disk": {"enabled": True}}, mounts("cache", "/pictures")), "extraVolumes has cache, a name that the chart uses"),
    (merge({"disk": {"enabled": True}}, mounts("pictures", "/var/cache/pixmill/")), "a path that the chart uses"),
    (mounts("pictures", "/etc/pixmill"), "a path that the chart uses"),
    ({"extraVolumeMounts": [{"name": "pictures", "mountPath": "/pictures"}]}, "expected the name of a volume in extraVolumes"),
    ({"extraEnv": [{"name": "PIXMILL__LIMITS__MAX_SIDE", "value": 4000}]}, "extraEnv"),
    ({"extraEnv": [{"name": ""}]}, "extraEnv"),
    ({"config": {"uploads": True}}, "config/uploads"),
    ({"autoscaling": {"keda": {"enabled": True}}}, "keda.enabled needs autoscaling.enabled"),
    ({"ingress": {"enabled": True}}, "ingress.enabled needs ingress.hosts"),
    ({"disk": {"enabled": True, "claim": "cache"}}, "claim"),
    ({"disk": {"enabled": True, "maxBytes": "lots"}}, "disk.maxBytes is lots: expected a size such as 10GiB"),
    ({"disk": {"enabled": True, "maxBytes": "10 GiBs"}}, "disk.maxBytes is 10 GiBs: expected a size"),
    ({"disk": {"enabled": True, "maxBytes": "1.5"}}, "disk.maxBytes is 1.5: expected a size"),
    ({"disk": {"enabled": True, "maxBytes": "20MB"}}, "disk.maxBytes is 20MB: expected at least 32MiB"),
    ({"replica": 3}, "replica"),
    ({"service": {"port": 0}}, "port"),
]

# Values that are merged into ORIGIN, and must be accepted: they resemble some of REFUSED.
ACCEPTED = [
    admin_from("10.0.0.0/8", "fc00::/7"),
    merge(PASSWORD, admin_from("0.0.0.0/0")),
    merge(PASSWORD, {"networkPolicy": {"enabled": False}}),
    merge(env("PIXMILL__ADMIN__USERNAME", "PIXMILL__ADMIN__PASSWORD"), {"networkPolicy": {"enabled": False}}),
    merge(UPLOADS, {"networkPolicy": {"enabled": False}, "existingSecret": "pixmill", "credentialsFromSecret": True}),
    memory("385Mi", "385Mi"),
    memory(4294967296),
    memory("4e9"),
    merge(env("PIXMILL__CACHE__MEMORY__MAX_BYTES", value="64MiB"), memory("256Mi", "256Mi")),
    {"resources": {"limits": None, "requests": None}},
    {"resources": None, "redis": {"enabled": True, "resources": None}},
    {"existingSecret": None, "podAnnotations": None, "podLabels": None, "extraEnv": None, "networkPolicy": {"adminFrom": None}},
    {"resources": {"limits": {"ephemeral-storage": "1Gi"}}, "disk": {"enabled": True, "storageClass": "fast"}},
    {"redis": {"enabled": True, "maxMemory": "640m"}},
    {"podDisruptionBudget": {"maxUnavailable": "30%"}},
    {"serviceMonitor": {"enabled": True, "interval": "1m30s"}},
    {"image": {"repository": "registry.example:5000/team/pixmill", "tag": "v1.2.3"}},
    {"ingress": {"enabled": True, "hosts": ["*.example.com", "images.example.com"]}},
    mounts("cache", "/pictures"),
    env("PIXMILL__CACHE__REDIS__URL", value="redis://redis"),
    merge(env("PIXMILL__ORIGINS__SHOP__URL", "PIXMILL__ORIGINS__SHOP__HOSTS", value="http://shop"), {"config": {"origin": {"url": ""}}}),
]

# Sizes of the disk cache, and of the volume for each.
VOLUMES = {
    "10GiB": "12288Mi",
    "10 gib": "12288Mi",
    "10Gi": "12288Mi",
    "1.5TiB": "1887437Mi",
    "10GB": "11445Mi",
    "100000k": "115Mi",
    "100000000b": "115Mi",
    "100000000": "115Mi",
    100000000: "115Mi",
    107374182400: "122880Mi",
}

faults = []


def fault(text):
    faults.append(text)


def render(values, name="web"):
    """The objects of the chart, by kind and name."""
    with helm_python.Chart.load(CHART) as chart:
        chart.validate_schema(values)
        files = chart.render(values, name=name, namespace="pictures")
    objects = []
    for path, text in sorted(files.items()):
        if path.endswith(".yaml"):
            objects += [found for found in yaml.safe_load_all(text) if found]
    return {(found["kind"], found["metadata"]["name"]): found for found in objects}


def check_schemas(name, objects):
    for (kind, own), found in objects.items():
        if kind in FOREIGN:
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(found, version, strict=True)
            except Exception as error:  # each kind of refusal is a fault
                fault(f"{name}: {kind} {own} is invalid for Kubernetes {version}: {error}")


def check_config(name, objects, binary):
    """The configuration and environment of the pods are accepted by the server."""
    text = objects["ConfigMap", "web-pixmill"]["data"]["pixmill.toml"]
    container = objects["Deployment", "web-pixmill"]["spec"]["template"]["spec"]["containers"][0]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pixmill.toml"
        file.write_text(text)
        # what a Secret gives is not known here
        given = {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
        secret = {entry["name"]: "redis://redis:6379" for entry in container["env"] if "REDIS__URL" in entry["name"]}
        environment = {**given, **secret, "PIXMILL_CONFIG": str(file)}
        if "LD_LIBRARY_PATH" in os.environ:
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        run = subprocess.run([binary, "check-config"], env=environment, capture_output=True, text=True)
    if run.returncode != 0:
        fault(f"{name}: pixmill check-config: {run.stderr}")


def check_pods(name, objects):
    """What must hold whatever the values are."""
    pod = objects["Deployment", "web-pixmill"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    user = re.search(r"^USER (\d+):(\d+)$", (REPO / "docker/Dockerfile").read_text(), re.MULTILINE)
    if [pod["securityContext"][key] for key in ("runAsUser", "runAsGroup")] != [int(part) for part in user.groups()]:
        fault(f"{name}: the user of the pod is not the user of docker/Dockerfile")
    text = objects["ConfigMap", "web-pixmill"]["data"]["pixmill.toml"]
    seconds = [int(re.search(rf'listen\.{key} = "(\d+)s"', text)[1]) for key in ("drain_delay", "shutdown_timeout")]
    if pod["terminationGracePeriodSeconds"] <= sum(seconds):
        fault(f"{name}: the grace period is not above {seconds}")
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for port, address in re.findall(r'^(listen|admin|uploads)\.address = "0\.0\.0\.0:(\d+)"', text, re.MULTILINE):
        if ports.get({"listen": "http"}.get(port, port)) != int(address):
            fault(f"{name}: {port}.address is not a port of the container")
    for (kind, own), found in objects.items():
        if kind == "Service" and found["spec"].get("type", "ClusterIP") != "ClusterIP":
            if any(port["targetPort"] != "http" for port in found["spec"]["ports"]):
                fault(f"{name}: the service {own} opens more than images to clients")


def check_volumes(binary):
    """Every notation of a size that Pixmill reads gives a volume that is a fifth larger."""
    for size, expected in VOLUMES.items():
        for storage in ("", "fast"):
            objects = render(merge(ORIGIN, {"disk": {"enabled": True, "maxBytes": size, "storageClass": storage}}))
            check_config(f"disk.maxBytes {size}", objects, binary)
            volume = objects["Deployment", "web-pixmill"]["spec"]["template"]["spec"]["volumes"][1]
            claim = volume.get("ephemeral", {}).get("volumeClaimTemplate", {}).get("spec")
            found = claim["resources"]["requests"]["storage"] if storage else volume["emptyDir"]["sizeLimit"]
            if found != expected:
                fault(f"disk.maxBytes {size} gives a volume of {found}; expected {expected}")


def check_accepted():
    for values in ACCEPTED:
        try:
            check_schemas(values, render(merge(ORIGIN, values)))
        except helm_python.HelmError as error:
            fault(f"{values} is refused: {error}")


def check_refusals():
    for values, expected in REFUSED:
        try:
            render(merge(ORIGIN, values))
        except helm_python.HelmError as error:
            if expected not in str(error):
                fault(f"{values} is refused, but not with {expected!r}: {error}")
        else:
            fault(f"{values} is not refused; expected {expected!r}")


def known_metrics():
    """The labels of each metric that docs/metrics.md lists."""
    metrics = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", (REPO / "docs/metrics.md").read_text(), re.MULTILINE):
        suffixes = ["_bucket", "_sum", "_count"] if kind == "histogram" else [""]
        for suffix in suffixes:
            metrics[name + suffix] = set(re.findall(r"`(\w+)`", labels)) | ({"le"} if suffix == "_bucket" else set())
    return metrics


def check_query(name, query, metrics):
    """A query names metrics and labels that exist; Prometheus adds the labels of the target."""
    named = re.findall(r"\b(?:pixmill|process)_\w+", query)
    labels = {"namespace", "service", "pod"}
    for metric in named:
        if metric not in metrics:
            fault(f"{name}: docs/metrics.md has no metric {metric}: {query}")
        labels |= metrics.get(metric, set())
    used = re.findall(r"(\w+)\s*=~?\"", query)
    for group in re.findall(r"\bby \(([^)]*)\)", query):
        used += [label.strip() for label in group.split(",")]
    for label in set(used) - labels:
        fault(f"{name}: no metric of the query has the label {label}: {query}")
    if not named:
        fault(f"{name}: a query without a metric: {query}")


def check_dashboard(metrics):
    """Every panel of the dashboard has queries of metrics that exist, and no two have the same place."""
    dashboard = json.loads((CHART / "files/dashboard.json").read_text())
    places = set()
    for panel in dashboard["panels"]:
        place = tuple(panel["gridPos"][key] for key in "xy")
        if place in places:
            fault(f"dashboard: {panel['title']} is at the place of another panel")
        places.add(place)
        for target in panel.get("targets", []):
            check_query(f"dashboard: {panel['title']}", target["expr"], metrics)
    print(f"{len(places)} panels and rows of the dashboard")


def check_alerts(metrics):
    text = (REPO / "docs/operations.md").read_text()
    headings = {re.sub(r"[^\w -]", "", found.lower()).replace(" ", "-") for found in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    for alert in yaml.safe_load((CHART / "files/alerts.yaml").read_text())["alerts"]:
        check_query(f"alert {alert['alert']}", alert["expr"], metrics)
        if alert["runbook"] not in headings:
            fault(f"the alert {alert['alert']} links to #{alert['runbook']}, which docs/operations.md does not have")


def check_base(write):
    """The kustomize base is the chart with the values of ci/minimal.yaml."""
    values = yaml.safe_load((CHART / "ci/minimal.yaml").read_text())
    objects = render(values, name="pixmill")
    for found in objects.values():
        for label in ("app.kubernetes.io/managed-by", "helm.sh/chart"):
            found["metadata"]["labels"].pop(label, None)
            template = found["spec"]["template"]["metadata"] if found["kind"] == "Deployment" else {}
            template.get("labels", {}).pop(label, None)
            # kustomize gives a ConfigMap that it generates a name of its contents
            template.get("annotations", {}).pop("checksum/config", None)
    config = objects.pop(("ConfigMap", "pixmill"))["data"]["pixmill.toml"].strip() + "\n"
    note = "# Generated from the Helm chart by `make chart WRITE=1`.\n"
    files = {"pixmill.toml": note + config, "kustomization.yaml": note + yaml.safe_dump({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "configMapGenerator": [{"name": "pixmill", "files": ["pixmill.toml"]}],
        "resources": sorted(f"{kind.lower()}-{name}.yaml" for kind, name in objects),
    }, sort_keys=False)}
    for (kind, name), found in objects.items():
        files[f"{kind.lower()}-{name}.yaml"] = note + yaml.safe_dump(found, sort_keys=False)
    if write:
        BASE.mkdir(parents=True, exist_ok=True)
        for old in BASE.iterdir():
            old.unlink()
        for name, text in files.items():
            (BASE / name).write_text(text)
    present = {path.name: path.read_text() for path in BASE.iterdir()} if BASE.is_dir() else {}
    for name in sorted(files.keys() | present.keys()):
        if files.get(name) != present.get(name):
            fault(f"docker/kustomize/base/{name} is stale: run `make chart WRITE=1`")


def main():
    binary = Path(sys.argv[1]).resolve()
    for file in sorted((CHART / "ci").glob("*.yaml")):
        values = yaml.safe_load(file.read_text())
        report = helm_python.lint(CHART, values, strict=True, namespace="pictures")
        for message in report["messages"]:
            if message["severity"] >= 2:
                fault(f"{file.name}: helm lint: {message['error']}")
        objects = render(values)
        check_schemas(file.name, objects)
        check_config(file.name, objects, binary)
        check_pods(file.name, objects)
        print(f"{file.name}: {len(objects)} objects")
    check_volumes(binary)
    check_accepted()
    check_refusals()
    print(f"{len(REFUSED)} values that cannot work were tried")
    metrics = known_metrics()
    check_alerts(metrics)
    check_dashboard(metrics)
    check_base("--write" in sys.argv)
    for text in faults:
        print(f"fault: {text}", file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
