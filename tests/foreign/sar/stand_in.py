"""A stand-in for the AWS Serverless Application Repository, for tests of publishing.

    python stand_in.py

Listens on a free port of 127.0.0.1 and prints `listening PORT`, then a line of JSON for each
request: `{"method", "path", "query", "body", "status"}`, with the path decoded. Ends when its
standard input is closed. It needs nothing but Python.

What it is faithful in, by the service's API reference: the paths, the names of fields, which of
them are required, their forms and lengths, the errors' names and statuses, that a licence cannot
be changed and a version cannot be replaced, what a policy must have, and that requests are signed
for `serverlessrepo`.
Signatures themselves are not verified, templates are not looked into, and buckets are not read.
"""

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import _exit
from urllib.parse import parse_qsl, unquote, urlsplit

REGION = "us-east-1"
ACCOUNT = "000000000000"
PREFIX = f"arn:aws:serverlessrepo:{REGION}:{ACCOUNT}:applications/"
VERSION = re.compile(r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$")
FORMS = {
    "author": re.compile(r"^(?=.{1,127}$)[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?$"),
    "description": re.compile(r"^.{1,256}$", re.DOTALL),
    "name": re.compile(r"^[a-zA-Z0-9-]{1,140}$"),
    "semanticVersion": VERSION,
}
LABEL = re.compile(r"^[a-zA-Z0-9+\-_:/@]{1,127}$")
CREATED = {
    "author", "description", "homePageUrl", "labels", "licenseBody", "licenseUrl", "name",
    "readmeBody", "readmeUrl", "semanticVersion", "sourceCodeArchiveUrl", "sourceCodeUrl",
    "spdxLicenseId", "templateBody", "templateUrl",
}
UPDATED = {"author", "description", "homePageUrl", "labels", "readmeBody", "readmeUrl"}
STATEMENT = {"actions", "principalOrgIDs", "principals", "statementId"}
ACTIONS = {
    "CreateCloudFormationChangeSet", "CreateCloudFormationTemplate", "Deploy", "GetApplication",
    "ListApplicationDependencies", "ListApplicationVersions", "SearchApplications",
    "UnshareApplication",
}
ORGANIZATION = re.compile(r"^o-[a-z0-9]{10,32}$")
POLICY = 6144
VERSIONED = {"sourceCodeArchiveUrl", "sourceCodeUrl", "templateBody", "templateUrl"}

applications = {}
lock = threading.Lock()


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


def bad(message):
    return Refused(400, "BadRequestException", message)


def look(body, known, required):
    """Refuses what the API's reference does not have."""
    for name in body:
        if name not in known:
            raise bad(f"unknown field {name}")
    for name in required:
        if not body.get(name):
            raise bad(f"{name} is required")
    for name, form in FORMS.items():
        if name in body and not form.match(body[name]):
            raise bad(f"{name} has not the form that it should have")
    labels = body.get("labels", [])
    if len(labels) > 10 or not all(LABEL.match(label) for label in labels):
        raise bad("labels have not the form that they should have")
    for kind in ("license", "readme", "template"):
        if f"{kind}Body" in body and f"{kind}Url" in body:
            raise bad(f"{kind}Body and {kind}Url exclude each other")
    for name in ("licenseUrl", "readmeUrl", "templateUrl"):
        if name in body and not re.match(r"^(s3|https)://", body[name]):
            raise bad(f"{name} is not the address of an object in S3")


def create(body):
    look(body, CREATED, ("author", "description", "name"))
    arn = PREFIX + body["name"]
    if arn in applications:
        raise Refused(409, "ConflictException", f"Application with id {arn} already exists")
    versions = {}
    if "semanticVersion" in body:
        versions[body["semanticVersion"]] = {k: body[k] for k in VERSIONED if k in body}
    described = {k: v for k, v in body.items() if k not in VERSIONED | {"semanticVersion"}}
    applications[arn] = {"described": described, "versions": versions, "statements": []}
    return 201, {"applicationId": arn, "name": body["name"], "author": body["author"]}


def find(arn):
    if arn not in applications:
        raise Refused(404, "NotFoundException", f"Application with id {arn} does not exist")
    return applications[arn]


def show(arn, query):
    found = find(arn)
    version = query.get("semanticVersion")
    if version is not None and version not in found["versions"]:
        raise Refused(404, "NotFoundException", f"there is no version {version}")
    described = found["described"]
    shown = {k: described[k] for k in ("name", "author", "description", "spdxLicenseId", "labels")
             if k in described}
    return 200, {"applicationId": arn, **shown}


def update(arn, body):
    look(body, UPDATED, ())
    find(arn)["described"].update(body)
    return 200, {"applicationId": arn}


def add_version(arn, version, body):
    look(body, VERSIONED, ())
    if not VERSION.match(version):
        raise bad("the version is not semantic")
    if not ({"templateBody", "templateUrl"} & body.keys()):
        raise bad("templateBody or templateUrl is required")
    versions = find(arn)["versions"]
    if version in versions:
        raise Refused(409, "ConflictException", f"version {version} of {arn} already exists")
    versions[version] = body
    return 201, {"applicationId": arn, "semanticVersion": version}


def look_at(statement, application):
    """A statement of a policy, by "Application Policy Examples" of the developer guide."""
    if not statement.keys() <= STATEMENT:
        raise bad("unknown field of a statement")
    principals, actions = statement.get("principals"), statement.get("actions")
    organizations = statement.get("principalOrgIDs") or []
    if not principals or not actions:
        raise bad("a statement has principals and actions")
    if principals != ["*"] and not all(re.fullmatch(r"[0-9]{12}", one) for one in principals):
        raise bad("principals are accounts or *")
    if not set(actions) <= ACTIONS:
        raise bad("there is no such action")
    if not all(ORGANIZATION.match(one) for one in organizations):
        raise bad("principalOrgIDs are ids of organizations")
    if organizations and "UnshareApplication" not in actions:
        raise bad("an organization must be permitted UnshareApplication")
    if principals == ["*"] and not organizations:
        if not ({"licenseBody", "licenseUrl"} & application["described"].keys()):
            raise bad("a public application has a licence")
        if not application["versions"]:
            raise bad("a public application has a version")
        if not all(one.get("sourceCodeUrl") for one in application["versions"].values()):
            raise bad("a public application has a sourceCodeUrl")


def share(arn, body):
    statements = body.get("statements")
    if not isinstance(statements, list):
        raise bad("statements is required")
    for statement in statements:
        look_at(statement, find(arn))
    if len(json.dumps(statements, separators=(",", ":"))) > POLICY:
        raise bad("the policy is too long")
    find(arn)["statements"] = statements
    return 200, {"statements": statements}


def answer(method, path, query, body):
    parts = [unquote(part) for part in path.strip("/").split("/")]
    match (method, parts):
        case ("POST", ["applications"]):
            return create(body)
        case ("GET", ["applications", arn]):
            return show(arn, query)
        case ("PATCH", ["applications", arn]):
            return update(arn, body)
        case ("PUT", ["applications", arn, "versions", version]):
            return add_version(arn, version, body)
        case ("PUT", ["applications", arn, "policy"]):
            return share(arn, body)
    raise Refused(404, "NotFoundException", "there is no such operation")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_request(self):
        length = int(self.headers.get("content-length") or 0)
        text = self.rfile.read(length)
        split = urlsplit(self.path)
        query = dict(parse_qsl(split.query))
        body = None
        try:
            body = json.loads(text) if text else {}
            signed = self.headers.get("authorization", "")
            scope = f"/{REGION}/serverlessrepo/aws4_request"
            if not signed.startswith("AWS4-HMAC-SHA256 ") or scope not in signed:
                raise Refused(403, "ForbiddenException", "the request is not signed for this")
            with lock:
                status, said = answer(self.command, split.path, query, body)
            code = None
        except Refused as refused:
            status, code = refused.status, refused.code
            said = {"message": str(refused), "errorCode": code}
        except ValueError:
            status, code, said = 400, "BadRequestException", {"message": "the body is not JSON"}
        told = {
            "method": self.command,
            "path": unquote(split.path),
            "query": query,
            "body": body,
            "status": status,
        }
        print(json.dumps(told, sort_keys=True), flush=True)
        self.reply(status, code, said)

    def reply(self, status, code, said):
        content = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        if code:
            self.send_header("x-amzn-errortype", code)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request


def end_with_standard_input():
    while sys.stdin.buffer.read(4096):
        pass
    _exit(0)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    print(f"listening {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
