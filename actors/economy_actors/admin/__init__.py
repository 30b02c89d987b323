"""The request-reply API for other services (`admin-api.md`)."""
