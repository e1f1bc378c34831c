"""Everything that speaks HTTP: webhooks in, and the JSON API.

`routes` is the table of what there is to ask for, `application` the one ASGI application, `server` its run in this process. Only
these are async; a handler is a plain function that runs in a thread.
"""
