# Cache policy and function for a CloudFront distribution in front of Pixmill.
resource "aws_cloudfront_cache_policy" "pixmill" {
  name        = "pixmill"
  min_ttl     = 0
  default_ttl = 86400
  max_ttl     = 31536000
  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = false
    enable_accept_encoding_gzip   = false
    cookies_config { cookie_behavior = "none" }
    headers_config {
      header_behavior = "whitelist"
      headers { items = ["Accept"] }
    }
    query_strings_config { query_string_behavior = "all" }
  }
}

resource "aws_cloudfront_function" "accept" {
  name    = "pixmill-accept"
  runtime = "cloudfront-js-2.0"
  code    = file("${path.module}/cloudfront-accept.js")
  publish = true
}
