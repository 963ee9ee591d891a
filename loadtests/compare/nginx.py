"""nginx in its roles: origin, static server, cache, and image server."""
import glob
import os
import shutil

HEAD = """
daemon off;
error_log {folder}error.log warn;
pid {folder}pid;
worker_processes auto;
{user}
{modules}
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=1h;
    types {{ image/jpeg jpg; image/png png; image/webp webp; image/avif avif; }}
    client_body_temp_path {folder}body;
    proxy_temp_path {folder}proxy;
    fastcgi_temp_path {folder}fastcgi;
    uwsgi_temp_path {folder}uwsgi;
    scgi_temp_path {folder}scgi;
    proxy_http_version 1.1;
    {inside}
}}
"""
FILES = """
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {root};
        add_header Cache-Control "public, max-age=86400";
    }}"""
CACHE = """
    proxy_cache_path {folder}cache keys_zone=hits:10m max_size=100m;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ proxy_pass {origin}; proxy_cache hits; proxy_cache_valid 1h; }}
    }}"""
# the filter buffers the whole original
FILTER = """
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        image_filter_buffer 64m;
        image_filter_jpeg_quality 80;
        image_filter_webp_quality 75;
        location ~ ^/fit/(\\d+)x(\\d+)/(.+)$ {{
            image_filter resize $1 $2;
            proxy_pass {origin}/$3;
        }}
        location ~ ^/crop/(\\d+)x(\\d+)/(.+)$ {{
            image_filter crop $1 $2;
            proxy_pass {origin}/$3;
        }}
    }}"""
MODULES = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules"]


def program():
    """The path of nginx, or none; on Debian it is not in the PATH of ordinary users."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def filter_module():
    """The path of the image filter module, or none."""
    found = [path for folder in MODULES for path in glob.glob(f"{folder}/ngx_http_image_filter_module.so")]
    return found[0] if found else None


def command(folder, inside, module=None, **values):
    """The command line of an nginx with this configuration; `folder` ends with a slash."""
    os.makedirs(folder, exist_ok=True)
    # as root, worker processes would run as another user without access to the folder
    user = "user root;" if os.geteuid() == 0 else ""
    modules = f"load_module {module};" if module else ""
    text = HEAD.format(folder=folder, user=user, modules=modules, inside=inside.format(folder=folder, **values))
    with open(f"{folder}nginx.conf", "w") as file:
        file.write(text)
    return [program(), "-p", folder, "-e", f"{folder}error.log", "-c", f"{folder}nginx.conf"]
