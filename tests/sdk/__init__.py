"""The SDK against a real portal, and against peers that misbehave."""
