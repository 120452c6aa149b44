"""A weather forecast, as a Lambda function that has never heard of MCP."""

WEATHER = {
    "lisbon": [("sunny", 24), ("sunny", 26), ("cloudy", 22), ("rain", 19), ("sunny", 23)],
    "oslo": [("rain", 11), ("cloudy", 12), ("rain", 10), ("snow", 1), ("cloudy", 4)],
    "nairobi": [("cloudy", 21), ("sunny", 25), ("sunny", 26), ("storm", 20), ("sunny", 24)],
}


def handler(event, context):
    city = event["city"]
    days = int(event.get("days", 3))
    known = WEATHER.get(city.lower())
    if known is None:
        # Any Lambda function may raise; the caller sees a failed tool call, not this stack.
        raise ValueError(f"no forecast for {city}")
    return {
        "city": city,
        "days": [
            {"day": day, "sky": sky, "celsius": celsius}
            for day, (sky, celsius) in enumerate(known[:days], start=1)
        ],
    }
