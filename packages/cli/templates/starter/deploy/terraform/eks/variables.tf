variable "region" {
  description = "Region of AWS."
  type        = string
  default     = "us-east-1"
}

variable "name" {
  description = "Name of the cluster and the repository, and how other names begin."
  type        = string
  default     = "kt-starter"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}[a-z0-9]$", var.name))
    error_message = "Expected 3 to 21 of a-z, 0-9 and \"-\": the bucket's name begins with it."
  }
}

variable "kubernetes_version" {
  description = "Version of Kubernetes; at least 1.29."
  type        = string
  default     = "1.34"
}

variable "cidr" {
  description = "Addresses of the VPC: a /16 gives each subnet 4,091."
  type        = string
  default     = "10.0.0.0/16"
}

variable "zone_count" {
  description = "Availability zones, each with a private and a public subnet."
  type        = number
  default     = 3

  validation {
    condition     = var.zone_count >= 2 && var.zone_count <= 6
    error_message = "EKS needs 2 zones; 6 have subnets."
  }
}

variable "public_access_cidrs" {
  description = "From where the API server may be reached. It asks everybody for credentials; your own address is better."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "namespace" {
  description = "Namespace of the runs."
  type        = string
  default     = "default"
}

variable "service_account" {
  description = "Service account of the pods, which kt makes: it gets the rights to the bucket."
  type        = string
  default     = "kt-pod"
}

variable "bucket_name" {
  description = "Name of the bucket. Default: NAME-ACCOUNT-REGION, which nobody else has."
  type        = string
  default     = null
}

variable "bucket_force_destroy" {
  description = "Lets terraform destroy delete the bucket with all that is in it."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of all that is made."
  type        = map(string)
  default     = {}
}
