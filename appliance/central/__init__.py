"""The reference central server: boxes stream their events in, supervisors read them in a browser.

The life of one event: `web` accepts the connection, `ingest.Ingest.handle` checks the credential and hands the
WebSocket to `link.DeviceLink`; the link reads the message and gives it to `writer.Writer`, whose thread commits it
with `store.save`; back in the event loop the link acknowledges it and `bus.Bus` shows it to every open page. What
was stored before is read with `queries`. `server.running` puts the parts together.
"""
