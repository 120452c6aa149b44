#!/bin/sh
# Registers a function, lists, changes and removes it: signed requests with awscurl.
#
#   REGISTRATION_URL   of the stack's outputs, without a slash at the end
#   AWS_REGION         the stack's region
#   FUNCTION_ARN       the function to register
set -eu

signed() {
    awscurl --service lambda --region "$AWS_REGION" -H 'Content-Type: application/json' "$@"
}

document() {
    printf '{"type": "tool", "name": "example", "description": "%s", "lambdaArn": "%s", "parameters": {"input": "string"}}' "$1" "$FUNCTION_ARN"
}

signed -X POST -d "$(document 'Example tool')" "$REGISTRATION_URL/register"
signed "$REGISTRATION_URL/register?type=tool"
signed -X PUT -d "$(document 'A better description')" "$REGISTRATION_URL/register/tool-example"
signed "$REGISTRATION_URL/register/tool-example"
signed -X DELETE "$REGISTRATION_URL/register/tool-example"
