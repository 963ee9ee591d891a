# The main file of a Fastly VCL service in front of Pixmill: custom VCL with Fastly's macros. fastly.tf uploads it, docs/cdn.md explains it.
sub vcl_recv {
  # responses with Vary: Accept are cached once per format, not once per spelling of the header
  if (req.http.Accept ~ "image/avif") {
    set req.http.Accept = "image/avif,image/webp";
  } else if (req.http.Accept ~ "image/webp") {
    set req.http.Accept = "image/webp";
  } else {
    set req.http.Accept = "*/*";
  }
  unset req.http.Cookie;
  unset req.http.Authorization;
  # purges of a URL need a token too
  if (req.method == "FASTLYPURGE") {
    set req.http.Fastly-Purge-Requires-Auth = "1";
  }
  # the shield revalidates before it answers, or the edge would keep its stale response as a fresh one
  if (fastly.ff.visits_this_service > 0) {
    set req.max_stale_while_revalidate = 0s;
  }
#FASTLY recv
  if (req.method != "HEAD" && req.method != "GET" && req.method != "FASTLYPURGE") {
    return(pass);
  }
  return(lookup);
}

sub vcl_hash {
  set req.hash += req.url;
  set req.hash += req.http.host;
#FASTLY hash
  return(hash);
}

sub vcl_hit {
#FASTLY hit
  return(deliver);
}

sub vcl_miss {
#FASTLY miss
  return(fetch);
}

sub vcl_pass {
#FASTLY pass
  return(pass);
}

sub vcl_fetch {
#FASTLY fetch
  # the node answers with an error: a response within its stale-if-error is better
  if (beresp.status >= 500 && beresp.status < 600 && stale.exists) {
    return(deliver_stale);
  }
  if (beresp.http.Set-Cookie || beresp.http.Cache-Control ~ "(?:private|no-store)") {
    return(pass);
  }
  # lifetime, stale-while-revalidate and stale-if-error are those of Cache-Control
  return(deliver);
}

sub vcl_error {
#FASTLY error
  # the node does not answer
  if (obj.status >= 500 && obj.status < 600 && stale.exists) {
    return(deliver_stale);
  }
  return(deliver);
}

sub vcl_deliver {
#FASTLY deliver
  return(deliver);
}

sub vcl_log {
#FASTLY log
}
