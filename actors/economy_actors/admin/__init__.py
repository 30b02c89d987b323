"""The request-reply API for other services (`spec/admin-api.md`)."""
