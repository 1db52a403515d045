"""The demonstration rounds, played through the services as people would play them."""
