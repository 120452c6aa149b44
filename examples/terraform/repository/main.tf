# Installs the gateway from the Serverless Application Repository:
#
#   terraform init
#   terraform apply -var application=arn:aws:serverlessrepo:us-east-1:123456789012:applications/mcp-lambda
#
# The stack's name begins with serverlessrepo-.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "application" {
  description = "The application's ARN"
  type        = string
}

variable "name" {
  description = "The stack's name, with which the names of everything in it begin"
  type        = string
  default     = "mcp-lambda"
}

data "aws_serverlessapplicationrepository_application" "gateway" {
  application_id = var.application
}

resource "aws_serverlessapplicationrepository_cloudformation_stack" "gateway" {
  name             = var.name
  application_id   = data.aws_serverlessapplicationrepository_application.gateway.application_id
  semantic_version = data.aws_serverlessapplicationrepository_application.gateway.semantic_version
  capabilities     = data.aws_serverlessapplicationrepository_application.gateway.required_capabilities

  parameters = {
    StackIdentifier = var.name
  }
}

output "mcp_url" {
  description = "Where clients connect"
  value       = "${trimsuffix(aws_serverlessapplicationrepository_cloudformation_stack.gateway.outputs["McpFunctionUrl"], "/")}/mcp"
}
