"""Says what it is told."""


def handler(event, context):
    return event["text"]
