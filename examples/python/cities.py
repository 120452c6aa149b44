"""What lies behind `weather://cities/{city}`: reads one city, and completes names of cities."""

CITIES = {
    "lisbon": {"country": "Portugal", "latitude": 38.72},
    "london": {"country": "United Kingdom", "latitude": 51.51},
    "nairobi": {"country": "Kenya", "latitude": -1.29},
    "oslo": {"country": "Norway", "latitude": 59.91},
}


def handler(event, context):
    if event["action"] == "complete":
        typed = event["argument"]["value"].lower()
        return [city for city in CITIES if city.startswith(typed)]
    return CITIES[event["variables"]["city"]]
