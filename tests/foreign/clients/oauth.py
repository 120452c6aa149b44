"""The whole OAuth flow of the official Python client, from a 401 to a call that needs a scope of
its own. Nothing is configured but the server's URL.

    python oauth.py URL [bare|api]

With `bare`, something before the server takes the challenge away: then the metadata is found by its
well-known place, and all scopes that it lists are asked for at once. With `api`, it is API Gateway
that sends the challenge, which names no scopes, so that all are asked for as well.
"""

import asyncio
import base64
import json
import os
import sys
import traceback
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

CALLBACK = "http://127.0.0.1:9/callback"  # Nobody listens there: the browser stops before.
STEP_LIMIT = 30  # seconds
MAX_REDIRECTS = 20


def say(**seen):
    print(json.dumps(seen, ensure_ascii=False), flush=True)


@asynccontextmanager
async def step(name):
    seen = {}
    try:
        async with asyncio.timeout(STEP_LIMIT):
            yield seen
    except Exception as error:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        traceback.print_exception(error)
        say(step=name, ok=False, error=repr(error))
        os._exit(1)
    say(step=name, ok=True, **seen)


class Storage:
    """What the host of a client keeps."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class Person:
    """Follows redirects with cookies until the client's own address comes."""

    def __init__(self):
        self.asked = []
        self.returned = None

    async def go(self, url):
        self.asked.append(parse_qs(urlsplit(url).query))
        async with httpx2.AsyncClient(trust_env=False) as browser:
            for _ in range(MAX_REDIRECTS):
                if url.startswith(CALLBACK):
                    self.returned = parse_qs(urlsplit(url).query)
                    return
                response = await browser.get(url)
                assert "location" in response.headers, f"{url}: {response.status_code} {response.text}"
                url = urljoin(url, response.headers["location"])
        raise AssertionError("the redirects do not end")

    async def come_back(self):
        assert "error" not in self.returned, self.returned
        one = {name: values[0] for name, values in self.returned.items()}
        return AuthorizationCodeResult(code=one["code"], state=one.get("state"), iss=one.get("iss"))


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def main(url, how):
    bare, api = how == ["bare"], how == ["api"]
    storage, person = Storage(), Person()

    def http_client():
        provider = OAuthClientProvider(
            server_url=url,
            client_metadata=OAuthClientMetadata(
                client_name="oauth",
                redirect_uris=[CALLBACK],
                grant_types=["authorization_code", "refresh_token"],
                response_types=["code"],
                token_endpoint_auth_method="none",
            ),
            storage=storage,
            redirect_handler=person.go,
            callback_handler=person.come_back,
        )
        return httpx2.AsyncClient(auth=provider, trust_env=False, timeout=STEP_LIMIT)

    async with step("refused") as seen, httpx2.AsyncClient(trust_env=False) as http:
        response = await http.post(url, json={})
        assert response.status_code == 401
        seen["challenge"] = response.headers.get("www-authenticate")
        if bare:
            assert seen["challenge"] is None
        else:
            assert "resource_metadata=" in seen["challenge"], seen
            assert ('scope="mcp:tools"' in seen["challenge"]) != api, seen

    http = http_client()
    async with http, Client(streamable_http_client(url, http_client=http)) as client:
        async with step("connect") as seen:
            tools = (await client.list_tools()).tools
            assert "example_echo" in {tool.name for tool in tools}
            assert len(person.asked) == 1
            assert person.asked[0]["resource"] == [url]
            assert person.asked[0]["code_challenge_method"] == ["S256"]
            token = claims(storage.tokens.access_token)
            assert token["aud"] == url and token["sub"] == "alice"
            seen["scope"] = storage.tokens.scope

        if bare or api:
            async with step("call"):
                await client.call_tool("example_echo", {"text": "hello"})
                assert len(person.asked) == 1
            return

        async with step("step up") as seen:
            result = await client.call_tool("example_echo", {"text": "hello"})
            assert "hello" in str(result.content)
            assert len(person.asked) == 2
            asked = person.asked[1]["scope"][0].split()
            assert "echo:call" in asked and "mcp:tools" in asked, asked
            seen["scope"] = storage.tokens.scope

        async with step("again"):
            await client.call_tool("example_echo", {"text": "hello"})
            assert len(person.asked) == 2

    async with step("anew"):
        http = http_client()
        async with http, Client(streamable_http_client(url, http_client=http)) as client:
            await client.call_tool("example_echo", {"text": "hello"})
        assert len(person.asked) == 2, "what is kept is enough"


if len(sys.argv) not in (2, 3):
    sys.exit("usage: python oauth.py URL [bare|api]")
asyncio.run(main(sys.argv[1], sys.argv[2:]))
