"""The official Python MCP client against a deployed gateway, every request signed with SigV4.

    python client.py MCP_URL REGISTRATION_URL DOCUMENT...

The URLs are Function URLs with AuthType AWS_IAM, without a slash at the end. The documents are
registrations, with those of `forecast` and `book_table` among them. The environment has the keys of
a client in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, those of an administrator in
ADMINISTRATOR_ACCESS_KEY_ID and ADMINISTRATOR_SECRET_ACCESS_KEY, and AWS_REGION.

Prints one line for each step and exits 0, or fails with a trace.
"""

import asyncio
import json
import os
import pathlib
import sys

import httpx2
import mcp_types as types
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
STEP_LIMIT = 60  # seconds
SIGNED = ("content-type", "mcp-protocol-version", "mcp-session-id", "mcp-method", "mcp-name")


class SigV4(httpx2.Auth):
    """Signs what is sent to a Function URL."""

    requires_request_body = True

    def __init__(self, prefix):
        key, secret = (os.environ[f"{prefix}_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
        self.signer = SigV4Auth(Credentials(key, secret), "lambda", os.environ["AWS_REGION"])

    def auth_flow(self, request):
        headers = {name: request.headers[name] for name in SIGNED if name in request.headers}
        headers["host"] = request.headers["host"]
        signed = AWSRequest(request.method, str(request.url), data=request.content, headers=headers)
        self.signer.add_auth(signed)
        for name in ("Authorization", "X-Amz-Date"):
            request.headers[name] = signed.headers[name]
        yield request


def http(prefix, **more):
    return httpx2.AsyncClient(auth=SigV4(prefix), timeout=STEP_LIMIT, trust_env=False, **more)


class User:
    """Who is asked whether to book."""

    def __init__(self):
        self.asked = []
        self.accept = True

    async def elicit(self, context, params):
        self.asked.append(params.message)
        if self.accept:
            return types.ElicitResult(action="accept", content={"confirm": True, "name": "Ada"})
        return types.ElicitResult(action="decline")


async def registers(url, documents):
    async with http("ADMINISTRATOR") as administrator:
        for path in documents:
            document = json.loads(pathlib.Path(path).read_text())
            made = await administrator.post(f"{url}/register", json=document)
            assert made.status_code == 201, made.text
            again = await administrator.post(f"{url}/register", json=document)
            assert again.status_code == 409, again.text
            status = await administrator.get(f"{url}/register/tool-{document['name']}/status")
            assert status.status_code == 200, status.text
            assert status.json()["status"] == "active", status.text
        listed = await administrator.get(f"{url}/register", params={"type": "tool", "limit": 1})
        assert len(listed.json()["registrations"]) == 1, listed.text


async def lists_and_calls(client):
    tools = {tool.name for tool in (await client.list_tools()).tools}
    assert {"forecast", "book_table"} <= tools, tools
    result = await client.call_tool("forecast", {"city": "Lisbon", "days": 2})
    assert [day["celsius"] for day in result.structured_content["days"]] == [24, 26], result
    result = await client.call_tool("forecast", {"city": "Lisbon", "days": "two"})
    assert result.is_error and "days" in result.content[0].text, result
    result = await client.call_tool("forecast", {"city": "Atlantis"})
    assert result.is_error and "Traceback" not in result.model_dump_json(), result


async def modern(url):
    user = User()
    async with http("AWS") as signing:
        transport = streamable_http_client(url, http_client=signing)
        async with Client(transport, mode="auto", elicitation_callback=user.elicit) as client:
            assert client.protocol_version == MODERN, client.protocol_version
            await lists_and_calls(client)
            booked = await client.call_tool("book_table", {"city": "Oslo", "guests": 2})
            expected = {"booked": True, "table": "a table for 2 in Oslo", "name": "Ada"}
            assert booked.structured_content == expected, booked
            user.accept = False
            refused = await client.call_tool("book_table", {"city": "Oslo", "guests": 2})
            assert refused.structured_content == {"booked": False}, refused
    assert user.asked == ["Book a table for 2 in Oslo?"] * 2, user.asked


async def legacy(url):
    issued = []

    async def notice(response):
        issued.extend(filter(None, [response.headers.get("mcp-session-id")]))

    async with http("AWS", event_hooks={"response": [notice]}) as signing:
        transport = streamable_http_client(url, http_client=signing)
        async with Client(transport, mode="legacy") as client:
            assert client.protocol_version == LEGACY, client.protocol_version
            await lists_and_calls(client)
        assert len(set(issued)) == 1, issued
        # The client has ended its session.
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        headers = {
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": LEGACY,
            "mcp-session-id": issued[0],
        }
        after = await signing.post(url, headers=headers, json=body)
        assert after.status_code == 404, (after.status_code, after.text)


async def planes_apart(mcp, registration):
    async with http("AWS") as client:
        refused = await client.get(f"{registration}/register")
        assert refused.status_code == 403, refused.text
    async with http("ADMINISTRATOR") as administrator:
        refused = await administrator.post(mcp, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        assert refused.status_code == 403, refused.text


async def main(mcp, registration, *documents):
    mcp += "/mcp"
    for name, step in (
        ("registers", lambda: registers(registration, documents)),
        ("modern", lambda: modern(mcp)),
        ("legacy", lambda: legacy(mcp)),
        ("planes apart", lambda: planes_apart(mcp, registration)),
    ):
        await asyncio.wait_for(step(), STEP_LIMIT)
        print(name, flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python client.py MCP_URL REGISTRATION_URL DOCUMENT...")
    asyncio.run(main(*sys.argv[1:]))
