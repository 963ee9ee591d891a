"""The servers: how each is started without caches, and its URLs."""
import glob
import json
import os
import shutil
import subprocess
import sys
import urllib.parse

from pixmill import ROOT, Server

from . import nginx
from .process import Failed, Process, free_port
from .requests import ENDINGS

HERE = os.path.join(ROOT, "loadtests/peers")
ALL = {"jpeg", "png", "webp", "avif"}
# the encoder settings that Pixmill uses by default, by the names of sharp
EQUAL = {"jpegProgressive": False, "jpegOptimiseCoding": True, "webpEffort": 2, "heifEffort": 0, "pngCompressionLevel": 2,
         "pngAdaptiveFiltering": False}
# Pixmill maps qualities to the scale of JPEG for every format; this value gives about the SSIMULACRA2 of an AVIF quality of 65 in
# the other servers, which use the encoder's own scale
AVIF_QUALITY = 80
WITHOUT_CACHES = {"CACHE__RESULTS__ENABLED": "false", "CACHE__ORIGINALS__ENABLED": "false"}


class Skipped(Exception):
    """A server that is not available here; the text says why."""


class Peer:
    """A running server. `pid` is none if it was not started here and is not known: then CPU and memory are unknown."""

    formats, converts = ALL, True

    def __init__(self, name, server, version, pid=None):
        self.name, self.server, self.version = name, server, version
        self.address, self.pid = server.address, pid

    def does(self, request):
        """Whether the server supports this request."""
        return {request.source, request.output} <= self.formats and (self.converts or not request.converts)

    def stop(self):
        self.server.stop()


def run(*command, **options):
    """What a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    return (done.stdout + done.stderr).strip()


class Pixmill(Peer):
    def __init__(self, name, binary, origin, **settings):
        server = Server(binary, origin, **{**WITHOUT_CACHES, **settings})
        super().__init__(name, server, run(binary, "--version"), server.process.pid)

    def path(self, request):
        query = f"width={request.width}&height={request.height}"
        query += "&crop=fit" if request.crop else ""
        quality = AVIF_QUALITY if request.output == "avif" else request.quality
        query += f"&quality={quality}" if quality else ""
        query += f"&format={request.output}" if request.converts else ""
        return f"/{request.file}?{query}"

    def stop(self):
        self.server.__exit__()


class Ipx(Peer):
    def __init__(self, name, options, origin, settings):
        modules = os.path.join(options.work, "node_modules")
        if not shutil.which("node") or not os.path.isdir(f"{modules}/ipx"):
            raise Skipped("needs node and npm (apt-get install nodejs npm)")
        # Node.js finds modules next to the script
        script = shutil.copy(f"{HERE}/ipx.mjs", options.path("ipx.mjs"))
        port, self.origin = free_port(), origin
        server = Process(["node", script, str(port), json.dumps(settings)], port, options.path("logs", f"{name}.log"))
        versions = {}
        for package in ("ipx", "sharp"):
            with open(f"{modules}/{package}/package.json") as file:
                versions[package] = json.load(file)["version"]
        vips = run("node", "-p", "require('sharp').versions.vips", cwd=options.work)
        version = f"ipx {versions['ipx']}, sharp {versions['sharp']} (libvips {vips}), Node {run('node', '--version')}"
        super().__init__(name, server, version, server.pid)

    def path(self, request):
        # without `enlarge` ipx clamps the box to the original first, which gives a smaller result
        words = ["enlarge", f"s_{request.width}x{request.height}", "fit_cover" if request.crop else "fit_inside"]
        words += [f"q_{request.quality}"] if request.quality else []
        words += [f"f_{request.output}"] if request.converts else []
        return f"/{','.join(words)}/{self.origin}/{request.file}"


class Thumbor(Peer):
    def __init__(self, options, origin):
        packages = os.path.join(options.work, "thumbor")
        if not os.path.isdir(f"{packages}/thumbor"):
            raise Skipped("its packages are not in target/loadtest/thumbor")
        port, self.origin = free_port(), origin
        command = [sys.executable, "-m", "thumbor.server", "--ip", "127.0.0.1", "--port", str(port), "--conf",
                   f"{HERE}/thumbor.conf", "--processes", str(os.cpu_count()), "--log-level", "error"]
        server = Process(command, port, options.path("logs", "thumbor.log"), {"PYTHONPATH": packages})
        names = [os.path.basename(path).split("-")[:2] for path in glob.glob(f"{packages}/*.dist-info")]
        versions = {name.lower(): version.removesuffix(".dist") for name, version in names}
        super().__init__("thumbor", server, f"thumbor {versions.get('thumbor')}, Pillow {versions.get('pillow')}", server.pid)

    def path(self, request):
        return thumbor_path(request, self.origin)


class ImageFilter(Peer):
    formats, converts = {"jpeg", "png", "webp"}, False

    def __init__(self, options, origin):
        module = nginx.filter_module()
        if not module:
            raise Skipped("needs libnginx-mod-http-image-filter")
        port, folder = free_port(), options.path("nginx-filter", "")
        command = nginx.command(folder, nginx.FILTER, module, port=port, origin=origin)
        server = Process(command, port, options.path("logs", "nginx-filter.log"))
        super().__init__("nginx image_filter", server, run(nginx.program(), "-v").removeprefix("nginx version: "), server.pid)

    def path(self, request):
        return f"/{'crop' if request.crop else 'fit'}/{request.width}x{request.height}/{request.file}"


class Elsewhere:
    """A server that was not started here."""

    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url).netloc

    def wait(self, path):
        pass

    def stop(self):
        pass


class Remote(Peer):
    """imgproxy or imagor by a base URL; NAME_PID is its main process, if it runs on this machine."""

    def __init__(self, name, url, origin):
        if not url:
            raise Skipped(f"{name.upper()}_URL is not set")
        self.origin = origin
        pid = os.environ.get(f"{name.upper()}_PID")
        version = os.environ.get(f"{name.upper()}_VERSION", "version unknown")
        super().__init__(name, Elsewhere(url), f"{name} {version}", int(pid) if pid else None)


class Imgproxy(Remote):
    def path(self, request):
        words = [f"rs:{'fill' if request.crop else 'fit'}:{request.width}:{request.height}"]
        words += [f"q:{request.quality}"] if request.quality else []
        source = urllib.parse.quote(f"{self.origin}/{request.file}", safe="")
        return f"/unsafe/{'/'.join(words)}/plain/{source}@{ENDINGS[request.output]}"


class Imagor(Remote):
    def path(self, request):
        return thumbor_path(request, self.origin)


def thumbor_path(request, origin):
    """The URLs of thumbor, which imagor supports too."""
    filters = [f"quality({request.quality})"] if request.quality else []
    filters += [f"format({request.output})"] if request.converts else []
    words = [] if request.crop else ["fit-in"]
    words += [f"{request.width}x{request.height}"]
    words += [f"filters:{':'.join(filters)}"] if filters else []
    return f"/unsafe/{'/'.join(words)}/{urllib.parse.quote(f'{origin}/{request.file}', safe='')}"


def kinds(options, origin):
    """Constructors of all peers by name. The first is Pixmill, the reference of the ratios."""
    before = {"before": lambda: Pixmill("before", options.pixmill_before, origin)} if options.pixmill_before else {}
    return {
        "pixmill": lambda: Pixmill("pixmill", options.pixmill_bin, origin),
        **before,
        "ipx": lambda: Ipx("ipx", options, origin, {}),
        "ipx, equal settings": lambda: Ipx("ipx, equal settings", options, origin, EQUAL),
        "thumbor": lambda: Thumbor(options, origin),
        "nginx image_filter": lambda: ImageFilter(options, origin),
        "imgproxy": lambda: Imgproxy("imgproxy", options.imgproxy_url, origin),
        "imagor": lambda: Imagor("imagor", options.imagor_url, origin),
    }


def wanted(options, name):
    """PEERS lists beginnings of names: `ipx thumbor`. Pixmill always takes part."""
    return not options.peers or name in ("pixmill", "before") or any(name.startswith(word) for word in options.peers)


def start(options, origin, probe, tell):
    """The running servers, all ready, and the skipped ones with the reason."""
    running, left_out = [], {}
    try:
        for name, make in kinds(options, origin).items():
            if not wanted(options, name):
                continue
            tell(f"starting {name}")
            try:
                peer = make()
                if isinstance(peer.server, Process):
                    peer.server.wait(peer.path(probe))
                running.append(peer)
            except (Skipped, Failed) as reason:
                left_out[name] = str(reason)
                tell(f"{name}: skipped: {reason}", keep=True)
    except BaseException:
        for peer in running:
            peer.stop()
        raise
    return running, left_out
