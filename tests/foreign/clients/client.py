"""The official Python client against a gateway that serves examples/.

    python client.py URL auto      mcp.Client as it comes: asks for the newest revision first
    python client.py URL legacy    mcp.Client held to the initialize handshake
    python client.py URL session   mcp.ClientSession over Streamable HTTP
    python client.py URL sse       mcp.ClientSession over HTTP+SSE
    python client.py URL stdio-auto|stdio-legacy       mcp.Client through `$MCP_LAMBDA connect`

Every step asserts, then prints one JSON object; the first failing step prints
why and ends the process with status 1.
"""

import asyncio
import json
import os
import re
import sys
import traceback
import warnings
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import mcp_types as types
from mcp import Client, ClientSession, MCPError, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPDeprecationWarning

MODERN = "2026-07-28"
NEWEST_LEGACY = "2025-11-25"
TOOLS = {"book_table", "countdown", "echo", "forecast", "write_postcard"}
MODES = ("auto", "legacy", "session", "sse", "stdio-auto", "stdio-legacy")
STEP_LIMIT = 30  # seconds; a silent gateway must fail the step, not hang the suite.

# Ping and log levels are on their way out, and the client says so at every use.
warnings.simplefilter("ignore", MCPDeprecationWarning)


def say(**seen):
    print(json.dumps(seen, ensure_ascii=False), flush=True)


def stop(name, error):
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    why = str(error) or (f"no answer within {STEP_LIMIT} s" if isinstance(error, TimeoutError) else repr(error))
    if isinstance(error, AssertionError):
        why += f" at line {traceback.extract_tb(error.__traceback__)[-1].lineno}"
    say(step=name, ok=False, error=why)
    print(f"{name}: {why}", file=sys.stderr, flush=True)
    # Not sys.exit: the client's open task groups would bury it in a group of exceptions.
    os._exit(1)


@asynccontextmanager
async def step(name):
    seen = {}
    try:
        async with asyncio.timeout(STEP_LIMIT):
            yield seen
    except Exception as error:
        stop(name, error)
    say(step=name, ok=True, **seen)


class Host:
    """Answers of the host's user and model, and a record of what was asked."""

    def __init__(self):
        self.asked = []
        self.logged = []
        self.accept = True

    async def elicit(self, context, params):
        self.asked.append(params)
        if self.accept:
            return types.ElicitResult(action="accept", content={"confirm": True, "name": "Ada"})
        return types.ElicitResult(action="decline")

    async def sample(self, context, params):
        self.asked.append(params)
        text = types.TextContent(type="text", text="Greetings from a tram.")
        return types.CreateMessageResult(role="assistant", content=text, model="test-model", stop_reason="endTurn")

    async def log(self, params):
        self.logged.append(params)

    def callbacks(self):
        return {
            "elicitation_callback": self.elicit,
            "sampling_callback": self.sample,
            "logging_callback": self.log,
        }


async def pages(method, key):
    """Follows the cursor to the end. Client and ClientSession take it in different ways."""
    found, cursor = [], None
    while True:
        if isinstance(method.__self__, Client):
            page = await method(cursor=cursor)
        else:
            page = await method(params=types.PaginatedRequestParams(cursor=cursor))
        found += getattr(page, key)
        cursor = page.next_cursor
        if cursor is None:
            return found


async def failure(call):
    """The error a call must end in."""
    try:
        result = await call
    except MCPError as error:
        return error
    raise AssertionError(f"expected an error, got {result}")


def texts(result):
    return [block.text for block in result.content if block.type == "text"]


async def scenario(client, host, legacy):
    async with step("tools/list") as seen:
        tools = {tool.name: tool for tool in await pages(client.list_tools, "tools")}
        assert TOOLS <= tools.keys(), f"missing: {TOOLS - tools.keys()}"
        schema = tools["forecast"].input_schema
        assert schema["required"] == ["city"], "optional parameters of the shorthand must not be required"
        assert schema["properties"]["days"]["type"] == "number"
        assert tools["echo"].annotations.read_only_hint is True
        seen["tools"] = sorted(tools)

    async with step("tools/call") as seen:
        result = await client.call_tool("echo", {"text": "Grüße 👋"})
        assert not result.is_error, texts(result)
        assert result.structured_content == {"text": "Grüße 👋", "length": 7}, result.structured_content
        assert json.loads(texts(result)[0]) == result.structured_content
        seen["structuredContent"] = result.structured_content

    async with step("tools/call of a Python function"):
        result = await client.call_tool("forecast", {"city": "Lisbon", "days": 2})
        assert not result.is_error, texts(result)
        assert [day["celsius"] for day in result.structured_content["days"]] == [24, 26]

    async with step("bad arguments") as seen:
        result = await client.call_tool("forecast", {"city": "Lisbon", "days": "two"})
        assert result.is_error
        assert "days" in "\n".join(texts(result)), f"the text must say which argument: {texts(result)}"
        seen["text"] = "\n".join(texts(result))

    async with step("failing function") as seen:
        result = await client.call_tool("forecast", {"city": "Atlantis"})
        assert result.is_error
        inside = re.search(r"Traceback|forecast\.py", result.model_dump_json())
        assert inside is None, "a stack trace must stay inside"
        seen["text"] = "\n".join(texts(result))

    async with step("unknown tool") as seen:
        error = await failure(client.call_tool("no_such_tool", {}))
        assert error.code == types.INVALID_PARAMS, error
        seen["code"] = error.code

    async with step("resources/list"):
        resources = await pages(client.list_resources, "resources")
        templates = await pages(client.list_resource_templates, "resource_templates")
        assert "weather://legend" in [str(resource.uri) for resource in resources]
        assert "weather://cities/{city}" in [template.uri_template for template in templates]

    async with step("resources/read"):
        fixed = (await client.read_resource("weather://legend")).contents[0]
        assert str(fixed.uri) == "weather://legend" and fixed.mime_type == "text/markdown", fixed
        assert "sunny" in fixed.text
        templated = (await client.read_resource("weather://cities/oslo")).contents[0]
        assert str(templated.uri) == "weather://cities/oslo", templated
        assert templated.mime_type == "application/json", templated
        assert json.loads(templated.text)["country"] == "Norway"

    async with step("unknown resource") as seen:
        error = await failure(client.read_resource("weather://nothing/here"))
        assert error.code in ((-32002, -32602) if legacy else (-32602,)), error
        seen["code"] = error.code

    async with step("prompts/list"):
        prompts = {prompt.name: prompt for prompt in await pages(client.list_prompts, "prompts")}
        assert prompts["weather_report"].arguments[0].required is True
        assert "packing_list" in prompts

    async with step("prompts/get"):
        fixed = await client.get_prompt("weather_report", {"city": "Oslo"})
        assert "forecast tool for Oslo" in fixed.messages[0].content.text
        made = await client.get_prompt("packing_list", {"city": "Nairobi", "style": "complete"})
        assert made.messages[0].role == "user"
        assert "Nairobi. Travel complete" in made.messages[0].content.text
        error = await failure(client.get_prompt("weather_report", {}))
        assert error.code == types.INVALID_PARAMS, f"a missing required argument: {error}"

    async with step("completion/complete"):
        report = types.PromptReference(type="ref/prompt", name="weather_report")
        fixed = await client.complete(report, {"name": "city", "value": "Lo"})
        assert "London" in fixed.completion.values and "Nairobi" not in fixed.completion.values, fixed
        city = types.ResourceTemplateReference(type="ref/resource", uri="weather://cities/{city}")
        asked = await client.complete(city, {"name": "city", "value": "l"})
        assert asked.completion.values == ["lisbon", "london"], asked

    async with step("progress"):
        reports = []

        async def report_progress(progress, total, message):
            reports.append((progress, total, message))

        result = await client.call_tool("countdown", {"from": 5}, progress_callback=report_progress)
        assert result.structured_content == {"lifted": True, "steps": 5}, result
        assert reports == [(done, 5, f"{5 - done} to go") for done in range(1, 6)], reports

    async with step("logging"):
        host.logged.clear()
        if legacy:
            session = client.session if isinstance(client, Client) else client
            await session.set_logging_level("info")
            await client.call_tool("countdown", {"from": 1})
        else:
            await client.call_tool("countdown", {"from": 1})
            assert host.logged == [], "no log lines for a request that asked for none"
            level = {"io.modelcontextprotocol/logLevel": "info"}
            await client.call_tool("countdown", {"from": 1}, meta=level)
        assert [(line.level, line.data) for line in host.logged] == [("info", "from 1")], host.logged

    async with step("elicitation"):
        host.asked.clear()
        host.accept = True
        yes = await client.call_tool("book_table", {"city": "Oslo", "guests": 2})
        expected = {"booked": True, "table": "a table for 2 in Oslo", "name": "Ada"}
        assert yes.structured_content == expected, yes
        host.accept = False
        no = await client.call_tool("book_table", {"city": "Oslo", "guests": 2})
        assert no.structured_content == {"booked": False}, no
        assert [params.message for params in host.asked] == ["Book a table for 2 in Oslo?"] * 2
        assert list(host.asked[0].requested_schema["properties"]) == ["confirm", "name"]

    async with step("sampling"):
        host.asked.clear()
        result = await client.call_tool("write_postcard", {"city": "Lisbon"})
        assert texts(result) == ["Greetings from a tram."], result
        assert [params.max_tokens for params in host.asked] == [100]

    async with step("parallel calls"):
        lines = ["one", "two", "three", "four"]
        results = await asyncio.gather(*(client.call_tool("echo", {"text": line}) for line in lines))
        assert [result.structured_content["text"] for result in results] == lines

    if legacy:
        async with step("ping"):
            assert isinstance(await client.send_ping(), types.EmptyResult)


async def gone(url, session):
    """Shows with a bare request that a session the client has ended is over."""
    async with step("end of session") as seen:
        seen["session"] = session and "ended"
        if session is None:
            return
        headers = {
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": NEWEST_LEGACY,
            "mcp-session-id": session,
        }
        body = {"jsonrpc": "2.0", "id": "after", "method": "tools/list"}
        async with httpx2.AsyncClient() as http:
            response = await http.post(url, headers=headers, json=body)
        assert response.status_code == 404, f"an ended session answered {response.status_code}"


async def main(url, mode):
    host = Host()
    issued = []

    async def notice(response):
        if session := response.headers.get("mcp-session-id"):
            issued.append(session)

    async with AsyncExitStack() as stack:
        if mode == "sse":
            transport = sse_client(url)
        elif mode.startswith("stdio-"):
            program = StdioServerParameters(command=os.environ["MCP_LAMBDA"], args=["connect", "--url", url])
            transport = stdio_client(program)
        else:
            # The client keeps the session id to itself, so read it off the wire.
            http = httpx2.AsyncClient(timeout=60, event_hooks={"response": [notice]})
            await stack.enter_async_context(http)
            transport = streamable_http_client(url, http_client=http)

        async with step("connect") as seen:
            begin = mode.removeprefix("stdio-")
            if begin in ("auto", "legacy"):
                client = await stack.enter_async_context(Client(transport, mode=begin, **host.callbacks()))
            else:
                read, write = await stack.enter_async_context(transport)
                client = await stack.enter_async_context(ClientSession(read, write, **host.callbacks()))
                await client.initialize()
            legacy = begin != "auto"
            assert client.protocol_version == (NEWEST_LEGACY if legacy else MODERN), client.protocol_version
            assert client.server_info and client.server_info.name, "the server must say who it is"
            seen["protocolVersion"] = client.protocol_version
            seen["serverInfo"] = client.server_info.model_dump(by_alias=True, exclude_none=True)
            seen["mode"] = mode

        await scenario(client, host, legacy)

    async with step("close"):
        pass  # Everything above has ended in order.
    if mode in ("auto", "legacy", "session"):
        await gone(url, issued[0] if issued else None)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[2] not in MODES:
        print(f"usage: python client.py URL {'|'.join(MODES)}", file=sys.stderr)
        sys.exit(2)
    try:
        asyncio.run(main(*sys.argv[1:]))
    except Exception as error:
        # A transport that breaks cancels the step that waits for it and ends here by itself.
        stop("transport", error)
