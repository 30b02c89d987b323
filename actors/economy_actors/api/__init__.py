"""The request-reply API for other services: from the raw body to the envelope."""
