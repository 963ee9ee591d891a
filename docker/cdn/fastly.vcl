# Fastly in front of Pixmill: reduces Accept to three values, so that a variant is cached once per format.
sub vcl_recv {
  if (req.http.Accept ~ "image/avif") {
    set req.http.Accept = "image/avif,image/webp";
  } else if (req.http.Accept ~ "image/webp") {
    set req.http.Accept = "image/webp";
  } else {
    set req.http.Accept = "*/*";
  }
  unset req.http.Cookie;
}
