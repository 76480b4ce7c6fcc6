"""From files to one config: overlays, overrides, variables and inheritance, in this order."""
