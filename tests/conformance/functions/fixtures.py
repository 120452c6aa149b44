"""Fixtures of the MCP conformance suite as one plain Lambda function.

One process serves every fixture that does not stream; the gateway's client
context says which one is meant. The README beside this folder says which
scenario needs which fixture.
"""

import json

# The smallest valid files: one red pixel, and a tenth of a millisecond of silence.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLv"
    "AAAAAElFTkSuQmCC"
)
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQIAAACAgA=="


def text(value, **more):
    return {"content": [{"type": "text", "text": value}], **more}


# ---- asking the client -------------------------------------------------------


def ask(requests, state=None):
    """An `input_required` answer: the gateway carries it to the client in the client's own era."""
    answer = {"resultType": "input_required", "inputRequests": requests}
    if state is not None:
        answer["requestState"] = state
    return answer


def form(message, properties, required=None):
    schema = {"type": "object", "properties": properties}
    if required is None:
        required = list(properties)
    if required:
        schema["required"] = required
    return {
        "method": "elicitation/create",
        "params": {"message": message, "requestedSchema": schema},
    }


def sample(prompt, max_tokens=100):
    return {
        "method": "sampling/createMessage",
        "params": {
            "messages": [{"role": "user", "content": {"type": "text", "text": prompt}}],
            "maxTokens": max_tokens,
        },
    }


ROOTS = {"method": "roots/list", "params": {}}
STRING = {"type": "string"}


def answers(event):
    """What the client sent back; an empty dict on the first round."""
    return (event.get("_mcp") or {}).get("inputResponses") or {}


def state(event):
    return (event.get("_mcp") or {}).get("requestState")


def accepted(event, key, field, kind=str):
    """One field of an accepted form, or None. Clients may send anything here, so trust nothing."""
    answer = answers(event).get(key)
    if not isinstance(answer, dict) or answer.get("action") != "accept":
        return None
    content = answer.get("content")
    value = content.get(field) if isinstance(content, dict) else None
    return value if isinstance(value, kind) else None


def sampled(event, key):
    """The text of a sampling answer, or None."""
    answer = answers(event).get(key)
    content = answer.get("content") if isinstance(answer, dict) else None
    if isinstance(content, list):
        content = content[0] if content else None
    return content.get("text") if isinstance(content, dict) else None


def roots(event, key):
    answer = answers(event).get(key)
    found = answer.get("roots") if isinstance(answer, dict) else None
    return found if isinstance(found, list) else None


# ---- plain content -------------------------------------------------------------


def test_simple_text(event):
    return text("This is a simple text response for testing.")


def test_image_content(event):
    return {"content": [{"type": "image", "data": PNG, "mimeType": "image/png"}]}


def test_audio_content(event):
    return {"content": [{"type": "audio", "data": WAV, "mimeType": "audio/wav"}]}


def test_embedded_resource(event):
    resource = {
        "uri": "test://embedded-resource",
        "mimeType": "text/plain",
        "text": "This is an embedded resource content.",
    }
    return {"content": [{"type": "resource", "resource": resource}]}


def test_multiple_content_types(event):
    resource = {
        "uri": "test://mixed-content-resource",
        "mimeType": "application/json",
        "text": json.dumps({"test": "data", "value": 123}, separators=(",", ":")),
    }
    return {
        "content": [
            {"type": "text", "text": "Multiple content types test:"},
            {"type": "image", "data": PNG, "mimeType": "image/png"},
            {"type": "resource", "resource": resource},
        ]
    }


def test_error_handling(event):
    return text("This tool intentionally returns an error for testing", isError=True)


def test_custom_header(event):
    return text(f"region is {event['region']}")


def json_schema_2020_12_tool(event):
    return text(json.dumps(event, sort_keys=True))


# ---- one question, named as the 2025-11-25 scenarios name it -----------------------


def outcome(answer):
    content = json.dumps(answer.get("content"), sort_keys=True)
    return f"action={answer.get('action')}, content={content}"


def test_sampling(event):
    reply = sampled(event, "reply")
    if reply is None:
        return ask({"reply": sample(event["prompt"])})
    return text(f"LLM response: {reply}")


def test_elicitation(event):
    answer = answers(event).get("user")
    if isinstance(answer, dict):
        return text(f"User response: {outcome(answer)}")
    properties = {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    }
    return ask({"user": form(event["message"], properties)})


def completed(event, message, properties):
    answer = answers(event).get("form")
    if isinstance(answer, dict):
        return text(f"Elicitation completed: {outcome(answer)}")
    return ask({"form": form(message, properties, required=[])})


def test_elicitation_sep1034_defaults(event):
    return completed(
        event,
        "Please review the prefilled fields",
        {
            "name": {"type": "string", "description": "User name", "default": "John Doe"},
            "age": {"type": "integer", "description": "User age", "default": 30},
            "score": {"type": "number", "description": "User score", "default": 95.5},
            "status": {
                "type": "string",
                "description": "User status",
                "enum": ["active", "inactive", "pending"],
                "default": "active",
            },
            "verified": {"type": "boolean", "description": "Verified", "default": True},
        },
    )


def titled(*pairs):
    return [{"const": value, "title": title} for value, title in pairs]


def test_elicitation_sep1330_enums(event):
    options = ["option1", "option2", "option3"]
    return completed(
        event,
        "Please choose",
        {
            "untitledSingle": {"type": "string", "enum": options},
            "titledSingle": {
                "type": "string",
                "oneOf": titled(
                    ("value1", "First Option"), ("value2", "Second Option"), ("value3", "Third Option")
                ),
            },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
            "titledMulti": {
                "type": "array",
                "items": {
                    "anyOf": titled(
                        ("value1", "First Choice"), ("value2", "Second Choice"), ("value3", "Third Choice")
                    )
                },
            },
        },
    )


# ---- input_required, named as the 2026-07-28 scenarios name it ----------------------

NAME = form("What is your name?", {"name": STRING})
CONFIRM = form("Please confirm", {"ok": {"type": "boolean"}})


def test_input_required_result_elicitation(event):
    # Must work without any state: scenarios send answers to a question never asked,
    # under a wrong key (ask again), and of a wrong type (ask again).
    name = accepted(event, "user_name", "name")
    return ask({"user_name": NAME}) if name is None else text(f"Hello, {name}!")


def test_input_required_result_sampling(event):
    reply = sampled(event, "capital_question")
    if reply is None:
        return ask({"capital_question": sample("What is the capital of France?")})
    return text(reply)


def test_input_required_result_list_roots(event):
    found = roots(event, "client_roots")
    if found is None:
        return ask({"client_roots": ROOTS})
    return text("Client roots: " + ", ".join(root["uri"] for root in found))


def test_input_required_result_request_state(event):
    if accepted(event, "confirm", "ok", bool) is None:
        return ask({"confirm": CONFIRM}, state="awaiting-confirmation")
    # The text reports whether the state came back unharmed.
    ok = state(event) == "awaiting-confirmation"
    return text("state-ok" if ok else "state-lost", isError=not ok)


def test_input_required_result_multiple_inputs(event):
    name = accepted(event, "user_name", "name")
    greeting = sampled(event, "greeting")
    found = roots(event, "client_roots")
    if name is None or greeting is None or found is None:
        requests = {
            "user_name": NAME,
            "greeting": sample("Generate a greeting", max_tokens=50),
            "client_roots": ROOTS,
        }
        return ask(requests, state="all-three")
    return text(f"{greeting} {name}, you have {len(found)} root(s).")


def test_input_required_result_multi_round(event):
    color = accepted(event, "step2", "color")
    if color is not None:
        return text(f"{state(event)} likes {color}")
    name = accepted(event, "step1", "name")
    if name is not None:
        step = form("Step 2: What is your favorite color?", {"color": STRING})
        return ask({"step2": step}, state=name)
    step = form("Step 1: What is your name?", {"name": STRING})
    return ask({"step1": step}, state="nobody yet")


def test_input_required_result_tampered_state(event):
    # The gateway seals the state, so a tampered one never gets here.
    if accepted(event, "confirm", "ok", bool) is None:
        return ask({"confirm": CONFIRM}, state="sealed-by-the-gateway")
    return text(f"accepted with state {state(event)}")


def test_input_required_result_capabilities(event):
    # Asks for more than the client can do; the gateway must leave out what it did not declare.
    if answers(event):
        return text("answered: " + ", ".join(sorted(answers(event))))
    return ask({"question": sample("Say hello"), "confirm": CONFIRM})


def test_missing_capability(event):
    # Nothing to fall back on without sampling: the gateway must refuse the call.
    reply = sampled(event, "needed")
    return ask({"needed": sample("Say hello")}) if reply is None else text(reply)


# ---- prompts and resources --------------------------------------------------------


def message(content):
    return {"role": "user", "content": content}


def test_prompt_with_embedded_resource(event):
    resource = {
        "uri": event["resourceUri"],
        "mimeType": "text/plain",
        "text": "Embedded resource content for testing.",
    }
    return {
        "messages": [
            message({"type": "resource", "resource": resource}),
            message({"type": "text", "text": "Please process the embedded resource above."}),
        ]
    }


def test_input_required_result_prompt(event):
    context = accepted(event, "user_context", "context")
    if context is None:
        question = form("What context should the prompt use?", {"context": STRING})
        return ask({"user_context": question})
    return {"messages": [message({"type": "text", "text": f"Use this context: {context}"})]}


def template_data(event):
    id = event["variables"]["id"]
    data = {"id": id, "templateTest": True, "data": f"Data for ID: {id}"}
    body = json.dumps(data, separators=(",", ":"))
    return {"contents": [{"uri": event["uri"], "mimeType": "application/json", "text": body}]}


def complete(event):
    known = ["123", "124", "200"]
    value = event["argument"]["value"]
    return {"values": [id for id in known if id.startswith(value)], "hasMore": False}


# ---- dispatch -----------------------------------------------------------------------


def handler(event, context):
    if event.get("action") == "read":
        return template_data(event)
    if event.get("action") == "complete":
        return complete(event)
    name = context.client_context.custom["mcpName"]
    # Every fixture function is named after its tool or prompt; nothing else is reachable.
    if not name.startswith(("test_", "json_schema_")):
        raise ValueError(f"no fixture named {name}")
    return globals()[name](event)
