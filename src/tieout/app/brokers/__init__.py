"""Messages of a broker as a way in: `port` is what a broker has to be able to do, `rabbitmq` does it, `consuming` keeps what comes.

Our inbox is where a message counts once: it is acknowledged after our commit, and what the broker delivers again is told by its name.
"""
