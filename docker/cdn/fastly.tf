# A Fastly VCL service in front of Pixmill. docs/cdn.md explains it.
terraform {
  required_providers {
    fastly = {
      source  = "fastly/fastly"
      version = ">= 8.0.0"
    }
  }
}

variable "domain" {
  description = "The host name of the images, with a certificate at Fastly"
  type        = string
}

variable "origin" {
  description = "The host name of the load balancer in front of the nodes, reached by HTTPS"
  type        = string
}

variable "shield" {
  description = "The point of presence nearest to the nodes, such as iad-va-us (GET /datacenters of Fastly's API)"
  type        = string
}

variable "origin_secret" {
  description = "The value of X-Origin-Secret, without which the load balancer refuses requests"
  type        = string
  sensitive   = true
}

resource "fastly_service_vcl" "pixmill" {
  name = "pixmill"

  domain {
    name = var.domain
  }

  backend {
    name              = "pixmill"
    address           = var.origin
    port              = 443
    use_ssl           = true
    ssl_cert_hostname = var.origin
    ssl_sni_hostname  = var.origin
    override_host     = var.origin
    shield            = var.shield
    healthcheck       = "ready"
    # milliseconds; above limits.deadline
    first_byte_timeout = 30000
    # seconds; below listen.keep_alive
    keepalive_time = 60
  }

  # a node that drains is sick: stale responses are served while no other is ready
  healthcheck {
    name           = "ready"
    host           = var.origin
    path           = "/ready"
    check_interval = 5000
    timeout        = 2000
    window         = 5
    threshold      = 3
    initial        = 3
  }

  header {
    name        = "origin secret"
    type        = "request"
    action      = "set"
    destination = "http.X-Origin-Secret"
    source      = "\"${var.origin_secret}\""
  }

  vcl {
    name    = "pixmill"
    content = file("${path.module}/fastly.vcl")
    main    = true
  }
}
