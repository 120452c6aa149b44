"""The official Python client against a server over standard input and output.

    python stdio.py PROGRAM auto      asks for the newest revision first
    python stdio.py PROGRAM legacy    held to the initialize handshake

PROGRAM is the SDK's example `booking`. Any failing step ends the process with a traceback.
"""

import asyncio
import sys
import warnings

import mcp_types as types
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPDeprecationWarning

VERSIONS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
LIMIT = 60  # seconds; a silent server must fail the script, not hang the suite.

warnings.simplefilter("ignore", MCPDeprecationWarning)


async def main(program, mode):
    asked = []

    async def elicit(context, params):
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"name": "Ada", "confirm": True})

    reports = []

    async def progress(done, total, message):
        reports.append((done, total, message))

    transport = stdio_client(StdioServerParameters(command=program))
    async with Client(transport, mode=mode, elicitation_callback=elicit) as client:
        assert client.protocol_version == VERSIONS[mode], client.protocol_version
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert tools == {"book_table", "countdown"}, tools

        result = await client.call_tool("book_table", {"people": 2})
        text = result.content[0].text
        assert text.startswith("Ada, your table for 2 is booked: B-"), text
        assert asked == ["Who is coming?", "A table for 2?"], asked

        result = await client.call_tool("countdown", {"from": 3}, progress_callback=progress)
        assert result.content[0].text == "Lift-off!", result
        assert [done for done, _, _ in reports] == [1, 2, 3], reports

        result = await client.call_tool("countdown", {"from": 0})
        assert result.is_error and "/from" in result.content[0].text, result
    print("all steps passed")


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), LIMIT))
