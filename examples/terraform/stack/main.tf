# Deploys the gateway's stack from its template:
#
#   mcp-lambda package --architecture arm64 --output packaged.json
#   terraform init
#   terraform apply -var bucket=mcp-lambda-123456789012-eu-west-1
#
# `package` says which bucket it has put the program into.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "bucket" {
  description = "The bucket for packages"
  type        = string
}

variable "template" {
  description = "The packaged template"
  type        = string
  default     = "packaged.json"
}

variable "name" {
  description = "The stack's name, with which the names of everything in it begin"
  type        = string
  default     = "mcp-lambda"
}

variable "tool_functions" {
  description = "A pattern of the names of functions that may be registered"
  type        = string
  default     = "*"
}

variable "tags" {
  description = "Tags of everything"
  type        = map(string)
  default     = {}
}

data "aws_s3_bucket" "packages" {
  bucket = var.bucket
}

# A template in a request has 51,200 bytes at most, and this one has more.
resource "aws_s3_object" "template" {
  bucket = data.aws_s3_bucket.packages.id
  key    = "mcp-lambda/${filesha256(var.template)}.template.json"
  source = var.template
}

resource "aws_cloudformation_stack" "gateway" {
  name         = var.name
  template_url = "https://${data.aws_s3_bucket.packages.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  tags         = var.tags

  # Roles, and SAM, which is a macro.
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]

  parameters = {
    StackIdentifier   = var.name
    ToolFunctionNames = var.tool_functions
    PublicDoor        = "NONE"
    LogRetentionDays  = "30"
  }
}

output "mcp_url" {
  description = "Where clients connect"
  value       = "${trimsuffix(aws_cloudformation_stack.gateway.outputs["McpFunctionUrl"], "/")}/mcp"
}

output "registration_url" {
  description = "Where administrators register"
  value       = "${trimsuffix(aws_cloudformation_stack.gateway.outputs["RegistrationFunctionUrl"], "/")}/register"
}

output "gateway_role" {
  description = "Whom owners of functions in other accounts let in"
  value       = aws_cloudformation_stack.gateway.outputs["McpRoleArn"]
}
