"""A prompt whose wording depends on its arguments."""


def handler(event, context):
    style = event.get("style", "light")
    return f"List what to pack for {event['city']}. Travel {style}: explain every item in a few words."
