"""Books a table, after the user has agreed to it.

A function that needs an answer returns a question instead of a result. It is
called again with the same event plus `_mcp`, which holds the answer.
"""

QUESTION = {
    "type": "object",
    "properties": {
        "confirm": {"type": "boolean", "title": "Book this table?"},
        "name": {"type": "string", "title": "In whose name?"},
    },
    "required": ["confirm", "name"],
}


def handler(event, context):
    table = f"a table for {event['guests']} in {event['city']}"
    answer = event.get("_mcp", {}).get("inputResponses", {}).get("confirmation")
    if answer is None:
        return {
            "resultType": "input_required",
            "inputRequests": {
                "confirmation": {
                    "method": "elicitation/create",
                    "params": {"message": f"Book {table}?", "requestedSchema": QUESTION},
                }
            },
            # Comes back with the answer. The gateway seals it, so a client can neither read nor change it.
            "requestState": table,
        }
    if answer["action"] != "accept" or not answer["content"]["confirm"]:
        return {"booked": False}
    return {"booked": True, "table": event["_mcp"]["requestState"], "name": answer["content"]["name"]}
