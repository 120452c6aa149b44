"""Calls a tool of an MCP server: python client.py URL TOOL '{"argument": "value"}'"""

import asyncio
import json
import sys

from mcp import Client


async def main(url: str, tool: str, arguments: str) -> None:
    async with Client(url) as client:
        listed = await client.list_tools()
        print("tools:", ", ".join(sorted(one.name for one in listed.tools)))
        result = await client.call_tool(tool, json.loads(arguments))
        print(f"{tool}:", result.content[0].text)


asyncio.run(main(*sys.argv[1:4]))
