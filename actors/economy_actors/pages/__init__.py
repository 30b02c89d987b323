"""Pages in a browser: what everybody may see, what members do, and what operators steer.

Served by the service itself, with its own handlers: whatever is done on a page is the PM command
that does it, and whatever a page shows is read by the query that answers PMs and requests. All
pages work without script; nothing is ever asked of another site.
"""
