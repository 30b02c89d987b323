"""A bus, a robot and a crowd to play with: for the demo, for replay and for integration tests.

Everything here plays the other side of the wire: a real ``nats-server`` process and a
simulated kryten-robot that speaks as `traces/` recorded it. Nothing here is part of the
running service. Needs the optional packages of ``kryten-economy[demo]``.
"""

__all__: tuple[str, ...] = ()
