"""The benchmark's offer, served by awslabs' handler: no sessions, answers as JSON."""

import json
from pathlib import Path

from awslabs.mcp_lambda_handler import MCPLambdaHandler

mcp = MCPLambdaHandler(name="bench", version="1")


def answer(text: str, days: int = 1, units: str = "metric") -> str:
    """Says back what it is told."""
    return text


for tool in json.loads((Path(__file__).parent / "tools.json").read_text()):
    # The decorator takes names and schemas from functions; the offer is to be everyone's.
    mcp.tools[tool["name"]] = tool
    mcp.tool_implementations[tool["name"]] = answer


def handler(event, context):
    return mcp.handle_request(event, context)
