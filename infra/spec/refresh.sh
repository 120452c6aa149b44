#!/usr/bin/env bash
# Makes schemas.json and actions.txt again. Needs node and Python; installs the rest into a folder
# that is deleted. Newer sources: change the two versions, here and in NOTICE; more types: types.txt.
set -euo pipefail
cd "$(dirname "$0")"

service_spec=0.1.216
cfn_lint=1.58.0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo '{"private": true}' > "$folder/package.json"
npm install --prefix "$folder" --silent --no-audit --no-fund "@aws-cdk/aws-service-spec@$service_spec"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "cfn-lint==$cfn_lint"
data=$("$folder/venv/bin/python" -c 'import cfnlint, os; print(os.path.dirname(cfnlint.__file__))')/data

# AWS SAM's types are not among those of CloudFormation; merge.py adds them.
# shellcheck disable=SC2046
node extract.mjs "$folder" $(grep -v '^AWS::Serverless::' types.txt) > "$folder/slim.json"
python3 merge.py "$data/schemas" "$folder/slim.json" patches.json > "$folder/schemas.json"
python3 actions.py "$data" > "$folder/actions.txt"
mv "$folder/schemas.json" "$folder/actions.txt" .
