# Varnish in front of two nodes: it caches responses for their lifetime, keeps one variant per format, purges by tag, and serves stale
# responses while the nodes are down. docs/cdn.md explains it.
vcl 4.1;

import directors;
import std;

probe ready {
    .url = "/ready";
    .interval = 2s;
    .timeout = 1s;
    .window = 3;
    .threshold = 2;
    .initial = 2;
}

backend one {
    .host = "one";
    .port = "8080";
    .probe = ready;
    .connect_timeout = 2s;
    .first_byte_timeout = 60s;
}

backend two {
    .host = "two";
    .port = "8080";
    .probe = ready;
    .connect_timeout = 2s;
    .first_byte_timeout = 60s;
}

# who may purge
acl operators {
    "localhost";
    "10.0.0.0"/8;
}

sub vcl_init {
    new nodes = directors.round_robin();
    nodes.add_backend(one);
    nodes.add_backend(two);
}

sub vcl_recv {
    set req.backend_hint = nodes.backend();
    if (req.method == "PURGE") {
        if (client.ip !~ operators) {
            return (synth(405, "Not allowed"));
        }
        if (req.http.Surrogate-Key !~ "^[0-9a-f]+$") {
            return (synth(400, "Expected the header Surrogate-Key with a tag"));
        }
        ban("obj.http.Surrogate-Key == " + req.http.Surrogate-Key);
        return (synth(200, "Purged"));
    }
    # responses with Vary: Accept are cached once per format, not once per spelling of the header
    if (req.http.Accept ~ "image/avif") {
        set req.http.Accept = "image/avif,image/webp";
    } elsif (req.http.Accept ~ "image/webp") {
        set req.http.Accept = "image/webp";
    } else {
        set req.http.Accept = "*/*";
    }
    # images need no cookies, and a request with one would not be cached
    unset req.http.Cookie;
    # a stale response is served for at most an hour while a node could answer, else for as long as it is kept
    if (std.healthy(req.backend_hint)) {
        set req.grace = 1h;
    }
}

sub vcl_backend_fetch {
    # another node, if the first one did not answer
    if (bereq.retries > 0) {
        set bereq.backend = nodes.backend();
    }
}

sub vcl_backend_response {
    # how long stale responses are kept, as stale-if-error of the nodes
    set beresp.grace = 1d;
    if (beresp.status >= 500) {
        # do not replace a stale response that is still good
        if (bereq.is_bgfetch) {
            return (abandon);
        }
        if (beresp.status == 503 && bereq.retries == 0) {
            return (retry);
        }
    }
}

sub vcl_backend_error {
    if (bereq.retries == 0) {
        return (retry);
    }
}

sub vcl_deliver {
    if (obj.hits > 0) {
        set resp.http.X-Cdn-Cache = "HIT";
    } else {
        set resp.http.X-Cdn-Cache = "MISS";
    }
}
