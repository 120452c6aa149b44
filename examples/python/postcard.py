"""Has the client's own language model write a postcard."""


def handler(event, context):
    answer = event.get("_mcp", {}).get("inputResponses", {}).get("draft")
    if answer is None:
        prompt = f"Write a postcard from {event['city']} in one sentence."
        return {
            "resultType": "input_required",
            "inputRequests": {
                "draft": {
                    "method": "sampling/createMessage",
                    "params": {
                        "messages": [{"role": "user", "content": {"type": "text", "text": prompt}}],
                        "maxTokens": 100,
                    },
                }
            },
        }
    # The model may answer with one block of content or with several.
    content = answer["content"]
    blocks = content if isinstance(content, list) else [content]
    return "".join(block["text"] for block in blocks if block["type"] == "text")
