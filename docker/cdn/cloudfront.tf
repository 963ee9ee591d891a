# A CloudFront distribution in front of Pixmill. docs/cdn.md explains it.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
      # the first with cache_tag_config
      version = ">= 6.46.0"
    }
  }
}

variable "domain" {
  description = "The host name of the images"
  type        = string
}

variable "certificate" {
  description = "The ARN of the certificate of this host name, in us-east-1"
  type        = string
}

variable "origin" {
  description = "The host name of the load balancer in front of the nodes, reached by HTTPS"
  type        = string
}

variable "shield_region" {
  description = "The region of Origin Shield: the nearest to the nodes"
  type        = string
}

variable "origin_secret" {
  description = "The value of X-Origin-Secret, without which the load balancer refuses requests"
  type        = string
  sensitive   = true
}

variable "sign" {
  description = "Whether requests are signed at the edge: nodes that have params.signing.keys"
  type        = bool
  default     = false
}

# has the signing key, which is put there by hand: a value in Terraform would be in its state
resource "aws_cloudfront_key_value_store" "pixmill" {
  name = "pixmill"
}

# a behaviour has one function for viewer requests; both reduce Accept
resource "aws_cloudfront_function" "pixmill" {
  name                         = "pixmill"
  runtime                      = "cloudfront-js-2.0"
  code                         = file("${path.module}/${var.sign ? "cloudfront-sign.js" : "cloudfront-accept.js"}")
  key_value_store_associations = [aws_cloudfront_key_value_store.pixmill.arn]
  publish                      = true
}

resource "aws_cloudfront_cache_policy" "pixmill" {
  name        = "pixmill"
  min_ttl     = 0
  default_ttl = 86400
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = false
    enable_accept_encoding_gzip   = false
    cookies_config {
      cookie_behavior = "none"
    }
    headers_config {
      header_behavior = "whitelist"
      headers {
        items = ["Accept"]
      }
    }
    query_strings_config {
      query_string_behavior = "all"
    }
  }
}

resource "aws_cloudfront_origin_request_policy" "pixmill" {
  name = "pixmill"
  cookies_config {
    cookie_behavior = "none"
  }
  headers_config {
    header_behavior = "none"
  }
  query_strings_config {
    query_string_behavior = "all"
  }
}

resource "aws_cloudfront_distribution" "pixmill" {
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  aliases         = [var.domain]

  origin {
    origin_id   = "pixmill"
    domain_name = var.origin

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
      # seconds: above limits.deadline, and below listen.keep_alive
      origin_read_timeout      = 30
      origin_keepalive_timeout = 60
    }

    origin_shield {
      enabled              = true
      origin_shield_region = var.shield_region
    }

    custom_header {
      name  = "X-Origin-Secret"
      value = var.origin_secret
    }
  }

  default_cache_behavior {
    target_origin_id         = "pixmill"
    viewer_protocol_policy   = "redirect-to-https"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    compress                 = false
    cache_policy_id          = aws_cloudfront_cache_policy.pixmill.id
    origin_request_policy_id = aws_cloudfront_origin_request_policy.pixmill.id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.pixmill.arn
    }
  }

  # invalidation by the tag of an original
  cache_tag_config {
    header_name = "Cache-Tag"
  }

  # an overloaded node may answer the next request: ten seconds, the default, are too long
  dynamic "custom_error_response" {
    for_each = [500, 502, 503, 504]
    content {
      error_code            = custom_error_response.value
      error_caching_min_ttl = 1
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}

output "domain_name" {
  description = "The name that a CNAME of the host name refers to"
  value       = aws_cloudfront_distribution.pixmill.domain_name
}

output "key_value_store" {
  description = "The ARN of the store for the signing key"
  value       = aws_cloudfront_key_value_store.pixmill.arn
}
